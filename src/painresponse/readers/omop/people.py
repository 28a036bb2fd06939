"""The persons of a CDM: who they are to us, when they were born, which sex the record gives them."""

# ruff: noqa: S608 -- every identifier is declared here or quoted; no value is ever put into a statement

from collections import Counter

from painresponse.errors import RecordError
from painresponse.readers.account import Losses
from painresponse.readers.omop.cells import Cells
from painresponse.readers.omop.choices import OmopChoices
from painresponse.readers.omop.source import RAW
from painresponse.readers.omop.workshop import Database, make
from painresponse.readers.writing import SUBJECTS_PER_SHARD

MALE, FEMALE = 8507, 8532
_WHOLE = "'^-?[0-9]{1,19}([.]0+)?$'"


def stage_people(db: Database, choices: OmopChoices) -> tuple[Losses, Losses]:
    """Make ``people`` of the raw table: key, subject, shard, birth, sex. Says what was lost, and warnings.

    The key is the number itself, or text where some person_id is no int64; then subjects are numbered by it.
    A person given twice counts once; where two rows disagree on birth or sex neither is believed. Without
    month or day, birth is put in the middle of what is known. Raises RecordError when there is nobody.
    """
    cells = Cells.of(db)
    person = cells.text("person_id")
    ((given, whole),) = db.execute(
        f"SELECT count(*) FILTER (person <> ''), coalesce(bool_and({_is_whole('person')}), true) "
        f"FROM (SELECT {person} AS person FROM {RAW}) WHERE person <> ''"
    ).fetchall()
    if not given:
        raise RecordError("The table PERSON holds nobody, so that there are no histories to import.")
    make(db, f"CREATE TABLE births AS {_births(cells, choices, whole=whole)}")
    make(db, _PEOPLE.format(subject="key" if whole else "row_number() OVER (ORDER BY key)"))
    ((count,),) = db.execute("SELECT count(*) FROM people").fetchall()
    return _lost(db), Counter() if whole else Counter({("renumbered", "person"): count})


def key(db: Database, column: str = "person_id") -> str:
    """The expression by which rows of the raw table find their person."""
    kind = {name: kind for name, kind, *_ in db.execute("DESCRIBE people").fetchall()}["key"]
    cells = Cells.of(db)
    return f"TRY_CAST({cells.raw(column)} AS BIGINT)" if kind == "BIGINT" else cells.text(column)


def _is_whole(text: str) -> str:
    return f"regexp_matches({text}, {_WHOLE}) AND TRY_CAST({text} AS BIGINT) IS NOT NULL"


def _births(cells: Cells, choices: OmopChoices, *, whole: bool) -> str:
    """One row for each of the table: key, birth, what speaks against it, sex."""
    year, month, day = (cells.whole(f"{part}_of_birth") for part in ("year", "month", "day"))
    middle = f"CASE WHEN {month} = 0 THEN 1 WHEN {day} = 0 THEN 15 ELSE {day} END"
    built = (
        f"TRY_CAST(format('{{:04d}}-{{:02d}}-{{:02d}}', {year}, "
        f"CASE WHEN {month} = 0 THEN 7 ELSE {month} END, {middle}) AS TIMESTAMP)"
    )
    sex = (
        f"CASE WHEN {cells.whole('gender_concept_id')} = {MALE} THEN 'M' "
        f"WHEN {cells.whole('gender_concept_id')} = {FEMALE} THEN 'F' "
        f"WHEN upper({cells.text('gender_source_value')}) IN ('M', 'MALE') THEN 'M' "
        f"WHEN upper({cells.text('gender_source_value')}) IN ('F', 'FEMALE') THEN 'F' END"
    )
    person = cells.text("person_id")
    believed = f"birth >= DATE '{choices.first_day}' AND birth < DATE '{choices.last_day}' + 1"
    return (
        f"SELECT key, CASE WHEN {believed} THEN birth END AS birth, NOT ({believed}) AS impossible, "
        f"sex, said FROM (SELECT {f'TRY_CAST({person} AS BIGINT)' if whole else person} AS key, "
        f"coalesce({cells.clock('birth_datetime')}, {built}) AS birth, {sex} AS sex, "
        f"{person} <> '' AS said FROM {RAW})"
    )


_PEOPLE = f"""
    CREATE TABLE people AS
    SELECT key, {{subject}} AS subject,
        (row_number() OVER (ORDER BY key) - 1) // {SUBJECTS_PER_SHARD} AS shard, given,
        CASE WHEN births = 1 THEN birth END AS birth, CASE WHEN sexes = 1 THEN sex END AS sex, births, sexes
    FROM (
        SELECT key, count(*) AS given, min(birth) AS birth, min(sex) AS sex,
            count(DISTINCT birth) AS births, count(DISTINCT sex) AS sexes
        FROM births WHERE said GROUP BY key
    )
"""
_LOST = """
    SELECT
        (SELECT count(*) FROM births WHERE NOT said),
        (SELECT count(*) FROM births WHERE said AND impossible),
        (SELECT coalesce(sum(given), 0) FROM people WHERE births > 1 OR sexes > 1),
        (SELECT coalesce(sum(given - 1), 0) FROM people WHERE births <= 1 AND sexes <= 1)
"""


def _lost(db: Database) -> Losses:
    reasons = ("no_subject", "impossible_time", "conflict", "duplicate_row")
    (counts,) = db.execute(_LOST).fetchall()
    return Counter({(reason, "person"): int(n) for reason, n in zip(reasons, counts, strict=True) if n})
