"""Figures despite lost outcomes: weighting those followed, and filling in what the lost may have answered."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import t as student
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from painresponse.evaluation.bootstrap import Estimate, estimated, subject_weights
from painresponse.evaluation.calibration import log_odds
from painresponse.evaluation.logistic import logistic_lines
from painresponse.evaluation.measures import (
    Measure,
    auc,
    brier,
    calibration_in_the_large,
    calibration_slope,
)
from painresponse.evaluation.predictions import Predictions

Numbers = NDArray[np.float64]
Known = NDArray[np.bool_]
_NEVER_CERTAIN = 1e-6
_MOST_STEPS = 1000


def prevalence(y: Numbers, p: Numbers, weights: Numbers) -> Numbers:
    """Share of responders."""
    return weights @ y / weights.sum(axis=1)


FIGURES: dict[str, Measure] = {
    "prevalence": prevalence,
    "auc": auc,
    "brier": brier,
    "calibration_slope": calibration_slope,
    "calibration_in_the_large": calibration_in_the_large,
}


def chance_known(
    x: Numbers,
    known: Known,
    subject: NDArray[np.int64],
    *,
    folds: int = 5,
    strength: float = 0.1,
    seed: int,
) -> Numbers:
    """Chance that an outcome is known given the baseline x (n x k, NaN allowed).

    By logistic regressions of inverse penalty ``strength`` that never saw the subject; the share of known
    outcomes for everybody where too few subjects were lost, or kept, to explain it.
    """
    chance = np.full(len(known), known.mean())
    if min(len(np.unique(subject[known])), len(np.unique(subject[~known]))) < folds:
        return chance
    split = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for rows, held_out in split.split(x, known, subject):
        if len(np.unique(known[rows])) == 2:
            fitted = _regression(strength).fit(x[rows], known[rows])
            chance[held_out] = fitted.predict_proba(x[held_out])[:, 1]
    return chance


def weights(chance: Numbers, known: Known, *, truncated: tuple[float, float] = (0.01, 0.99)) -> Numbers:
    """Stabilised inverse-probability-of-censoring weights, cut at two quantiles; 0 for the lost."""
    weight = known.mean() / np.maximum(chance, _NEVER_CERTAIN)
    return np.where(known, np.clip(weight, *np.quantile(weight[known], truncated)), 0.0)


def drawn(predictions: Predictions, weight: Numbers, *, resamples: int, seed: int) -> dict[str, Numbers]:
    """Each figure of weighted episodes, and its value in every resample of their subjects."""
    resampled = subject_weights(predictions.subject, resamples, seed=seed) * weight
    y, p = predictions.y, predictions.probability
    return {name: measure(y, p, resampled) for name, measure in FIGURES.items()}


def weighted_judge(
    predictions: Predictions, weight: Numbers, *, resamples: int, seed: int
) -> dict[str, Estimate]:
    """The figures of episodes weighted (n) beside how often a resample drew their subject.

    The weights are taken as given, not estimated anew in each resample.
    """
    each = drawn(predictions, weight, resamples=resamples, seed=seed)
    return {name: estimated(values) for name, values in each.items()}


def either_way(eligible: Predictions, response: Numbers) -> tuple[Predictions, Numbers]:
    """Everybody as a responder and as none, with the chance of each (response, n) as the weight."""
    n, both = len(response), np.concatenate([response, 1 - response])
    rows = np.flatnonzero(both > 0)
    one = eligible.taken(rows % n)
    return Predictions(
        one.subject, (rows < n).astype(float), one.probability, one.site, one.comparators, one.groups
    ), both[rows]


def imputed(eligible: Predictions, *, imputations: int, resamples: int, seed: int) -> dict[str, Estimate]:
    """The figures of everybody, the lost (y NaN) drawn again and again from their recalibrated probabilities.

    Each draw recalibrates on its own resample of the subjects followed, so that the uncertainty of the
    recalibration is in it; pooled by Rubin's rules (Rubin 1987).
    """
    known, odds = ~np.isnan(eligible.y), log_odds(eligible.probability)
    again = subject_weights(eligible.subject[known], imputations, seed=seed)[1:]
    lines = logistic_lines(odds[known], eligible.y[known], again)
    random, draws = np.random.default_rng(seed), []
    for intercept, slope in zip(*lines, strict=True):
        answer = random.random(len(odds)) < expit(intercept + slope * odds)
        completed = either_way(eligible, np.where(known, eligible.y, answer))
        draws.append(drawn(*completed, resamples=resamples, seed=seed))
    return {name: _pooled(np.array([one[name] for one in draws])) for name in FIGURES}


def _pooled(draws: Numbers) -> Estimate:
    """From a figure in each imputation (rows): first its value, then its value in every resample."""
    values, m = draws[:, 0], len(draws)
    within, between = np.nanvar(draws[:, 1:], axis=1).mean(), (1 + 1 / m) * values.var(ddof=1)
    freedom = (m - 1) * (1 + within / between) ** 2 if between > 0 else np.inf
    half = float(student.ppf(0.975, freedom) * np.sqrt(within + between))
    return Estimate(float(values.mean()), float(values.mean()) - half, float(values.mean()) + half)


def _regression(strength: float) -> Pipeline:
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return make_pipeline(imputer, StandardScaler(), LogisticRegression(C=strength, max_iter=_MOST_STEPS))
