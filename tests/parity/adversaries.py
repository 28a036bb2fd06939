"""Rows built to sit where a converter goes wrong: on thresholds, a hair beside them, at the extremes."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from painresponse.export.trees import Tree, exact_threshold

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


@dataclass(frozen=True)
class Turn:
    """What a row did at a branch it passed: where the threshold stood, and whether it went left."""

    feature: int
    threshold: np.float32
    left: bool


def edge_rows(forest: Sequence[Tree], rows: np.ndarray, *, seed: int) -> np.ndarray:
    """The rows bent so that each reaches one of the branches by a hair at every turn, however deep it lies.

    There it stands on the threshold, a step above it, or has no value: each of the three at every branch,
    if there are rows enough.
    """
    branches = [branch for tree in forest for branch in branches_of(tree)]
    order = np.random.default_rng(seed).permutation(3 * len(branches))
    bent = rows.copy()
    for row, number in zip(bent, np.resize(order, len(bent)) if branches else (), strict=False):
        turns, feature, threshold = branches[number // 3]
        for turn in turns:
            row[turn.feature] = _by_a_hair([one for one in turns if one.feature == turn.feature])
        row[feature] = (threshold, _above(threshold), np.nan)[number % 3]
    return bent


def branches_of(tree: Tree) -> Iterator[tuple[list[Turn], int, np.float32]]:
    """Every branch of a tree: the turns that lead to it, its feature and its threshold."""
    waiting: list[tuple[int, list[Turn]]] = [(0, [])] if tree.features else []
    while waiting:
        place, turns = waiting.pop()
        feature, threshold = tree.features[place], exact_threshold(tree.thresholds[place])
        yield turns, feature, threshold
        for child, left in ((tree.left[place], True), (tree.right[place], False)):
            if child >= 0:
                waiting.append((child, [*turns, Turn(feature, threshold, left)]))


def _by_a_hair(turns: Sequence[Turn]) -> np.float32:
    """A value of one feature that takes all these turns and would miss one of them a step further.

    Right of infinity there is only the missing value: so LightGBM says that known or not is all that counts.
    """
    lefts = [turn.threshold for turn in turns if turn.left]
    rights = [turn.threshold for turn in turns if not turn.left]
    if np.inf in rights:
        return np.float32(np.nan)
    return min(lefts) if lefts else _above(max(rights))


def _above(value: np.float32) -> np.float32:
    with np.errstate(over="ignore"):
        return np.float32(np.nextafter(value, np.float32(np.inf)))
