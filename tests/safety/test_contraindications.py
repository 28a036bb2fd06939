"""Contraindications: absolute ones refuse, relative ones warn, each of its own interventions alone."""

import pytest

from painresponse.records.rows import ask, history
from tests.safety.patients import INDEX, WELL, flags, refusals

IMPLANTS = {"scs_trial", "scs_permanent", "idd_trial", "idd_permanent"}
PUMPS = {"idd_trial", "idd_permanent"}
NEEDLES = {"nerve_block_therapeutic", "rfa"}
BLOCKS, LESION = {"nerve_block_therapeutic"}, {"rfa"}
COURSES = {"mpp", "pt_specialised", "cbt"}

ABSOLUTE = {
    "infection": (IMPLANTS, [(14, "ICD10CM//L03.115")], [(15, "ICD10CM//L03.115")]),
    "anticoagulation": (IMPLANTS, [(365, "ICD10CM//Z79.01")], [(366, "ICD10CM//Z79.01")]),
    "coagulopathy": (IMPLANTS, [(4000, "ICD10CM//D68.51")], [(4000, "ICD10CM//D69.6")]),
    "suicidality": (IMPLANTS, [(365, "ICD10CM//R45.851")], [(366, "ICD10CM//R45.851")]),
    "cord_compression": (IMPLANTS, [(365, "ICD10CM//G95.20")], [(366, "ICD10CM//G95.20")]),
    "psychosis": (IMPLANTS | COURSES, [(90, "ICD10CM//F23")], [(91, "ICD10CM//F23")]),
    "opioid_allergy": (PUMPS, [(4000, "ICD10CM//Z88.5")], [(4000, "ICD10CM//Z88.0")]),
    "anaesthetic_allergy": (NEEDLES, [(4000, "ICD10CM//Z88.4")], [(4000, "ICD10CM//Z88.0")]),
    "intracranial_pressure": (BLOCKS, [(365, "ICD10CM//G93.2")], [(366, "ICD10CM//G93.2")]),
    "block_relief": (LESION, [(59, "PR//block_relief", 49)], [(59, "PR//block_relief", 50)]),
    "unstable_condition": (COURSES, [(30, "ICD10CM//I21.4")], [(31, "ICD10CM//I21.4")]),
}
"""By name: whom it refuses, a history that raises it, one a hair away."""

MORPHINE = "RxNorm//7052"
RELATIVE = {
    "pregnancy": (COURSES, [(365, "ICD10CM//Z34.90")], [(366, "ICD10CM//Z34.90")]),
    "hba1c": (IMPLANTS, [(300, "LOINC//4548-4", 10.1)], [(300, "LOINC//4548-4", 10.0)]),
    "smoking": (IMPLANTS, [(300, "PR//smoker", 1)], [(300, "PR//smoker", 0)]),
    "bmi": (IMPLANTS, [(300, "LOINC//39156-5", 45.1)], [(300, "LOINC//39156-5", 45.0)]),
    "opioid_dose": (IMPLANTS, [(60, MORPHINE, 121)], [(60, MORPHINE, 120)]),
    "immunosuppression": (IMPLANTS, [(300, "ICD10CM//D84.821")], [(366, "ICD10CM//D84.821")]),
    "substance_use": (IMPLANTS | COURSES, [(300, "ICD10CM//F11.20")], [(300, "ICD10CM//F11.21")]),
    "failed_device": (IMPLANTS, [(2000, "PR//failed_device")], []),
    "litigation": (IMPLANTS, [(300, "PR//litigation", 1)], [(300, "PR//litigation", 0)]),
    "cardiac_device": (IMPLANTS | LESION, [(2000, "ICD10CM//Z95.0")], [(2000, "ICD10CM//Z95.1")]),
    "neurostimulator": (LESION, [(2000, "ICD10CM//Z96.82")], []),
    "sleep_apnoea": (PUMPS, [(2000, "ICD10CM//G47.33")], [(2000, "ICD10CM//G47.00")]),
    "benzodiazepine": (PUMPS, [(90, "ATC//N05BA01")], [(91, "ATC//N05BA01")]),
    "psychosis_history": (PUMPS, [(2000, "ICD10CM//F20.9")], [(2000, "ICD10CM//F32.9")]),
    "infection": (NEEDLES, [(14, "ICD10CM//L03.115")], [(15, "ICD10CM//L03.115")]),
    "anticoagulation": (NEEDLES, [(365, "ICD10CM//Z79.01")], [(365, "ICD10CM//Z79.02")]),
    "diabetes": (BLOCKS, [(2000, "ICD10CM//E11.9")], [(2000, "ICD10CM//E16.9")]),
    "glaucoma": (BLOCKS, [(2000, "ICD10CM//H40.9")], [(2000, "ICD10CM//H26.9")]),
    "steroid_load": (
        BLOCKS,
        [(day, "CPT//64483") for day in (50, 100, 200, 360)],
        [(day, "CPT//64483") for day in (50, 100, 200, 370)],
    ),
    "neuropathic_pain": (LESION, [(300, "PR//dn4", 4)], [(300, "PR//dn4", 3)]),
    "recent_rfa": (LESION, [(91, "CPT//64635")], [(92, "CPT//64635")]),
    "cognitive_impairment": (COURSES, [(2000, "ICD10CM//F03.90")], [(2000, "ICD10CM//F06.7")]),
}
"""Likewise: whom it warns."""


