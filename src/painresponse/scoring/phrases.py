"""A feature as a clinician says it, its value with the unit, and how that stands among training's patients.

A value is low below the 25th percentile of the patients the models were trained on and high above the
75th, very low below the 5th and very high above the 95th. It is compared with those patients, never with a
laboratory's reference range.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from painresponse.concepts import Concepts
from painresponse.language import FeatureSet
from painresponse.scoring.drift import LEVELS
from painresponse.scoring.wording import is_yes_or_no, plain, unit, words

UNKNOWN = "not known"
COMPARED = (
    "Low and high mean below the 25th and above the 75th percentile of the patients the model was trained "
    "on, very low and very high below the 5th and above the 95th; they are no laboratory's reference range."
)

_MARKS = tuple(LEVELS.index(one) for one in (0.05, 0.25, 0.75, 0.95))
_ROUNDING = 1e-6
_DAYS_A_YEAR = 365.25
_SAID_IN_YEARS = 730


@dataclass(frozen=True, slots=True)
class Phrase:
    """A feature in words, its unit, whether it is a yes or no, and where low and high begin.

    ``marks``: the 5th, 25th, 75th and 95th percentile among the patients of training, where they are known.
    """

    words: str
    unit: str = ""
    yes_or_no: bool = False
    marks: tuple[float, float, float, float] | None = None

    def value(self, number: float) -> str:
        """A value with its unit, and whether it is low or high: ``112 nmol/L, low``."""
        if not isfinite(number):
            return UNKNOWN
        if self.yes_or_no and number in (0, 1):
            return "yes" if number else "no"
        level = self.level(number)
        return _figure(number, self.unit) + (f", {level}" if level else "")

    def level(self, number: float) -> str:
        """How a known value stands among the patients of training; nothing between the quartiles."""
        if self.yes_or_no or self.marks is None:
            return ""
        lowest, low, high, highest = self.marks
        below, above = number + _ROUNDING, number - _ROUNDING  # marks are rounded: none lies beside its value
        if below < low:
            return "very low" if below < lowest else "low"
        if above > high:
            return "very high" if above > highest else "high"
        return ""


def phrases(
    features: FeatureSet,
    concepts: Concepts,
    *,
    reference: Mapping[str, Sequence[float | None]] | None = None,
) -> dict[str, Phrase]:
    """Every feature of a set; two that would be called alike are called by their names.

    ``reference``: by feature the quantiles `LEVELS` among the patients of training, as a bundle holds them.
    """
    said = {name: words(name, feature, concepts) for name, feature in features}
    times = Counter(said.values())
    return {
        name: Phrase(
            said[name] if times[said[name]] == 1 else plain(name),
            unit(feature, concepts),
            is_yes_or_no(feature, concepts),
            _marks((reference or {}).get(name)),
        )
        for name, feature in features
    }


def _marks(quantiles: Sequence[float | None] | None) -> tuple[float, float, float, float] | None:
    if quantiles is None:
        return None
    found = [one for one in (quantiles[place] for place in _MARKS) if one is not None]
    return (found[0], found[1], found[2], found[3]) if len(found) == len(_MARKS) else None


def _figure(number: float, unit: str) -> str:
    if unit == "days" and abs(number) >= _SAID_IN_YEARS:
        number, unit = number / _DAYS_A_YEAR, "years"
    figures = f"{number:.0f}" if abs(number) >= 1000 else f"{number:.3g}"
    return f"{figures} {unit}".rstrip()
