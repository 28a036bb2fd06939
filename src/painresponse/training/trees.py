"""Boosted trees: small, deterministic, exactly exportable."""

from collections.abc import Sequence
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from painresponse.export.trees import check_exportable
from painresponse.training.lessons import Lesson
from painresponse.training.recipe import TreesRecipe
from painresponse.training.settings import MOST_LEAVES, TrainingSettings
from painresponse.training.splits import Rows

Numbers = NDArray[np.float64]


def ground(lesson: Lesson, places: Rows, settings: TrainingSettings) -> lightgbm.Dataset:
    """Episodes prepared to grow any number of forests on, using only the features at ``places``."""
    x = np.zeros_like(lesson.x)  # what never varies is never split on
    x[:, places] = lesson.x[:, places]
    parameters = {"feature_pre_filter": False, "verbosity": -1, "num_threads": settings.threads}
    data = lightgbm.Dataset(x, lesson.y, feature_name=list(lesson.names), params=parameters)
    return data.construct()


def grow(
    data: lightgbm.Dataset,
    lesson: Lesson,
    start: Numbers,
    *,
    recipe: TreesRecipe,
    count: int,
    settings: TrainingSettings,
) -> lightgbm.Booster:
    """``count`` trees on the ground of a lesson that improve on the log-odds ``start``."""
    return lightgbm.train(
        _parameters(lesson, recipe, settings), data.set_init_score(start), num_boost_round=count
    )


def loss_by_count(
    data: lightgbm.Dataset,
    lesson: Lesson,
    start: Numbers,
    *,
    held_out: tuple[lightgbm.Dataset, Numbers],
    recipe: TreesRecipe,
    settings: TrainingSettings,
) -> Numbers:
    """Mean log-loss on held-out episodes (with their own starts) after 1, 2, ... trees.

    Infinite from where it had not fallen for a while: nobody would choose so many.
    """
    judged, other = held_out
    curve: dict[str, dict[str, list[float]]] = {}
    lightgbm.train(
        _parameters(lesson, recipe, settings),
        data.set_init_score(start),
        num_boost_round=settings.most_trees,
        valid_sets=[judged.set_init_score(other)],
        valid_names=["held out"],
        callbacks=[
            lightgbm.record_evaluation(curve),
            lightgbm.early_stopping(settings.patience, verbose=False),
        ],
    )
    found = np.full(settings.most_trees, np.inf)
    losses = curve["held out"]["binary_logloss"]
    found[: len(losses)] = losses
    return found


def _parameters(lesson: Lesson, recipe: TreesRecipe, settings: TrainingSettings) -> dict[str, Any]:
    """In LightGBM's words; what is fixed here makes a booster repeatable and exactly exportable."""
    parameters = {
        "objective": "binary",
        "metric": "binary_logloss",
        "boost_from_average": False,  # the start already holds the average
        "learning_rate": settings.learning_rate,
        "max_depth": recipe.max_depth,
        "num_leaves": min(2**recipe.max_depth, MOST_LEAVES),
        "min_data_in_leaf": max(settings.leaf_least, round(recipe.leaf_share * len(lesson))),
        "feature_fraction": recipe.feature_share,
        "bagging_fraction": settings.episode_share,
        "bagging_freq": 1,
        "lambda_l2": recipe.shrinkage,
        "monotone_constraints": _plain(lesson.ways),
        "feature_contri": [1.0 if way else recipe.trust for way in lesson.ways],
        "zero_as_missing": False,
        "seed": settings.seed,
        "num_threads": settings.threads,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    check_exportable(parameters)
    return parameters


def beside(soil: lightgbm.Dataset, lesson: Lesson) -> lightgbm.Dataset:
    """Held-out episodes on the same ground."""
    other = soil.create_valid(lesson.x, lesson.y, params=soil.get_params())
    return other.construct()


def _plain(ways: NDArray[np.int64]) -> Sequence[int]:
    return [int(way) for way in ways]
