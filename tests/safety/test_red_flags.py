"""Emergencies: every model refuses, and says first that it is urgent and which emergency it is."""

import pytest

from tests.safety.patients import AT_8_H, IN_PAIN, WELL, YEAR, refusals

PREGNANT = (60, "ICD10CM//Z34.90")
PUMP = (900, "CPT//62362")
LOW = (40 + AT_8_H, "LOINC//14675-3", 90.0)

RAISED = {
    "cauda_equina": [
        [(30, "ICD10CM//G83.4")],
        [(2, "PR//cauda_equina")],
        [(14, "ICD10CM//R33.9")],
        [(3, "ICD10CM//R15.9")],
    ],
    "motor_deficit": [[(30, "ICD10CM//G82.20")], [(3, "ICD10CM//M21.371")], [(3, "PR//motor_deficit")]],
    "spinal_infection": [[(42, "ICD10CM//M46.46")], [(5, "ICD10CM//G06.1")], [(5, "ICD10CM//M46.26")]],
    "fever_with_spine_pain": [
        [(7, "ICD10CM//R50.9")],
        [(1, "ICD10CM//A41.9")],
        [(1, "LOINC//8310-5", 38.0)],
    ],
    "meningitis": [[(14, "ICD10CM//G03.9")], [(5, "ICD10CM//G00.9")]],
    "fracture": [
        [(90, "ICD10CM//M48.56XA")],
        [(10, "ICD10CM//S32.010A")],
        [(900, "ICD10CM//M48.54XD"), (42, "ICD10CM//M48.56XA")],
        [(10, "ICD10CM//M80.08XA")],
        [(10, "ICD10CM//M84.48XA")],
    ],
    "cancer": [
        [(90, "ICD10CM//C79.51")],
        [(3000, "ICD10CM//Z85.3"), (90, "ICD10CM//R63.4")],
        [(3000, "ICD10CM//C50.911"), (5, "ICD10CM//R63.4")],
    ],
    "vascular": [[(30, "ICD10CM//I71.02")], [(1, "ICD10CM//I71.3")], [(1, "ICD10CM//G95.11")]],
    "limb_ischaemia": [[(30, "ICD10CM//I74.3")]],
    "suicidality": [
        [(30, "ICD10CM//R45.851")],
        [(5, "ICD10CM//T14.91XA")],
        [(90, "LOINC//44260-8", 1.0)],
        [(80, "LOINC//44260-8", 0.0), (10, "LOINC//44260-8", 3.0)],
    ],
    "opioid_overdose": [[(30, "ICD10CM//T40.2X1A")], [(3, "ICD10CM//T40.414A")]],
    "intrathecal": [
        [(14, "PR//pump_alarm")],
        [PUMP, (14, "ICD10CM//F11.23")],
        [PUMP, (3, "ICD10CM//T85.610A")],
        [(900, "ICD10CM//Z45.1"), (3, "ICD10CM//F11.93")],
    ],
    "adrenal": [
        [(30, "ICD10CM//E27.2")],
        [LOW, (30, "ICD10CM//R53.83")],
        [LOW, (3, "ICD10CM//R63.4")],
        [LOW, (3, "LOINC//8480-6", 85.0)],
    ],
    "pregnancy": [
        [PREGNANT, (14, "ICD10CM//R56.9")],
        [(60, "LOINC//82810-3//SNOMED//77386006"), (1, "ICD10CM//O15.02")],
    ],
}
"""Histories that raise each."""

