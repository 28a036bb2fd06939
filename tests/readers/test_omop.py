"""OMOP rows into events: which code, which time, which unit, and what is counted instead."""

import json

import meds
import numpy as np
import pyarrow.parquet as pq
import pytest

from painresponse.errors import DefinitionError, RecordError
from painresponse.readers import histories, read_shard, shards, writing
from painresponse.readers.omop import people
from tests.readers.omop import (
    BACK_PAIN,
    BLOCK,
    CONCEPT,
    CRP,
    FEMALE,
    KG,
    M545,
    MALE,
    MG_L,
    PAIN,
    STRANGE,
    YES,
    brought_in,
    cdm,
    measured,
    person,
    reported,
    rows_of,
    told,
)


def test_a_person_is_born_and_has_a_sex_without_a_time(tmp_path):
    brought_in(tmp_path, cdm(measurement=[measured()]))
    assert [(row["subject_id"], row["code"], str(row["time"])) for row in rows_of(tmp_path / "out")] == [
        (1, "GENDER//F", "None"),
        (1, "MEDS_BIRTH", "1970-05-06 00:00:00"),
        (1, "LOINC//72514-3", "2020-03-04 08:30:00"),
    ]


@pytest.mark.parametrize(
    ("said", "born"),
    [
        ({"birth_datetime": "1971-02-03 04:05:00"}, "1971-02-03 04:05:00"),
        ({"birth_datetime": "", "month_of_birth": "", "day_of_birth": ""}, "1970-07-01 00:00:00"),
        ({"birth_datetime": "", "day_of_birth": ""}, "1970-05-15 00:00:00"),
    ],
)
def test_birth_is_the_datetime_or_the_middle_of_what_is_known(tmp_path, said, born):
    brought_in(tmp_path, cdm(person=[person(**said)], measurement=[measured()]))
    assert [str(row["time"]) for row in rows_of(tmp_path / "out") if row["code"] == "MEDS_BIRTH"] == [born]


def test_a_sex_without_a_concept_is_read_from_the_record(tmp_path):
    people = [
        person(1, 0, gender_source_value="male"),
        person(2, 0, gender_source_value="?"),
        person(3, MALE),
    ]
    brought_in(tmp_path, cdm(person=people, measurement=[measured()]))
    sexes = [
        (row["subject_id"], row["code"])
        for row in rows_of(tmp_path / "out")
        if row["code"].startswith("GENDER")
    ]
    assert sexes == [(1, "GENDER//M"), (3, "GENDER//M")]


def test_the_first_of_several_deaths_counts(tmp_path):
    deaths = [{"person_id": 1, "death_date": day} for day in ("2021-02-03", "2021-02-01")]
    report = brought_in(tmp_path, cdm(death=deaths))
    assert told(tmp_path) == [("MEDS_DEATH", "2021-02-01 00:00:00", None)]
    assert report.rejected == {"repeated": {"death": 1}}


def test_every_table_of_events_gives_its_codes(tmp_path):
    day = "2020-01-0"
    tables = {
        "condition_occurrence": ("condition", BACK_PAIN, "condition_start_date", f"{day}1"),
        "procedure_occurrence": ("procedure", BLOCK, "procedure_date", f"{day}2"),
        "observation": ("observation", PAIN, "observation_date", f"{day}3"),
        "device_exposure": ("device", STRANGE, "device_exposure_start_date", f"{day}4"),
    }
    rows = {
        name: [{"person_id": 1, f"{stem}_concept_id": concept, column: when}]
        for name, (stem, concept, column, when) in tables.items()
    }
    report = brought_in(tmp_path, cdm(**rows))
    assert told(tmp_path) == [
        ("SNOMED//279039007", "2020-01-01 00:00:00", None),
        ("CPT//64493", "2020-01-02 00:00:00", None),
        ("LOINC//72514-3", "2020-01-03 00:00:00", None),
        ("SNOMED//1234", "2020-01-04 00:00:00", None),
    ]
    assert report.missing == [
        "cdm_source", "concept_ancestor", "death", "drug_exposure", "drug_strength", "measurement",
        "visit_occurrence",
    ]  # fmt: skip


def test_visits_are_events_where_the_site_wants_them(tmp_path):
    concept = {
        "concept_id": 9202,
        "concept_name": "Outpatient",
        "vocabulary_id": "Visit",
        "concept_code": "OP",
    }
    visits = [{"person_id": 1, "visit_concept_id": 9202, "visit_start_date": "2020-01-01"}]
    tables = cdm(concept=[*CONCEPT, concept], visit_occurrence=visits, measurement=[measured()])
    brought_in(tmp_path, tables, site="[import.omop]\nvisits = true")
    assert told(tmp_path, "VISIT") == [("VISIT//OP", "2020-01-01 00:00:00", None)]
    brought_in(tmp_path, tables, overwrite=True)
    assert told(tmp_path, "VISIT") == []


