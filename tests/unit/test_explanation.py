"""One patient in words: the sum that is the prediction, the same in a crowd, and nothing for the refused."""

import json

import lightgbm
import numpy as np
import pytest
from matplotlib import pyplot
from numpy.testing import assert_allclose
from scipy.special import expit

from painresponse.clinic import load_catalogue
from painresponse.export.bundling import make_bundle
from painresponse.export.graph import Sigmoid, TargetModel
from painresponse.export.snapping import snap
from painresponse.records import Asks
from painresponse.records.rows import ask, history
from painresponse.scoring.explanation import CAUTION, SHOWN
from painresponse.scoring.golden import stacked
from painresponse.scoring.phrases import COMPARED
from painresponse.scoring.reasons import SMALLEST_POINTS
from painresponse.scoring.scorer import SYNTHETIC_NOTICE, Scorer
from painresponse.scoring.waterfall import axes_for

INDEX = "2026-03-01T09:00"
HALF, THIRD = "rfa", "rfa.pain_30.6_mo"
ABLATED = ("2026-02-01", "PR//block_diagnostic", None)
CARD = {
    "episodes": 400,
    "responders": 150,
    "kind": "boosted",
    "why": "Made for tests.",
    "least_support": None,
    "leans_on": [],
    "diagnoses": [],
    "metrics": {"auc": [0.5, 0.45, 0.55]},
}


def patient(seed):
    """An adult in pain of whom a few things are known."""
    rng = np.random.default_rng(seed)
    return [
        ("1970-05-01", "MEDS_BIRTH", None),
        ABLATED,
        *((f"2026-02-{day:02}", "PR//pain", float(rng.integers(5, 10))) for day in (5, 12, 20)),
        ("2026-02-10T08:00", "PR//cortisol_serum", float(rng.uniform(60, 700))),
        ("2026-02-10T08:00", "PR//crp", float(rng.uniform(0.1, 30))),
        ("2026-01-10", "PR//phq9", float(rng.integers(0, 27))),
    ]


CHILD = [("2015-05-01", "MEDS_BIRTH", None), ABLATED, ("2026-02-20", "PR//pain", 7)]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    path = tmp_path_factory.mktemp("site") / "site.toml"
    path.write_text(f'predict = ["{HALF}", "{THIRD}"]')
    return load_catalogue(path)


@pytest.fixture(scope="module")
def boosters(site):
    return {HALF: _booster(site, 1), THIRD: _booster(site, 2)}


