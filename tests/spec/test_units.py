"""Units on the way in.

A value is converted once, to the unit of its concept, and judged there. What cannot be believed is rejected
with a reason that is counted, never kept or dropped in silence. In these tables CRP is in mg/L, blood
pressure in mm[Hg] between 50 and 280, HbA1c in % between 3 and 20 (or mmol/mol), pain a score from 0 to 10,
and `serum` is cortisol in nmol/L between 5 and 3000, usually between 28 and 1380, also known in ug/dL.
"""

import numpy as np
import pytest

from painresponse.concepts import Concepts
from painresponse.errors import DefinitionError
from painresponse.records import Intake, collect
from painresponse.records.rows import history
from painresponse.records.units import ucum
from tests.lib.tables import answer, answers
from tests.lib.vocabulary import VOCABULARY


def taken(code: str, value: float | None, unit: str | None) -> tuple[list[float], Intake]:
    """One value on its way in: what is kept, and the account of it."""
    records, account = collect(history(["2026-02-18"], [code], [value], units=[unit]), VOCABULARY)
    return records.value.tolist(), account


@pytest.mark.parametrize("unit", ["mg/dL", "mg/dl", "MG/DL", " mg / dL "])
def test_a_value_in_another_unit_is_converted(unit):
    assert taken("PR//crp", 2, unit)[0] == [20]


SPELLINGS = {
    "ug/dL": ["ug/dL", "ug/dl", "µg/dL", "μg/dL", "mcg/dL", "mcg/dl", "UG/DL", "MCG/DL"],
    "m[IU]/L": ["m[IU]/L", "mIU/L", "mIU/l", "MIU/L", "m[iU]/L"],
    "u[IU]/mL": ["uIU/mL", "µIU/ml", "UIU/ML"],
    "mm[Hg]": ["mm[Hg]", "mmHg", "mm Hg", "MMHG"],
    "/min": ["/min", "bpm", "BPM", "beats/min", "{beats}/min", "1/min"],
    "%": ["%", "percent", "pct"],
    "nmol/L": ["nmol/L", "nmol/l", "NMOL/L"],
    "mm/h": ["mm/h", "mm/hr", "MM/HR"],
    "kg/m2": ["kg/m2", "kg/m²", "kg/m^2", "KG/M2"],
    "mg/d": ["mg/d", "mg/day", "mg/24h", "mg/(24.h)"],
    "Cel": ["Cel", "°C", "degC"],
    "{score}": ["{score}", "score", "points"],
}


@pytest.mark.parametrize(("meant", "spelt"), [(one, other) for one in SPELLINGS for other in SPELLINGS[one]])
def test_units_are_known_by_every_spelling_that_can_mean_nothing_else(meant, spelt):
    assert ucum(spelt) == meant


@pytest.mark.parametrize("unit", ["Mg/dL", "mg/DL", "mmol/mol", "U/L", "ug", "furlong", "", "10*3/uL"])
def test_other_spellings_stay_as_they_are(unit):
    """In UCUM Mg is a megagram, and a U of an enzyme is no [IU]."""
    assert ucum(unit) == unit


@pytest.mark.parametrize(
    ("code", "unit"), [("tsh", "mIU/L"), ("sbp", "mmHg"), ("pulse", "bpm"), ("pain", "points")]
)
def test_a_concepts_own_unit_may_be_spelt_otherwise(code, unit):
    assert taken(f"PR//{code}", 9 if code == "pain" else 60, unit)[0] == [9 if code == "pain" else 60]


@pytest.mark.parametrize("unit", ["stone", "Mg/dL", "g", "{reversed"])
def test_a_unit_nobody_declared_is_rejected(unit):
    assert taken("PR//crp", 2, unit) == ([], Intake(1, 0, {("unit", "PR//crp"): 1}))


def test_values_are_converted_before_any_feature_sees_them():
    text = """
        patient | days before | code | value | unit
              1 | 30          | crp  | 2     | mg/dl
              1 | 10          | crp  | 8     | mg/L
    """
    assert answers(text, "first of crp ever", "mean of crp ever") == {1: (20, 14)}


@pytest.mark.parametrize(
    ("value", "kept"), [(1, 27.589), (14.5, 400.0405), (49.5, 1365.6555), (50, 50), (400, 400), (3000, 3000)]
)
def test_a_value_without_a_unit_is_read_in_the_unit_its_size_tells_and_counted(value, kept):
    """Cortisol in serum: from 1 to below 50 is in ug/dL, from 50 in nmol/L."""
    values, account = taken("PR//serum", value, None)
    assert values == [np.float32(kept)]
    assert account.inferred == {"PR//serum": 1}


@pytest.mark.parametrize("value", [0.2, -3, 5000])
def test_where_its_size_does_not_tell_the_value_is_rejected(value):
    assert taken("PR//serum", value, None) == ([], Intake(1, 0, {("unit_unclear", "PR//serum"): 1}))


@pytest.mark.parametrize("unit", ["nmol/L", "nmol/l"])
def test_a_unit_that_is_given_is_believed_whatever_the_size(unit):
    values, account = taken("PR//serum", 14.5, unit)
    assert (values, account.inferred) == ([14.5], {})


@pytest.mark.parametrize("unit", [None, "", " "])
def test_other_concepts_are_taken_to_be_in_their_own_unit(unit):
    values, account = taken("PR//crp", 14.5, unit)
    assert (values, account.inferred) == ([14.5], {})