def condition(concept, own, words=""):
    return {
        "person_id": 1,
        "condition_concept_id": concept,
        "condition_source_concept_id": own,
        "condition_source_value": words,
        "condition_start_date": "2020-01-01",
    }


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (condition(STRANGE, M545), "ICD10CM//M54.5"),
        (condition(STRANGE, STRANGE), "SNOMED//1234"),
        (condition(0, M545), "ICD10CM//M54.5"),
        (condition(0, STRANGE), "SNOMED//1234"),
        (condition(0, 0, " lumbago "), "OMOP//CONDITION_OCCURRENCE//lumbago"),
        (condition(777, 0, "lumbago"), "OMOP//CONDITION_OCCURRENCE//lumbago"),
        (condition(777, 0), "OMOP//CONCEPT//777"),
    ],
)
def test_the_records_own_code_stands_in_where_the_catalogue_knows_only_that(tmp_path, row, code):
    brought_in(tmp_path, cdm(condition_occurrence=[row]))
    assert [code for code, _, _ in told(tmp_path)] == [code]


def test_a_row_that_says_nothing_of_what_it_is_about_is_rejected(tmp_path):
    report = brought_in(tmp_path, cdm(condition_occurrence=[condition(0, 0), condition(BACK_PAIN, 0)]))
    assert len(told(tmp_path)) == 1
    assert report.rejected == {"no_code": {"condition_occurrence": 1}}
    assert report.gaps == {"without_concept": {"condition_occurrence": 1}}


def test_what_the_vocabulary_lacks_is_counted(tmp_path):
    report = brought_in(tmp_path, cdm(condition_occurrence=[condition(777, 0, "x"), condition(0, 0, "x")]))
    assert report.gaps == {
        "not_in_concept": {"condition_occurrence": 1},
        "without_concept": {"condition_occurrence": 1},
    }


def test_a_finding_that_is_no_number_becomes_part_of_the_code(tmp_path):
    rows = [measured(STRANGE, "", value_as_concept_id=YES), measured(STRANGE, "", value_as_concept_id=888)]
    brought_in(tmp_path, cdm(measurement=[*rows, measured(PAIN, 3, value_as_concept_id=YES)]))
    assert sorted(code for code, _, _ in told(tmp_path)) == [
        "LOINC//72514-3",
        "SNOMED//1234//LOINC//LA33-6",
        "SNOMED//1234//OMOP//CONCEPT//888",
    ]


@pytest.mark.parametrize(
    ("more", "unit"),
    [
        ({"unit_concept_id": MG_L, "unit_source_value": "mg per litre"}, "mg/L"),
        ({"unit_concept_id": 0, "unit_source_value": "mg/dL"}, "mg/dL"),
        ({"unit_concept_id": 777}, "OMOP//CONCEPT//777"),
        ({}, None),
    ],
)
def test_the_unit_is_that_of_its_concept_else_the_records_own(tmp_path, more, unit):
    brought_in(tmp_path, cdm(measurement=[measured(CRP, 5, **more)]))
    (row,) = [row for row in rows_of(tmp_path / "out") if row["code"] == "LOINC//1988-5"]
    assert (row["numeric_value"], row["unit"]) == (5.0, unit)


def test_units_that_contradict_the_value_are_left_to_the_intake(tmp_path, catalogue):
    report = brought_in(tmp_path, cdm(measurement=[measured(CRP, 5, unit_concept_id=KG)]))
    assert report.units == {"LOINC//1988-5": {"kg": 1}}
    ((_, intake),) = histories(tmp_path / "out", catalogue.concepts)
    assert intake.reasons() == {"unit": 1}


def test_a_value_beyond_what_can_be_measured_is_the_limit_and_noted(tmp_path):
    report = brought_in(tmp_path, cdm(measurement=[measured(CRP, 0.3, operator_concept_id=4171756)]))
    assert told(tmp_path) == [("LOINC//1988-5", "2020-03-04 08:30:00", np.float32(0.3))]
    assert report.warnings == {"beyond": {"measurement": 1}}


