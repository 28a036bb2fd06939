"""Pictures: matplotlib axes one can restyle, labels in words with units, nothing of matplotlib changed."""

from dataclasses import asdict
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.colors import same_color
from matplotlib.figure import Figure

import painresponse as pr
from painresponse.errors import CohortError, DefinitionError, RecordError
from painresponse.evaluation.curves import calibration_curve
from painresponse.evaluation.predictions import Predictions
from painresponse.report.lines import calibration
from painresponse.scoring.drift import Reference
from tests.notebook.conftest import QUICK, TARGET

ROOT = Path(__file__).parents[2]
plots = pr.plots


@pytest.fixture(scope="module")
def said(outcome):
    """Probabilities that know a little."""
    return np.clip(0.3 + 0.2 * outcome + np.random.default_rng(3).normal(0, 0.15, len(outcome)), 0.01, 0.99)


@pytest.fixture(scope="module")
def shipped():
    return pr.Scorer.load(ROOT / "models" / "synthetic.onnx", allow_synthetic=True)


@pytest.fixture(scope="module")
def model(columns, outcome):
    return pr.ResponseClassifier(TARGET, settings=QUICK, boosted=False).fit(columns, outcome)


@pytest.fixture(scope="module")
def used(model, matrix):
    """A feature the model goes by."""
    booster = model.learnt_.chosen.booster
    return booster.feature_name()[int(np.argmax(booster.feature_importance()))]


@pytest.fixture(scope="module")
def pictures(clinic, known, matrix, outcome, said, shipped, model, used):
    """Every picture as a call that takes axes or None."""
    subject, index = known.iloc[0][["subject_id", "prediction_time"]]
    (why,) = pr.explain(shipped, clinic, known.head(1), targets=("cbt",))
    return {
        "timeline": lambda ax: plots.timeline(clinic, subject, index, ax=ax),
        "cohort_flow": lambda ax: plots.cohort_flow({"begin events": 12, "responded": 5}, ax=ax),
        "missingness": lambda ax: plots.missingness(matrix, by=known["sex"], ax=ax),
        "distributions": lambda ax: plots.distributions(matrix, "age", by=known["sex"], ax=ax)[0],
        "roc": lambda ax: plots.roc(outcome, said, ax=ax),
        "calibration": lambda ax: plots.calibration(outcome, said, ax=ax),
        "decision_curve": lambda ax: plots.decision_curve(outcome, said, ax=ax),
        "waterfall": lambda ax: plots.waterfall(why, ax=ax),
        "dependence": lambda ax: plots.dependence(model, used, matrix, ax=ax),
        "drift": lambda ax: plots.drift(shipped, matrix, ax=ax),
    }


@pytest.mark.parametrize("name", plots.__all__)
def test_a_picture_is_axes_on_a_figure_of_its_own_and_no_word_stands_outside(pictures, name):
    axes = pictures[name](None)
    assert isinstance(axes, Axes)
    assert pyplot.get_fignums() == [axes.figure.number]
    axes.figure.draw_without_rendering()
    whole = axes.figure.bbox
    words = [*axes.get_yticklabels(), axes.xaxis.label, axes.yaxis.label, axes.title]
    drawn = [one.get_window_extent() for one in words if one.get_text() and one.get_visible()]
    assert axes.get_xlabel()
    assert all(one.x0 >= whole.x0 - 1 and one.x1 <= whole.x1 + 1 for one in drawn)


@pytest.mark.parametrize("name", plots.__all__)
def test_given_axes_are_drawn_upon_and_nothing_else_is_touched(pictures, name):
    own, before = Figure().subplots(), matplotlib.rcParams.copy()
    assert pictures[name](own) is own
    assert own.has_data()
    assert pyplot.get_fignums() == []
    assert matplotlib.rcParams == before