@pytest.mark.parametrize(
    ("code", "value", "unit"), [("serum", 400, "ug/dL"), ("hba1c", 53, "%"), ("sbp", 120, "kPa")]
)
def test_a_unit_that_contradicts_the_value_is_told_from_an_impossible_value(code, value, unit):
    """400 ug/dL of cortisol cannot be, 400 nmol/L can."""
    reasons = taken(f"PR//{code}", value, unit)[1].reasons()
    assert reasons == {"unit_contradicted": 1}


@pytest.mark.parametrize(
    ("code", "value", "unit"), [("serum", 9000, "ug/dL"), ("hba1c", 53, None), ("pain", 11, "{score}")]
)
def test_a_value_that_no_unit_makes_possible_is_out_of_its_limits(code, value, unit):
    """So is one that came without a unit: none contradicts it."""
    assert taken(f"PR//{code}", value, unit)[1].reasons() == {"limits": 1}


def test_nothing_lasts_less_than_no_time():
    assert taken("PR//sleep", -1, "h")[1].reasons() == {"limits": 1}
    assert taken("PR//sleep", -60, "min")[1].reasons() == {"limits": 1}
    assert taken("PR//sleep", 0, "h")[0] == [0]


@pytest.mark.parametrize(("value", "kept"), [(0, 10), (3, 7), (10, 0)])
def test_a_score_that_counts_the_other_way_round_is_turned(value, kept):
    assert taken("PR//pain", value, "{reversed}")[0] == [kept]


def test_a_reversed_score_is_judged_by_the_same_limits():
    assert taken("PR//pain", 11, "{reversed}")[1].reasons() == {"limits": 1}


@pytest.mark.parametrize("code", ["PR//crp", "PR//marker", "RxNorm//7804"])
def test_what_has_no_two_limits_cannot_be_turned(code):
    assert taken(code, 3, "{reversed}")[1].reasons() == {"unit": 1}


@pytest.mark.parametrize(("value", "counted"), [(27.9, 1), (28, 0), (1380, 0), (1381, 1)])
def test_an_unusual_value_is_kept_and_counted(value, counted):
    values, account = taken("PR//serum", value, "nmol/L")
    assert values == [np.float32(value)]
    assert account.unusual == ({"PR//serum": 1} if counted else {})


def test_what_is_rejected_is_not_unusual_and_a_repetition_is_counted_once():
    raw = history(
        ["2026-02-18"] * 4,
        ["PR//serum"] * 4,
        [2000, 2000, 4000, 15],
        units=["nmol/L", "nmol/L", "nmol/L", None],
    )
    _, account = collect(raw, VOCABULARY)
    assert account.unusual == {"PR//serum": 1}
    assert account.reasons() == {"duplicate": 1, "limits": 1}
    assert account.inferred == {"PR//serum": 1}


def test_the_assay_may_stand_at_the_end_of_the_code():
    text = """
        patient | days before | code                   | value
              1 | 30          | LOINC//26881-3         | 2
              1 | 20          | LOINC//26881-3//ELISA  | 3
              1 | 10          | PR//il6//BEADS         | 7
    """
    assert answers(text, "count of il6 ever", "sum of il6 ever") == {1: (3, 12)}


def test_each_assay_has_its_own_reference():
    """3 is two standard deviations above the mean of one assay, 7 one and a half above that of the other."""
    text = """
        patient | days before | code                   | value
              1 | 30          | LOINC//26881-3         | 2
              1 | 20          | LOINC//26881-3//ELISA  | 3
              1 | 10          | PR//il6//BEADS         | 7
    """
    sentences = ["count of il6.z ever", "first of il6.z ever", "last of il6.z ever"]
    assert answers(text, *sentences) == {1: (2, 2, 1.5)}


def test_an_assay_nobody_declared_is_a_code_nobody_knows():
    assert taken("PR//il6//GUESS", 3, "ng/L")[1].unmapped == {"PR//il6//GUESS": 1}
    assert answer(
        "patient | days before | code | value\n1 | 3 | PR//il6//GUESS | 3", "count of il6 ever"
    ) == {1: 0}


def test_a_code_that_says_the_unit_itself_is_never_told_by_size(catalogue):
    """12 under a mass or moles code is 12 ug/dL; under the code for moles it is 12 nmol/L."""
    raw = history(["2026-02-18T08:00"] * 2, ["LOINC//2143-6", "LOINC//14675-3"], [12, 12])
    records, account = collect(raw, catalogue.concepts)
    kept = {records.codes[code]: value for code, value in zip(records.code, records.value, strict=True)}
    assert kept == {"LOINC//2143-6": np.float32(12 * 27.589), "LOINC//14675-3": np.float32(12)}
    assert account.inferred == {"LOINC//2143-6": 1}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"bare": [{"unit": "ug/L", "least": 1, "below": 5}]}, "bare names the unit 'ug/L'"),
        ({"canonical_codes": ["LOINC//1-8"]}, "canonical_codes names 'LOINC//1-8'"),
    ],
)
def test_a_unit_or_code_the_concept_does_not_have_is_refused(said, words):
    declared = {"label": "cortisol", "unit": "nmol/L", "codes": ["LOINC//2143-6"]} | said
    with pytest.raises(DefinitionError, match=words):
        Concepts.from_plain({"concepts": {"cortisol": declared}, "treatments": {}})
