"""More boosters than `boosters` holds: every depth, width and count, and planted ones as the product has."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import lightgbm
import numpy as np

from painresponse.export.planting import Planted, joined, planted, scaled

from .adversaries import EXTREMES
from .boosters import N_FEATURES, SHAPES, booster_of, fit, ordinary_rows

_MANY = 200
Maker = Callable[[], lightgbm.Booster]


@dataclass(frozen=True)
class Shape:
    """A kind of booster, and the share of missing values in the rows it meets afterwards."""

    grow: Maker
    missing: float = 0.2
    width: int = N_FEATURES

    def rows(self, count: int, *, seed: int) -> np.ndarray:
        """Random rows as wide as the booster asks."""
        return rows_of(count, self.width, seed=seed, missing=self.missing)


def rows_of(count: int, width: int, *, seed: int, missing: float = 0.2) -> np.ndarray:
    """Ordinary rows, cut or repeated column by column to a width."""
    if width <= N_FEATURES:
        return np.ascontiguousarray(ordinary_rows(count, seed=seed, missing=missing)[:, :width])
    wide = np.random.default_rng(seed).standard_normal((count, width), dtype=np.float32)
    wide[:, ::7] = np.round(wide[:, ::7])
    wide[np.random.default_rng(seed + 1).random(wide.shape, dtype=np.float32) < missing] = np.nan
    return wide


def _trained(*, width: int = N_FEATURES, missing: float = 0.2, **params) -> lightgbm.Booster:
    return fit(rows_of(3_000, width, seed=1, missing=missing), **params)


def _to_depth(depth: int) -> Maker:
    leaves = min(2**depth, 63)
    return lambda: _trained(max_depth=depth, num_leaves=leaves, min_data_in_leaf=2, min_gain_to_split=0)


def _with_empty_columns() -> lightgbm.Booster:
    rows = ordinary_rows(3_000, seed=1)
    rows[:, ::3] = np.nan
    return fit(rows)


def _constant() -> lightgbm.Booster:
    """Trees with branches that all lead to the same value."""
    booster = _trained(rounds=20, num_leaves=8)
    for tree in range(booster.num_trees()):
        for leaf in range(8):
            booster.set_leaf_output(tree, leaf, 0.1 * (tree % 5) - 0.2)
    return booster


def _huge_beside_tiny() -> lightgbm.Booster:
    """Snapping must lose the tiny ones, and lose them alike on both sides."""
    booster = _trained(rounds=60, num_leaves=8)
    for tree in range(0, 60, 2):
        for leaf in range(8):
            booster.set_leaf_output(tree, leaf, (-1) ** leaf * 10.0 ** (leaf if tree % 4 else -30))
    return booster


def _points(edges: Sequence[Sequence[float]], *, seed: int) -> lightgbm.Booster:
    """Points by bin of every column, and a constant, as the training plants them."""
    rng = np.random.default_rng(seed)
    trees = [Planted.constant(-0.7)]
    for place, cuts in enumerate(edges):
        counts = rng.integers(0, 200, len(cuts) + 2)
        trees.append(Planted(place, np.array(cuts), rng.normal(0, 0.4, len(cuts) + 2), counts))
    return planted(trees, [f"feature_{place}" for place in range(len(edges))])


def _plain_points() -> lightgbm.Booster:
    columns = ordinary_rows(3_000, seed=1).T
    shares = np.linspace(0, 1, 30)[1:-1]
    return _points([np.unique(np.nanquantile(column, shares)) for column in columns], seed=3)


def _points_at_the_extremes() -> lightgbm.Booster:
    finite = np.unique(EXTREMES[np.isfinite(EXTREMES)]).astype(np.float64)
    return _points([finite[place % 5 :: 1 + place % 3] for place in range(N_FEATURES)], seed=4)


def _points_and_trees() -> lightgbm.Booster:
    return joined(_plain_points(), _trained(rounds=40, num_leaves=8))


MORE: dict[str, Shape] = {
    **{f"depth {depth}": Shape(_to_depth(depth)) for depth in range(1, 9)},
    "missing only afterwards": Shape(lambda: _trained(missing=0.0), missing=0.5),
    "missing in training only": Shape(_trained, missing=0.0),
    "columns wholly missing in training": Shape(_with_empty_columns),
    "nearly all missing": Shape(lambda: _trained(missing=0.9, max_depth=6), missing=0.95),
    "strictly monotone": Shape(
        lambda: _trained(monotone_constraints=[1] * N_FEATURES, monotone_constraints_method="advanced")
    ),
    "constant trees": Shape(_constant),
    "huge leaves beside tiny ones": Shape(_huge_beside_tiny),
    "one feature": Shape(lambda: _trained(width=1), width=1),
    "two features": Shape(lambda: _trained(width=2, num_leaves=63, min_data_in_leaf=2), width=2),
    "many features": Shape(lambda: _trained(width=_MANY, max_depth=5), width=_MANY),
    "300 trees": Shape(lambda: _trained(rounds=300, num_leaves=15, max_depth=5, learning_rate=0.03)),
    "bagged": Shape(lambda: _trained(bagging_fraction=0.5, bagging_freq=1, feature_fraction=0.5)),
    "extremely random": Shape(lambda: _trained(extra_trees=True, num_leaves=15)),
    "points": Shape(_plain_points),
    "points at the extremes": Shape(_points_at_the_extremes),
    "points and trees": Shape(_points_and_trees),
    "scaled": Shape(lambda: scaled(booster_of("shallow"), 1 / 3)),
}

ALL: dict[str, Shape] = {**{name: Shape(grow) for name, grow in SHAPES.items()}, **MORE}


@cache
def grown(name: str) -> lightgbm.Booster:
    return ALL[name].grow()
