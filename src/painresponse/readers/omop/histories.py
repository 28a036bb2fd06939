"""Everything staged as one statement: every event of every subject, in order of subjects and time."""

# ruff: noqa: S608 -- every identifier is declared here or quoted; no value is ever put into a statement

from collections import Counter
from collections.abc import Collection, Sequence

import pyarrow as pa

from painresponse import schema
from painresponse.readers.account import Losses
from painresponse.readers.omop.meanings import Codes
from painresponse.readers.omop.staging import known_at
from painresponse.readers.omop.tables import DEATHS, DRUGS, Clinical
from painresponse.readers.omop.workshop import Database, hold, make

BATCH_ROWS = 2**18
_SAID = (
    "m.origin = t.origin AND m.concept = t.concept AND m.source_concept = t.source_concept "
    "AND m.words = t.words AND m.value_concept = t.value_concept AND m.valued = (t.value IS NOT NULL)"
)
_DRUG = "p.concept = t.concept AND p.source_concept = t.source_concept AND p.words = t.words"
_DOSE = (
    "CASE WHEN isnan(p.strength) THEN NULL WHEN p.is_rate THEN p.strength "
    "WHEN t.quantity > 0 AND t.days > 0 THEN p.strength * t.quantity / t.days END"
)
_COLUMNS = "subject, shard, instant, available, code, value, unit, origin"
_GATHERED = (
    "CREATE TABLE gathered (subject BIGINT, shard INTEGER, instant TIMESTAMP, available TIMESTAMP, "
    "code INTEGER, value DOUBLE, unit INTEGER, origin INTEGER)"
)
_SORTED = (
    f"SELECT subject, shard, coalesce(epoch_us(instant), CAST({schema.STATIC} AS BIGINT)) AS time, "
    f"coalesce(epoch_us(available), epoch_us(instant), CAST({schema.STATIC} AS BIGINT)) AS available, "
    "code, coalesce(value, CAST('nan' AS DOUBLE)) AS value, coalesce(unit, -1) AS unit, origin "
    "FROM gathered ORDER BY subject, time, code, value, unit, available"
)
_ENDED = "coalesce(t.ended, t.instant + to_microseconds(CAST(t.days * 86400000000 AS BIGINT)))"


def make_told(db: Database, tables: Sequence[Clinical], *, known: Collection[int]) -> None:
    """Make ``told``: the usable rows of all tables. Words count only where no ``known`` concept tells."""
    hold(db, "known", pa.table({"id": pa.array(list(known), pa.int64())}))
    rows = " UNION ALL ".join(
        f"SELECT {place} AS origin, subject, shard, instant, available, concept, source_concept, "
        "source_value, value_concept, value, unit_concept, unit, quantity, days, ended, prn, stop, "
        f"impossible_duration FROM staged_{table.name} WHERE fate = ''"
        for place, table in enumerate(tables)
    )
    make(
        db,
        "CREATE VIEW told AS SELECT * EXCLUDE (source_value, unit), "
        "CASE WHEN concept IN (SELECT id FROM known) OR source_concept IN (SELECT id FROM known) THEN '' "
        "ELSE source_value END AS words, "
        f"CASE WHEN unit_concept IN (SELECT id FROM known) THEN '' ELSE unit END AS unit_words FROM ({rows})",
    )


def rows_in_order(db: Database, tables: Sequence[Clinical], codes: Codes) -> pa.RecordBatchReader:
    """All events with their shard, sorted by subject, time, code, value, unit and when they were known.

    They are gathered first and sorted then: sorting while joining does not spill to disk well.
    """
    make(db, _GATHERED)
    for branch in (*_people(codes), *_deaths(tables, codes), *_events(tables), *_drugs(tables)):
        make(db, f"INSERT INTO gathered SELECT * FROM ({branch}) AS event ({_COLUMNS}) WHERE code >= 0")
    return db.sql(_SORTED).to_arrow_reader(BATCH_ROWS)


