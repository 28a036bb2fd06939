"""What another clinic may change in a finished model: nothing, its intercept, or its intercept and slope."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import chi2

from painresponse.errors import CohortError, DefinitionError, unknown
from painresponse.evaluation.bootstrap import estimated, subject_weights
from painresponse.evaluation.calibration import Calibration, log_odds, platt
from painresponse.evaluation.logistic import logistic_intercepts, logistic_lines
from painresponse.evaluation.measures import LEAST_OF_EACH, measured
from painresponse.evaluation.predictions import Numbers, Predictions
from painresponse.evaluation.rounding import Figure, Interval, interval, rounded

NONE, INTERCEPT, SLOPE = KINDS = ("none", "intercept", "intercept and slope")
_SHOWN = ("brier", "logloss", "calibration_intercept", "calibration_slope", "ici")
_PARTS = 10


@dataclass(frozen=True)
class Update:
    """One way to update: what it comes to, and its figures on subjects it was not fitted to."""

    kind: str
    slope: Figure
    intercept: Figure
    figures: Mapping[str, Interval]


@dataclass(frozen=True)
class Recalibration:
    """The three updates, the one that closed testing keeps, and its tests' p-values.

    ``p_any``: that nothing need change; ``p_slope``: that the slope need not, once the intercept may.
    """

    updates: tuple[Update, ...]
    chosen: str
    p_any: Figure
    p_slope: Figure


def recalibrated(log_odds: Numbers, y: Numbers, kind: str) -> Calibration:
    """An update of log-odds fitted to outcomes: ``none``, ``intercept``, or ``intercept and slope`` (Platt).

    Raises DefinitionError for another kind and CohortError where all outcomes are alike.
    """
    if kind not in KINDS:
        raise DefinitionError(unknown("recalibration", kind, KINDS))
    if kind == NONE:
        return Calibration(1.0, 0.0)
    if not 0 < y.mean() < 1:
        raise CohortError("Recalibration needs responders and others, and all outcomes here are alike.")
    if kind == INTERCEPT:
        return Calibration(1.0, float(logistic_intercepts(log_odds, y, np.ones((1, len(y))))[0]))
    return platt(log_odds, y)


def closed_test(log_odds: Numbers, y: Numbers, *, alpha: float = 0.05) -> tuple[str, float, float]:
    """The least update that likelihood-ratio tests do not reject, and both p-values (Vergouwe 2017).

    Each is tested against intercept and slope: nothing first (2 degrees of freedom), then the intercept
    alone (1). Episodes count as independent.
    """
    once = np.ones((1, len(y)))
    intercepts, slopes = logistic_lines(log_odds, y, once)
    moved = log_odds + logistic_intercepts(log_odds, y, once)[0]
    full = _likelihood(intercepts[0] + slopes[0] * log_odds, y)
    p_any = float(chi2.sf(2 * (full - _likelihood(log_odds, y)), 2))
    p_slope = float(chi2.sf(2 * (full - _likelihood(moved, y)), 1))
    chosen = NONE if p_any >= alpha else INTERCEPT if p_slope >= alpha else SLOPE
    return chosen, p_any, p_slope


def recalibration(predictions: Predictions, *, resamples: int, seed: int) -> Recalibration:
    """Every update of a finished model's predictions at a clinic it was not learned from.

    An update's figures are of predictions updated without their own tenth of the subjects.
    Raises CohortError with fewer than ten responders or ten others.
    """
    _enough(predictions.y)
    x, y = log_odds(predictions.probability), predictions.y
    chosen, p_any, p_slope = closed_test(x, y)
    weights = subject_weights(predictions.subject, resamples, seed=seed)
    part = _parts(predictions.subject, seed)
    updates = tuple(_update(x, y, kind, weights=weights, part=part) for kind in KINDS)
    return Recalibration(updates, chosen, rounded(p_any), rounded(p_slope))


def _enough(y: Numbers) -> None:
    events = int(y.sum())
    if min(events, len(y) - events) < LEAST_OF_EACH:
        raise CohortError(
            f"Recalibration needs at least {LEAST_OF_EACH} responders and as many others, got {events} and "
            f"{len(y) - events}. Collect more outcomes, or use the model as it is."
        )


def _update(x: Numbers, y: Numbers, kind: str, *, weights: Numbers, part: NDArray[np.int64]) -> Update:
    whole = recalibrated(x, y, kind)
    drawn = measured(y, _unseen(x, y, kind, part), weights)
    figures = {name: interval(estimated(drawn[name])) for name in _SHOWN}
    return Update(kind, rounded(whole.slope), rounded(whole.intercept), figures)


def _unseen(x: Numbers, y: Numbers, kind: str, part: NDArray[np.int64]) -> Numbers:
    updated = np.empty_like(x)
    for one in np.unique(part):
        rest, own = part != one, part == one
        updated[own] = recalibrated(x[rest], y[rest], kind).probability(x[own])
    return updated


def _parts(subject: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Ten parts of whole subjects, drawn at random."""
    _, member = np.unique(subject, return_inverse=True)
    return np.random.default_rng(seed).permutation(member.max() + 1)[member] % _PARTS


def _likelihood(x: Numbers, y: Numbers) -> float:
    """Log-likelihood of outcomes given log-odds."""
    return float(np.log(expit(np.where(y == 1, x, -x))).sum())
