from dataclasses import replace

import numpy as np
import pytest

from painresponse.errors import DefinitionError
from painresponse.export.snapping import is_snapped
from painresponse.export.trees import trees
from painresponse.training.fitting import Fitted
from painresponse.training.models import Grower, association, directions
from painresponse.training.settings import TrainingSettings
from tests.training_models.patients import NAMES, Simulated


@pytest.fixture(scope="module")
def grower(simulated: Simulated, settings: TrainingSettings) -> Grower:
    known = simulated.examples.labelled()
    return Grower(NAMES, known.x, known.y, directions(NAMES, ["column_2"], ["column_1"]), settings)


def test_the_same_rows_and_seed_grow_the_same_booster(grower: Grower) -> None:
    rows = np.arange(400)
    assert grower.grow(rows, 40).model_to_string() == grower.grow(rows, 40).model_to_string()


def test_another_seed_grows_another_booster(grower: Grower) -> None:
    other = replace(grower, settings=replace(grower.settings, seed=grower.settings.seed + 1))
    rows = np.arange(400)
    assert grower.grow(rows, 40).model_to_string() != other.grow(rows, 40).model_to_string()


def test_every_booster_is_snapped_before_anybody_sees_its_margins(grower: Grower, fitted: Fitted) -> None:
    assert is_snapped(trees(grower.grow(np.arange(400), 40)))
    assert is_snapped(trees(fitted.booster))


def test_trees_stay_within_the_bounds_of_the_settings(grower: Grower) -> None:
    forest = trees(grower.grow(np.arange(400), 40))
    assert len(forest) == 40
    assert max(len(tree.leaves) for tree in forest) <= grower.settings.leaves


@pytest.mark.parametrize(("name", "sign"), [("column_2", 1), ("column_1", -1)])
def test_declared_directions_hold_on_the_snapped_booster(grower: Grower, name: str, sign: int) -> None:
    booster = grower.grow(np.arange(len(grower.y)), 120)
    place = NAMES.index(name)
    assert booster.feature_importance()[place] > 0
    rows = np.repeat(grower.x[:60], 50, axis=0)
    rows[:, place] = np.tile(np.linspace(-4, 4, 50, dtype=np.float32), 60)
    steps = np.diff(booster.predict(rows, raw_score=True).reshape(60, 50), axis=1)
    assert (sign * steps >= 0).all()
    assert (sign * steps > 0).any()


def test_few_responders_leave_few_features_to_choose_from_but_always_the_declared_ones(
    grower: Grower,
) -> None:
    scarce = replace(grower, settings=replace(grower.settings, events_per_feature=1e9, features_least=3))
    used = set(np.flatnonzero(scarce.grow(np.arange(len(grower.y)), 120).feature_importance()))
    declared = {NAMES.index("column_1"), NAMES.index("column_2")}
    assert declared <= used
    assert len(used) <= 5
    assert len(np.flatnonzero(grower.grow(np.arange(len(grower.y)), 120).feature_importance())) > 5


def test_features_are_chosen_by_the_rows_learnt_from_alone(grower: Grower) -> None:
    rows, others = np.arange(400), np.arange(400, len(grower.y))
    y = grower.y.copy()
    y[others] = 1 - y[others]
    same = replace(grower, y=y).grow(rows, 40)
    assert same.model_to_string() == grower.grow(rows, 40).model_to_string()


def test_association_is_the_correlation_with_unknown_values_at_the_median() -> None:
    x = np.array([[1, np.nan, 5], [2, np.nan, 5], [np.nan, np.nan, 5], [4, np.nan, 5]], np.float32)
    y = np.array([0.0, 0.0, 1.0, 1.0])
    expected = np.corrcoef([1, 2, 2, 4], y)[0, 1]
    assert association(x, y) == pytest.approx([expected, 0, 0])


def test_a_lower_weight_leaves_undeclared_features_fewer_splits(grower: Grower) -> None:
    def undeclared_splits(weight: float) -> int:
        chosen = replace(grower.settings, undeclared_weight=weight)
        booster = replace(grower, settings=chosen).grow(np.arange(len(grower.y)), 60)
        return int(booster.feature_importance()[np.array(grower.directions) == 0].sum())

    assert undeclared_splits(0.1) < undeclared_splits(1.0)


def test_a_direction_for_a_feature_that_is_not_there_is_refused() -> None:
    with pytest.raises(DefinitionError, match="Did you mean 'column_1'"):
        directions(NAMES, ["colum_1"], [])


def test_a_feature_declared_both_ways_is_refused() -> None:
    with pytest.raises(DefinitionError, match="both better and worse"):
        directions(NAMES, ["column_1"], ["column_1"])
