"""Numbers and verdicts as people read them."""

import pytest

from painresponse.report.verdicts import (
    adds,
    against_twin,
    beats_twin,
    calibrated,
    followed_up,
    lost,
    lost_share,
    transfers,
)
from painresponse.report.wording import estimate, fact, listed, number, percent, plural, quartiles


def spaced(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.714, "0.71"), (-0.26, "−0.26"), (-0.001, "0.00"), (12345, "12,345"), (None, "–"), ("text", "text")],
)
def test_a_number_as_said(value, said):
    assert number(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([0.7, 0.65, 0.75], "0.70 (0.65 to 0.75)"),
        ({"value": 0.7, "low": 0.65, "high": 0.75}, "0.70 (0.65 to 0.75)"),
        ([0.7, None, 0.75], "0.70"),
        ([None, None, None], "–"),
        (0.7, "0.70"),
        (None, "–"),
    ],
)
def test_an_estimate_carries_its_interval_if_it_has_one(value, said):
    assert spaced(estimate(value)) == said


def test_small_words():
    assert spaced(percent(0.126)) == "13 %" and percent(None) == "–"
    assert (plural(1, "centre"), plural(1200, "centre")) == ("1 centre", "1,200 centres")
    assert (listed(["a"]), listed(["a", "b", "c"]), listed([])) == ("a", "a, b and c", "–")
    assert spaced(quartiles([4.0, 5.25, 7.0])) == "5.25 (4 to 7)" and quartiles([None, 1.0, 2.0]) == "–"
    assert (fact(True), fact(0.05), fact(["a", "b"]), fact(3000)) == ("yes", "0.05", "a, b", "3,000")


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        ([0.02, 0.01, 0.03], "better"),
        ([0.02, -0.01, 0.03], "not beyond noise"),
        ([-0.02, -0.03, -0.01], "worse"),
    ],
)
def test_ahead_of_the_twin_only_beyond_noise(difference, said):
    account = {"model": {"kind": "boosted"}, "performance": {"differences": {"auc_over_twin": difference}}}
    assert against_twin(account)[0] == said
    assert said.removeprefix("not ") in beats_twin(account)


@pytest.mark.parametrize(
    ("kind", "said"),
    [("logistic", "twin chosen"), ("prevalence", "no individual model"), ("boosted", "not examined")],
)
def test_what_is_not_compared_is_not_said_to_win(kind, said):
    assert against_twin({"model": {"kind": kind}})[0] == said
    assert beats_twin({}) == ""


@pytest.mark.parametrize(
    ("slope", "said"),
    [
        ([0.95, 0.8, 1.1], "as spread out as they should be"),
        ([0.6, 0.5, 0.7], "are too extreme"),
        ([1.6, 1.4, 1.8], "are too timid"),
        ([0.6, 0.1, 1.1], "seem too extreme, though not beyond noise"),
    ],
)
def test_the_slope_says_whether_predictions_are_too_extreme(slope, said):
    assert said in calibrated({"performance": {"model": {"calibration_slope": slope}}})


@pytest.mark.parametrize(
    ("difference", "said"),
    [([0.01, 0.005, 0.02], "Adds."), ([0.01, -0.01, 0.02], "Adds nothing beyond noise."), (None, "Unclear.")],
)
def test_a_block_adds_only_beyond_noise(difference, said):
    assert adds(difference) == said


def test_the_lost_are_those_alive_whose_outcome_is_not_known():
    account = {"flow": {"alive at the horizon": 100, "outcome known": 80, "responded": 30}}
    assert (lost(account), lost_share(account)) == (20, 0.2)
    assert "unknown, not a failure" in followed_up(account)


def test_what_was_counted_on_follow_up_is_taken_over_the_flow():
    flow = {"alive at the horizon": 100, "outcome known": 80, "responded": 30}
    assert lost({"flow": flow, "missing": {"lost": 15}}) == 15


def test_losses_nobody_counted_are_not_none():
    assert lost({}) is None and "not recorded" in followed_up({})


def test_a_new_centre_is_foretold_only_from_enough_centres():
    pooled = {"value": 0.7, "low": 0.6, "high": 0.8, "sites": 2, "prediction_low": None}
    assert "too few centres" in transfers({"sites": {"auc": pooled}})
    more = {**pooled, "sites": 5, "prediction_low": 0.55, "prediction_high": 0.82, "i2": 0.4}
    assert "between 0.55 and 0.82" in transfers({"sites": {"auc": more}})
    assert "Too few centres" in transfers({"sites": {"auc": None}})