NOT_RAISED = {
    "cauda_equina": [[(31, "ICD10CM//G83.4")], [(700, "ICD10CM//R33.9"), (3, "ICD10CM//R33.9")]],
    "motor_deficit": [[(31, "ICD10CM//G82.20")], [(700, "ICD10CM//M21.371"), (3, "ICD10CM//M21.371")]],
    "spinal_infection": [[(43, "ICD10CM//M46.46")]],
    "fever_with_spine_pain": [
        [(8, "ICD10CM//R50.9")],
        [(1, "LOINC//8310-5", 37.9)],
        [(8, "LOINC//8310-5", 39)],
    ],
    "meningitis": [[(15, "ICD10CM//G03.9")], [(5, "ICD10CM//G03.1")]],
    "fracture": [[(91, "ICD10CM//M48.56XA")], [(900, "ICD10CM//M48.54XA"), (10, "ICD10CM//M48.54XD")]],
    "cancer": [[(3000, "ICD10CM//Z85.3")], [(5, "ICD10CM//R63.4")], [(91, "ICD10CM//C79.51")]],
    "vascular": [[(31, "ICD10CM//I71.02")], [(1, "ICD10CM//I71.40")]],
    "limb_ischaemia": [[(31, "ICD10CM//I74.3")], [(1, "ICD10CM//I73.9")]],
    "suicidality": [
        [(91, "LOINC//44260-8", 3.0)],
        [(10, "LOINC//44260-8", 0.0)],
        [(80, "LOINC//44260-8", 2.0), (10, "LOINC//44260-8", 0.0)],
    ],
    "opioid_overdose": [[(31, "ICD10CM//T40.2X1A")], [(3, "ICD10CM//T40.2X5A")]],
    "intrathecal": [[(15, "PR//pump_alarm")], [(3, "ICD10CM//F11.23")], [PUMP], [(3, "ICD10CM//T85.112A")]],
    "adrenal": [
        [LOW],
        [(3, "ICD10CM//R53.83")],
        [(40 + AT_8_H, "LOINC//14675-3", 100.0), (3, "ICD10CM//R53.83")],
        [(40, "LOINC//14675-3", 90.0), (3, "ICD10CM//R53.83")],  # at 15 h
        [(91 + AT_8_H, "LOINC//14675-3", 90.0), (3, "ICD10CM//R53.83")],
        [LOW, (31, "ICD10CM//R53.83")],
    ],
    "pregnancy": [[PREGNANT], [(3, "ICD10CM//R56.9")], [PREGNANT, (15, "ICD10CM//R56.9")]],
}
"""Histories a hair away."""


def cases(table):
    return [
        pytest.param(name, history, id=f"{name}-{place}")
        for name, several in table.items()
        for place, history in enumerate(several)
    ]


def test_every_emergency_has_its_histories(catalogue):
    assert set(RAISED) == set(NOT_RAISED) == set(catalogue.safety.red_flags)


@pytest.mark.parametrize(("name", "history"), cases(RAISED))
def test_an_emergency_refuses_every_target_and_says_which_it_is(scorer, catalogue, name, history):
    words = catalogue.safety.red_flags[name].words
    told = refusals(scorer, *WELL, *history)
    assert told == dict.fromkeys(catalogue.targets, ("R05_RED_FLAG", words))
    assert words.startswith("Needs urgent medical assessment: ")


@pytest.mark.parametrize(("name", "history"), cases(NOT_RAISED))
def test_what_is_old_or_only_a_part_of_it_is_no_emergency(scorer, name, history):
    assert "R05_RED_FLAG" not in {code for code, _ in refusals(scorer, *WELL, *history).values()}


def test_fever_without_spine_pain_is_no_emergency_of_the_spine(scorer):
    knee = [one for one in WELL if "M47" not in one[1]] + [(400, "ICD10CM//M17.11")]
    told = refusals(scorer, *knee, (3, "ICD10CM//R50.9"))
    assert "R05_RED_FLAG" not in {code for code, _ in told.values()}


def test_whoever_is_well_is_refused_nothing(scorer):
    assert refusals(scorer, *WELL) == {}


@pytest.mark.parametrize(
    "more",
    [
        [(12 * YEAR, "MEDS_BIRTH"), *IN_PAIN],
        [(3, "ICD10CM//G89.3")],
        [(3, "ICD10CM//Z34.90")],
        [(3, "ICD10CM//Z79.01")],
    ],
)
def test_an_emergency_is_told_before_anything_else(scorer, catalogue, more):
    """Before age, exclusions, contraindications and a missing baseline."""
    told = refusals(scorer, *more, (3, "ICD10CM//G83.4"))
    assert dict.fromkeys(catalogue.targets, "R05_RED_FLAG") == {
        name: code for name, (code, _) in told.items()
    }
