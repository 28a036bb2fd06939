"""A real OMOP 5.4 export of 28 synthetic people: the figures counted again with nothing but the csv module.

The rows are not shipped.
"""

import csv
from collections import Counter
from pathlib import Path

import pytest

from painresponse.readers import histories
from tests.readers.omop import imported, rows_of

CDM = Path(__file__).parents[2].parent / "shared" / "data" / "omop_synthea"
PAIN, OPIOID = "43055141", "hydrocodone bitartrate"

pytestmark = pytest.mark.skipif(not CDM.is_dir(), reason=f"the tables are not at {CDM}")


def rows(table: str) -> list[dict[str, str]]:
    with (CDM / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def brought(tmp_path_factory):
    """The report and the events."""
    out = tmp_path_factory.mktemp("synthea") / "out"
    return imported(CDM, out), rows_of(out), out


def test_every_row_is_accounted_for(brought):
    report, events, _ = brought
    clinical = ("person", "death", "condition_occurrence", "procedure_occurrence", "measurement",
                "observation", "device_exposure", "drug_exposure")  # fmt: skip
    assert report.rows == sum(len(rows(table.upper())) for table in clinical) == 21_173
    assert report.subjects == 28 and report.events == len(events)
    assert set(report.rejected) == {"repeated"} and report.gaps == {} and report.warnings == {}
    assert report.tables["drug_strength"] == report.tables["concept_ancestor"] == 0 and report.missing == []
    assert report.about == {"cdm_version": "5.4", "vocabulary_version": "5.0 09-APR-22*"}


def test_every_pain_score_is_an_event_on_its_day(brought):
    told = Counter(
        (row["subject_id"], str(row["time"].date()), row["numeric_value"])
        for row in brought[1]
        if row["code"] == "LOINC//72514-3"
    )
    given = {
        (int(row["person_id"]), row["measurement_date"], float(row["value_as_number"]))
        for row in rows("MEASUREMENT")
        if row["measurement_concept_id"] == PAIN
    }
    assert set(told) == given and set(told.values()) == {1}


def test_midnights_are_days_and_known_when_they_are_over(brought):
    dated = [row for row in brought[1] if row["time"] and row["code"] != "MEDS_BIRTH"]
    assert all((row["available_time"] - row["time"]).days >= 1 for row in dated)


def test_products_of_several_substances_begin_each_of_them(brought):
    named = {row["concept_id"]: row["concept_name"] for row in rows("CONCEPT")}
    given = [row for row in rows("DRUG_EXPOSURE") if OPIOID in named[row["drug_concept_id"]]]
    begun = {
        (row["subject_id"], str(row["time"].date())) for row in brought[1] if row["code"] == "RxNorm//5489"
    }
    assert begun == {(int(row["person_id"]), row["drug_exposure_start_date"]) for row in given}
    assert begun <= {
        (row["subject_id"], str(row["time"].date())) for row in brought[1] if row["code"] == "RxNorm//161"
    }


def test_without_quantities_no_dose_is_made_up_but_a_patch_has_its_rate(brought):
    assert {row["quantity"] for row in rows("DRUG_EXPOSURE")} == {"0"}
    doses = {
        (row["code"], row["numeric_value"])
        for row in brought[1]
        if row["code"].startswith("RxNorm") and not row["code"].endswith("DAYS")
    }
    assert {(code, dose) for code, dose in doses if dose is not None} == {("RxNorm//4337", 25.0)}
    assert ("RxNorm//7804", None) in doses


def test_the_answers_of_observations_were_lost_before_us(brought):
    answers = ("value_as_number", "value_as_string", "value_source_value")
    assert not any(row[name] for row in rows("OBSERVATION") for name in answers)


def test_the_folder_is_read_with_the_packaged_catalogue(brought, catalogue):
    ((_, intake),) = histories(brought[2], catalogue.concepts)
    assert intake.given == brought[0].events
    assert set(intake.unmapped) == set(brought[0].unmapped)
