"""Drug exposures into treatments: what a product holds, how much a day, for how long, and why it stopped."""

import pytest

from tests.readers.omop import (
    ASPIRIN,
    CONCEPT,
    GABAPENTIN,
    HOUR,
    INGREDIENT,
    INJECTION,
    MG,
    OXYCODONE,
    PATCH,
    PERCOCET,
    brought_in,
    cdm,
    prescribed,
    rows_of,
    told,
)

BEGIN = "2020-03-04 00:00:00"


def test_a_dispensing_begins_with_its_daily_dose_and_says_how_long_it_lasts(tmp_path):
    brought_in(tmp_path, cdm(drug_exposure=[prescribed(OXYCODONE, quantity=60, days_supply=30)]))
    assert told(tmp_path) == [("RxNorm//7804", BEGIN, 20.0), ("RxNorm//7804//DAYS", BEGIN, 30.0)]
    units = {row["code"]: row["unit"] for row in rows_of(tmp_path / "out")}
    assert (units["RxNorm//7804"], units["RxNorm//7804//DAYS"]) == ("mg/d", None)


def test_a_combined_product_begins_every_substance_in_it(tmp_path):
    brought_in(tmp_path, cdm(drug_exposure=[prescribed(PERCOCET, quantity=40, days_supply=10)]))
    assert told(tmp_path) == [
        ("RxNorm//161", BEGIN, 1300.0),
        ("RxNorm//161//DAYS", BEGIN, 10.0),
        ("RxNorm//7804", BEGIN, 20.0),
        ("RxNorm//7804//DAYS", BEGIN, 10.0),
    ]


@pytest.mark.parametrize("quantity", ["", 10, 5])
def test_a_patch_gives_its_rate_however_many_there_are(tmp_path, quantity):
    brought_in(tmp_path, cdm(drug_exposure=[prescribed(PATCH, quantity=quantity, days_supply=30)]))
    assert told(tmp_path) == [("RxNorm//4337", BEGIN, 25.0), ("RxNorm//4337//DAYS", BEGIN, 30.0)]


@pytest.mark.parametrize(("quantity", "days"), [("", 30), (0, 30), (-60, 30), (60, ""), (60, 0)])
def test_a_dose_that_cannot_be_worked_out_is_unknown(tmp_path, quantity, days):
    brought_in(tmp_path, cdm(drug_exposure=[prescribed(OXYCODONE, quantity=quantity, days_supply=days)]))
    assert told(tmp_path)[0] == ("RxNorm//7804", BEGIN, None)
    assert rows_of(tmp_path / "out")[-1]["unit"] is None


def test_what_is_taken_as_needed_is_told_by_its_directions(tmp_path):
    rows = [
        prescribed(OXYCODONE, on=f"2020-03-0{day}", quantity=60, days_supply=30, sig=sig)
        for day, sig in enumerate(["Take 1 tablet AS NEEDED for pain", "1 tab q6h PRN", "1 tab bid", ""], 1)
    ]
    brought_in(tmp_path, cdm(drug_exposure=rows))
    codes = [code for code, _, _ in told(tmp_path) if not code.endswith("DAYS")]
    assert codes == ["RxNorm//7804//PRN"] * 2 + ["RxNorm//7804"] * 2


def test_another_form_of_a_substance_keeps_the_code_of_the_product(tmp_path):
    report = brought_in(tmp_path, cdm(drug_exposure=[prescribed(INJECTION, quantity=1, days_supply=1)]))
    assert told(tmp_path) == [("RxNorm//1735003", BEGIN, None)]
    assert report.unmapped == {"RxNorm//1735003": 1}


def test_a_drug_the_catalogue_does_not_know_keeps_its_own_code(tmp_path):
    report = brought_in(
        tmp_path, cdm(drug_exposure=[prescribed(ASPIRIN, days_supply=30, stop_reason="ineffective")])
    )
    assert told(tmp_path) == [("RxNorm//309362", BEGIN, None)]
    assert report.unmapped == {"RxNorm//309362": 1}


def test_a_drug_without_a_concept_is_read_by_the_name_the_record_gives_it(tmp_path):
    rows = [prescribed(0, drug_source_value="Oxycodone HCl 5 mg tablet", quantity=4, days_supply=1)]
    brought_in(tmp_path, cdm(drug_exposure=rows))
    assert told(tmp_path, "RxNorm//7804")[0] == ("RxNorm//7804", BEGIN, 20.0)


STRENGTH = {
    "drug_concept_id": GABAPENTIN,
    "ingredient_concept_id": INGREDIENT,
    "amount_value": 300,
    "amount_unit_concept_id": MG,
}


def test_the_strength_table_tells_what_the_name_does_not(tmp_path):
    rows = [prescribed(GABAPENTIN, quantity=90, days_supply=30)]
    brought_in(tmp_path, cdm(drug_exposure=rows, drug_strength=[STRENGTH]))
    assert told(tmp_path)[0] == ("RxNorm//25480", BEGIN, 900.0)


def test_ancestors_tell_the_substance_but_not_the_dose(tmp_path):
    above = [{"ancestor_concept_id": INGREDIENT, "descendant_concept_id": GABAPENTIN}]
    rows = [prescribed(GABAPENTIN, quantity=90, days_supply=30)]
    brought_in(tmp_path, cdm(drug_exposure=rows, concept_ancestor=above))
    assert told(tmp_path) == [("RxNorm//25480", BEGIN, None), ("RxNorm//25480//DAYS", BEGIN, 30.0)]


def test_a_product_without_strength_and_ancestors_and_a_telling_name_is_unknown(tmp_path):
    report = brought_in(tmp_path, cdm(drug_exposure=[prescribed(GABAPENTIN, quantity=90, days_supply=30)]))
    assert report.unmapped == {"RxNorm//310430": 1}


