"""OMOP into MEDS: a million rows and more of CSV and Parquet; seconds and peak memory of the whole import."""

import tempfile
from pathlib import Path

import duckdb

from benchmarks.processes import painresponse

MILLION = 1_000_000
SHARES = {
    "measurement": 0.68,
    "condition_occurrence": 0.15,
    "drug_exposure": 0.12,
    "procedure_occurrence": 0.05,
}
VOCABULARY = """
    SELECT 1000 + n AS concept_id, 'a measurement' AS concept_name, 'LOINC' AS vocabulary_id,
        (10000 + n)::VARCHAR || '-1' AS concept_code FROM range(400) AS t(n)
    UNION ALL SELECT 2000 + n, 'a condition', 'SNOMED', (100000 + n)::VARCHAR FROM range(2000) AS t(n)
    UNION ALL SELECT 5000 + n,
        CASE n % 3 WHEN 0 THEN 'oxycodone hydrochloride ' || (n + 1) || ' MG Oral Tablet'
        WHEN 1 THEN 'acetaminophen 325 MG / hydrocodone bitartrate ' || (n + 1) || ' MG Oral Tablet'
        ELSE 'lisinopril ' || (n + 1) || ' MG Oral Tablet' END, 'RxNorm', (900000 + n)::VARCHAR
    FROM range(300) AS t(n)
    UNION ALL SELECT 6000 + n, 'a procedure', 'CPT4', (64000 + n)::VARCHAR FROM range(500) AS t(n)
    UNION ALL SELECT 9, 'milligram per liter', 'UCUM', 'mg/L'
"""
WHEN = "TIMESTAMP '2015-01-01' + to_minutes((random() * 5000000)::BIGINT)"
TABLES = {
    "measurement": f"""
        SELECT n AS measurement_id, {{person}} AS person_id,
            1000 + (random() * 399)::INT AS measurement_concept_id,
            moment::DATE AS measurement_date, moment AS measurement_datetime, 0 AS operator_concept_id,
            round(random() * 100, 2) AS value_as_number, 0 AS value_as_concept_id, 9 AS unit_concept_id,
            'mg/L' AS unit_source_value, 'lab ' || n % 1000 AS measurement_source_value,
            0 AS measurement_source_concept_id
        FROM (SELECT n, {WHEN} AS moment FROM range({{rows}}) AS t(n))""",
    "condition_occurrence": f"""
        SELECT n AS condition_occurrence_id, {{person}} AS person_id,
            2000 + (random() * 1999)::INT AS condition_concept_id, ({WHEN})::DATE AS condition_start_date,
            0 AS condition_source_concept_id, 'icd ' || n % 3000 AS condition_source_value
        FROM range({{rows}}) AS t(n)""",
    "drug_exposure": f"""
        SELECT n AS drug_exposure_id, {{person}} AS person_id,
            5000 + (random() * 299)::INT AS drug_concept_id,
            moment::DATE AS drug_exposure_start_date, moment::DATE + 30 AS drug_exposure_end_date,
            60 AS quantity, 30 AS days_supply, CASE WHEN n % 4 = 0 THEN '1 tab prn' END AS sig,
            CASE WHEN n % 9 = 0 THEN 'not effective' END AS stop_reason,
            'ndc ' || n % 3000 AS drug_source_value
        FROM (SELECT n, {WHEN} AS moment FROM range({{rows}}) AS t(n))""",
    "procedure_occurrence": f"""
        SELECT n AS procedure_occurrence_id, {{person}} AS person_id,
            6000 + (random() * 499)::INT AS procedure_concept_id, ({WHEN})::DATE AS procedure_date
        FROM range({{rows}}) AS t(n)""",
}


def main() -> None:
    """Print the table."""
    print(f"{'':10}{'rows':>12}{'seconds':>9}{'rows a second':>15}{'peak MB':>9}{'files MB':>10}")
    for form, millions in (("csv", 1), ("parquet", 1), ("csv", 4), ("csv", 10)):
        rows = millions * MILLION
        with tempfile.TemporaryDirectory() as room:
            folder = Path(room)
            _write(folder / "cdm", rows, form)
            size = sum(path.stat().st_size for path in (folder / "cdm").iterdir()) / 1e6
            cost = painresponse(["import", "omop", folder / "cdm", "--out", folder / "out", "--json"])
            speed = rows / cost.wall
            print(f"{form:10}{rows:12,}{cost.wall:9.1f}{speed:15,.0f}{cost.peak:9.0f}{size:10.0f}")


def _write(folder: Path, rows: int, form: str) -> None:
    folder.mkdir()
    persons = rows // 100
    options = "FORMAT PARQUET" if form == "parquet" else "FORMAT CSV, HEADER"
    person = (
        "SELECT n + 1 AS person_id, 8507 + 25 * (n % 2) AS gender_concept_id, "
        f"1930 + n % 70 AS year_of_birth, 1 + n % 12 AS month_of_birth, "
        f"1 + n % 28 AS day_of_birth FROM range({persons}) AS t(n)"
    )
    whose = f"1 + (random() * {persons - 1})::BIGINT"
    held = {
        name: statement.format(person=whose, rows=int(rows * SHARES[name]))
        for name, statement in TABLES.items()
    }
    with duckdb.connect() as db:
        db.execute("SELECT setseed(0.5)").fetchall()
        for name, statement in {"person": person, "concept": VOCABULARY, **held}.items():
            db.execute(f"COPY ({statement}) TO '{folder / name}.{form}' ({options})").fetchall()


if __name__ == "__main__":
    main()
