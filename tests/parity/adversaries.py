"""Rows built to sit where a converter goes wrong: on thresholds, a hair beside them, at the extremes."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from painresponse.export.trees import Tree

_LARGEST = np.finfo(np.float32).max
_ZERO_EDGE = np.float32(1e-35)
EXTREMES = np.array(
    [
        *(np.nan, np.inf, -np.inf, 0.0, -0.0, _LARGEST, -_LARGEST, 1.0, -1.0),
        *(1e-45, -1e-45, 1.1e-38, -1.1e-38),  # denormal
        *(_ZERO_EDGE, -_ZERO_EDGE),
        *(np.nextafter(_ZERO_EDGE, np.float32(1)), -np.nextafter(_ZERO_EDGE, np.float32(1))),
        *(np.nextafter(_ZERO_EDGE, np.float32(0)), -np.nextafter(_ZERO_EDGE, np.float32(0))),
    ],
    dtype=np.float32,
)


def neighbours(thresholds: Sequence[float]) -> np.ndarray:
    """Each threshold in float32, and the float32 numbers just below and just above it."""
    with np.errstate(over="ignore"):
        nearest = np.array(thresholds, np.float64).astype(np.float32)
        below, above = (np.nextafter(nearest, np.float32(end)) for end in (-np.inf, np.inf))
    return np.concatenate([nearest, below, above])


def adversarial_rows(forest: Sequence[Tree], count: int, *, n_features: int, seed: int) -> np.ndarray:
    """Rows of nothing but trouble; each value of trouble occurs in its column if ``count`` allows."""
    rng = np.random.default_rng(seed)
    rows = np.empty((count, n_features), np.float32)
    thresholds = _thresholds_by_feature(forest)
    for feature in range(n_features):
        trouble = np.unique(neighbours(thresholds[feature])) if thresholds[feature] else EXTREMES
        rows[:, feature] = rng.permutation(np.resize(np.concatenate([trouble, EXTREMES]), count))
    return rows


def _thresholds_by_feature(forest: Sequence[Tree]) -> dict[int, list[float]]:
    found: dict[int, list[float]] = defaultdict(list)
    for tree in forest:
        for feature, threshold in zip(tree.features, tree.thresholds, strict=True):
            found[feature].append(threshold)
    return found
