"""scikit-learn manners: features as a transformer, the response model as a classifier, both in a pipeline."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, cross_val_predict, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

import painresponse as pr
from painresponse.errors import DefinitionError, EstimatorError, RecordError
from painresponse.training.lessons import lesson
from painresponse.training.response import learn
from painresponse.training.settings import training_settings
from tests.notebook.conftest import QUICK, TARGET

ASKS = "it is given asks (whom, as of when) in a frame, and this check gives it numbers in an array"
NOT_FOR_ASKS = dict.fromkeys(
    (
        "check_dict_unchanged",
        "check_dont_overwrite_parameters",
        "check_estimator_sparse_array",
        "check_estimator_sparse_matrix",
        "check_estimator_sparse_tag",
        "check_estimators_dtypes",
        "check_estimators_fit_returns_self",
        "check_estimators_overwrite_params",
        "check_estimators_pickle",
        "check_f_contiguous_array_estimator",
        "check_fit2d_1feature",
        "check_fit2d_1sample",
        "check_fit_check_is_fitted",
        "check_fit_idempotent",
        "check_fit_score_takes_y",
        "check_methods_sample_order_invariance",
        "check_methods_subset_invariance",
        "check_pipeline_consistency",
        "check_positive_only_tag_during_fit",
        "check_readonly_memmap_input",
        "check_transformer_general",
        "check_transformer_preserve_dtypes",
    ),
    ASKS,
)
"""Of the transformer; the same is held below with asks, as far as it means anything."""

EVENTS = pd.DataFrame(
    {
        "subject_id": [1, 1, 2],
        "time": pd.to_datetime(["2024-04-10", "2024-05-01", "2024-05-02"]),
        "code": ["PR//pain"] * 3,
        "numeric_value": [7.0, 4.0, 8.0],
    }
)
ASKED = pd.DataFrame(
    {"subject_id": [2, 1], "prediction_time": pd.to_datetime(["2024-05-03"] * 2)}, index=[7, 3]
)


@parametrize_with_checks(
    [
        pr.ResponseClassifier(),
        pr.ResponseClassifier(settings=QUICK, boosted=False),
        pr.HistoryFeatures(pr.histories(EVENTS)),
    ],
    expected_failed_checks=lambda one: NOT_FOR_ASKS if isinstance(one, pr.HistoryFeatures) else {},
)
def test_scikit_learn_finds_nothing_wrong(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def rows():
    return pr.HistoryFeatures(pr.histories(EVENTS))


@pytest.fixture(scope="module")
def fitted(columns, outcome, known):
    return pr.ResponseClassifier(TARGET, settings=QUICK).fit(columns, outcome, groups=known["subject_id"])


def test_feature_rows_are_those_of_the_door_with_the_index_of_the_asks(rows):
    found = rows.fit_transform(ASKED)
    plain = pr.features(EVENTS, ASKED).drop(columns=["subject_id", "prediction_time"])
    assert found.index.tolist() == [7, 3]
    assert_frame_equal(found.reset_index(drop=True), plain)
    assert rows.get_feature_names_out().tolist() == found.columns.tolist()


def test_a_transformer_of_another_catalogue_makes_its_features(tmp_path):
    site = tmp_path / "site.toml"
    site.write_text('[features]\nworst = "max of pain in 90 d"\n')
    found = pr.HistoryFeatures(EVENTS, pr.load_catalogue(site)).fit_transform(ASKED)
    assert found["worst"].tolist() == [8.0, 7.0]


def test_a_transformer_answers_in_the_frame_that_is_wished_for(rows):
    one = clone(rows).set_output(transform="polars")
    assert one.fit_transform(ASKED).columns == rows.fit(ASKED).get_feature_names_out().tolist()


def test_a_clone_reads_the_histories_no_second_time(rows):
    assert clone(rows).histories is rows.histories


def test_a_fitted_transformer_can_be_kept(rows):
    kept = pickle.loads(pickle.dumps(clone(rows).fit(ASKED)))
    assert_frame_equal(kept.transform(ASKED), clone(rows).fit_transform(ASKED))


def test_what_is_no_frame_of_asks_is_refused(rows):
    with pytest.raises(RecordError, match="lacks the column prediction_time"):
        clone(rows).fit(ASKED[["subject_id"]])
    with pytest.raises(NotFittedError):
        clone(rows).transform(ASKED)


def test_the_model_is_the_one_that_training_makes_from_the_same_rows(cohort, catalogue, fitted, columns):
    asked = catalogue.targets[TARGET]
    learnt = learn(
        lesson(cohort.examples[TARGET], better=asked.better, worse=asked.worse), training_settings(QUICK)
    )
    assert fitted.kind_ == learnt.kind
    assert fitted.recipes_ == learnt.recipes
    assert fitted.verdict_ == learnt.verdict
    for kind, model in learnt.models.items():
        mine = fitted.learnt_.models[kind]
        assert mine.booster.model_to_string() == model.booster.model_to_string()
        assert mine.calibration == model.calibration
    assert_array_equal(fitted.predict_proba(columns)[:, 1], learnt.chosen.probability(columns.to_numpy()))


def test_it_says_what_it_became(fitted, columns):
    assert fitted.kind_ in ("boosted", "logistic")
    assert set(fitted.learnt_.models) == {"boosted", "logistic", "prevalence"}
    assert fitted.classes_.tolist() == [0, 1]
    assert fitted.n_features_in_ == columns.shape[1]
    assert fitted.feature_names_in_.tolist() == columns.columns.tolist()


def test_probabilities_log_odds_and_classes_agree(fitted, columns):
    probability = fitted.predict_proba(columns)
    assert_array_equal(fitted.decision_function(columns) > 0, probability[:, 1] > 0.5)
    assert_array_equal(fitted.predict(columns), (probability[:, 1] > 0.5).astype(int))
    assert_array_equal(probability.sum(axis=1), 1)


def test_an_array_is_as_good_as_a_frame(columns, outcome):
    quick = pr.ResponseClassifier(settings=QUICK, boosted=False)
    one, other = clone(quick).fit(columns, outcome), clone(quick).fit(columns.to_numpy(), outcome)
    assert_array_equal(one.predict_proba(columns), other.predict_proba(columns.to_numpy()))


def test_the_last_class_is_the_response(columns, outcome):
    quick = pr.ResponseClassifier(settings=QUICK, boosted=False)
    words = np.where(outcome == 1, "responded", "no")
    one = clone(quick).fit(columns, words)
    assert one.classes_.tolist() == ["no", "responded"]
    assert_array_equal(one.predict_proba(columns), clone(quick).fit(columns, outcome).predict_proba(columns))


def test_more_of_a_feature_declared_better_never_lowers_the_prediction(fitted, columns, catalogue):
    (better, *_), row = catalogue.targets[TARGET].better, columns.iloc[[0]]
    more = pd.concat([row.assign(**{better: np.float32(relief)}) for relief in range(0, 101, 5)])
    assert (np.diff(fitted.decision_function(more)) >= 0).all()


def test_declared_features_that_are_not_there_are_not_missed(columns, outcome):
    pr.ResponseClassifier(TARGET, settings=QUICK, boosted=False).fit(columns[["age", "smoker"]], outcome)


def pipeline(clinic, **more):
    return make_pipeline(
        pr.HistoryFeatures(clinic), pr.ResponseClassifier(TARGET, settings=QUICK, boosted=False, **more)
    )


@pytest.mark.parametrize(
    "folds", [GroupKFold(3), StratifiedGroupKFold(3)], ids=lambda one: type(one).__name__
)
def test_a_pipeline_is_judged_out_of_fold_from_asks_to_probabilities(clinic, known, outcome, columns, folds):
    whose = known["subject_id"]
    said = cross_val_predict(pipeline(clinic), known, outcome, groups=whose, cv=folds, method="predict_proba")
    rows, held_out = next(folds.split(known, outcome, whose))
    alone = pr.ResponseClassifier(TARGET, settings=QUICK, boosted=False)
    alone.fit(columns.iloc[rows], outcome[rows])
    assert_array_equal(said[held_out], alone.predict_proba(columns.iloc[held_out]))


def test_scikit_learn_passes_the_subjects_on_where_it_routes(clinic, known, outcome):
    seen = []

    class Watched(pr.ResponseClassifier):
        def fit(self, X, y, groups=None):
            seen.append(groups)
            return super().fit(X, y, groups)

    steps = make_pipeline(pr.HistoryFeatures(clinic), Watched(TARGET, settings=QUICK, boosted=False))
    whose = known["subject_id"]
    with sklearn.config_context(enable_metadata_routing=True):
        cross_validate(steps, known, outcome, params={"groups": whose}, cv=GroupKFold(2))
    assert [len(one) for one in seen] == [len(rows) for rows, _ in GroupKFold(2).split(known, outcome, whose)]


def test_whose_rows_they_are_decides_the_inner_folds():
    """The same patient twice: on both sides of a fold, the copy gives the answer away."""
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(300, 3)), rng.integers(0, 2, 300)
    twice, both = np.vstack([X, X]), np.concatenate([y, y])
    model = pr.ResponseClassifier(settings=QUICK, boosted=False)
    apart = clone(model).fit(twice, both, groups=np.tile(np.arange(300), 2))
    loose = clone(model).fit(twice, both)
    assert apart.learnt_.chosen.calibration != loose.learnt_.chosen.calibration


WRONG = {
    "a target needs names": (
        lambda X, y: pr.ResponseClassifier("rfa").fit(X.to_numpy(), y),
        "give X as a frame",
    ),
    "a target is misspelt": (lambda X, y: pr.ResponseClassifier("rfb").fit(X, y), "Did you mean 'rfa'"),
    "a setting is misspelt": (
        lambda X, y: pr.ResponseClassifier(settings={"foldz": 3}).fit(X, y),
        "Did you mean 'folds'",
    ),
    "asks among the features": (
        lambda X, y: pr.ResponseClassifier().fit(X.assign(subject_id=1), y),
        "subject_id, which are no features",
    ),
    "one class": (lambda X, y: pr.ResponseClassifier().fit(X, y * 0), "of one class"),
    "three classes": (lambda X, y: pr.ResponseClassifier().fit(X, np.arange(len(y)) % 3), "Only binary"),
    "groups of another length": (
        lambda X, y: pr.ResponseClassifier().fit(X, y, groups=[1, 2]),
        "the subject of each of the",
    ),
}


@pytest.mark.parametrize(("call", "complaint"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_learnt_from_is_refused_with_what_can(columns, outcome, call, complaint):
    with pytest.raises((EstimatorError, DefinitionError), match=complaint):
        call(columns, outcome)


def test_unknown_outcomes_are_refused_as_scikit_learn_does(columns, outcome):
    unknown = outcome.astype(float)
    unknown[0] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        pr.ResponseClassifier().fit(columns, unknown)


def test_a_site_s_training_settings_lie_below_those_given(tmp_path):
    site = tmp_path / "site.toml"
    site.write_text("[training]\nseed = 7\npoints_trials = 9\n")
    asked = pr.ResponseClassifier(
        catalogue=pr.load_catalogue(site), settings={"points_trials": 2}
    )._training()
    assert asked == replace(training_settings(), seed=7, points_trials=2)
