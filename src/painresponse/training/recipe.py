"""What is chosen inside the training folds: how much the regression may learn, and how the trees grow."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from painresponse.training.settings import TrainingSettings

with warnings.catch_warnings():  # in a notebook it misses what draws progress bars, of which there are none
    warnings.simplefilter("ignore")
    import optuna

Numbers = NDArray[np.float64]

optuna.logging.set_verbosity(optuna.logging.WARNING)


@dataclass(frozen=True, slots=True)
class PointsRecipe:
    """``strength`` penalises weights; ``trust`` is the say of features without a declared direction.

    ``width``: how many features may be weighed for each parameter the sample size bears, since a penalised
    weight spends only a part of one.
    """

    strength: float
    trust: float
    width: float


@dataclass(frozen=True, slots=True)
class TreesRecipe:
    """``onto_points``: whether the trees improve on the regression or begin from nothing."""

    onto_points: bool
    max_depth: int
    leaf_share: float
    feature_share: float
    shrinkage: float
    trust: float


def search_points(loss: Callable[[PointsRecipe], float], settings: TrainingSettings) -> PointsRecipe:
    """The recipe of the least loss."""

    def trial(trial: optuna.Trial) -> float:
        return loss(
            PointsRecipe(
                trial.suggest_float("strength", *settings.points_strength, log=True),
                trial.suggest_float("trust", *settings.points_trust, log=True),
                trial.suggest_float("width", *settings.points_width, log=True),
            )
        )

    return PointsRecipe(**_best(trial, settings.points_trials, settings.seed))


def search_trees(loss: Callable[[TreesRecipe], float], settings: TrainingSettings) -> TreesRecipe:
    """The recipe of the least loss."""

    def trial(trial: optuna.Trial) -> float:
        return loss(
            TreesRecipe(
                trial.suggest_categorical("onto_points", [True, False]),
                trial.suggest_int("max_depth", *settings.trees_depth),
                trial.suggest_float("leaf_share", *settings.trees_leaf_share, log=True),
                trial.suggest_float("feature_share", *settings.trees_feature_share),
                trial.suggest_float("shrinkage", *settings.trees_shrinkage, log=True),
                trial.suggest_float("trust", *settings.trees_trust, log=True),
            )
        )

    return TreesRecipe(**_best(trial, settings.trees_trials, settings.seed))


def _best(objective: Callable[[optuna.Trial], float], trials: int, seed: int) -> dict[str, object]:
    """Seeded, and so the same for the same data."""
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=trials // 2))
    study.optimize(objective, n_trials=trials)
    return study.best_params
