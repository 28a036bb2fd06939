import pytest

from painresponse.errors import DefinitionError
from painresponse.training.settings import training_settings


def test_a_site_lays_its_own_settings_over_the_packaged_ones() -> None:
    assert training_settings({"folds": 10}).folds == 10
    assert training_settings({"folds": 10}).seed == training_settings().seed


def test_a_misspelt_setting_is_refused_with_the_right_spelling() -> None:
    with pytest.raises(DefinitionError, match="Did you mean 'learning_rate'"):
        training_settings({"lerning_rate": 0.1})


@pytest.mark.parametrize(
    "wrong",
    [
        {"folds": 1},
        {"inner_folds": 1},
        {"trees_depth": [1, 6]},
        {"trees_feature_share": [0.0, 0.5]},
        {"points_strength": [10.0, 1.0]},
        {"points_trials": 0},
        {"episode_share": 1.5},
        {"most_trees": 0},
        {"patience": 0},
        {"bins": 1},
        {"bins": 64},
        {"learning_rate": 0.0},
        {"least_events": 0},
        {"resamples": 10},
    ],
)
def test_a_setting_that_cannot_work_is_refused_by_name(wrong: dict[str, object]) -> None:
    with pytest.raises(DefinitionError, match=next(iter(wrong))):
        training_settings(wrong)
