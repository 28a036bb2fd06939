"""The rTMS registry: real rows, Spanish headings and all their traps, without Python written for them.

The rows are not shipped; the figures are counted again here with nothing but the csv module.
"""

import csv
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from painresponse.clinic import load_catalogue
from painresponse.readers import histories, read_shard, shards
from painresponse.readers.tables import import_csv
from painresponse.schema import MICROSECONDS_PER_DAY as DAY
from tests.readers.clinic import born

ROOT = Path(__file__).parents[2]
SITE = ROOT / "configs" / "examples" / "rtms.toml"
REGISTRY = ROOT.parent / "shared" / "data" / "rtms_registry" / "rtms_visits.csv"

WHO, WHEN, VISIT = "Número de Historia Clínica (IP Paciente)", "Marca temporal", "Número de sesión"
CENTRE, SEX, AGE, FIQ = "Centro Médico", "Sexo", "Edad", "FIQ_TOTAL"
PAIN = "¿Hasta qué punto ha sentido dolor?"

pytestmark = pytest.mark.skipif(not REGISTRY.is_file(), reason=f"the registry is not at {REGISTRY}")


def instant(text: str) -> datetime:
    return datetime.strptime(text, "%m/%d/%Y %H:%M:%S" if text.count(":") == 2 else "%m/%d/%Y %H:%M")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    """Every row once, as the csv module reads it."""
    with REGISTRY.open(encoding="cp1252", newline="") as file:
        given = list(csv.DictReader(file, delimiter=";"))
    return [dict(row) for row in dict.fromkeys(tuple(row.items()) for row in given)]


@pytest.fixture(scope="module")
def brought(tmp_path_factory):
    """The folder and the report."""
    out = tmp_path_factory.mktemp("registry") / "rtms"
    return out, import_csv(REGISTRY, out, catalogue=load_catalogue(SITE), site=SITE)


@pytest.fixture(scope="module")
def events(brought):
    """All events by code: (subject, microseconds, value)."""
    (path,) = shards(brought[0])
    raw, found = read_shard(path), defaultdict(list)
    for subject, time, code, value in zip(raw.subject, raw.time, raw.code, raw.value, strict=True):
        found[raw.codes[code]].append((int(subject), int(time), float(value)))
    return found


def by_subject(rows):
    grouped = defaultdict(list)
    for row in rows:
        grouped[row[WHO]].append(row)
    return grouped


def microseconds(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1)).total_seconds()) * 1_000_000


def test_the_month_stands_first_for_only_so_the_rows_are_in_order_of_time(rows):
    assert [instant(row[WHEN]) for row in rows] == sorted(instant(row[WHEN]) for row in rows)


def test_every_row_and_subject_is_accounted_for(brought, rows):
    _, report = brought
    assert (report.rows, report.subjects, report.events) == (2279, 1063, 36939)
    assert report.rows - report.rejected["duplicate_row"]["*.csv"] == len(rows)
    assert report.subjects == len(by_subject(rows)) and report.unmapped == {}


def test_every_pain_and_impact_score_is_an_event_at_the_time_of_its_visit(events, rows):
    number = {who: place for place, who in enumerate(dict.fromkeys(row[WHO] for row in rows), 1)}
    during = {"Fase intermedia": "_during_course"}
    for column, concept in ((PAIN, "PR//pain"), (FIQ, "PR//fiq")):
        expected = defaultdict(set)
        for row in rows:
            if row[column] != "#¡DIV/0!":
                value = float(np.float32(row[column].replace(",", ".")))
                time = microseconds(instant(row[WHEN]))
                expected[concept + during.get(row[VISIT], "")].add((number[row[WHO]], time, value))
        for code, told in expected.items():
            assert sorted(events[code]) == sorted(told)


def test_a_course_begins_an_hour_after_the_questionnaires_of_its_first_session(events, rows):
    first = [microseconds(instant(row[WHEN])) + DAY // 24 for row in rows if row[VISIT] == "Primera sesión"]
    assert sorted(time for _, time, _ in events["PR//rtms_first_session"]) == sorted(first)
    pains = {(subject, time) for subject, time, _ in events["PR//pain"]}
    assert all((subject, time - DAY // 24) in pains for subject, time, _ in events["PR//rtms_first_session"])


def test_tokens_of_the_spreadsheet_are_empty_cells(brought, rows):
    broken = sum(row[FIQ] == "#¡DIV/0!" for row in rows)
    assert brought[1].empty == {"FIQ_TOTAL": broken, "DIMENSION1_FIQ": broken}


def test_contradictory_sex_is_rejected_and_the_others_have_one(brought, events, rows):
    said = {who: {row[SEX] for row in visits} for who, visits in by_subject(rows).items()}
    doubtful = {who for who, sexes in said.items() if len(sexes) > 1}
    assert brought[1].rejected["conflict"]["Sexo"] == sum(row[WHO] in doubtful for row in rows) == 21
    assert len(events["GENDER//F"]) == sum(sexes == {"Mujer"} for sexes in said.values())
    assert len(events["GENDER//M"]) == sum(sexes == {"Hombre"} for sexes in said.values())


def test_patients_seen_in_two_centres_are_kept_and_counted(brought, events, rows):
    centres = {who: {row[CENTRE] for row in visits} for who, visits in by_subject(rows).items()}
    assert brought[1].warnings == {"conflict": {"Centro Médico": sum(len(c) > 1 for c in centres.values())}}
    assert len(events["PR//site"]) == len({(row[WHO], row[WHEN], row[CENTRE]) for row in rows})


def test_impossible_and_contradictory_ages_give_no_birth(brought, events, rows):
    births, contradicted = [], 0
    for visits in by_subject(rows).values():
        possible = [row for row in visits if int(row[AGE]) <= 110]
        years = [instant(row[WHEN]).timestamp() / 86400 / 365.25 - int(row[AGE]) for row in possible]
        if years and max(years) - min(years) > 2:
            contradicted += len(possible)
        elif possible:
            births.append(microseconds(born(instant(possible[0][WHEN]), int(possible[0][AGE]))))
    assert sorted(time for _, time, _ in events["MEDS_BIRTH"]) == sorted(births)
    assert brought[1].rejected["impossible_value"] == {"Edad": sum(int(row[AGE]) > 110 for row in rows)}
    assert brought[1].rejected["conflict"]["Edad"] == contradicted


def test_no_identifier_stands_in_the_folder(brought):
    for path in brought[0].rglob("*"):
        assert path.is_dir() or b"PATIENT_" not in path.read_bytes()


def test_the_folder_knows_its_own_configuration_and_is_read_without_a_loss(brought):
    catalogue = load_catalogue(data=brought[0])
    assert list(catalogue.targets) == ["rtms_pain_30", "rtms_fiq_30"]
    ((_, intake),) = histories(brought[0], catalogue.concepts)
    assert intake.kept == intake.given == brought[1].events and intake.unmapped == {}


def test_features_are_only_of_what_the_registry_measures(brought):
    names = load_catalogue(data=brought[0]).features.names
    assert {"fiq_last", "pain_last_90d", "age", "female", "wpi_last"} <= set(names)
    assert not [name for name in names if "cortisol" in name or "opioid" in name or "odi" in name]
