"""Numbers as people read them: an unknown one is a dash, an estimate carries its interval."""

from collections.abc import Mapping, Sequence
from typing import Any

UNKNOWN = "–"
NBSP = "\u00a0"
"""Keeps an interval on one line."""


MODELS = {
    "model": "response model",
    "boosted": "boosted trees",
    "logistic": "logistic regression",
    "twin": "logistic twin",
    "baseline": "baseline score alone",
    "prevalence": "share of responders",
}
"""What a model is called in figures and tables."""

MEASURES = {"auc": "AUC", "ici": "ICI", "e50": "E50", "e90": "E90", "brier": "Brier score"}


FACTS = {
    "given": "were given it",
    "others": "were given something else",
    "most_below": "at most this share of those given it may lie below",
    "below_given": "share of those given it below the threshold",
    "auc": "AUC of telling them apart",
    "effective": "share they are worth when weighted to resemble the others",
    "level": "stated coverage",
}
"""What single values of a section are called where the key does not say it."""


def number(value: Any, digits: int = 2) -> str:
    """``0.71``; whole numbers in groups of three."""
    if not isinstance(value, int | float):
        return UNKNOWN if not isinstance(value, str) else value
    if isinstance(value, int):
        return f"{value:,}"
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")  # + 0.0: no minus before a nought


def count(value: Any) -> str:
    """How many: never with a decimal."""
    return f"{round(value):,}" if isinstance(value, int | float) else UNKNOWN


def percent(value: Any, digits: int = 0) -> str:
    """A share as ``12 %``."""
    return f"{number(100.0 * value, digits)}{NBSP}%" if isinstance(value, int | float) else UNKNOWN


def estimate(value: Any, digits: int = 2) -> str:
    """``[value, low, high]`` as ``0.71 (0.68 to 0.74)``; a bare number without its interval."""
    middle, low, high = ends(value)
    if middle is None or low is None or high is None:
        return number(middle, digits)
    return f"{number(middle, digits)} ({between(number(low, digits), number(high, digits))})"


def between(low: str, high: str) -> str:
    """Two ends, kept on one line."""
    return f"{low}{NBSP}to{NBSP}{high}"


def ends(value: Any) -> tuple[Any, Any, Any]:
    """Value, low and high of an estimate, said as a list, as a dict or as a bare number."""
    if isinstance(value, Mapping):
        return value.get("value"), value.get("low"), value.get("high")
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 3:
        return value[0], value[1], value[2]
    return value, None, None


def quartiles(value: Any) -> str:
    """``[lower quartile, median, upper quartile]`` as ``5.2 (4 to 6.8)``."""
    if not isinstance(value, Sequence) or any(one is None for one in value):
        return UNKNOWN
    low, middle, high = (f"{one:.3g}" for one in value)
    return f"{middle} ({between(low, high)})"


def is_plain(value: Any) -> bool:
    """Whether it can be told in a line: a text, a number, or a list of them."""
    if isinstance(value, list | tuple):
        return all(one is None or isinstance(one, str | int | float) for one in value)
    return isinstance(value, str | int | float)


def fact(value: Any) -> str:
    """Any plain value: an estimate, a list of words, a number, a text."""
    if isinstance(value, list | tuple):
        numbers = len(value) == 3 and all(one is None or isinstance(one, int | float) for one in value)
        return estimate(value, 3) if numbers else ", ".join(fact(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else number(value)


def words(name: Any) -> str:
    """A key as words."""
    return str(name).replace("_", " ")


def plural(how_many: int, noun: str) -> str:
    """``1 centre``, ``2 centres``."""
    return f"{how_many:,} {noun}" + ("" if how_many == 1 else "s")


def listed(names: Sequence[str]) -> str:
    """``a, b and c``."""
    *first, last = names or [UNKNOWN]
    return f"{', '.join(first)} and {last}" if first else last
