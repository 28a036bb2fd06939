"""Boosters of every shape that could trip an exact export, and rows like those they were trained on."""

from collections.abc import Callable
from functools import cache

import lightgbm
import numpy as np

N_FEATURES = 30
QUIET = {"objective": "binary", "verbose": -1, "num_threads": 1, "deterministic": True}


def ordinary_rows(count: int, *, seed: int, missing: float = 0.2) -> np.ndarray:
    """Clinic-like columns: scores, grids, counts, yes or no, skewed, very large and very small scales."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, N_FEATURES))
    rows[:, 5:10] = np.exp(rows[:, 5:10] * 2)
    rows[:, 10:13] *= 1e5
    rows[:, 13:16] *= 1e-6
    rows[:, 16:20] = np.round(rows[:, 16:20] * 5, 1)
    rows[:, 20:23] = np.floor(np.abs(rows[:, 20:23]) * 4)
    rows[:, 23:26] = rows[:, 23:26] > 0
    rows[:, 26:] *= rng.random((count, 4)) < 0.4  # mostly zero
    rows[rng.random(rows.shape) < missing] = np.nan
    return rows.astype(np.float32)


def responses(rows: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Responses that depend on every column's rank and on whether it is missing."""
    rng = np.random.default_rng(seed)
    ranks = np.argsort(np.argsort(np.nan_to_num(rows), axis=0), axis=0) / len(rows) - 0.5
    signal = ranks @ rng.standard_normal(rows.shape[1]) + np.isnan(rows) @ rng.standard_normal(rows.shape[1])
    return (signal - np.median(signal) + rng.standard_normal(len(rows)) > 0).astype(int)


def fit(rows: np.ndarray, y: np.ndarray | None = None, *, rounds: int = 60, **params) -> lightgbm.Booster:
    labels = responses(rows) if y is None else y
    categories = params.pop("categorical_feature", "auto")
    data = lightgbm.Dataset(rows, labels, categorical_feature=categories)
    return lightgbm.train({**QUIET, **params}, data, rounds)


def _training_rows(missing: float = 0.2) -> np.ndarray:
    return ordinary_rows(3_000, seed=1, missing=missing)


def _half_missing() -> lightgbm.Booster:
    rows = _training_rows(missing=0.0)
    rows[::3, ::2] = np.nan
    return fit(rows)


def _near_duplicate_thresholds() -> lightgbm.Booster:
    """Columns whose values are neighbouring float32 numbers, so that every threshold lies between two."""
    steps = np.random.default_rng(2).integers(0, 40, (3_000, N_FEATURES)).astype(np.int32)
    starts = np.linspace(-3, 3, N_FEATURES, dtype=np.float32).view(np.int32)
    rows = (starts + steps).view(np.float32)
    return fit(rows, num_leaves=15, min_data_in_bin=1)


def _around_zero() -> lightgbm.Booster:
    """Columns inside and just outside the stretch that LightGBM reads as zero, denormal numbers included."""
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((3_000, N_FEATURES)) * 10.0 ** rng.integers(-44, -33, (3_000, N_FEATURES))
    return fit(rows.astype(np.float32), num_leaves=15, min_data_in_bin=1)


def _largest_values() -> lightgbm.Booster:
    rng = np.random.default_rng(4)
    rows = rng.uniform(-1, 1, (3_000, N_FEATURES)) * np.finfo(np.float32).max
    return fit(rows.astype(np.float32), num_leaves=15)


def _with_leaves_between(low: float, high: float) -> lightgbm.Booster:
    booster = fit(_training_rows(), rounds=100, num_leaves=8)
    rng = np.random.default_rng(5)
    for tree in range(booster.num_trees()):
        for leaf in range(8):
            value = rng.choice([-1, 1]) * 10 ** rng.uniform(np.log10(low), np.log10(high))
            booster.set_leaf_output(tree, leaf, value)
    return booster


def _stopped_early() -> lightgbm.Booster:
    rows, unseen = _training_rows(), ordinary_rows(500, seed=6)
    train = lightgbm.Dataset(rows, responses(rows))
    valid = lightgbm.Dataset(unseen, responses(unseen), reference=train)
    stop = lightgbm.early_stopping(5, verbose=False)
    kept = {"keep_training_booster": True}  # with the trees after the best one
    return lightgbm.train(
        {**QUIET, "learning_rate": 0.3}, train, 60, valid_sets=[valid], callbacks=[stop], **kept
    )


def _untrained() -> lightgbm.Booster:
    rows = _training_rows()
    return lightgbm.Booster(QUIET, lightgbm.Dataset(rows, responses(rows)))


SHAPES: dict[str, Callable[[], lightgbm.Booster]] = {
    "shallow": lambda: fit(_training_rows(), rounds=150, num_leaves=15, max_depth=4, learning_rate=0.05),
    "deep": lambda: fit(_training_rows(), num_leaves=63, min_data_in_leaf=2),
    "stumps": lambda: fit(_training_rows(), rounds=120, num_leaves=2),
    "one tree": lambda: fit(_training_rows(), rounds=1, num_leaves=8),
    "nothing missing in training": lambda: fit(_training_rows(missing=0.0)),
    "half of the columns missing": _half_missing,
    "missing values not used": lambda: fit(_training_rows(), use_missing=False),
    "monotone": lambda: fit(_training_rows(), monotone_constraints=[1, -1, 0] * (N_FEATURES // 3)),
    "dropped trees": lambda: fit(_training_rows(), boosting="dart", drop_rate=0.3),
    "near-duplicate thresholds": _near_duplicate_thresholds,
    "thresholds around zero": _around_zero,
    "thresholds near the largest float": _largest_values,
    "huge leaves": lambda: _with_leaves_between(1e-3, 1e6),
    "huge leaves beyond 24 bits": lambda: _with_leaves_between(1e20, 1e30),
    "tiny leaves": lambda: _with_leaves_between(1e-38, 1e-30),
    "stopped early": _stopped_early,
    "one leaf": lambda: fit(_training_rows(), min_data_in_leaf=3_000),
    "everyone responds": lambda: fit(_training_rows(), np.ones(3_000)),
    "no tree at all": _untrained,
}


@cache
def booster_of(shape: str) -> lightgbm.Booster:
    return SHAPES[shape]()
