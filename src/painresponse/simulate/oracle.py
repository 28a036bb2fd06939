"""The sealed truth about a synthetic clinic, and how predictions compare with the best anyone could do.

The only module that opens the sealed folder. Nothing that trains, tunes or chooses a model may import it.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit, logit
from scipy.stats import rankdata

from painresponse.errors import CohortError, RecordError

_NEEDED = ("subject_id", "target", "probability", "outcome")
_RESAMPLES = 1000
_LEVEL = 0.99
_TINY = 1e-6


def read_truth(sealed: Path) -> pd.DataFrame:
    """A row per patient and target: what was given when, the true chance, the oracle's, the true outcome.

    Raises RecordError when ``sealed`` is not the sealed folder of a simulation.
    """
    path = sealed / "truth.parquet"
    if not path.is_file():
        raise RecordError(f"There is no sealed truth in {sealed}. Give the folder <data set>.sealed.")
    return pd.read_parquet(path)


def compare(predictions: pd.DataFrame, truth: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Predictions against the oracle, per target, on the same patients with the same observed outcomes.

    ``predictions`` has a row per episode: subject_id, target, probability, outcome (0 or 1, as observed).
    The difference of AUCs comes with its paired 99 % bootstrap interval; ``in_the_large`` is mean outcome
    minus mean probability. Raises RecordError for missing columns or values, CohortError when nobody matches.
    """
    rows = _matched(predictions, truth)
    per_target = {target: _compare(group, seed) for target, group in rows.groupby("target", sort=True)}
    return pd.DataFrame.from_dict(per_target, orient="index").rename_axis("target")


def _matched(predictions: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in _NEEDED if name not in predictions]
    if missing:
        raise RecordError(f"The predictions lack {', '.join(missing)}. Needed: {', '.join(_NEEDED)}.")
    if predictions[list(_NEEDED)].isna().any(axis=None):
        raise RecordError("Predictions to compare must be complete: leave out rows with gaps.")
    known = truth[["subject_id", "target", "oracle"]]
    rows = predictions[list(_NEEDED)].merge(known, on=["subject_id", "target"], validate="many_to_one")
    if rows.empty:
        raise CohortError("None of the predictions is for a patient and target of this truth.")
    return rows.assign(outcome=rows["outcome"].astype(float))


def _compare(rows: pd.DataFrame, seed: int) -> dict[str, float]:
    outcome, mine, best = (rows[name].to_numpy() for name in ("outcome", "probability", "oracle"))
    low, high = _paired_interval(outcome, mine, best, seed)
    return {
        "n": len(rows),
        "auc": auc(outcome, mine),
        "oracle_auc": auc(outcome, best),
        "difference": auc(outcome, mine) - auc(outcome, best),
        "difference_low": low,
        "difference_high": high,
        "brier": float(np.mean((mine - outcome) ** 2)),
        "oracle_brier": float(np.mean((best - outcome) ** 2)),
        "slope": calibration_slope(outcome, mine),
        "in_the_large": float(outcome.mean() - mine.mean()),
    }


def auc(outcome: np.ndarray, score: np.ndarray) -> float:
    """Chance that a responder scores above a non-responder, ties half; NaN when there are not both."""
    responders = np.asarray(outcome) > 0
    pairs = responders.sum() * (~responders).sum()
    if not pairs:
        return float("nan")
    first = responders.sum() * (responders.sum() + 1) / 2
    return float((rankdata(score)[responders].sum() - first) / pairs)


def _paired_interval(
    outcome: np.ndarray, mine: np.ndarray, best: np.ndarray, seed: int
) -> tuple[float, float]:
    """The interval of the difference of AUCs when patients are drawn again, both scores together."""
    rng = np.random.default_rng(seed)
    draws = (rng.integers(0, len(outcome), len(outcome)) for _ in range(_RESAMPLES))
    gaps = [auc(outcome[draw], mine[draw]) - auc(outcome[draw], best[draw]) for draw in draws]
    low, high = np.nanquantile(gaps, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return float(low), float(high)


def calibration_slope(outcome: np.ndarray, probability: np.ndarray) -> float:
    """Slope of the outcome on the predicted log-odds (logistic regression): below 1 is overfitted."""
    x = logit(np.clip(probability, _TINY, 1 - _TINY))
    if np.ptp(x) == 0 or np.ptp(outcome) == 0:
        return float("nan")
    fit = minimize(_loss(x, outcome), np.array([0.0, 1.0]), jac=True, method="BFGS")
    return float(fit.x[1])


def _loss(x: np.ndarray, outcome: np.ndarray) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """Mean negative log-likelihood of a logistic line, and its gradient."""

    def loss(line: np.ndarray) -> tuple[float, np.ndarray]:
        score = line[0] + line[1] * x
        error = expit(score) - outcome
        gradient = np.array([error.mean(), (error * x).mean()])
        return float(np.mean(np.logaddexp(0, score) - outcome * score)), gradient

    return loss
