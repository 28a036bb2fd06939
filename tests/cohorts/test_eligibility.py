"""Who may enter a cohort, judged at the index from what is known then."""

import pytest

from painresponse.clinic import load_catalogue
from painresponse.training.eligibility import EligibilityRules
from tests.cohorts.clinic import PAIN, ask, records_of

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
def level(tmp_path):
    """The catalogue with another level of intractable pain."""

    def at(name: str):
        (tmp_path / "site.toml").write_text(f'[cohort]\nintractable = "{name}"')
        return load_catalogue(tmp_path / "site.toml")

    return at


@pytest.mark.parametrize(
    ("known", "possible", "probable", "definite"),
    [
        ([], False, False, False),
        (SEVERE, True, False, False),
        (FAILED, True, False, False),
        ([*SEVERE, ODI], True, True, False),
        ([*FAILED, ODI], True, True, False),
        ([*SEVERE, *FAILED], True, True, True),
    ],
)
def test_the_three_levels_of_intractable_pain(level, known, possible, probable, definite):
    for name, expected in (("possible", possible), ("probable", probable), ("definite", definite)):
        assert judged(level(name), BIRTH, ONSET, *known).intractable[0] == expected, name
    assert judged(level("off"), BIRTH).intractable[0]


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
    assert not judged(level("possible"), BIRTH, ONSET, *later).intractable[0]