@pytest.mark.parametrize(
    ("day", "clock", "time", "known"),
    [
        ("2020-03-04", "2020-03-04 08:30:00", "2020-03-04 08:30:00", None),
        ("2020-03-04", "2020-03-04T08:30", "2020-03-04 08:30:00", None),
        ("2020-03-04", "2020-03-04 00:00:00", "2020-03-04 00:00:00", "2020-03-05 00:00:00"),
        ("2020-03-04", "", "2020-03-04 00:00:00", "2020-03-05 00:00:00"),
        ("20200304", "", "2020-03-04 00:00:00", "2020-03-05 00:00:00"),
        ("", "2020-03-04 08:30:00", "2020-03-04 08:30:00", None),
        ("2020-03-04", "2020-03-05 01:30:00", "2020-03-04 00:00:00", "2020-03-05 00:00:00"),
        ("2020-03-04", "2020-03-04 08:30:00+02:00", "2020-03-04 00:00:00", "2020-03-05 00:00:00"),
        ("2020-03-04", "2020-03-04T08:30:00Z", "2020-03-04 00:00:00", "2020-03-05 00:00:00"),
    ],
)
def test_a_clock_counts_on_its_own_day_and_a_bare_day_is_known_when_it_is_over(
    tmp_path, day, clock, time, known
):
    brought_in(tmp_path, cdm(measurement=[measured(measurement_date=day, measurement_datetime=clock)]))
    (row,) = [row for row in rows_of(tmp_path / "out") if row["code"] == "LOINC//72514-3"]
    assert str(row["time"]) == time
    assert row["available_time"] is None if known is None else str(row["available_time"]) == known


def test_clocks_that_are_not_believed_are_noted(tmp_path):
    zoned = measured(measurement_datetime="2020-03-04T08:30:00Z")
    other = measured(measurement_datetime="2020-03-05 08:30:00", value=3)
    report = brought_in(tmp_path, cdm(measurement=[zoned, other]))
    assert report.warnings == {"zoned_time": {"measurement": 1}, "other_day": {"measurement": 1}}


def test_rows_that_cannot_be_placed_are_counted_by_reason(tmp_path):
    rows = [
        measured(),
        measured(at="2110-01-01 08:00:00"),
        measured(at="1890-01-01 08:00:00"),
        measured(at="1890-01-02 08:00:00"),
        measured(measurement_date="soon", measurement_datetime=""),
        measured(measurement_date="", measurement_datetime=""),
        measured(who=""),
        measured(who=99),
        measured(value="seven"),
        measured(at="294247-01-10 04:00:00", measurement_date=""),
        measured(),
    ]
    report = brought_in(tmp_path, cdm(measurement=rows))
    assert len(told(tmp_path)) == 1 and report.rows == 12 and report.events == 3
    assert report.rejected == {
        "impossible_time": {"measurement": 4},
        "no_subject": {"measurement": 1},
        "no_time": {"measurement": 1},
        "repeated": {"measurement": 1},
        "unknown_subject": {"measurement": 1},
        "unreadable_number": {"measurement": 1},
        "unreadable_time": {"measurement": 1},
    }


def test_a_site_may_believe_in_fewer_days(tmp_path):
    site = "[import.omop]\nfirst_day = 2020-01-01\nlast_day = 2020-12-31"
    days = [measured(at=day) for day in ("2019-12-31 08:00:00", "2020-12-31 08:00:00", "2021-01-01 08:00:00")]
    report = brought_in(tmp_path, cdm(measurement=days), site=site)
    assert report.rejected["impossible_time"] == {"measurement": 2, "person": 1}


def test_a_person_given_twice_counts_once(tmp_path):
    report = brought_in(tmp_path, cdm(person=[person(), person()], measurement=[measured()]))
    assert len(rows_of(tmp_path / "out")) == 3
    assert report.rejected == {"duplicate_row": {"person": 1}}


def test_of_a_person_who_contradicts_itself_only_the_rest_is_believed(tmp_path):
    people = [person(), person(sex=MALE), person(2), person(2, year_of_birth=1950)]
    report = brought_in(tmp_path, cdm(person=people, measurement=[measured()]))
    facts = [(row["subject_id"], row["code"]) for row in rows_of(tmp_path / "out")]
    assert facts == [(1, "MEDS_BIRTH"), (1, "LOINC//72514-3"), (2, "GENDER//F")]
    assert report.rejected == {"conflict": {"person": 4}}


@pytest.mark.parametrize("name", ["ab-12", "99999999999999999999"])
def test_identifiers_that_are_no_numbers_are_numbered_and_stay_outside(tmp_path, name):
    people = [person(name), person("7", FEMALE)]
    report = brought_in(tmp_path, cdm(person=people, measurement=[measured(who=name), measured(who="7")]))
    assert {row["subject_id"] for row in rows_of(tmp_path / "out")} == {1, 2}
    assert report.warnings == {"renumbered": {"person": 2}} and report.subjects == 2
    for path in (tmp_path / "out").rglob("*"):
        assert path.is_dir() or name.encode() not in path.read_bytes()


