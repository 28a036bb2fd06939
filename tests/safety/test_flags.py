"""Flags that travel with a score: a history that raises each, one that does not, and beside whose scores.

Where exactly the limits of each lie is told in tests/unit/test_flags.py.
"""

import pytest

from tests.safety.patients import AT_8_H, IN_PAIN, PAIN, STEPS, WELL, YEAR, flags, refusals

MORPHINE, PREDNISONE, ODI, PHQ9 = "RxNorm//7052", "RxNorm//8640", "PR//odi", "LOINC//44261-6"
NSAID, GABAPENTIN = "RxNorm//5640", "RxNorm//25480"
CORTISOL = "LOINC//14675-3"
CALM = (40 + AT_8_H, CORTISOL, 300)

FAILED_BY_PROXY = [
    (200, NSAID, 1200),
    (150, f"{NSAID}//STOP"),
    (145, GABAPENTIN, 1800),
    (155, PAIN, 7),
    (10, PAIN, 7),
]
STOPPED_IN_VAIN = (60, f"{GABAPENTIN}//STOP//INEFFICACY")


@pytest.mark.parametrize(
    ("code", "raised", "without"),
    [
        ("F_MME_HIGH", [(60, MORPHINE, 90)], [(60, MORPHINE, 89)]),
        ("F_STEROID_RECENT", [(30, PREDNISONE, 5)], [(31, PREDNISONE, 5)]),
        ("F_HPA_UNKNOWN", [], [CALM]),
        ("F_ADRENAL", [(40 + AT_8_H, CORTISOL, 99)], [(40 + AT_8_H, CORTISOL, 100)]),
        ("F_EXTRAPOLATION", [(300, "LOINC//39156-5", 46)], [(300, "LOINC//39156-5", 44)]),
        ("F_MISSING_PROM", [(300, ODI, 40)], [(300, ODI, 40), (300, PHQ9, 5)]),
        ("F_PROXY_FAILURES", FAILED_BY_PROXY, [*FAILED_BY_PROXY, STOPPED_IN_VAIN]),
    ],
)
def test_what_is_told_of_a_patient_is_told_beside_every_score(scorer, catalogue, code, raised, without):
    assert refusals(scorer, *WELL, *raised) == {}
    assert {name for name, codes in flags(scorer, *WELL, *raised).items() if code in codes} == set(
        catalogue.targets
    )
    assert not any(code in codes for codes in flags(scorer, *WELL, *without).values())


@pytest.mark.parametrize(
    ("step", "spared"),
    [
        (STEPS[0], {"scs_trial", "scs_permanent"}),
        (STEPS[1], {"idd_trial", "idd_permanent"}),
        (STEPS[2], {"nerve_block_therapeutic", "rfa"}),
    ],
)
def test_a_first_step_competes_with_all_but_its_own_intervention(scorer, catalogue, step, spared):
    bare = [(50 * YEAR, "MEDS_BIRTH"), *IN_PAIN]
    told = {name for name, codes in flags(scorer, *bare, step).items() if "F_COMPETING" in codes}
    assert told == set(catalogue.targets) - spared
    assert not any("F_COMPETING" in codes for codes in flags(scorer, *bare).values())


@pytest.mark.parametrize(("code", "target"), [("F_FEW_SIMILAR", "mpp"), ("F_CALIBRATION", "rfa")])
def test_what_is_told_of_a_model_is_told_beside_its_scores_alone(scorer, code, target):
    assert {name for name, codes in flags(scorer, *WELL).items() if code in codes} == {target}


def test_a_group_that_a_model_serves_less_well_is_told_so(scorer):
    woman, man = (1, "GENDER//F"), (1, "GENDER//M")
    assert {name for name, codes in flags(scorer, *WELL, woman).items() if "F_SUBGROUP" in codes} == {"cbt"}
    assert not any("F_SUBGROUP" in codes for codes in flags(scorer, *WELL, man).values())


def test_every_flag_of_the_catalogue_is_told_here(catalogue):
    here = {
        "F_MME_HIGH",
        "F_STEROID_RECENT",
        "F_HPA_UNKNOWN",
        "F_ADRENAL",
        "F_EXTRAPOLATION",
        "F_MISSING_PROM",
        "F_PROXY_FAILURES",
        "F_COMPETING",
        "F_FEW_SIMILAR",
        "F_CALIBRATION",
        "F_SUBGROUP",
    }
    assert set(catalogue.flags) == here