def test_the_strength_table_goes_before_the_name_and_the_name_still_tells_the_form(tmp_path):
    fentanyl = {
        "concept_id": 40,
        "concept_name": "fentanyl",
        "vocabulary_id": "RxNorm",
        "concept_code": "4337",
    }
    strengths = [
        {
            "drug_concept_id": drug,
            "ingredient_concept_id": 40,
            "numerator_value": 0.05,
            "numerator_unit_concept_id": MG,
            "denominator_unit_concept_id": HOUR,
        }
        for drug in (PATCH, INJECTION)
    ]
    rows = [prescribed(PATCH, days_supply=30), prescribed(INJECTION, days_supply=30)]
    tables = cdm(concept=[*CONCEPT, fentanyl], drug_exposure=rows, drug_strength=strengths)
    brought_in(tmp_path, tables)
    assert told(tmp_path) == [
        ("RxNorm//1735003", BEGIN, None),
        ("RxNorm//4337", BEGIN, 50.0),
        ("RxNorm//4337//DAYS", BEGIN, 30.0),
    ]


def test_an_interval_stands_in_for_the_supply_but_is_known_only_when_it_is_over(tmp_path):
    brought_in(tmp_path, cdm(drug_exposure=[prescribed(OXYCODONE, until="2020-03-24")]))
    assert told(tmp_path)[1] == ("RxNorm//7804//DAYS", BEGIN, 20.0)
    known = {row["code"]: str(row["available_time"]) for row in rows_of(tmp_path / "out")}
    assert known["RxNorm//7804"] == "2020-03-05 00:00:00"
    assert known["RxNorm//7804//DAYS"] == "2020-03-25 00:00:00"


def test_an_interval_within_a_day_lasts_a_day(tmp_path):
    brought_in(tmp_path, cdm(drug_exposure=[prescribed(OXYCODONE, until="2020-03-04")]))
    assert told(tmp_path)[1] == ("RxNorm//7804//DAYS", BEGIN, 1.0)


@pytest.mark.parametrize(
    "more", [{"until": "2020-03-01", "days_supply": 30}, {"days_supply": -3}, {"days_supply": 10**7}]
)
def test_a_supply_that_cannot_be_is_ignored_and_noted(tmp_path, more):
    report = brought_in(tmp_path, cdm(drug_exposure=[prescribed(OXYCODONE, quantity=60, **more)]))
    assert told(tmp_path) == [("RxNorm//7804", BEGIN, None)]
    assert report.warnings == {"impossible_duration": {"drug_exposure": 1}}


def test_an_end_in_no_foreseeable_time_is_no_end(tmp_path):
    rows = [prescribed(OXYCODONE, until="9999-12-31", days_supply=30, stop_reason="ineffective")]
    report = brought_in(tmp_path, cdm(drug_exposure=rows))
    assert [(code, time) for code, time, _ in told(tmp_path)] == [
        ("RxNorm//7804", BEGIN),
        ("RxNorm//7804//DAYS", BEGIN),
        ("RxNorm//7804//STOP//INEFFICACY", "2020-04-03 00:00:00"),
    ]
    assert report.warnings == {}


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("Ineffective", ["RxNorm//7804//STOP//INEFFICACY"]),
        ("drug was not effective", ["RxNorm//7804//STOP//INEFFICACY"]),
        ("ADVERSE reaction", ["RxNorm//7804//STOP//ADVERSE_EFFECT"]),
        ("intolerance", ["RxNorm//7804//STOP//ADVERSE_EFFECT"]),
        ("Course completed", ["RxNorm//7804//STOP//OTHER"]),
        ("xyz", ["RxNorm//7804//STOP"]),
        ("", []),
    ],
)
def test_why_it_was_stopped_is_told_by_words(tmp_path, reason, stop):
    rows = [prescribed(OXYCODONE, until="2020-03-24", days_supply=30, stop_reason=reason)]
    report = brought_in(tmp_path, cdm(drug_exposure=rows))
    stops = [(code, time) for code, time, _ in told(tmp_path) if "//STOP" in code]
    assert stops == [(code, "2020-03-24 00:00:00") for code in stop]
    assert report.warnings == ({"unknown_stop": {"drug_exposure": 1}} if reason == "xyz" else {})


def test_a_stop_at_no_known_time_is_left_out_and_noted(tmp_path):
    report = brought_in(tmp_path, cdm(drug_exposure=[prescribed(OXYCODONE, stop_reason="ineffective")]))
    assert told(tmp_path) == [("RxNorm//7804", BEGIN, None)]
    assert report.warnings == {"undated_stop": {"drug_exposure": 1}}


def test_a_site_has_its_own_words(tmp_path):
    site = '[import.omop]\ninefficacy = ["sin efecto"]\nas_needed = ["si precisa"]'
    rows = [prescribed(OXYCODONE, until="2020-03-24", stop_reason="Sin efecto", sig="1 comp. si precisa")]
    brought_in(tmp_path, cdm(drug_exposure=rows), site=site)
    assert {code for code, _, _ in told(tmp_path)} == {
        "RxNorm//7804//PRN",
        "RxNorm//7804//DAYS",
        "RxNorm//7804//STOP//INEFFICACY",
    }


def test_a_prescription_repeated_on_the_same_day_counts_once(tmp_path):
    row = prescribed(OXYCODONE, quantity=60, days_supply=30)
    report = brought_in(tmp_path, cdm(drug_exposure=[row, row]))
    assert len(told(tmp_path)) == 2 and report.rejected == {"repeated": {"drug_exposure": 2}}
