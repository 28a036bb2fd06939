import numpy as np
import pytest

from painresponse.errors import DefinitionError
from painresponse.training.lessons import association, directions, lesson
from tests.training_models.patients import NAMES, Simulated


def test_association_is_the_correlation_with_unknown_values_at_the_median() -> None:
    x = np.array([[1, np.nan, 5], [2, np.nan, 5], [np.nan, np.nan, 5], [4, np.nan, 5]], np.float32)
    y = np.array([0.0, 0.0, 1.0, 1.0])
    expected = np.corrcoef([1, 2, 2, 4], y)[0, 1]
    assert association(x, y) == pytest.approx([expected, 0, 0])


def test_only_labelled_episodes_are_learnt_from(simulated: Simulated) -> None:
    known = lesson(simulated.examples)
    assert len(known) == (~np.isnan(simulated.examples.y)).sum()
    assert known.rarer == min(known.y.sum(), (1 - known.y).sum())


def test_declared_features_are_chosen_first_and_then_the_associated(simulated: Simulated) -> None:
    known = lesson(simulated.examples, better=["column_170"], worse=["column_171"])
    chosen = {NAMES[place] for place in known.screened(4)}
    assert {"column_170", "column_171"} < chosen
    assert len(chosen) == 4
    assert {NAMES[place] for place in known.screened(1)} < {"column_170", "column_171"}


def test_a_direction_for_a_feature_that_is_not_there_is_refused() -> None:
    with pytest.raises(DefinitionError, match="Did you mean 'column_1'"):
        directions(NAMES, ["colum_1"], [])


def test_a_feature_declared_both_ways_is_refused() -> None:
    with pytest.raises(DefinitionError, match="both better and worse"):
        directions(NAMES, ["column_1"], ["column_1"])
