"""Summaries pooled are worth what all patients in one place would be."""

from dataclasses import replace

import numpy as np
import pytest

from painresponse.clinics.measures import MEASURES
from painresponse.clinics.page import pooled_html
from painresponse.clinics.pooling import pool, pooled_measure
from painresponse.clinics.summary import BundleMark
from painresponse.errors import CohortError
from painresponse.evaluation.predictions import Predictions
from painresponse.evaluation.sites import Sites, pooled_sites
from painresponse.training.lessons import lesson
from painresponse.validation.elsewhere import Answers
from painresponse.validation.sites import leave_one_site_out
from tests.clinics.patients import REFUSALS, patients, some, summaries, summary
from tests.validation.clinics import clinics, points

BOTH = {"auc": "auc", "calibration_intercept": "intercept", "calibration_slope": "slope"}
ENDS = ("value", "low", "high", "prediction_low", "prediction_high", "tau2", "i2", "q", "p")


@pytest.fixture(scope="module")
def six(card, catalogue):
    """The summaries of six clinics that differ, and the same pooled."""
    found = summaries(*patients(1_500, spread=0.6), card, catalogue)
    return found, bundle_of(pool(found))


def bundle_of(found, place=0):
    return found["targets"][0]["bundles"][place]


def in_one_place(examples, answers) -> Sites:
    """The evaluation that needs everybody's rows."""
    rows = np.flatnonzero(~np.isnan(answers.probability) & ~np.isnan(examples.y))
    columns = (examples.subject, examples.y, answers.probability, examples.site)
    return pooled_sites(Predictions(*(one[rows] for one in columns)))


def assert_alike(found, whole: Sites) -> None:
    """To what four digits of each clinic's figures leave."""
    for name, same in BOTH.items():
        told, exact = found["pooled"][name], getattr(whole, same)
        assert told["sites"] == exact.sites
        for end in ENDS:
            assert told[end] == pytest.approx(getattr(exact, end), rel=0.01, abs=2e-3), (name, end)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("spread", [0.0, 0.6])
def test_it_comes_to_the_same_as_all_patients_in_one_place(card, catalogue, seed, spread):
    asked = patients(1_200, seed=seed, spread=spread)
    assert_alike(bundle_of(pool(summaries(*asked, card, catalogue))), in_one_place(*asked))


@pytest.mark.slow
def test_it_comes_to_the_same_as_leaving_out_each_site_in_turn(card, catalogue):
    """Models of the other sites, judged at each: by its summary, and where everybody's rows are at hand."""
    examples = clinics(1_200, seed=1, sites=5, spread=0.5)
    account, told = leave_one_site_out(examples, lesson(examples), learner=points())
    rows = np.argsort(examples.site, kind="stable")
    assert np.array_equal(told.subject, examples.subject[rows])
    answers = Answers(told.probability, np.full(len(told), -1), REFUSALS)
    found = bundle_of(pool(summaries(examples.taken(rows), answers, card, catalogue)))
    assert_alike(found, account)


def test_clinics_that_differ_are_found_to(six):
    _, found = six
    assert found["pooled"]["calibration_intercept"]["i2"] > 0.5
    assert found["pooled"]["calibration_intercept"]["tau2"] == pytest.approx(0.36, rel=0.9)


def test_each_clinic_left_out_is_the_others_pooled(six):
    sent, found = six
    rest = bundle_of(pool(sent[1:]))["pooled"]["auc"]
    assert found["pooled"]["auc"]["without"]["clinic 0"] == [rest["value"], rest["low"], rest["high"]]
    assert len(found["pooled"]["auc"]["without"]) == 6


def test_the_order_of_the_files_changes_no_figure(six):
    sent, found = six
    turned = bundle_of(pool(sent[::-1]))
    for name, one in found["pooled"].items():
        assert {**one, "without": 0} == pytest.approx({**turned["pooled"][name], "without": 0})


@pytest.mark.parametrize(
    ("clinics_", "pooled", "new"), [(1, False, False), (2, True, False), (3, True, True)]
)
def test_one_clinic_is_not_pooled_and_two_say_nothing_of_a_new_one(six, clinics_, pooled, new):
    found = bundle_of(pool(six[0][:clinics_]))["pooled"].get("auc")
    assert (found is not None) == pooled
    if found:
        assert (found["prediction_low"] is not None) == new
        assert bool(found["without"]) == new