def test_every_contraindication_has_its_histories(catalogue):
    assert set(ABSOLUTE) == set(catalogue.safety.absolute)
    assert set(RELATIVE) == set(catalogue.safety.relative)


@pytest.mark.parametrize("name", ABSOLUTE)
def test_an_absolute_one_refuses_its_interventions_and_no_other(scorer, catalogue, name):
    of, raised, _ = ABSOLUTE[name]
    told = refusals(scorer, *WELL, *raised)
    expected = (f"C_ABS_{name.upper()}", catalogue.safety.absolute[name].words)
    assert told == dict.fromkeys(of, expected)


@pytest.mark.parametrize("name", ABSOLUTE)
def test_a_hair_away_it_refuses_nothing(scorer, name):
    assert refusals(scorer, *WELL, *ABSOLUTE[name][2]) == {}


@pytest.mark.parametrize("name", RELATIVE)
def test_a_relative_one_warns_of_its_interventions_and_no_other(scorer, name):
    of, raised, near = RELATIVE[name]
    code = f"C_REL_{name.upper()}"
    warned = {target for target, codes in flags(scorer, *WELL, *raised).items() if code in codes}
    assert warned == of
    assert not any(code in codes for codes in flags(scorer, *WELL, *near).values())


def test_a_relative_one_changes_no_number(scorer):
    """A code that no feature looks at: the flag is all it does."""
    raised = [(2000, "ICD10CM//G47.33")]
    assert refusals(scorer, *WELL, *raised) == {}
    assert flags(scorer, *WELL, *raised) != flags(scorer, *WELL)


def test_several_are_all_said(scorer, catalogue):
    told = flags(scorer, *WELL, (300, "PR//smoker", 1), (2000, "ICD10CM//G47.33"), (300, "PR//litigation", 1))
    assert {"C_REL_SMOKING", "C_REL_SLEEP_APNOEA", "C_REL_LITIGATION"} <= set(told["idd_trial"])
    words = {one.code: one.words for one in scorer.bundle.flags}
    assert words["C_REL_SMOKING"] == catalogue.safety.relative["smoking"].words


def test_one_who_is_refused_is_warned_too(scorer):
    told = flags(scorer, *WELL, (10, "ICD10CM//Z79.01"), (300, "PR//smoker", 1))
    assert "C_REL_SMOKING" in told["scs_trial"]


def test_an_older_fact_without_a_date_counts_for_what_does_not_pass(scorer):
    """An allergy list has no dates."""
    times = ["1970-05-17", None, "2026-02-20"]
    codes = ["MEDS_BIRTH", "ICD10CM//Z88.5", "LOINC//72514-3"]
    records, _ = scorer.read(history(times, codes, [None, None, 7]))
    scores = scorer.score(records, ask(str(INDEX)), targets=("idd_trial",))
    assert scores.refusals[scores.refused[0, 0]][0] == "C_ABS_OPIOID_ALLERGY"


def test_the_patient_whom_nothing_speaks_against_is_warned_of_nothing(scorer):
    assert not [code for codes in flags(scorer, *WELL).values() for code in codes if code.startswith("C_")]
