"""The measures that clinics exchange: each a value, its 95 % interval, and the error it is pooled with."""

from dataclasses import dataclass, replace
from math import inf, isclose, isfinite

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm

from painresponse.evaluation.predictions import Predictions
from painresponse.evaluation.rounding import rounded_record
from painresponse.evaluation.sites import Measured, mean_by_subject, site_estimates

_HALF = float(norm.ppf(0.975))
_ROUNDING = 2e-3
"""What four significant digits may do to an interval made of them."""


@dataclass(frozen=True)
class Figure:
    """A measure at one clinic, of four significant digits; ``error`` on the scale it is pooled on."""

    value: float
    low: float
    high: float
    error: float

    def __post_init__(self) -> None:
        if not all(map(isfinite, (self.value, self.low, self.high, self.error))):
            raise ValueError("every number must be finite")
        if not self.error > 0:
            raise ValueError("the standard error must be above 0")
        if not self.low <= self.value <= self.high:
            raise ValueError("the value must lie within its interval")


@dataclass(frozen=True)
class Measure:
    """How a measure is called, within what its values lie, what it would be in a model that is right.

    The AUC is pooled as log-odds, the others as they are.
    """

    words: str
    limits: tuple[float, float] = (-inf, inf)
    ideal: float | None = None
    as_log_odds: bool = False

    def told(self, measured: Measured) -> Figure:
        """For a reader, from the value and its error on the scale it is pooled on."""
        value, error = measured
        ends = (self.back(value + side * _HALF * error) for side in (0, -1, 1))
        return rounded_record(Figure(*ends, error))

    def measured(self, figure: Figure) -> Measured:
        """Value and error on the scale it is pooled on."""
        return float(logit(figure.value)) if self.as_log_odds else figure.value, figure.error

    def back(self, value: float) -> float:
        """From the scale it is pooled on."""
        return float(expit(value)) if self.as_log_odds else value

    def check(self, figure: Figure) -> None:
        """Raise ValueError for a figure that nobody can have measured."""
        low, high = self.limits
        if not low <= figure.value <= high or (self.as_log_odds and not low < figure.value < high):
            raise ValueError(f"{self.words} must lie between {low:g} and {high:g}")
        expected = self.told(self.measured(figure))
        near = _ROUNDING * (1 + abs(figure.value) + figure.error)
        if not all(
            isclose(getattr(figure, end), getattr(expected, end), rel_tol=0, abs_tol=near)
            for end in ("low", "high")
        ):
            raise ValueError("the interval is not the one that the value and its standard error give")


MEASURES = {
    "auc": Measure("AUC", (0, 1), as_log_odds=True),
    "calibration_in_the_large": Measure("calibration in the large", (-1, 1), ideal=0),
    "calibration_intercept": Measure("calibration intercept", ideal=0),
    "calibration_slope": Measure("calibration slope", ideal=1),
    "brier": Measure("Brier score", (0, 1)),
}
"""In the order they are shown; the intercept is that with the slope fixed at 1."""


def figures_of(known: Predictions) -> dict[str, Figure]:
    """Of one clinic's predictions with their outcomes; errors let a subject have several episodes.

    A measure without an error, as a perfect AUC, is left out.
    """
    (found,) = site_estimates(replace(known, site=np.zeros(len(known), np.int64)))
    surplus = known.y - known.probability
    measured = {
        "auc": found.auc,
        "calibration_in_the_large": mean_by_subject(surplus, known.subject),
        "calibration_intercept": found.intercept,
        "calibration_slope": found.slope,
        "brier": mean_by_subject(surplus**2, known.subject),
    }
    return {name: MEASURES[name].told(one) for name, one in measured.items() if one and _has_error(one)}


def _has_error(measured: Measured) -> bool:
    return all(map(isfinite, measured)) and measured[1] > 0