def test_a_clinic_with_too_few_outcomes_is_named_and_not_pooled(card, catalogue, six):
    few = some(*patients(300, sites=1), np.arange(12))
    (small,) = summaries(*few, card, catalogue)
    found = bundle_of(pool([*six[0], replace(small, site="small")]))
    assert found["unjudged"] == ["small"]
    assert found["pooled"] == six[1]["pooled"]


def test_several_bundles_stand_side_by_side_at_home_and_abroad(card, catalogue, six):
    mark = BundleMark("south", "c" * 64, True, "d" * 64)
    other = [replace(one, bundle=mark) for one in summaries(*patients(900, seed=2, sites=3), card, catalogue)]
    found = pool([*six[0], *other])
    assert [one["bundle"] for one in found["targets"][0]["bundles"]] == ["north", "south"]
    assert bundle_of(found) == six[1]
    assert bundle_of(found, 1)["home"]["auc"] == list(card.metrics["auc"])
    assert "The bundles do not all read the same features." in found["notes"]


def test_no_end_of_a_pooled_score_lies_where_no_score_can():
    """Two clinics far apart have an interval wider than all Brier scores."""
    brier = MEASURES["brier"]
    found = pooled_measure("brier", {"a": brier.told((0.1, 0.01)), "b": brier.told((0.4, 0.01))})
    assert (found["low"], found["high"]) == (0, 1)


def twice(sent):
    return [sent[0], sent[0]]


def renamed(sent):
    return [sent[0], replace(sent[0], site="clinic 9")]


def real(sent):
    return [sent[0], replace(sent[1], synthetic=False)]


def asked_otherwise(sent):
    (told,) = sent[1].targets
    other = replace(told, question=replace(told.question, definition="e" * 64))
    return [sent[0], replace(sent[1], targets=(other,))]


def of_two_minds(sent):
    (told,) = sent[1].targets
    return [sent[0], replace(sent[1], targets=(replace(told, home={"auc": (0.9, 0.8, 0.95)}),))]


def of_other_features(sent):
    return [sent[0], replace(sent[1], bundle=replace(sent[1].bundle, features="f" * 64))]


@pytest.mark.parametrize(
    ("mixed", "words"),
    [
        (twice, "'clinic 0' comes twice with the bundle 'north'"),
        (renamed, "the same patients under two names"),
        (real, "'clinic 0' has simulated patients and 'clinic 1' does not"),
        (asked_otherwise, "'rfa' is another question at 'clinic 0' than at 'clinic 1'"),
        (of_two_minds, "one of the files was changed"),
        (of_other_features, "one of the files was changed"),
    ],
)
def test_what_does_not_go_together_is_refused(six, mixed, words):
    with pytest.raises(CohortError, match=words):
        pool(mixed(six[0]))


def test_the_same_clinic_may_judge_several_bundles(six):
    sent, mark = six[0], BundleMark("south", "c" * 64, True, "b" * 64)
    assert len(pool([sent[0], replace(sent[0], bundle=mark)])["targets"][0]["bundles"]) == 2


def test_the_page_tells_it_with_a_forest_of_every_measure(six):
    page = pooled_html(pool(six[0]))
    assert page.count("<svg") == 5
    assert "SYNTHETIC" in page
    assert "a new clinic" in page
    assert all(f"clinic {one}" in page for one in range(6))
    assert "<script" not in page


def test_a_name_is_only_a_name_on_the_page(six):
    odd = [replace(one, site=f"<b>{one.site}</b>") for one in six[0]]
    page = pooled_html(pool(odd))
    assert "<b>clinic" not in page
    assert "&lt;b&gt;clinic 0&lt;/b&gt;" in page


def test_without_anybody_judged_the_page_says_so(card, catalogue):
    few = some(*patients(300, sites=1), np.arange(12))
    (small,) = summaries(*few, card, catalogue)
    page = pooled_html(pool([summary("small", small.targets)]))
    assert "Too few responders or others to judge it at small." in page
    assert "<svg" not in page
