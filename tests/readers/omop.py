"""A small OMOP CDM: rows as dictionaries, laid down as files, brought in, and read back as events."""

import csv
import json
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from painresponse.clinic import load_catalogue
from painresponse.readers.account import ImportReport
from painresponse.readers.omop import import_omop

Tables = dict[str, list[dict]]

MALE, FEMALE = 8507, 8532
PAIN, CRP, BACK_PAIN, M545, BLOCK, YES, KG, MG_L, STRANGE = 1, 2, 3, 4, 5, 6, 7, 8, 9
OXYCODONE, PERCOCET, PATCH, ASPIRIN, INJECTION, GABAPENTIN = 21, 22, 23, 24, 25, 26
INGREDIENT, MG, HOUR = 31, 32, 33

CONCEPT = [
    {"concept_id": one, "concept_name": name, "vocabulary_id": system, "concept_code": code}
    for one, name, system, code in (
        (PAIN, "Pain severity - 0-10 verbal numeric rating", "LOINC", "72514-3"),
        (CRP, "C reactive protein", "LOINC", "1988-5"),
        (BACK_PAIN, "Low back pain", "SNOMED", "279039007"),
        (M545, "Low back pain", "ICD10CM", "M54.5"),
        (BLOCK, "Injection, facet joint", "CPT4", "64493"),
        (YES, "Yes", "LOINC", "LA33-6"),
        (KG, "kilogram", "UCUM", "kg"),
        (MG_L, "milligram per liter", "UCUM", "mg/L"),
        (STRANGE, "of no interest", "SNOMED", "1234"),
        (OXYCODONE, "oxycodone hydrochloride 10 MG Oral Tablet", "RxNorm", "1049611"),
        (PERCOCET, "acetaminophen 325 MG / oxycodone hydrochloride 5 MG Oral Tablet", "RxNorm", "1049640"),
        (PATCH, "72 HR fentanyl 0.025 MG/HR Transdermal System", "RxNorm", "245134"),
        (ASPIRIN, "clopidogrel 75 MG Oral Tablet", "RxNorm", "309362"),
        (INJECTION, "2 ML fentanyl 0.05 MG/ML Injection", "RxNorm", "1735003"),
        (GABAPENTIN, "Neuraxol forte", "RxNorm", "310430"),
        (INGREDIENT, "gabapentin", "RxNorm", "25480"),
        (MG, "milligram", "UCUM", "mg"),
        (HOUR, "hour", "UCUM", "h"),
    )
]  # fmt: skip


def person(number: object = 1, sex: int = FEMALE, **more) -> dict:
    """A person born on 1970-05-06."""
    born = {"year_of_birth": 1970, "month_of_birth": 5, "day_of_birth": 6}
    return {"person_id": number, "gender_concept_id": sex, **born, **more}


def measured(
    concept: int = PAIN, value: object = 7, *, who: object = 1, at: str = "2020-03-04 08:30:00", **more
):
    """A measurement."""
    when = {"measurement_date": at[:10], "measurement_datetime": at}
    return {"person_id": who, "measurement_concept_id": concept, "value_as_number": value, **when, **more}


def prescribed(concept: int, *, who: object = 1, on: str = "2020-03-04", until: str = "", **more) -> dict:
    """A drug exposure."""
    when = {"drug_exposure_start_date": on, "drug_exposure_end_date": until}
    return {"person_id": who, "drug_concept_id": concept, **when, **more}


def cdm(**tables: list[dict]) -> Tables:
    """A CDM of one woman and the concepts above, with these tables."""
    return {"person": [person()], "concept": CONCEPT, **tables}


def write_csv(
    folder: Path, tables: Tables, *, suffix: str = ".csv", delimiter: str = ",", encoding: str = "utf-8"
):
    """One file a table."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        with (folder / f"{name}{suffix}").open("w", encoding=encoding, newline="") as file:
            out = csv.DictWriter(file, columns(rows), delimiter=delimiter, restval="")
            out.writeheader()
            out.writerows(rows)


def columns(rows: list[dict]) -> list[str]:
    """Every column any of the rows has."""
    return list(dict.fromkeys(name for row in rows for name in row)) or ["person_id"]


def typed(rows: list[dict]) -> pa.Table:
    """As a database would hold it: whole numbers, numbers, dates, instants, text."""
    return pa.table({name: _column(name, [row.get(name) for row in rows]) for name in columns(rows)})


def _column(name: str, cells: list) -> pa.Array:
    cells = [None if cell == "" else cell for cell in cells]
    if name.endswith("_datetime"):
        return pa.array([cell and datetime.fromisoformat(cell) for cell in cells], pa.timestamp("us"))
    if name.endswith("_date"):
        return pa.array([cell and datetime.fromisoformat(cell).date() for cell in cells], pa.date32())
    if name.endswith("_id") and name != "vocabulary_id":
        return pa.array(cells, pa.int64())
    if name in ("value_as_number", "quantity", "amount_value", "numerator_value", "denominator_value"):
        return pa.array(cells, pa.float64())
    if name in ("days_supply", "year_of_birth", "month_of_birth", "day_of_birth"):
        return pa.array(cells, pa.int32())
    return pa.array([cell if cell is None else str(cell) for cell in cells], pa.string())


def write_parquet(folder: Path, tables: Tables) -> None:
    """One file a table."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        pq.write_table(typed(rows), folder / f"{name}.parquet")


def brought_in(room: Path, tables: Tables, *, site: str = "", **more) -> ImportReport:
    """Write CSV to ``room/cdm`` and import it to ``room/out``."""
    write_csv(room / "cdm", tables)
    return imported(room / "cdm", room / "out", site=site, **more)


def imported(source: Path | str, out: Path, *, site: str = "", **more) -> ImportReport:
    """Import under a site configuration written beside ``out``."""
    own = None
    if site:
        own = out.parent / "site.toml"
        own.write_text(site, encoding="utf-8")
    return import_omop(source, out, catalogue=load_catalogue(own), site=own, **more)


def rows_of(out: Path) -> list[dict]:
    """Every row of a MEDS folder in order."""
    paths = sorted((out / "data").iterdir(), key=lambda path: int(path.stem))
    return [row for path in paths for row in pq.read_table(path).to_pylist()]


def told(room: Path, *wanted: str) -> list[tuple]:
    """Code, time and value of the events of ``room/out`` that are no birth and no sex."""
    return [
        (row["code"], str(row["time"]), row["numeric_value"])
        for row in rows_of(room / "out")
        if not row["code"].startswith(("MEDS_BIRTH", "GENDER"))
        and (not wanted or row["code"].startswith(wanted))
    ]


def reported(out: Path) -> dict:
    """The report kept with the data."""
    return json.loads((out / "metadata" / "import.json").read_text(encoding="utf-8"))