EVENTS = pd.DataFrame(
    {
        "subject_id": [1] * 6,
        "time": pd.to_datetime(
            ["1960-01-01", "2024-01-01", "2024-03-01", "2024-05-01", "2024-02-01", "2024-04-01"]
        ),
        "available_time": pd.to_datetime([None, None, "2024-06-01", None, None, None]),
        "code": ["MEDS_BIRTH", *["PR//pain"] * 3, "RxNorm//187832", "RxNorm//187832//STOP"],
        "numeric_value": [None, 7.0, 5.0, 3.0, 150.0, None],
    }
)


def test_a_timeline_has_a_lane_a_concept_in_canonical_units_treatments_last():
    axes = plots.timeline(EVENTS, 1)
    assert [one.get_text() for one in axes.get_yticklabels()] == [
        "average pain, numeric rating scale 0-10 (0 to 10)",
        "pregabalin",
    ]


def test_what_a_prediction_may_not_see_is_hollow():
    """The middle score had happened by the index and was not known yet."""
    axes = plots.timeline(EVENTS, 1, index="2024-04-15")
    hollow = [line.get_xdata() for line in axes.lines if same_color(line.get_markerfacecolor(), "none")]
    days = [str(np.datetime64(time, "D")) for times in hollow for time in times]
    assert sorted(days) == ["2024-03-01", "2024-05-01"]


def test_a_treatment_lasts_from_its_beginning_to_its_end():
    axes = plots.timeline(EVENTS, 1)
    (bar,) = [line for line in axes.lines if line.get_linewidth() == 4]
    assert bar.get_xdata().astype("datetime64[D]").astype(str).tolist() == ["2024-02-01", "2024-04-01"]


def test_a_timeline_of_nobody_or_of_nothing_is_refused():
    with pytest.raises(RecordError, match="no such patient"):
        plots.timeline(EVENTS, 2)
    with pytest.raises(RecordError, match="no dated event"):
        plots.timeline(EVENTS.head(1), 1)


def test_a_flow_says_how_many_each_step_left_and_took():
    axes = plots.cohort_flow({"begin events": 1200, "adult": 1100, "outcome known": 1100})
    assert [bar.get_width() for bar in axes.patches] == [1200, 1100, 1100]
    assert [one.get_text() for one in axes.texts] == ["1,200", "1,100  (−100)", "1,100"]


def test_missingness_is_the_share_unknown_the_most_unknown_first_by_group():
    pain, crp = [1, 2, 3, np.nan], [np.nan, np.nan, np.nan, 1]
    matrix = pd.DataFrame({"age": [1.0] * 4, "pain_mean_30d": pain, "crp_last": crp})
    axes = plots.missingness(matrix, by=["a", "a", "b", "b"])
    assert [one.get_text()[:3] for one in axes.get_yticklabels()] == ["C-r", "ave"]
    assert [list(line.get_xdata()) for line in axes.lines] == [[100, 0], [50, 50]]
    assert [one.get_text() for one in axes.get_legend().get_texts()] == ["a", "b"]


def test_distributions_are_shares_of_the_known_with_words_and_units():
    matrix = pd.DataFrame({"age": [40.0, 50.0, np.nan, 60.0]})
    (axes,) = plots.distributions(matrix, ["age"])
    heights = axes.patches[0].get_data().values
    assert heights.sum() == pytest.approx(100)
    assert axes.get_xlabel() == "age, years"
    assert axes.get_title(loc="right") == "unknown: 25 %"


def test_a_feature_nobody_has_is_said_to_be_unknown():
    (axes,) = plots.distributions(pd.DataFrame({"age": [np.nan, np.nan]}), "age")
    assert axes.texts[0].get_text() == "never known"


def test_the_curves_are_those_of_the_report(outcome, said):
    whose = np.arange(len(outcome))
    known = Predictions(whose, outcome.astype(float), said, np.full(len(outcome), -1))
    figure = calibration(asdict(calibration_curve(known, resamples=200, seed=2026)))
    mine = plots.calibration(outcome, said)
    for one, other in zip(figure.axes[0].lines, mine.lines, strict=True):
        np.testing.assert_array_equal(one.get_ydata(), other.get_ydata())
    assert figure.axes[0].get_xlabel() == mine.get_xlabel()


