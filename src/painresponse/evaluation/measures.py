"""How good the predictions are, with 95 % intervals from resampling whole subjects.

A weight is how often a resample drew an example; every measure is computed for all resamples at once.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from painresponse.evaluation.bootstrap import Estimate, estimated, subject_weights
from painresponse.evaluation.calibration import logistic_lines

Numbers = NDArray[np.float64]
Measure = Callable[[Numbers, Numbers, Numbers], Numbers]
_NEVER_CERTAIN = 1e-6


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
    drawn = {name: measure(y, probability, weights) for name, measure in MEASURES.items()}
    for who, compared in comparators.items():
        drawn |= {f"{who}_{name}": measure(y, compared, weights) for name, measure in MEASURES.items()}
        drawn[f"auc_over_{who}"] = drawn["auc"] - drawn[f"{who}_auc"]
    return {name: estimated(values) for name, values in drawn.items()}


def auc(y: Numbers, p: Numbers, weights: Numbers) -> Numbers:
    """Area under the ROC curve: how often a responder has the higher probability; ties count half."""
    events, others = _by_value(y, p, weights)
    below = np.cumsum(others, axis=1) - others / 2
    return (events * below).sum(axis=1) / (events.sum(axis=1) * others.sum(axis=1))


def average_precision(y: Numbers, p: Numbers, weights: Numbers) -> Numbers:
    """Area under the precision-recall curve, by steps."""
    events, others = (part[:, ::-1] for part in _by_value(y, p, weights))
    found = np.cumsum(events, axis=1)
    flagged = found + np.cumsum(others, axis=1)
    precision = np.divide(found, flagged, out=np.zeros_like(found), where=flagged > 0)
    return (events * precision).sum(axis=1) / events.sum(axis=1)


def brier(y: Numbers, p: Numbers, weights: Numbers) -> Numbers:
    """Mean squared distance of the probability from what happened."""
    return weights @ (p - y) ** 2 / weights.sum(axis=1)


def logloss(y: Numbers, p: Numbers, weights: Numbers) -> Numbers:
    """Mean negative log-likelihood."""
    sure = np.clip(p, _NEVER_CERTAIN, 1 - _NEVER_CERTAIN)
    return -(weights @ np.log(np.where(y == 1, sure, 1 - sure))) / weights.sum(axis=1)


def calibration_slope(y: Numbers, p: Numbers, weights: Numbers) -> Numbers:
    """Slope of outcomes on the log-odds: 1 is right, below 1 too extreme, 0 for a constant."""
    return logistic_lines(logit(np.clip(p, _NEVER_CERTAIN, 1 - _NEVER_CERTAIN)), y, weights)[1]


def calibration_in_the_large(y: Numbers, p: Numbers, weights: Numbers) -> Numbers:
    """Share of responders minus mean probability: above 0 too pessimistic."""
    return weights @ (y - p) / weights.sum(axis=1)


MEASURES: dict[str, Measure] = {
    "auc": auc,
    "average_precision": average_precision,
    "brier": brier,
    "logloss": logloss,
    "calibration_slope": calibration_slope,
    "calibration_in_the_large": calibration_in_the_large,
}


def _by_value(y: Numbers, p: Numbers, weights: Numbers) -> tuple[Numbers, Numbers]:
    """Weight of events and of others at each distinct probability, ascending."""
    order = np.argsort(p, kind="stable")
    starts = np.flatnonzero(np.diff(p[order], prepend=-np.inf))
    sorted_weights = weights[:, order]
    events = np.add.reduceat(sorted_weights * y[order], starts, axis=1)
    return events, np.add.reduceat(sorted_weights, starts, axis=1) - events
