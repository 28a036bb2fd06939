"""Outcomes of several measures, and of what is computed: holistic response, moderate relief, opioids."""

import numpy as np
import pytest

from painresponse.clinic import load_catalogue
from painresponse.training.episodes import find_episodes
from painresponse.training.labels import Labeller
from tests.cohorts.clinic import DIAGNOSTIC, PAIN, PUMP, RFA, records_of

ODI, PHQ9, ISI, EQ5D, MORPHINE = "PR//odi", "LOINC//44261-6", "PR//isi", "PR//eq5d_index", "RxNorm//7052"
LESION = [(-30, DIAGNOSTIC), (-10, PAIN, 8.0), (0, RFA)]
YES, NO, UNKNOWN, NO_MEANING = "yes", "no", "unknown", "no meaning"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The catalogue that asks everything, and a composite nobody packaged."""
    path = tmp_path_factory.mktemp("site") / "site.toml"
    path.write_text("""
        predict = ["*"]
        [outcomes.two_of_three]
        label = "two of three"
        kind = "composite"
        some_of = ["function_domain", "mood_phq9", "sleep_isi"]
        at_least = 2
        [targets.rfa.also]
        two_of_three = ["6 mo"]
        pain_moderate = ["6 mo"]
    """)
    return load_catalogue(path)


def said(site, outcome: str, *events, horizon: str = "6_mo") -> str:
    """What the label of the one ablation is."""
    asked = site.targets[f"rfa.{outcome}.{horizon}"]
    stage = site.interventions["rfa"].stages["therapeutic"]
    records = records_of(site, [*LESION, *events])
    episodes, _ = find_episodes(records, site.concepts, stage)
    labels = Labeller(site, asked).judge(records, episodes)
    if not labels.has_baseline[0]:
        return NO_MEANING
    return UNKNOWN if np.isnan(labels.y[0]) else {1.0: YES, 0.0: NO}[labels.y[0]]


BEFORE = {"pain": [], "odi": [(-20, ODI, 40.0)], "mood": [(-20, PHQ9, 15.0)], "sleep": [(-20, ISI, 20.0)]}
BETTER = {
    "pain": [(183, PAIN, 5.0)],
    "odi": [(183, ODI, 30.0)],
    "mood": [(183, PHQ9, 10.0)],
    "sleep": [(183, ISI, 14.0)],
}
SAME = {
    "pain": [(183, PAIN, 7.0)],
    "odi": [(183, ODI, 31.0)],
    "mood": [(183, PHQ9, 11.0)],
    "sleep": [(183, ISI, 15.0)],
}


def course(impaired: str, better: str, same: str = "") -> list[tuple]:
    """Events of a patient impaired in some domains, of which some got better and some did not."""
    parts = [BEFORE[one] for one in impaired.split()]
    parts += [BETTER[one] for one in better.split()] + [SAME[one] for one in same.split()]
    return [event for part in parts for event in part]


@pytest.mark.parametrize(
    ("impaired", "better", "same", "holistic", "two"),
    [
        ("odi", "pain odi", "", YES, YES),
        ("odi mood", "pain odi mood", "", YES, YES),
        ("odi mood", "pain odi", "mood", NO, YES),  # every impaired domain, or one beside pain
        ("odi mood", "pain", "odi mood", NO, NO),
        ("odi mood", "odi mood", "pain", NO, NO),  # nothing without pain
        ("odi mood", "pain odi", "", UNKNOWN, UNKNOWN),  # mood was not asked again
        ("odi mood", "pain", "odi", UNKNOWN, UNKNOWN),  # nor is a failure known before a response would be
        ("odi", "odi", "", UNKNOWN, UNKNOWN),
        ("odi mood sleep", "pain sleep", "odi mood", NO, YES),
        ("", "pain", "", NO_MEANING, NO_MEANING),  # pain is one domain, and one is no whole
        ("", "pain odi", "", NO_MEANING, NO_MEANING),  # disability that nobody asked for before
    ],
)
def test_a_holistic_response_is_every_impaired_domain_and_ours_one_beside_pain(
    site, impaired, better, same, holistic, two
):
    events = course(impaired, better, same)
    assert said(site, "holistic", *events) == holistic
    assert said(site, "holistic_two", *events) == two


def test_a_domain_that_was_not_impaired_need_not_get_better(site):
    mild = [(-20, ODI, 20.0), (183, ODI, 60.0)]
    assert said(site, "holistic", *mild, *course("mood", "pain mood")) == YES
    assert said(site, "holistic", *mild, *course("", "pain")) == NO_MEANING


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [(0.70, 0.78, YES), (0.70, 0.77, NO), (0.71, 1.0, NO_MEANING), (-0.1, 0.0, YES)],
)
def test_quality_of_life_is_impaired_from_below(site, before, after, expected):
    events = [(-20, EQ5D, before), (183, EQ5D, after), *course("", "pain")]
    assert said(site, "holistic", *events) == expected


def test_a_composite_of_a_sites_own_counts_what_it_names(site):
    assert said(site, "two_of_three", *course("odi mood sleep", "odi sleep", "mood")) == YES
    assert said(site, "two_of_three", *course("odi mood sleep", "odi", "mood sleep")) == NO
    assert said(site, "two_of_three", *course("odi mood sleep", "odi")) == UNKNOWN
    assert said(site, "two_of_three", *course("odi", "odi")) == NO_MEANING


def test_an_ablation_repeated_in_between_is_a_failure_of_the_whole_too(site):
    again = [(100, RFA)]
    assert said(site, "holistic", *again, *course("odi", "pain odi")) == NO
    assert said(site, "holistic", *again, *course("odi", "")) == NO, "whether anybody was asked again or not"


@pytest.mark.parametrize(
    ("before", "after", "strict", "moderate"),
    [
        (8.0, 5.6, YES, YES),
        (8.0, 5.9, NO, YES),  # two points, a quarter
        (8.0, 6.1, NO, NO),
        (5.0, 3.5, YES, YES),  # a third, a point and a half
    ],
)
def test_moderate_relief_is_a_third_or_two_points(site, before, after, strict, moderate):
    events = [(-10, PAIN, 2 * before - 8.0), (183, PAIN, after)]  # the mean of two scores is the baseline
    assert said(site, "pain_30", *events) == strict
    assert said(site, "pain_moderate", *events) == moderate


SEEN = (183, PAIN, 7.0)


@pytest.mark.parametrize(
    ("dose", "halved", "stopped"),
    [
        ([(100, MORPHINE, 20.0)], YES, NO),
        ([(100, MORPHINE, 20.1)], NO, NO),
        ([(100, f"{MORPHINE}//STOP")], YES, YES),
        ([], NO, NO),  # nobody wrote of a change
        ([(100, MORPHINE, 80.0)], NO, NO),
        ([(100, f"{MORPHINE}//STOP"), (120, "RxNorm//7804", 20.0)], NO, NO),  # oxycodone instead, 30 MME
        ([(184, f"{MORPHINE}//STOP")], NO, NO),  # after the day that is asked about
    ],
)
def test_opioids_are_halved_or_stopped_on_the_day_of_the_horizon(site, dose, halved, stopped):
    events = [(-200, MORPHINE, 40.0), SEEN, *dose]
    assert said(site, "opioid_half", *events) == halved
    assert said(site, "opioid_stopped", *events) == stopped


def test_of_a_patient_nobody_saw_the_dose_is_unknown_though_the_record_runs_on(site):
    stopped = [(-200, MORPHINE, 40.0), (100, f"{MORPHINE}//STOP")]
    assert said(site, "opioid_stopped", *stopped) == UNKNOWN
    assert said(site, "opioid_stopped", *stopped, (140, PAIN, 7.0)) == UNKNOWN, "outside the window"
    assert said(site, "opioid_stopped", *stopped, SEEN) == YES


def test_who_takes_less_than_20_has_no_opioid_outcome(site):
    assert said(site, "opioid_half", (-200, MORPHINE, 19.9), SEEN) == NO_MEANING
    assert said(site, "opioid_half", SEEN) == NO_MEANING


def test_an_opioid_in_the_pump_is_never_converted(site):
    spinal = [
        (-200, MORPHINE, 40.0),
        (100, f"{MORPHINE}//STOP"),
        (100, f"{MORPHINE}//INTRATHECAL", 300.0),
        SEEN,
    ]
    assert said(site, "opioid_stopped", *spinal) == YES


def test_a_pump_after_an_ablation_fails_it_whatever_becomes_of_the_opioids(site):
    stopped = [(-200, MORPHINE, 40.0), (100, f"{MORPHINE}//STOP"), SEEN]
    assert said(site, "opioid_stopped", (120, PUMP), *stopped) == NO