def lost_for_meaning(db: Database, tables: Sequence[Clinical]) -> Losses:
    """Rows that say nothing of what they are about, and deaths after the first."""
    lost: Losses = Counter()
    for origin, count in db.execute(
        f"SELECT t.origin, count(*) FROM told t JOIN meanings m ON {_SAID} WHERE m.code < 0 GROUP BY 1"
    ).fetchall():
        if tables[origin].coded:
            lost["no_code", tables[origin].name] = count
    for origin in _origins(tables, DEATHS):
        statement = f"SELECT count(*) - count(DISTINCT subject) FROM told WHERE origin = {origin}"
        ((lost["repeated", DEATHS.name],),) = db.execute(statement).fetchall()
    return lost


def _origins(tables: Sequence[Clinical], table: Clinical) -> list[int]:
    return [place for place, one in enumerate(tables) if one == table]


def _people(codes: Codes) -> tuple[str, ...]:
    sexes = " ".join(f"WHEN '{sex}' THEN {codes.number(f'GENDER//{sex}')}" for sex in "FM")
    return (
        f"SELECT subject, shard, birth, birth, {codes.number(schema.BIRTH)}, NULL, -1, -1 "
        "FROM people WHERE birth IS NOT NULL",
        f"SELECT subject, shard, NULL, NULL, CASE sex {sexes} END, NULL, -1, -1 "
        "FROM people WHERE sex IS NOT NULL",
    )


def _deaths(tables: Sequence[Clinical], codes: Codes) -> tuple[str, ...]:
    return tuple(
        "SELECT subject, min(shard), min(instant), arg_min(available, instant), "
        f"{codes.number(schema.DEATH)}, NULL, -1, {origin} FROM told WHERE origin = {origin} GROUP BY subject"
        for origin in _origins(tables, DEATHS)
    )


def _events(tables: Sequence[Clinical]) -> tuple[str, ...]:
    plain = ", ".join(str(place) for place, one in enumerate(tables) if one not in (DRUGS, DEATHS))
    return (
        "SELECT t.subject, t.shard, t.instant, t.available, m.code, t.value, u.unit, t.origin "
        f"FROM told t JOIN meanings m ON {_SAID} LEFT JOIN units u ON u.unit_concept = t.unit_concept "
        f"AND u.unit_words = t.unit_words AND t.value IS NOT NULL WHERE t.origin IN ({plain or '-1'})",
    )


def _drugs(tables: Sequence[Clinical]) -> tuple[str, ...]:
    """Begins, how long they last, and stops. How long an interval was is known only when it is over."""
    over = f"CASE WHEN t.days IS NULL THEN {known_at('t.ended')} ELSE t.available END"
    lasted = "coalesce(t.days, greatest(1, date_diff('day', t.instant, t.ended)))"
    stops = " ".join(f"WHEN {number} THEN p.stop_{number}" for number in (1, 2, 3, 4))
    return tuple(
        f"SELECT t.subject, t.shard, {what}, t.origin FROM told t JOIN parts p ON {_DRUG} "
        f"WHERE t.origin = {origin} AND {when}"
        for origin in _origins(tables, DRUGS)
        for what, when in (
            (
                f"t.instant, t.available, CASE WHEN t.prn THEN p.as_needed ELSE p.begins END, {_DOSE}, "
                f"CASE WHEN ({_DOSE}) IS NOT NULL THEN p.unit END",
                "true",
            ),
            (
                f"t.instant, {over}, p.lasts, {lasted}, NULL",
                "(t.days IS NOT NULL OR (t.ended IS NOT NULL AND NOT t.impossible_duration))",
            ),
            (
                f"{_ENDED}, {known_at(_ENDED)}, CASE t.stop {stops} END, NULL, NULL",
                f"t.stop > 0 AND {_ENDED} IS NOT NULL",
            ),
        )
    )
