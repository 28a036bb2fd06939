"""How good the predictions are, with 95 % intervals from resampling whole subjects.

A weight is how often a resample drew an example; every measure is computed for all resamples at once.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from painresponse.evaluation.bootstrap import Estimate, estimated, share, subject_weights
from painresponse.evaluation.calibration import log_odds, observed_curve
from painresponse.evaluation.logistic import logistic_intercepts, logistic_lines

Numbers = NDArray[np.float64]
Measure = Callable[[Numbers, Numbers, Numbers], Numbers]
_NEVER_CERTAIN, _DRAWS = 1e-6, 50

LEAST_OF_EACH = 10
"""Responders and others below which these measures are noise, and counts are all that is reported."""


def judge(
    y: Numbers,
    probability: Numbers,
    *,
    comparators: Mapping[str, Numbers],
    subject: NDArray[np.int64],
    resamples: int,
    seed: int,
) -> dict[str, Estimate]:
    """Every measure of the probabilities, and of each comparator's as ``<comparator>_<measure>``.

    ``auc_over_<comparator>`` is the difference of the AUCs, resample by resample.
    """
    weights = subject_weights(subject, resamples, seed=seed)
    drawn = measured(y, probability, weights)
    for who, compared in comparators.items():
        drawn |= {f"{who}_{name}": values for name, values in measured(y, compared, weights).items()}
        drawn[f"auc_over_{who}"] = drawn["auc"] - drawn[f"{who}_auc"]
    return {name: estimated(values) for name, values in drawn.items()}


def measured(y: Numbers, p: Numbers, weights: Numbers) -> dict[str, Numbers]:
    """Every measure by its name, each for all rows of weights."""
    alone = {name: measure(y, p, weights) for name, measure in MEASURES.items()}
    return alone | calibration_errors(y, p, weights)


def auc(y: Numbers, p: Numbers, weights: Numbers) -> Numbers:
    """Area under the ROC curve: how often a responder has the higher probability; ties count half."""
    events, others = _by_value(y, p, weights)
    below = np.cumsum(others, axis=1) - others / 2
    return share((events * below).sum(axis=1), events.sum(axis=1) * others.sum(axis=1))


def average_precision(y: Numbers, p: Numbers, weights: Numbers) -> Numbers:
    """Area under the precision-recall curve, by steps."""
    events, others = (part[:, ::-1] for part in _by_value(y, p, weights))
    found = np.cumsum(events, axis=1)
    flagged = found + np.cumsum(others, axis=1)
    precision = np.divide(found, flagged, out=np.zeros_like(found), where=flagged > 0)
    return share((events * precision).sum(axis=1), events.sum(axis=1))


def brier(y: Numbers, p: Numbers, weights: Numbers) -> Numbers:
    """Mean squared distance of the probability from what happened."""
    return weights @ (p - y) ** 2 / weights.sum(axis=1)


def logloss(y: Numbers, p: Numbers, weights: Numbers) -> Numbers:
    """Mean negative log-likelihood."""
    sure = np.clip(p, _NEVER_CERTAIN, 1 - _NEVER_CERTAIN)
    return -(weights @ np.log(np.where(y == 1, sure, 1 - sure))) / weights.sum(axis=1)


def calibration_slope(y: Numbers, p: Numbers, weights: Numbers) -> Numbers:
    """Slope of outcomes on the log-odds: 1 is right, below 1 too extreme, 0 for a constant."""
    return logistic_lines(log_odds(p), y, weights)[1]


def calibration_intercept(y: Numbers, p: Numbers, weights: Numbers) -> Numbers:
    """What to add to the log-odds, as they are, to fit the outcomes: above 0 too pessimistic."""
    return logistic_intercepts(log_odds(p), y, weights)


def calibration_in_the_large(y: Numbers, p: Numbers, weights: Numbers) -> Numbers:
    """Share of responders minus mean probability: above 0 too pessimistic."""
    return weights @ (y - p) / weights.sum(axis=1)


def calibration_errors(y: Numbers, p: Numbers, weights: Numbers) -> dict[str, Numbers]:
    """ICI, E50 and E90: mean, median and 90th percentile distance of the probability from what is observed.

    Observed is the flexible curve of :func:`observed_curve`, fitted anew in every resample, not the loess of
    Austin and Steyerberg (2019). Never exactly 0: the curve follows some noise as well, in a resample more
    than in the sample, so that the intervals lie somewhat high.
    """
    distance = np.abs(observed_curve(y, p, weights, at=p) - p)
    ici = np.einsum("ij,ij->i", weights, distance) / weights.sum(axis=1)
    e50, e90 = _quantiles(distance, weights, (0.5, 0.9))
    return {"ici": ici, "e50": e50, "e90": e90}


def ici_by_chance(p: Numbers, *, seed: int) -> float:
    """The mean ICI these probabilities would have if every one of them were true: what noise alone gives."""
    rng, once = np.random.default_rng(seed), np.ones((1, len(p)))
    outcomes = (rng.random((_DRAWS, len(p))) < p).astype(np.float64)
    return float(np.mean([calibration_errors(y, p, once)["ici"][0] for y in outcomes]))


MEASURES: dict[str, Measure] = {
    "auc": auc,
    "average_precision": average_precision,
    "brier": brier,
    "logloss": logloss,
    "calibration_slope": calibration_slope,
    "calibration_intercept": calibration_intercept,
    "calibration_in_the_large": calibration_in_the_large,
}


def _quantiles(values: Numbers, weights: Numbers, levels: tuple[float, ...]) -> list[Numbers]:
    """Row by row, the least value that at least that share of the weight does not exceed."""
    order = np.argsort(values, axis=1)
    reached = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
    row, total = np.arange(len(values)), reached[:, -1:]
    return [values[row, order[row, (reached < level * total).sum(axis=1)]] for level in levels]


def _by_value(y: Numbers, p: Numbers, weights: Numbers) -> tuple[Numbers, Numbers]:
    """Weight of events and of others at each distinct probability, ascending."""
    order = np.argsort(p, kind="stable")
    starts = np.flatnonzero(np.diff(p[order], prepend=-np.inf))
    sorted_weights = weights[:, order]
    events = np.add.reduceat(sorted_weights * y[order], starts, axis=1)
    return events, np.add.reduceat(sorted_weights, starts, axis=1) - events
