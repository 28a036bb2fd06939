"""Why one patient's prediction is what it is, in the clinic's words and units and in percentage points.

Contributions are to the log-odds; a clinician reads probabilities. The way from the base's log-odds to the
patient's is straight, all features going it together, and each feature's part of the climb in probability is
its share of that way (Aumann and Shapley 1974). So no order is chosen, the parts add up to the whole, and a
part has the sign of its contribution.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from painresponse.concepts import Concepts
from painresponse.language import FeatureSet
from painresponse.language.combinations import Age, AllOf, AnyOf, HowMany, Ratio, Whether, parts_of
from painresponse.language.lineage import lineage
from painresponse.language.words import Feature, Summary
from painresponse.training.explanation import base, contributions
from painresponse.training.response import ResponseModel

Numbers = NDArray[np.float64]

UNKNOWN = "not known"
_LONGEST = 160
_SMALLEST_WAY = 1e-6
_SMALLEST_POINTS = 0.05
_VALUES = ("first", "last", "min", "max")


@dataclass(frozen=True)
class Phrase:
    """A feature in words, its unit, and whether its value is a yes or no."""

    words: str
    unit: str = ""
    yes_or_no: bool = False

    def value(self, number: float) -> str:
        """A value with its unit."""
        if not isfinite(number):
            return UNKNOWN
        if self.yes_or_no and number in (0, 1):
            return "yes" if number else "no"
        figures = f"{number:.0f}" if abs(number) >= 1000 else f"{number:.4g}"
        return f"{figures} {self.unit}".rstrip()


@dataclass(frozen=True)
class Reason:
    """What one feature adds to a prediction, in percentage points, and the same as a sentence."""

    name: str
    words: str
    value: str
    points: float

    @property
    def text(self) -> str:
        """In the clinic's words."""
        verb = "raises" if self.points > 0 else "lowers"
        moved = f"{verb} the predicted response by {abs(self.points):.1f} percentage points"
        return f"{self.words}: {self.value}; {moved}"


@dataclass(frozen=True)
class Reasons:
    """The largest reasons of one prediction: ``base`` and ``probability`` from 0 to 1.

    ``100 * base``, the reasons' points and ``rest``, the points of all other features, are
    ``100 * probability``. The base is what the model says at the mean log-odds of those it was learnt from.
    """

    base: float
    probability: float
    reasons: tuple[Reason, ...]
    rest: float


def reasons(
    model: ResponseModel,
    rows: NDArray[np.float32],
    *,
    names: Sequence[str],
    phrases: Mapping[str, Phrase] | None = None,
    most: int = 5,
) -> list[Reasons]:
    """Of each feature row (columns ``names``) the ``most`` that move its prediction farthest.

    What moves it by less than it takes to show up in the sentence is left to the rest.
    """
    said = [(phrases or {}).get(name, Phrase(name.replace("_", " "))) for name in names]
    parts, start = contributions(model, rows), base(model)
    points = 100 * probability_parts(parts, start)
    shown = [_largest(row, moved, names, said, most) for row, moved in zip(rows, points, strict=True)]
    probability = expit(start + parts.sum(axis=1))
    return [
        Reasons(float(expit(start)), float(p), largest, _rest(moved, largest))
        for p, moved, largest in zip(probability, points, shown, strict=True)
    ]


def probability_parts(parts: Numbers, start: float) -> Numbers:
    """Contributions to log-odds (n x features) as contributions to the probability, from ``expit(start)``."""
    way = parts.sum(axis=1, keepdims=True)
    near = np.abs(way) < _SMALLEST_WAY
    climb = expit(start + way) - expit(start)
    steepness = expit(start) * expit(-start)
    return parts * np.where(near, steepness, climb / np.where(near, 1.0, way))


def phrases(features: FeatureSet, concepts: Concepts) -> dict[str, Phrase]:
    """Every feature of a set in the words of its lineage; one too long to read is called by its name."""
    return {name: _phrase(name, feature, features, concepts) for name, feature in features}


def _phrase(name: str, feature: Feature, features: FeatureSet, concepts: Concepts) -> Phrase:
    words = lineage(name, features, concepts).words
    short = words if len(words) <= _LONGEST else name.replace("_", " ")
    return Phrase(short, _unit(feature, concepts), _is_yes_or_no(feature, concepts))


def _unit(feature: Feature, concepts: Concepts) -> str:
    match feature:
        case Age():
            return "years"
        case Summary("count" | "measured") | Ratio() | Whether() | AnyOf() | AllOf() | HowMany():
            return ""
        case Summary("days_since_first" | "days_since_last"):
            return "days"
        case Summary("slope", window):
            return f"{_unit_of(window.events.concept, concepts)} a year".strip()
        case Summary(_, window):
            return _unit_of(window.events.concept, concepts)
    units = {_unit(part, concepts) for part in parts_of(feature)}
    return units.pop() if len(units) == 1 else ""


def _unit_of(name: str, concepts: Concepts) -> str:
    """Without UCUM's annotations, which only count: a score has no unit a clinician would say."""
    declared = concepts.concepts.get(name)
    return "" if declared is None or "{" in declared.unit else declared.unit


def _is_yes_or_no(feature: Feature, concepts: Concepts) -> bool:
    match feature:
        case Whether() | AnyOf() | AllOf() | Summary("measured"):
            return True
        case Summary(word, window) if word in _VALUES:
            declared = concepts.concepts.get(window.events.concept)
            return declared is not None and declared.hard == (0.0, 1.0) and not declared.unit
    return False


def _largest(
    row: NDArray[np.float32], points: Numbers, names: Sequence[str], said: Sequence[Phrase], most: int
) -> tuple[Reason, ...]:
    order = np.argsort(-np.abs(points), kind="stable")[:most]
    return tuple(
        Reason(names[place], said[place].words, said[place].value(float(row[place])), float(points[place]))
        for place in order
        if abs(points[place]) >= _SMALLEST_POINTS
    )


def _rest(points: Numbers, shown: Sequence[Reason]) -> float:
    return float(points.sum() - sum(one.points for one in shown))