def _booster(site, seed):
    """Fitted to noise and to what `patient` knows of."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 30, (500, len(site.features))).astype(np.float32)
    x[rng.random(x.shape) < 0.3] = np.nan
    told = [
        site.features.names.index(name) for name in ("pain_mean_30d", "cortisol_serum_morning", "crp_last")
    ]
    y = (np.nansum(x[:, told] - 15, axis=1) + rng.normal(0, 8, 500) > 0).astype(float)
    parameters = {"objective": "binary", "max_depth": 4, "num_leaves": 8, "num_threads": 1, "verbose": -1}
    return snap(lightgbm.train(parameters, lightgbm.Dataset(x, y), num_boost_round=15))


@pytest.fixture(scope="module")
def scorer(site, boosters, tmp_path_factory):
    """Half the pain gone is given more than a third gone, so that the latter must be raised."""
    path = tmp_path_factory.mktemp("bundle") / "two.onnx"
    support = Sigmoid(boosters[THIRD], 0.5, -1.0)
    models = [
        TargetModel(HALF, boosters[HALF], 0.9, 1.5, (0.04, 0.0, 0.01), support=support),
        TargetModel(THIRD, boosters[THIRD], 0.9, -1.5, (0.04, 0.0, 0.01)),
    ]
    marks = [60.0, 80.0, 150.0, 300.0, 450.0, 600.0, 680.0, 0.5]
    make_bundle(
        path,
        site,
        models,
        cards=dict.fromkeys((HALF, THIRD), CARD),
        provenance={"kind": "synthetic", "source": "noise"},
        reference={"cortisol_serum_morning": marks},
    )
    return Scorer.load(path, allow_synthetic=True)


def of(scorer, *people):
    """Records and asks of people given as lists of (time, code, value)."""
    parts = [history(*zip(*one, strict=True), subject=number) for number, one in enumerate(people)]
    records, _ = scorer.read(stacked(parts))
    return records, Asks(np.arange(len(people)), np.repeat(ask(INDEX).index, len(people)))


@pytest.fixture(scope="module")
def crowd(scorer):
    return of(scorer, *(CHILD if seed == 3 else patient(seed) for seed in range(8)))


@pytest.fixture(scope="module")
def told(scorer, crowd):
    return scorer.explain(*crowd)


def test_there_is_an_explanation_for_each_ask_and_target(told):
    assert [(one.subject, one.target) for one in told] == [
        (subject, target) for subject in range(8) for target in (HALF, THIRD)
    ]


def test_base_points_and_rest_are_the_model_s_own_probability(told):
    for one in told:
        if not one.refusal:
            assert 100 * one.base + sum(reason.points for reason in one.reasons) + one.rest == pytest.approx(
                100 * one.own, abs=1e-9
            )


def test_reasons_are_those_of_lightgbm_s_own_contributions(scorer, boosters, crowd, told):
    rows = scorer.rows(*crowd)
    for target, intercept in ((HALF, 1.5), (THIRD, -1.5)):
        parts = np.asarray(boosters[target].predict(rows, pred_contrib=True))
        base = expit(0.9 * parts[:, -1] + intercept)
        own = expit(0.9 * parts.sum(axis=1) + intercept)
        points = 100 * parts[:, :-1] / parts[:, :-1].sum(axis=1, keepdims=True) * (own - base)[:, None]
        for one in (one for one in told if one.target == target and not one.refusal):
            assert one.own == pytest.approx(own[one.subject], abs=1e-6)
            assert one.base == pytest.approx(base[one.subject], abs=1e-6)
            expected = dict(zip(scorer.bundle.features.names, points[one.subject], strict=True))
            found = {reason.name: reason.points for reason in one.reasons}
            assert_allclose([expected[name] for name in found], list(found.values()), atol=1e-3)
            left_out = [abs(size) for name, size in expected.items() if name not in found]
            assert max(left_out) < SMALLEST_POINTS + 1e-3


def test_a_patient_is_explained_the_same_alone_as_in_a_crowd(scorer, crowd, told):
    records, asks = crowd
    for place in (0, 3, 7):
        here = slice(place, place + 1)
        alone = scorer.explain(records.of(place), Asks(asks.subject[here], asks.index[here]))
        assert [str(one) for one in alone] == [str(one) for one in told[2 * place : 2 * place + 2]]
        assert [one.reasons for one in alone] == [one.reasons for one in told[2 * place : 2 * place + 2]]


def test_an_answer_raised_for_another_target_is_explained_from_what_its_own_model_says(scorer, crowd, told):
    scores = scorer.score(*crowd)
    half, third = told[0], told[1]
    assert third.probability == half.probability == scores.probability[0, 1]
    assert half.lift == 0
    assert third.lift == pytest.approx(100 * (third.probability - third.own))
    assert third.lift > 5
    assert f"These add up to {100 * third.own:.1f} %; the answer was raised" in str(third)
    assert "raised" not in str(half)


def test_whoever_is_refused_is_told_why_and_given_no_reason(told):
    one = told[6]
    assert one.refusal[0] == "R01_AGE"
    assert one.reasons == ()
    assert np.isnan([one.probability, one.own, one.rest]).all()
    (sentence,) = one.sentences()
    assert sentence.startswith("No prediction: The patient is younger than 18 years")
    assert sentence.endswith("(R01_AGE)")
    assert one.notes == ()


def test_it_reads_as_a_heading_a_sentence_a_reason_and_the_notices(scorer, told):
    one = told[0]
    lines = str(one).splitlines()
    assert lines[0] == "radiofrequency ablation (thermal lesion): at least 50 % less pain, 6 months"
    assert lines[1] == "Subject 0, 2026-03-01 09:00"
    assert lines[2].startswith(f"- Predicted response {100 * one.probability:.1f} %; in 9 of 10 clinics")
    assert lines[3].startswith("- Such a patient was given this intervention with a probability of ")
    assert lines[4] == f"- Before anything is known of the patient the model says {100 * one.base:.1f} %."
    flagged = [f"- Mind: {words} ({code})" for code, words in one.flags]
    assert flagged and lines[5 : 5 + len(flagged)] == flagged
    assert lines[5 + len(flagged)] == f"- {one.reasons[0].text}."
    assert lines[-len(one.notices) :] == list(one.notices)
    assert one.notices == scorer.notices
    assert CAUTION in lines


def test_low_and_high_are_said_of_what_the_bundle_has_a_reference_for(told):
    assert any(COMPARED in one.notes for one in told)
    found = {
        reason.value for one in told for reason in one.reasons if reason.name == "cortisol_serum_morning"
    }
    assert any(value.endswith((", low", ", high", ", very high", ", very low")) for value in found)
    others = [reason for one in told for reason in one.reasons if reason.name == "crp_last"]
    assert others
    assert all(reason.value.endswith("mg/L") for reason in others)


def test_support_is_left_out_where_no_model_tells_it(told):
    assert not any("given this intervention" in sentence for sentence in told[1].sentences())
    assert np.isnan(told[1].support)


def test_it_is_plain_json_too(told):
    plain = json.loads(json.dumps([one.to_plain() for one in told], allow_nan=False))
    assert plain[0]["reasons"][0]["text"] == told[0].reasons[0].text
    assert plain[6]["refusal"][0] == "R01_AGE"
    assert plain[6]["probability"] is None


def test_a_notebook_shows_it_as_a_list_and_nothing_of_it_can_become_markup(told):
    shown = told[0]._repr_html_()
    assert shown.count("<li>") == len(told[0].sentences())
    assert "<script" not in shown


def test_its_picture_leads_from_the_base_to_the_answer_as_given(told):
    for one in told[:2]:
        axes = one.plot(axes_for([one.steps])[0])
        first, last = axes.patches[0].get_xy()[0, 0], axes.patches[-1].get_xy()[2, 0]
        assert (first, last) == pytest.approx((100 * one.base, 100 * one.probability))
        assert axes.get_title(loc="left").replace("\n", " ").startswith(one.label)
        assert SYNTHETIC_NOTICE in axes.get_xlabel()
    words = [label.get_text() for label in axes.get_yticklabels()]
    assert words[-2].startswith("raised, not to fall below")
    assert len(words) == SHOWN + 4, (
        "base, the largest reasons, the others, what it was raised by, and the answer"
    )


def test_the_picture_of_a_refusal_is_its_words(told):
    axes = told[6].plot(axes_for([told[6].steps])[0])
    assert axes.texts[0].get_text().startswith("No prediction: The patient is younger")


def test_without_axes_it_makes_its_own_as_a_notebook_shows_them(told):
    axes = told[0].plot()
    assert axes.figure in map(pyplot.figure, pyplot.get_fignums())
    pyplot.close(axes.figure)


def test_only_the_targets_asked_for_are_explained(scorer, crowd):
    assert {one.target for one in scorer.explain(*crowd, targets=(THIRD,))} == {THIRD}


def test_scores_carry_as_many_reasons_as_asked_and_by_themselves_none(scorer, crowd, told):
    assert scorer.score(*crowd).reasons is None
    scores = scorer.score(*crowd, reasons=2)
    assert [len(cell) for line in scores.reasons for cell in line] == [
        0 if one.refusal else 2 for one in told
    ]
    assert scores.reasons[0][1] == told[1].reasons[:2]


def test_the_table_says_reasons_in_words_beside_the_score(scorer, crowd):
    assert "reasons" not in scorer.score(*crowd).table()
    column = scorer.score(*crowd, reasons=2).table()["reasons"]
    assert len(column) == 16
    assert column[6] == []
    assert set(column[0][0]) == {"feature", "words", "value", "points", "text"}
    assert column[0][0]["text"].endswith("percentage points")


def test_asking_for_reasons_changes_no_answer(scorer, crowd):
    plain, reasoned = scorer.score(*crowd), scorer.score(*crowd, reasons=3)
    for name in ("probability", "low", "high", "support", "margin"):
        assert getattr(plain, name).tobytes() == getattr(reasoned, name).tobytes()


def test_no_question_gets_no_explanation(scorer, crowd):
    nobody = Asks(np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert scorer.explain(crowd[0], nobody) == []
