"""Calibration, ROC and histogram as a few dozen points each: what a report draws, no patient among them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_curve as every_step
from statsmodels.stats.proportion import proportion_confint

from painresponse.evaluation.bootstrap import subject_weights
from painresponse.evaluation.calibration import observed_curve
from painresponse.evaluation.measures import ici_by_chance
from painresponse.evaluation.predictions import Numbers, Predictions
from painresponse.evaluation.rounding import Figure, rounded, rounded_all

_POINTS, _TENTHS, _LEAST_OF_A_TENTH, _BINS = 50, 10, 20, 20


@dataclass(frozen=True)
class Tenth:
    """Episodes of like predictions: mean prediction, share of responders, and its 95 % Wilson interval."""

    episodes: int
    predicted: Figure
    observed: Figure
    low: Figure
    high: Figure


@dataclass(frozen=True)
class CalibrationCurve:
    """Share of responders (``observed``) at each prediction, with a pointwise 95 % band.

    From the 1st to the 99th percentile of the predictions. The band comes from resampled subjects, the
    intervals of the tenths from counts of episodes. ``ici_by_chance`` is the mean distance that a perfectly
    calibrated model with the same predictions would show.
    """

    predicted: tuple[Figure, ...]
    observed: tuple[Figure, ...]
    low: tuple[Figure, ...]
    high: tuple[Figure, ...]
    tenths: tuple[Tenth, ...]
    ici_by_chance: Figure


@dataclass(frozen=True)
class RocCurves:
    """Share of responders found, by model, for the share of others mistaken for them; both from 0 to 1."""

    false_alarms: tuple[Figure, ...]
    found: Mapping[str, tuple[Figure, ...]]


@dataclass(frozen=True)
class PredictionCounts:
    """How many responders and how many others got predictions from each edge to the next."""

    edges: tuple[Figure, ...]
    responders: tuple[int, ...]
    others: tuple[int, ...]


def calibration_curve(predictions: Predictions, *, resamples: int, seed: int) -> CalibrationCurve:
    """By the flexible curve of :func:`observed_curve`, fitted anew in every resample."""
    y, p = predictions.y, predictions.probability
    grid = np.linspace(*np.quantile(p, [0.01, 0.99]), _POINTS)
    drawn = observed_curve(y, p, subject_weights(predictions.subject, resamples, seed=seed), at=grid)
    low, high = np.quantile(drawn[1:], [0.025, 0.975], axis=0)
    return CalibrationCurve(
        *(rounded_all(line) for line in (grid, drawn[0], low, high)),
        _tenths(y, p),
        rounded(ici_by_chance(p, seed=seed)),
    )


def roc_curves(predictions: Predictions, *, name: str = "model") -> RocCurves:
    """Of the model, under ``name``, and of every comparator."""
    grid = np.linspace(0, 1, _POINTS - 1)
    scores = {name: predictions.probability, **predictions.comparators}
    found = {who: rounded_all([0.0, *_found(predictions.y, p, grid)]) for who, p in scores.items()}
    return RocCurves(rounded_all([0.0, *grid]), found)


def prediction_counts(predictions: Predictions) -> PredictionCounts:
    """In twentieths of the range from 0 to 1."""
    edges = np.linspace(0, 1, _BINS + 1)
    responders, others = (
        np.histogram(predictions.probability[predictions.y == outcome], edges)[0] for outcome in (1, 0)
    )
    return PredictionCounts(rounded_all(edges), tuple(responders.tolist()), tuple(others.tolist()))


def _found(y: Numbers, p: Numbers, false_alarms: Numbers) -> Numbers:
    every, found, _ = every_step(y, p, drop_intermediate=False)
    return np.interp(false_alarms, every, found)


def _tenths(y: Numbers, p: Numbers) -> tuple[Tenth, ...]:
    """Fewer parts than ten where each would hold fewer than twenty episodes."""
    parts = np.clip(len(y) // _LEAST_OF_A_TENTH, 1, _TENTHS)
    return tuple(_tenth(y, p, rows) for rows in np.array_split(np.argsort(p, kind="stable"), parts))


def _tenth(y: Numbers, p: Numbers, rows: NDArray[np.int64]) -> Tenth:
    low, high = proportion_confint(y[rows].sum(), len(rows), method="wilson")
    return Tenth(len(rows), *rounded_all((p[rows].mean(), y[rows].mean(), low, high)))
