"""What ONNX cannot repeat exactly is refused in words, before training if asked then."""

import lightgbm
import numpy as np
import pytest

from painresponse.errors import DefinitionError
from painresponse.export.graph import TargetModel, build_graph
from painresponse.export.snapping import snap
from painresponse.export.trees import check_exportable
from painresponse.training.settings import training_settings

from .boosters import N_FEATURES, QUIET, booster_of, fit, ordinary_rows, responses

REFUSED = {
    "categorical splits": {"categorical_feature": [20, 21]},
    "linear leaves": {"linear_tree": True},
    "zero as missing": {"zero_as_missing": True},
    "averages its trees": {"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1},
    "objective 'regression'": {"objective": "regression"},
    "objective 'cross_entropy'": {"objective": "cross_entropy"},
    "sigmoid": {"sigmoid": 2.0},
}


@pytest.mark.parametrize("words", REFUSED)
def test_parameters_without_an_exact_twin_are_refused(words):
    with pytest.raises(DefinitionError, match=words):
        check_exportable({**QUIET, **REFUSED[words]})


@pytest.mark.parametrize("words", REFUSED)
def test_boosters_without_an_exact_twin_are_refused(words):
    rows = ordinary_rows(1_000, seed=20, missing=0.0)
    booster = fit(rows, rounds=20, **REFUSED[words])
    for use in (check_exportable, snap):
        with pytest.raises(DefinitionError, match=words):
            use(booster)


@pytest.mark.parametrize("alias", [{"linear_trees": "true"}, {"app": "poisson"}, {"cat_feature": "0,1"}])
def test_aliases_of_parameters_are_refused_too(alias):
    params = {"verbose": -1, **alias} if "app" in alias else {**QUIET, **alias}
    with pytest.raises(DefinitionError, match="cannot be exported exactly"):
        check_exportable(params)


@pytest.mark.parametrize("word", ["yes", "2", True, [1.0], float("nan")])
def test_a_sigmoid_that_is_no_number_is_refused_too(word):
    with pytest.raises(DefinitionError, match="cannot be exported exactly"):
        check_exportable({**QUIET, "sigmoid": word})


@pytest.mark.parametrize("words", REFUSED)
def test_a_site_that_asks_for_what_cannot_be_exact_hears_why_before_anything_is_trained(words):
    with pytest.raises(DefinitionError, match=rf"training: .*{words}.* cannot be exported exactly"):
        training_settings(REFUSED[words])


def test_a_site_that_asks_for_what_is_done_anyway_hears_that_it_is_no_setting():
    with pytest.raises(DefinitionError, match="Unknown setting 'linear_tree'"):
        training_settings({"linear_tree": False})


def test_an_objective_of_your_own_is_refused():
    def squared(margin, data):
        return margin - data.get_label(), np.ones_like(margin)

    rows = ordinary_rows(500, seed=21)
    params = {"objective": squared, "verbose": -1}
    booster = lightgbm.train(params, lightgbm.Dataset(rows, responses(rows)), 2)
    for model in (booster, params):
        with pytest.raises(DefinitionError, match=r"objective 'custom'.* Train with objective='binary'"):
            check_exportable(model)


def test_ordinary_parameters_and_boosters_pass():
    check_exportable({**QUIET, "zero_as_missing": False, "linear_tree": "false", "boosting": "dart"})
    check_exportable(booster_of("shallow"))


def target(shape: str = "one tree", name: str = "scs", slope: float = 1.0) -> TargetModel:
    return TargetModel(name, snap(booster_of(shape)), slope, 0.0)


def test_a_booster_that_is_not_snapped_does_not_enter_a_graph():
    unsnapped = TargetModel("scs", booster_of("shallow"), 1.0, 0.0)
    with pytest.raises(DefinitionError, match="booster of scs is not snapped"):
        build_graph([unsnapped], N_FEATURES)


def test_a_booster_of_other_features_does_not_enter_a_graph():
    with pytest.raises(DefinitionError, match=f"takes {N_FEATURES} features and the bundle 31"):
        build_graph([target()], N_FEATURES + 1)


@pytest.mark.parametrize("slope", [float("nan"), float("inf")])
def test_a_calibration_that_failed_does_not_enter_a_graph(slope):
    with pytest.raises(DefinitionError, match="calibration of scs is not finite"):
        build_graph([target(slope=slope)], N_FEATURES)


@pytest.mark.parametrize("models", [[], [target(), target()]], ids=["no target", "the same target twice"])
def test_a_graph_needs_targets_and_each_once(models):
    with pytest.raises(DefinitionError, match="at least one target, and each target once"):
        build_graph(models, N_FEATURES)