def test_patients_whose_outcome_is_unknown_are_left_out(outcome, said):
    with_unknown, more = np.append(outcome, np.nan), np.append(said, 0.5)
    one, other = plots.roc(outcome, said), plots.roc(with_unknown, more)
    np.testing.assert_array_equal(one.lines[1].get_ydata(), other.lines[1].get_ydata())


def test_dependence_of_a_bundle_is_marked_where_it_is_synthetic_and_speaks_in_words(shipped, matrix):
    for rows in (None, matrix):
        axes = plots.dependence(shipped, "phq9_last", rows, target="scs_trial")
        assert axes.get_title(loc="left") == "SYNTHETIC — NOT FOR CLINICAL USE"
        assert axes.get_xlabel() == "PHQ-9 depression score (latest, past year)"


def test_drift_is_what_the_reference_finds_the_farthest_first(shipped, matrix):
    reference = Reference.of(shipped.bundle)
    rows = matrix[list(reference.names)].to_numpy(np.float32)
    found = reference.drift(reference.seen(rows), len(rows))
    one, other = plots.drift(shipped, matrix, most=5), plots.drift(found, most=5)
    ends = [[line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"] for axes in (one, other)]
    assert ends[0] == ends[1] == [drift.worst.value for drift in found[:5]]


WRONG = {
    "lengths": (lambda: plots.roc([0, 1], [0.5]), DefinitionError, "columns of one length"),
    "outcomes": (lambda: plots.roc([0, 2], [0.5, 0.5]), DefinitionError, "Outcomes are 1"),
    "probabilities": (lambda: plots.calibration([0, 1], [0.5, 1.5]), DefinitionError, "between 0 and 1"),
    "refused": (lambda: plots.roc([0, 1], [0.5, np.nan]), DefinitionError, "Leave out what was refused"),
    "no numbers": (lambda: plots.roc(["no", "yes"], [0.5, 0.5]), DefinitionError, "column of numbers"),
    "comparators": (
        lambda: plots.roc([0, 1], [0.5, 0.6], comparators={name: [0.5, 0.5] for name in "abcd"}),
        DefinitionError,
        "At most 3 comparators",
    ),
    "labels": (
        lambda: plots.missingness(pd.DataFrame({"age": range(9)}), by=range(9)),
        DefinitionError,
        "9 different labels",
    ),
    "label lengths": (
        lambda: plots.missingness(pd.DataFrame({"age": [1, 2]}), by=["a"]),
        DefinitionError,
        "a label for each of the 2 rows",
    ),
    "a feature": (
        lambda: plots.distributions(pd.DataFrame({"age": [1.0]}), "agee"),
        DefinitionError,
        "Did you mean 'age'",
    ),
    "axes": (
        lambda: plots.distributions(pd.DataFrame({"age": [1.0]}), ["age"], ax=[Figure().subplots()] * 2),
        DefinitionError,
        "as many axes",
    ),
}


@pytest.mark.parametrize(("call", "kind", "complaint"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_drawn_is_refused_with_what_can(call, kind, complaint):
    with pytest.raises(kind, match=complaint):
        call()


def test_a_model_must_be_named_and_rows_given_where_the_bundle_does_not_tell(shipped, matrix):
    with pytest.raises(DefinitionError, match="Say with target which: scs_trial"):
        plots.dependence(shipped, "phq9_last")
    with pytest.raises(DefinitionError, match="Give a matrix"):
        plots.dependence(shipped, "crp_last", target="scs_trial")
    with pytest.raises(DefinitionError, match="Did you mean 'phq9_last'"):
        plots.dependence(shipped, "phq9_lst", target="scs_trial")
    with pytest.raises(CohortError, match="Too few patients"):
        plots.dependence(shipped, "phq9_last", matrix.head(3), target="scs_trial")
    with pytest.raises(DefinitionError, match="Unknown feature"):
        plots.drift(shipped, matrix[["age"]])
