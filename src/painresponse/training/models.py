"""The response model: a few small boosted trees, their number chosen where they are not judged."""

import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from painresponse.errors import DefinitionError, unknown
from painresponse.export.snapping import snap
from painresponse.training.settings import TrainingSettings
from painresponse.training.splits import Rows, nested_choices

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Grower:
    """Grows boosters on rows of one feature matrix; the same rows and count give the same booster."""

    names: tuple[str, ...]
    x: NDArray[np.float32]
    y: Numbers
    directions: tuple[int, ...]
    settings: TrainingSettings

    def grow(self, rows: Rows, count: int) -> lightgbm.Booster:
        """A booster of ``count`` trees learnt from these rows, snapped and so ready to be calibrated."""
        parameters = self._parameters(len(rows))
        return snap(lightgbm.train(parameters, self._data(rows, parameters), num_boost_round=count))

    def tree_counts(self, fold: NDArray[np.int64]) -> Rows:
        """How many trees to grow for each held-out fold, chosen without it."""
        chosen = nested_choices(fold, self._losses_by_count) + 1
        return np.maximum(chosen, self.settings.least_trees)

    def _losses_by_count(self, rows: Rows, held_out: tuple[Rows, Rows]) -> tuple[Numbers, Numbers]:
        parameters = self._parameters(len(rows))
        data = self._data(rows, parameters)
        curves: dict[str, dict[str, list[float]]] = {}
        lightgbm.train(
            parameters,
            data,
            num_boost_round=self.settings.most_trees,
            valid_sets=[lightgbm.Dataset(self.x[part], self.y[part], reference=data) for part in held_out],
            valid_names=["one", "other"],
            callbacks=[lightgbm.record_evaluation(curves)],
        )
        return np.array(curves["one"]["binary_logloss"]), np.array(curves["other"]["binary_logloss"])

    def _data(self, rows: Rows, parameters: dict[str, Any]) -> lightgbm.Dataset:
        x, y = self.x[rows], self.y[rows]
        x[:, ~self._screened(x, y)] = 0  # what never varies is never split on
        return lightgbm.Dataset(x, y, feature_name=list(self.names), params=parameters, free_raw_data=True)

    def _screened(self, x: NDArray[np.float32], y: Numbers) -> NDArray[np.bool_]:
        """The features that may be used: the declared ones, and the most associated others it can bear."""
        rarer = min(y.sum(), len(y) - y.sum())
        most = max(self.settings.features_least, int(rarer / self.settings.events_per_feature))
        chosen = np.array(self.directions) != 0
        chosen[np.argsort(-association(x, y), kind="stable")[:most]] = True
        return chosen

    def _parameters(self, count: int) -> dict[str, Any]:
        """In LightGBM's words; what is fixed here makes a booster repeatable and exactly exportable."""
        chosen = self.settings
        return {
            "objective": "binary",
            "metric": "binary_logloss",
            "learning_rate": chosen.learning_rate,
            "max_depth": chosen.max_depth,
            "num_leaves": chosen.leaves,
            "min_data_in_leaf": max(chosen.leaf_least, round(chosen.leaf_share * count)),
            "feature_fraction": chosen.feature_share,
            "bagging_fraction": chosen.episode_share,
            "bagging_freq": 1,
            "lambda_l2": chosen.shrinkage,
            "monotone_constraints": list(self.directions),
            "feature_contri": [1.0 if way else chosen.undeclared_weight for way in self.directions],
            "zero_as_missing": False,
            "seed": chosen.seed,
            "num_threads": chosen.threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }


def association(x: NDArray[np.float32], y: Numbers) -> Numbers:
    """By feature: the absolute correlation with the outcome, the unknown taken as the feature's median."""
    known = np.isfinite(x)
    filled = np.where(known, x, np.nan).astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a feature nobody has
        median = np.nan_to_num(np.nanmedian(filled, axis=0))
    filled = np.where(known, filled, median)
    filled -= filled.mean(axis=0)
    spread = np.sqrt((filled**2).mean(axis=0) * y.var())
    shared = np.abs((y - y.mean()) @ filled) / len(y)
    return np.divide(shared, spread, out=np.zeros(len(spread)), where=spread > 0)


def directions(names: Sequence[str], better: Collection[str], worse: Collection[str]) -> tuple[int, ...]:
    """For each feature 1 if more of it can only raise the probability, -1 if only lower it, else 0.

    Raises DefinitionError for a feature that is not there, or declared both ways.
    """
    for name in (*better, *worse):
        if name not in names:
            raise DefinitionError(f"better and worse: {unknown('feature', name, names)}")
        if name in better and name in worse:
            raise DefinitionError(f"The feature {name!r} is declared both better and worse. Keep one.")
    return tuple((name in better) - (name in worse) for name in names)
