"""How long a response lasts: what ends it, what only hides its end, and the curve of all of them."""

import json
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from painresponse.records import Intake
from painresponse.training.cohorts import gather
from painresponse.training.durability import KINDS, NO_DURATIONS, Durations, durability, survival
from painresponse.training.episodes import find_episodes
from tests.cohorts.clinic import (
    BLOCK,
    DIAGNOSTIC,
    EXPLANT,
    GENERATOR,
    LEAD,
    LEAD_OUT,
    PAIN,
    PUMP,
    RFA,
    records_of,
)

IMPLANT = [(-30, LEAD), (-10, PAIN, 8.0), (0, GENERATOR), (0, LEAD), (30, PAIN, 2.0)]
LESION = [(-30, DIAGNOSTIC), (-10, PAIN, 8.0), (0, RFA), (30, PAIN, 2.0)]


def lasted(catalogue, target: str, *events) -> list[tuple[float, str]]:
    """Days and what ended them, by episode that responded."""
    asked = catalogue.targets[target]
    stage = catalogue.interventions[asked.intervention].stages[asked.stage]
    records = records_of(catalogue, list(events))
    episodes, _ = find_episodes(records, catalogue.concepts, stage)
    found = durability(records, episodes, catalogue=catalogue, target=asked)
    return [(round(days, 2), KINDS[kind]) for days, kind in zip(found.days, found.kind, strict=True)]


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ([], (30, "not seen again")),
        ([(183, PAIN, 4.0)], (183, "not seen again")),  # half the pain is still a response
        ([(91, PAIN, 2.0), (183, PAIN, 4.1), (365, PAIN, 1.0)], (183, "no response")),
        ([(33, PAIN, 6.0)], (30, "not seen again")),  # averaged into the first follow-up: 4 of 8
        ([(183, PAIN, 2.0), (200, EXPLANT), (200, LEAD_OUT)], (200, "ended")),
        ([(200, EXPLANT), (200, LEAD_OUT), (250, GENERATOR), (365, PAIN, 2.0)], (365, "not seen again")),
        ([(183, PAIN, 2.0), (250, PUMP), (365, PAIN, 1.0)], (250, "major intervention")),
        ([(183, PAIN, 2.0), (250, BLOCK), (365, PAIN, 1.0)], (365, "not seen again")),
        ([(183, PAIN, 2.0), (200, "MEDS_DEATH")], (183, "died")),
        ([(183, PAIN, 6.0), (200, "MEDS_DEATH")], (183, "no response")),
    ],
)
def test_a_response_lasts_until_the_first_sign_that_it_is_over(catalogue, later, expected):
    assert lasted(catalogue, "scs_permanent", *IMPLANT, *later) == [expected]


def test_a_repeated_ablation_ends_the_response_to_the_first_and_begins_another(catalogue):
    events = [*LESION, (200, RFA), (190, PAIN, 4.0), (230, PAIN, 1.0), (400, PAIN, 8.0)]
    assert lasted(catalogue, "rfa", *events) == [(200, "repeated"), (200, "no response")]


@pytest.mark.parametrize(
    "first",
    [
        [],  # nobody asked after a month
        [(30, PAIN, 5.0)],  # no response
        [(30, PAIN, 2.0), (20, EXPLANT), (20, LEAD_OUT)],  # out before
    ],
)
def test_only_who_responded_at_the_first_follow_up_can_lose_a_response(catalogue, first):
    assert lasted(catalogue, "scs_permanent", *IMPLANT[:-1], *first, (183, PAIN, 1.0)) == []


def test_durations_are_gathered_over_shards_for_the_targets_that_ask_for_them(catalogue):
    birth, severe = (-50 * 365, "MEDS_BIRTH"), [(-100, PAIN, 8.0), (-20, PAIN, 9.0), (-900, "PR//pain_onset")]
    patient = [birth, *severe, (-30, "PR//odi", 60.0), *LESION, (183, PAIN, 8.0)]
    shards = [(records_of(catalogue, patient, patient), Intake(1, 1)) for _ in range(2)]
    durations = gather(shards, catalogue).durations
    assert list(durations) == ["scs_permanent", "idd_permanent", "rfa"]
    assert [len(one) for one in durations.values()] == [0, 0, 4]
    assert durations["rfa"].days.tolist() == [183.0] * 4
    assert durations["rfa"].lost.all()


LOST, UNSEEN = 0, KINDS.index("not seen again")

# weeks in remission on 6-mercaptopurine and the product-limit estimates in every textbook (Freireich 1963)
REMISSION = {6: 3, 7: 1, 10: 1, 13: 1, 16: 1, 22: 1, 23: 1}
CENSORED = (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
PUBLISHED = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}


def remissions() -> Durations:
    weeks = [week for week, count in REMISSION.items() for _ in range(count)]
    kind = [LOST] * len(weeks) + [UNSEEN] * len(CENSORED)
    return Durations(np.array([*weeks, *CENSORED], float), np.array(kind))


def test_the_curve_of_a_published_trial_comes_out_as_published():
    found = survival(remissions(), marks={"20 weeks": 20})
    assert dict(zip(found["curve"]["days"], found["curve"]["share"], strict=True)) == pytest.approx(
        {0.0: 1.0, **PUBLISHED}, abs=5e-4
    )
    assert (found["n"], found["events"], found["median"]) == (21, 9, 23)
    assert found["marks"]["20 weeks"]["at_risk"] == 8
    assert found["marks"]["20 weeks"]["share"] == pytest.approx(0.627, abs=5e-4)


def test_the_interval_is_the_one_of_statsmodels_on_the_log_log_scale():
    durations = remissions()
    theirs = SurvfuncRight(durations.days, durations.lost.astype(int))
    half = 1.959964 * theirs.surv_prob_se / (theirs.surv_prob * np.log(theirs.surv_prob))
    ours = survival(durations, marks={})["curve"]
    np.testing.assert_allclose(ours["share"][1:], theirs.surv_prob, rtol=1e-3)
    np.testing.assert_allclose(ours["low"][1:], theirs.surv_prob ** np.exp(-half), rtol=1e-3)
    np.testing.assert_allclose(ours["high"][1:], theirs.surv_prob ** np.exp(half), rtol=1e-3)


@st.composite
def durations(draw) -> Durations:
    days = draw(st.lists(st.integers(1, 800), max_size=120))
    kinds = draw(st.lists(st.integers(0, len(KINDS) - 1), min_size=len(days), max_size=len(days)))
    return Durations(np.array(days, float), np.array(kinds, np.int64))


@given(durations(), durations())
def test_the_share_never_grows_and_the_order_of_shards_changes_nothing(one, other):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = survival(one + other, marks={"6 mo": 183, "24 mo": 730})
    assert found == survival(other + one, marks={"6 mo": 183, "24 mo": 730})
    assert sum(found["kinds"].values()) == found["n"] == len(one) + len(other)
    if found["curve"] is not None:
        share = found["curve"]["share"]
        assert share == sorted(share, reverse=True)
        assert len(share) <= 50
        assert found["marks"]["24 mo"]["at_risk"] <= found["marks"]["6 mo"]["at_risk"]
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize("nothing", [NO_DURATIONS, Durations(np.array([30.0, 90.0]), np.array([UNSEEN] * 2))])
def test_where_nobody_is_known_to_have_lost_the_response_there_is_no_curve(nothing):
    found = survival(nothing, marks={"6 mo": 183})
    assert (found["events"], found["median"], found["curve"], found["marks"]) == (0, None, None, None)
