"""Did the patient respond? Failures are failures, unknown stays unknown."""

import numpy as np
import pytest

from painresponse.clinic.declarations import Outcome
from painresponse.training.episodes import find_episodes
from painresponse.training.labels import Labeller
from painresponse.training.outcomes import responded
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

BASELINE = (-10, PAIN, 8.0)
IMPLANT = [(-30, LEAD), BASELINE, (0, GENERATOR), (0, LEAD)]
LESION = [(-30, DIAGNOSTIC), BASELINE, (0, RFA)]
YES, NO = [1.0], [0.0]
UNKNOWN = [None]


def labels(catalogue, target: str, *events):
    """The labels of one patient's episodes."""
    asked = catalogue.targets[target]
    stage = catalogue.interventions[asked.intervention].stages[asked.stage]
    records = records_of(catalogue, list(events))
    episodes, _ = find_episodes(records, catalogue.concepts, stage)
    return Labeller(catalogue, asked).judge(records, episodes)


def y(catalogue, target: str, *events) -> list[float | None]:
    return [None if np.isnan(one) else float(one) for one in labels(catalogue, target, *events).y]


@pytest.mark.parametrize(("pain", "response"), [(4.0, YES), (4.1, NO), (0, YES), (8, NO)])
def test_half_the_pain_six_months_after_the_implant_is_a_response(catalogue, pain, response):
    assert y(catalogue, "scs_permanent", *IMPLANT, (183, PAIN, pain)) == response


@pytest.mark.parametrize(("day", "known"), [(149.9, False), (150, True), (225.9, True), (226.1, False)])
def test_only_the_window_of_the_horizon_counts(catalogue, day, known):
    assert (y(catalogue, "scs_permanent", *IMPLANT, (day, PAIN, 2.0)) == YES) is known


def test_scores_within_a_week_of_the_one_nearest_to_the_day_are_averaged(catalogue):
    events = [*IMPLANT, (183, PAIN, 5.0), (188, PAIN, 2.0), (200, PAIN, 9.0)]
    assert y(catalogue, "scs_permanent", *events) == YES


def test_the_baseline_is_the_mean_of_the_last_30_days_before_the_prediction(catalogue):
    events = [*IMPLANT, (-20, PAIN, 4.0), (-60, PAIN, 10.0), (183, PAIN, 3.5)]
    assert y(catalogue, "scs_permanent", *events) == NO, "(8 + 4) / 2 = 6, and half of it is 3"


def test_pain_on_the_day_of_the_procedure_is_no_baseline(catalogue):
    events = [(-30, LEAD), (-0.2, PAIN, 8.0), (0, GENERATOR), (0, LEAD), (183, PAIN, 2.0)]
    assert not labels(catalogue, "scs_permanent", *events).has_baseline.any()


def test_without_a_baseline_of_at_least_4_there_is_no_label(catalogue):
    events = [(-30, LEAD), (-10, PAIN, 3.9), (0, GENERATOR), (0, LEAD), (183, PAIN, 0.0)]
    found = labels(catalogue, "scs_permanent", *events)
    assert not found.has_baseline.any()
    assert np.isnan(found.y).all()


def test_lost_to_follow_up_is_unknown_not_failed(catalogue):
    found = labels(catalogue, "scs_permanent", *IMPLANT, (30, PAIN, 2.0))
    assert found.lost.all()
    assert np.isnan(found.y).all()


def test_an_explant_before_the_horizon_is_a_failure_whatever_the_pain(catalogue):
    out = [(100, EXPLANT), (100, LEAD_OUT)]
    assert y(catalogue, "scs_permanent", *IMPLANT, *out, (183, PAIN, 1.0)) == NO
    assert y(catalogue, "scs_permanent", *IMPLANT, *out) == NO
    assert y(catalogue, "scs_permanent", *IMPLANT, (100, "PR//scs_explant")) == NO, "said outright"


def test_a_revision_before_the_horizon_leaves_the_label_to_the_pain(catalogue):
    for revised in (EXPLANT, LEAD_OUT, "CPT//63663"):
        assert y(catalogue, "scs_permanent", *IMPLANT, (100, revised), (183, PAIN, 1.0)) == YES
        assert y(catalogue, "scs_permanent", *IMPLANT, (100, revised)) == UNKNOWN


def test_a_device_put_back_within_90_days_was_not_given_up(catalogue):
    events = [*IMPLANT, (50, EXPLANT), (50, LEAD_OUT), (120, GENERATOR), (183, PAIN, 1.0)]
    assert y(catalogue, "scs_permanent", *events) == YES


def test_an_explant_after_the_outcome_was_seen_changes_nothing(catalogue):
    later = [(200, EXPLANT), (200, LEAD_OUT)]
    assert y(catalogue, "scs_permanent", *IMPLANT, (183, PAIN, 1.0), *later) == YES


def test_a_major_intervention_of_another_kind_is_a_failure_a_minor_one_is_not(catalogue):
    assert y(catalogue, "scs_permanent", *IMPLANT, (90, PUMP), (183, PAIN, 1.0)) == NO
    assert y(catalogue, "scs_permanent", *IMPLANT, (90, BLOCK), (183, PAIN, 1.0)) == YES


def test_an_ablation_repeated_before_its_outcome_did_not_last(catalogue):
    assert y(catalogue, "rfa", *LESION, (100, RFA), (183, PAIN, 1.0))[0] == 0.0
    assert y(catalogue, "rfa", *LESION, (14, RFA), (183, PAIN, 1.0)) == YES, "the other side is no repeat"


def test_who_died_before_the_horizon_has_no_label(catalogue):
    found = labels(catalogue, "scs_permanent", *IMPLANT, (100, "MEDS_DEATH"))
    assert found.died.all()
    assert np.isnan(found.y).all()


@pytest.mark.parametrize(("relief", "response"), [(50.0, YES), (49.0, NO)])
def test_a_trial_succeeds_at_half_the_pain_relieved(catalogue, relief, response):
    events = [BASELINE, (0, LEAD), (6, "PR//scs_trial_relief", relief)]
    assert y(catalogue, "scs_trial", *events) == response


@pytest.mark.parametrize(
    ("kind", "at_least", "baseline", "value", "met"),
    [
        ("relative_drop", 0.3, 10.0, 7.0, 1.0),
        ("relative_drop", 0.3, 10.0, 7.1, 0.0),
        ("relative_drop", 0.3, 7.0, np.float64(np.float32(4.9)), 1.0),  # exactly 30 %, stored as float32
        ("absolute_drop", 10, 48.0, 38.0, 1.0),
        ("absolute_drop", 10, 48.0, 39.0, 0.0),
        ("reaches", 50, np.nan, 50.0, 1.0),
    ],
)
def test_what_counts_as_response(kind, at_least, baseline, value, met):
    outcome = Outcome("x", "pain", kind, at_least)
    assert responded(outcome, np.array([baseline]), np.array([value])) == met
