"""What moves the predictions: shares that add up, folds that agree, groups of ten."""

import json
from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from scipy.special import logit

from painresponse.evaluation.calibration import Calibration, platt
from painresponse.export.planting import Planted, planted
from painresponse.export.snapping import snap
from painresponse.training.explanation import (
    LOWERS,
    MIXED,
    RAISES,
    Explanation,
    base,
    contributions,
    explanation,
    importance,
)
from painresponse.training.lessons import Lesson, lesson
from painresponse.training.points import Sheet, cut, regress
from painresponse.training.response import BOOSTED, LOGISTIC, PREVALENCE, ResponseModel, constant
from painresponse.training.splits import each_fold, subject_folds
from tests.training_models.patients import INFORMATIVE, NAMES, simulate

WORDS = {name: f"{name} in {'many ' * 30}words" for name in NAMES}


def of_points(known: Lesson) -> ResponseModel:
    """A regression on every column."""
    cuts = [one for one in (cut(known.x, place, 20) for place in range(len(known.names))) if one is not None]
    sheet = Sheet.of(cuts, known.x)
    points = regress(sheet, known.y, trust=np.ones(len(cuts)), ways=0 * known.ways, strength=100.0)
    return _calibrated(LOGISTIC, points.booster(known.names), known)


def of_trees(known: Lesson) -> ResponseModel:
    """Thirty trees."""
    parameters = {"objective": "binary", "num_leaves": 7, "num_threads": 1, "seed": 1, "verbosity": -1}
    data = lightgbm.Dataset(known.x, known.y, feature_name=list(known.names))
    return _calibrated(BOOSTED, lightgbm.train(parameters, data, 30), known)


def _calibrated(kind: str, booster: lightgbm.Booster, known: Lesson) -> ResponseModel:
    margin = np.asarray(snap(booster).predict(known.x, raw_score=True))
    return ResponseModel(kind, snap(booster), platt(margin, known.y))


@pytest.fixture(scope="module")
def known() -> Lesson:
    return lesson(simulate(700, seed=3).examples)


@pytest.fixture(scope="module")
def models(known: Lesson) -> dict[str, ResponseModel]:
    return {LOGISTIC: of_points(known), BOOSTED: of_trees(known), PREVALENCE: constant(known)}


@pytest.fixture(scope="module")
def folds(known: Lesson) -> list[ResponseModel]:
    fold = subject_folds(known.y, known.subject, 3, seed=1)
    return [of_points(known.taken(rows)) for rows, _ in each_fold(fold)]


@pytest.fixture(scope="module")
def found(known: Lesson, models: dict[str, ResponseModel], folds: list[ResponseModel]) -> Explanation:
    return explanation(folds, models[LOGISTIC], known, words=WORDS)


@pytest.mark.parametrize("kind", [LOGISTIC, BOOSTED, PREVALENCE])
def test_contributions_and_the_base_add_up_to_the_log_odds(
    known: Lesson, models: dict[str, ResponseModel], kind: str
) -> None:
    model = models[kind]
    whole = base(model) + contributions(model, known.x).sum(axis=1)
    assert_allclose(whole, logit(model.probability(known.x)), atol=1e-6)


def test_a_feature_that_nobody_lacks_is_explained_as_well() -> None:
    model = _by_one_feature(unknown=0)
    assert_allclose(contributions(model, np.float32([[0.0], [1.0]]))[:, 0], [-0.75, 0.25], atol=0.01)


def test_importances_are_shares_and_what_matters_comes_first(
    known: Lesson, models: dict[str, ResponseModel]
) -> None:
    shares = importance(models[LOGISTIC], known.x, known.names)
    assert sum(shares.values()) == pytest.approx(1)
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    assert set(list(shares)[:6]) <= set(NAMES[:INFORMATIVE])


def test_directions_are_those_of_the_truth(found: Explanation) -> None:
    direction = {one.name: one.direction for one in found.features}
    assert direction["pain_mean_30d"] == RAISES
    assert direction["column_1"] == LOWERS
    assert direction["column_2"] == RAISES


def test_what_matters_most_matters_without_each_fold_too(found: Explanation) -> None:
    first = found.features[0]
    assert (first.folds, first.agreeing, first.stability) == (3, 3, 1.0)
    assert 0.5 < found.rank_correlation < 1


def test_models_of_nothing_agree_on_nothing(
    known: Lesson, models: dict[str, ResponseModel], found: Explanation
) -> None:
    rng = np.random.default_rng(0)
    noise = [of_points(replace(known, y=rng.permutation(known.y))) for _ in range(3)]
    lost = explanation(noise, models[LOGISTIC], known)
    assert lost.rank_correlation < 0.5 < found.rank_correlation
    assert sum(one.stability for one in lost.features[:6]) < 3


def test_a_share_of_responders_for_all_has_nothing_to_explain(
    known: Lesson, models: dict[str, ResponseModel]
) -> None:
    model = models[PREVALENCE]
    nothing = explanation([model, model], model, known)
    assert (nothing.features, nothing.dependence, nothing.rank_correlation) == ((), (), None)


def test_dependence_climbs_where_more_raises_the_prediction(found: Explanation) -> None:
    line = next(one for one in found.dependence if one.name == "pain_mean_30d")
    assert 10 <= len(line.x) <= 20
    assert (np.diff(line.x) > 0).all()
    assert (np.diff(line.effect) >= 0).all()
    assert line.unknown_n > 10
    assert line.effect[0] < line.unknown < line.effect[-1]


def test_the_section_is_small_plain_json_in_words(found: Explanation) -> None:
    text = json.dumps(found.section(), ensure_ascii=False, allow_nan=False)
    assert len(text) <= 15_000
    assert len(found.dependence) == 10
    assert all(one.words == WORDS[one.name] for one in (*found.features, *found.dependence))


def _by_one_feature(*, unknown: int) -> ResponseModel:
    """Above 0.5 twice the odds, for three patients of four."""
    tree = Planted(0, np.array([0.5]), np.array([-0.5, 0.5, 0.0]), np.array([100, 300, unknown]))
    return ResponseModel(LOGISTIC, planted([tree], ["only"]), Calibration(1.0, 0.0))


values = arrays(np.float32, 60, elements=st.sampled_from([0.0, 1.0, 2.0, 3.0, 7.0, np.nan]))
patients = arrays(np.int64, 60, elements=st.integers(0, 40))


@given(values, patients)
def test_no_point_of_a_dependence_stands_for_fewer_than_ten_patients(
    value: np.ndarray, subject: np.ndarray
) -> None:
    rows = Lesson(("only",), value[:, None], np.zeros(60), subject, np.zeros(1, np.int64))
    model = _by_one_feature(unknown=10)
    for line in explanation([], model, rows).dependence:
        assert min(line.n, default=10) >= 10
        assert line.unknown_n == 0 or line.unknown_n >= 10
        assert (line.unknown is None) == (line.unknown_n == 0)
        assert list(line.x) == sorted(line.x)


def test_a_feature_that_helps_in_the_middle_has_no_one_direction() -> None:
    tree = Planted(0, np.array([1.5, 3.5]), np.array([-1.0, 1.0, -1.0, 0.0]), np.array([20, 20, 20, 20]))
    model = ResponseModel(LOGISTIC, planted([tree], ["only"]), Calibration(1.0, 0.0))
    x = np.repeat(np.float32([1, 3, 5]), 20)[:, None]
    rows = Lesson(("only",), x, np.zeros(60), np.arange(60), np.zeros(1, np.int64))
    assert explanation([], model, rows).features[0].direction == MIXED
