"""Who may enter a cohort, judged at the index from what is known then."""

import tomllib
from dataclasses import replace

import numpy as np
import pytest

from painresponse.clinic.catalogue import packaged
from painresponse.clinic.declarations import CohortRules
from painresponse.concepts import Concepts
from painresponse.errors import DefinitionError
from painresponse.records import Asks, collect
from painresponse.settings import build, load
from painresponse.training.eligibility import EligibilityRules
from tests.cohorts.clinic import PAIN, ask, records_of
from tests.lib.cohorts import random_cohort
from tests.lib.strategies import INDEX

BIRTH, ONSET, ODI = (-50 * 365, "MEDS_BIRTH"), (-900, "PR//pain_onset"), (-20, "PR//odi", 45.0)
SEVERE = [(-150, PAIN, 8.0), (-80, PAIN, 7.5), (-10, PAIN, 7.0)]
FAILED = [
    event
    for drug, dose in (("161", 3000.0), ("5640", 2000.0), ("704", 75.0))
    for event in (
        (-400, f"RxNorm//{drug}", dose),
        (-300, f"RxNorm//{drug}//STOP//INEFFICACY"),
    )
]


def judged(catalogue, *events):
    return EligibilityRules(catalogue).judge(records_of(catalogue, list(events)), ask(days_after=0))


@pytest.fixture
def level(catalogue):
    """The catalogue with another level of intractable pain, and whatever else a site says of its cohort."""

    def at(name: str, more: str = ""):
        said = {**load(packaged() / "cohort.toml"), **tomllib.loads(more), "intractable": name}
        return replace(catalogue, cohort=build(CohortRules, said, "cohort"))

    return at


NONE, POSSIBLE, PROBABLE, DEFINITE = range(4)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ([], NONE),
        ([ODI], NONE),
        (SEVERE, POSSIBLE),
        (FAILED, POSSIBLE),
        ([*SEVERE, ODI], PROBABLE),
        ([*FAILED, ODI], PROBABLE),
        ([*SEVERE, *FAILED], DEFINITE),
        ([*SEVERE, *FAILED, ODI], DEFINITE),
    ],
)
def test_the_three_levels_of_intractable_pain(level, known, expected):
    """The level is the same whatever the cohort asks for; who enters is of that level or above."""
    for asked, name in ((POSSIBLE, "possible"), (PROBABLE, "probable"), (DEFINITE, "definite")):
        found = judged(level(name), BIRTH, ONSET, *known)
        assert (found.level[0], found.intractable[0]) == (expected, expected >= asked), name
    everybody = judged(level("off"), BIRTH, ONSET, *known)
    assert (everybody.level[0], everybody.intractable[0]) == (expected, True)


@pytest.mark.parametrize(
    ("impact", "counts"),
    [
        ((-20, "PR//odi", 41.0), True),
        ((-20, "PR//odi", 40.9), False),
        ((-400, "PR//odi", 90.0), False),  # more than a year ago
        ((-20, "PR//bpi_interference", 6.0), True),
        ((-20, "PR//promis_pain_interference", 65.0), True),
        ((-20, "PR//promis_pain_interference", 64.0), False),
        ((-20, "PR//days_out_of_house", 0.5), True),
        ((-20, "PR//days_out_of_house", 1.0), False),
        ((-3000, "ICD10CM//Z74.01"), True),  # bed confinement, a diagnosis without a value
        ((-20, "ICD10CM//Z74.09"), True),  # hardly mobile
        ((-20, "PR//house_bound", 1.0), True),
        ((-20, "PR//house_bound", 0.0), False),  # asked, and the answer was no
    ],
)
def test_any_one_sign_that_pain_governs_life_makes_possible_pain_probable(level, impact, counts):
    found = judged(level("off"), BIRTH, ONSET, *SEVERE, impact)
    assert found.level[0] == (PROBABLE if counts else POSSIBLE)


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ([], False),
        ([(-30, "PR//constant_pain", 1.0)], True),
        ([(-30, "PR//constant_pain")], True),
        ([(-30, "PR//constant_pain", 0.0)], False),
        ([(-200, "PR//constant_pain", 1.0)], False),  # longer ago than the pain scores that count
        ([(-30, "PR//pain_free_days", 5.0)], True),
        ([(-30, "PR//pain_free_days", 6.0)], False),
        ([(-60, "PR//pain_free_days", 20.0), (-30, "PR//pain_free_days", 2.0)], True),  # the last answer
    ],
)
def test_a_site_may_ask_for_constant_pain_too(level, said, counts):
    events = [BIRTH, ONSET, *SEVERE, *said]
    assert judged(level("off", "constant = true"), *events).level[0] == (POSSIBLE if counts else NONE)
    assert judged(level("off"), *events).level[0] == POSSIBLE, "not asked for unless the site says so"


BLOCKED = [(-400, "CPT//64483"), (-405, PAIN, 8.0), (-365, PAIN, 8.0)]