def test_words_of_the_record_stay_out_of_the_report_unless_several_subjects_share_them(tmp_path):
    people = [person(number) for number in range(1, 7)]
    common = [condition(0, 0, "lumbago") | {"person_id": number} for number in range(1, 6)]
    rare = condition(0, 0, "Mrs Smith phoned") | {"person_id": 6}
    values = [measured(CRP, 1, unit_source_value="said by Mr Jones")]
    report = brought_in(
        tmp_path, cdm(person=people, condition_occurrence=[*common, rare], measurement=values)
    )
    assert report.unmapped == {"OMOP//CONDITION_OCCURRENCE//lumbago": 5, "OMOP//CONDITION_OCCURRENCE//…": 1}
    assert report.units == {"LOINC//1988-5": {"OMOP//…": 1}}
    written = (tmp_path / "out" / "metadata" / "import.json").read_text(encoding="utf-8")
    assert "Smith" not in written and "Jones" not in written


def test_the_report_is_kept_with_the_data_and_names_versions_and_files(tmp_path):
    source = [
        {"cdm_source_name": "Clinic of Mr X", "cdm_version": "v5.3.1", "vocabulary_version": "v5.0 09-APR-22"}
    ]
    report = brought_in(tmp_path, cdm(cdm_source=source, measurement=[measured()]))
    assert reported(tmp_path / "out") == json.loads(json.dumps(report.to_plain()))
    assert report.about == {"cdm_version": "5.3.1", "vocabulary_version": "5.0 09-APR-22"}
    assert set(report.sources) == {"cdm_source.csv", "concept.csv", "measurement.csv", "person.csv"}
    assert report.tables == {"concept": 2, "measurement": 1, "person": 1}


def test_tables_of_nothing_but_headings_are_reported(tmp_path):
    write = cdm(measurement=[measured()], death=[])
    report = brought_in(tmp_path, write)
    assert report.tables["death"] == 0 and "death" not in report.missing


def test_the_site_file_is_kept_with_the_data(tmp_path):
    brought_in(tmp_path, cdm(measurement=[measured()]), site="[import.omop]\nvisits = true")
    assert "visits" in (tmp_path / "out" / "metadata" / "site.toml").read_text()


@pytest.mark.parametrize(
    ("site", "words"),
    [
        ("visit = true", "Did you mean 'visits'"),
        ('encoding = "klingon"', "no encoding 'klingon'"),
        ('memory = "lots"', "memory must be such as '1GB'"),
    ],
)
def test_a_site_that_says_something_without_meaning_is_refused(tmp_path, site, words):
    with pytest.raises(DefinitionError, match=words):
        brought_in(tmp_path, cdm(measurement=[measured()]), site=f"[import.omop]\n{site}")


def test_the_folder_is_valid_meds(tmp_path):
    brought_in(tmp_path, cdm(measurement=[measured(unit_source_value="{score}")]))
    for path in shards(tmp_path / "out"):
        meds.DataSchema.validate(pq.read_table(path))
    meds.CodeMetadataSchema.validate(pq.read_table(tmp_path / "out" / meds.code_metadata_filepath))
    about = json.loads((tmp_path / "out" / meds.dataset_metadata_filepath).read_text())
    meds.DatasetMetadataSchema.validate(about)


def test_subjects_stand_whole_in_shards_of_so_many(tmp_path, monkeypatch):
    monkeypatch.setattr(people, "SUBJECTS_PER_SHARD", 2)
    monkeypatch.setattr(writing, "SUBJECTS_PER_SHARD", 2)
    everybody = [person(number) for number in (5, 3, -1, 4, 1)]
    rows = [measured(value=value, who=who) for value in range(3) for who in (4, 1, -1, 3, 5)]
    report = brought_in(tmp_path, cdm(person=everybody, measurement=rows))
    held = [np.unique(read_shard(path).subject).tolist() for path in shards(tmp_path / "out")]
    assert held == [[-1, 1], [3, 4], [5]] and report.subjects == 5


def test_without_an_event_there_is_no_folder(tmp_path):
    tables = cdm(person=[person(sex=0, year_of_birth=1850)], measurement=[measured(at="1890-01-01 08:00:00")])
    with pytest.raises(
        RecordError, match=r"gave an event: the time lies before first_day or after last_day\."
    ):
        brought_in(tmp_path, tables)
    assert not (tmp_path / "out").exists()


def test_what_is_there_already_is_kept_unless_overwritten(tmp_path):
    brought_in(tmp_path, cdm(measurement=[measured()]))
    with pytest.raises(DefinitionError, match="already there"):
        brought_in(tmp_path, cdm(measurement=[measured()]))
    brought_in(tmp_path, cdm(measurement=[measured(value=9)]), overwrite=True)
    assert [value for _, _, value in told(tmp_path)] == [9.0]