@pytest.mark.parametrize(
    ("more", "events", "counts"),
    [
        ("", FAILED, True),  # three classes of drugs
        ("failed_other_classes = 1", FAILED, False),
        ("failed_other_classes = 1", [*FAILED, *BLOCKED], True),  # and a block that did not help
        ("failed_classes = 1\nfailed_drug_classes = 1", BLOCKED, False),
        ("failed_classes = 4", FAILED, False),
        ("failed_classes = 2", FAILED, True),
    ],
)
def test_a_site_says_how_many_classes_must_have_failed_and_of_which_kind(level, more, events, counts):
    found = judged(level("off", more), BIRTH, ONSET, *events)
    assert found.level[0] == (POSSIBLE if counts else NONE)


def test_the_same_impact_may_count_over_two_stretches_of_time(level):
    more = """impact = [
        { concept = "odi", at_least = 41, days = 90 },
        { concept = "odi", at_least = 61, days = 365 },
    ]"""
    for odi, expected in (((-20, 41.0), PROBABLE), ((-200, 41.0), POSSIBLE), ((-200, 61.0), PROBABLE)):
        found = judged(level("off", more), BIRTH, ONSET, *SEVERE, (odi[0], "PR//odi", odi[1]))
        assert found.level[0] == expected, odi


@pytest.mark.parametrize("rule", ["", "at_least = 1, below = 2, "])
def test_an_impact_is_a_value_from_one_side(level, rule):
    more = f'impact = [{{ concept = "odi", {rule}days = 90 }}]'
    with pytest.raises(DefinitionError, match="says either at_least or below"):
        level("off", more)


@pytest.mark.parametrize(
    "scores",
    [
        [(-150, PAIN, 8.0), (-10, PAIN, 5.0)],  # not severe on average
        [(-10, PAIN, 9.0)],  # one score
        [(-40, PAIN, 9.0), (-10, PAIN, 9.0)],  # too close together
    ],
)
def test_severe_pain_is_a_mean_of_7_over_scores_that_lie_apart(level, scores):
    assert not judged(level("possible"), BIRTH, ONSET, *scores).intractable[0]


def test_pain_of_less_than_half_a_year_is_not_intractable(level):
    assert not judged(level("possible"), BIRTH, (-150, "PR//pain_onset"), *SEVERE).intractable[0]


def test_minors_and_the_excluded_are_told_apart(catalogue):
    young = judged(catalogue, (-17 * 365, "MEDS_BIRTH"))
    assert not young.old_enough[0]
    cancer = judged(catalogue, BIRTH, (-100, "ICD10CM//G89.3"))
    assert cancer.old_enough[0]
    assert not cancer.not_excluded[0]
    assert judged(catalogue, BIRTH, (-400, "ICD10CM//G89.3")).not_excluded[0], "a year ago and more"


def test_what_comes_after_the_index_lets_nobody_in(level):
    later = [(day + 500, *rest) for day, *rest in (*SEVERE, *FAILED, ODI)]
    found = judged(level("possible"), BIRTH, ONSET, *later)
    assert (found.level[0], found.intractable[0]) == (NONE, False)


def test_what_comes_after_the_index_changes_no_level(level):
    """Neither relief nor a treatment that works lowers a level that was reached."""
    later = [(20, PAIN, 0.0), (20, "PR//odi", 0.0), (20, "RxNorm//25480", 3600.0), (90, PAIN, 0.0)]
    for known, expected in (([], NONE), (SEVERE, POSSIBLE), ([*SEVERE, ODI], PROBABLE)):
        assert judged(level("off"), BIRTH, ONSET, *known, *later).level[0] == expected


def test_cutting_the_records_at_the_index_changes_nobodys_eligibility(level):
    """300 people with histories on both sides of the index: the full records against the past alone."""
    rules = level("off", "constant = true\nsevere_pain = 4.5\npain_free_days = 15\nfailed_classes = 1")
    raw = random_cohort(_few(rules.concepts), people=300, seed=2, years_after=3, events=120)
    records, _ = collect(raw, rules.concepts)
    past = np.flatnonzero((records.time < INDEX) & (records.available < INDEX))
    columns = ("subject", "time", "available", "code", "value")
    known = replace(records, **{name: getattr(records, name)[past] for name in columns})
    asks = Asks(np.arange(300), np.full(300, INDEX))
    all_of_it, past_only = (EligibilityRules(rules).judge(one, asks) for one in (records, known))
    for column in ("old_enough", "not_excluded", "level"):
        np.testing.assert_array_equal(getattr(all_of_it, column), getattr(past_only, column))
    assert len(set(all_of_it.level)) >= 3, "a law nobody could break proves nothing"


def _few(concepts: Concepts) -> Concepts:
    """What the rules look at, so that random events often fall among it."""
    names = ("birth", "pain", "pain_onset", "odi", "constant_pain", "pain_free_days", "cancer_pain")
    classes = ("gabapentinoid", "nerve_block")
    return Concepts(
        {name: concepts.concepts[name] for name in names},
        {name: concepts.treatments[name] for name in classes},
    )
