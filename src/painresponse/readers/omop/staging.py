"""Clinical tables into the workshop: every row with its subject, its time, and why it cannot be used."""

# ruff: noqa: S608 -- every identifier is declared here or quoted; no value is ever put into a statement

import re
from collections import Counter
from collections.abc import Sequence

from painresponse.readers.account import Losses
from painresponse.readers.omop.cells import Cells
from painresponse.readers.omop.choices import OmopChoices
from painresponse.readers.omop.people import key
from painresponse.readers.omop.source import RAW
from painresponse.readers.omop.tables import DRUGS, Clinical
from painresponse.readers.omop.workshop import Database, literal, make

BEYOND = (4171754, 4171755, 4171756, 4172704)
"""The operator concepts <=, >=, < and >."""

LONGEST_DAYS = 36525
"""A supply for longer than a hundred years is a mistake."""

_NOTES = ("zoned_time", "other_day", "beyond", "impossible_duration", "undated_stop", "unknown_stop")


def stage(db: Database, table: Clinical, choices: OmopChoices) -> tuple[Losses, Losses]:
    """Make ``staged_<table>`` of the raw table; says what was lost, and warnings.

    A datetime counts where it has a clock and lies on the day of its date, else the date alone: then the
    event is known when the day is over.
    """
    cells, roles = Cells.of(db), table.columns()
    extra = _supply(cells, choices) if table is DRUGS else _NOTHING
    make(
        db,
        f"CREATE TABLE staged_{table.name} AS "
        f"SELECT *, CASE WHEN fate = '' THEN {known_at('instant')} END AS available FROM ("
        f"SELECT *, {_fate(choices)} AS fate FROM ("
        f"SELECT subject, shard, person, {_cells(cells, roles)}, {extra}, "
        f"{_at('day', 'clock')} AS instant, {_time_notes()} FROM ("
        f"SELECT {RAW}.*, people.subject, people.shard, {cells.text('person_id')} <> '' AS person, "
        f"{_moment(cells, roles['day'], roles['clock'])} "
        f"FROM {RAW} LEFT JOIN people ON people.key = {key(db)}) AS {RAW}))",
    )
    losses = db.execute(
        f"SELECT fate, count(*) FROM staged_{table.name} WHERE fate <> '' GROUP BY 1"
    ).fetchall()
    sums = ", ".join(f"count(*) FILTER ({note})" for note in _NOTES)
    (counts,) = db.execute(f"SELECT {sums} FROM staged_{table.name} WHERE fate = ''").fetchall()
    return (
        Counter({(fate, table.name): n for fate, n in losses}),
        Counter({(note, table.name): n for note, n in zip(_NOTES, counts, strict=True)}),
    )


_NOTHING = (
    "NULL::DOUBLE AS quantity, NULL::DOUBLE AS days, NULL::TIMESTAMP AS ended, false AS prn, 0 AS stop, "
    "false AS impossible_duration, false AS undated_stop, false AS unknown_stop"
)


def _cells(cells: Cells, roles: dict[str, str]) -> str:
    """What the row is about, and its value."""
    beyond = ", ".join(map(str, BEYOND))
    value = roles.get("value", "")
    concepts = [
        f"{cells.whole(roles.get(role, ''))} AS {role}"
        for role in ("concept", "source_concept", "value_concept", "unit_concept")
    ]
    return ", ".join(
        (
            *concepts,
            f"{cells.text(roles['source_value'])} AS source_value",
            f"{cells.number(value)} AS value",
            f"{cells.is_no_number(value)} AS no_number",
            f"{cells.text(roles.get('unit', ''))} AS unit",
            f"{cells.whole(roles.get('operator', ''))} IN ({beyond}) "
            f"AND {cells.number(value)} IS NOT NULL AS beyond",
        )
    )


def _moment(cells: Cells, day: str, clock: str) -> str:
    undated = f"({cells.raw(day)} IS NULL AND {cells.raw(clock)} IS NULL)"
    return (
        f"{cells.day(day)} AS day, {cells.clock(clock)} AS clock, {cells.zoned(clock)} AS zoned_time, "
        f"{undated} AS undated"
    )


def _at(day: str, clock: str) -> str:
    on_its_day = f"({day} IS NULL OR CAST({clock} AS DATE) = {day})"
    return f"CASE WHEN {clock} IS NOT NULL AND {on_its_day} THEN {clock} ELSE CAST({day} AS TIMESTAMP) END"


def _time_notes() -> str:
    return "coalesce(CAST(clock AS DATE) <> day, false) AS other_day, zoned_time, undated"


def known_at(at: str) -> str:
    """When what happened at an instant was known: a day without a clock is over at midnight."""
    return f"CASE WHEN {at} = date_trunc('day', {at}) THEN {at} + INTERVAL 1 DAY ELSE {at} END"


def _fate(choices: OmopChoices) -> str:
    outside = f"instant < DATE '{choices.first_day}' OR instant >= DATE '{choices.last_day}' + 1"
    return (
        "CASE WHEN NOT person THEN 'no_subject' WHEN subject IS NULL THEN 'unknown_subject' "
        "WHEN undated THEN 'no_time' WHEN instant IS NULL THEN 'unreadable_time' "
        f"WHEN {outside} THEN 'impossible_time' WHEN no_number THEN 'unreadable_number' ELSE '' END"
    )


def _supply(cells: Cells, choices: OmopChoices) -> str:
    """How much for how long, when it ended and why. A supply that ends before it begins is none.

    An end after ``last_day`` (2099-12-31 and 9999-12-31 are common) means that nobody knows of an end.
    """
    roles, start = DRUGS.columns(), _at("day", "clock")
    end = _at(cells.day(roles["end_day"]), cells.clock(roles["end_clock"]))
    days, reason = cells.number(roles["days"]), cells.text(roles["stop_reason"])
    backwards = f"coalesce(CAST({end} AS DATE) < CAST({start} AS DATE), false)"
    wrong = f"({backwards} OR coalesce({days} < 0 OR {days} > {LONGEST_DAYS}, false))"
    supply = f"CASE WHEN {days} > 0 AND NOT {wrong} THEN {days} END"
    is_end = f"NOT {backwards} AND {end} < DATE '{choices.last_day}' + 1"
    ended = f"CASE WHEN {is_end} THEN greatest({end}, {start}) END"
    stop = _stop(reason, choices)
    return (
        f"{cells.number(roles['quantity'])} AS quantity, {supply} AS days, {ended} AS ended, "
        f"{_says(cells.text(roles['sig']), choices.as_needed)} AS prn, {stop} AS stop, "
        f"{wrong} AS impossible_duration, {stop} = 1 AS unknown_stop, "
        f"({stop} > 0 AND ({ended}) IS NULL AND ({supply}) IS NULL) AS undated_stop"
    )


def _stop(reason: str, choices: OmopChoices) -> str:
    lists = (choices.inefficacy, choices.adverse_effect, choices.other)
    told = " ".join(f"WHEN {_says(reason, words)} THEN {place}" for place, words in enumerate(lists, start=2))
    return f"CASE WHEN {reason} = '' THEN 0 {told} ELSE 1 END"


def _says(text: str, words: Sequence[str]) -> str:
    """Whether one of the words begins a word of the text."""
    if not words:
        return "false"
    pattern = "|".join(re.escape(word.lower()) for word in words)
    return f"regexp_matches(lower({text}), {literal(rf'(^|[^a-z])({pattern})')})"
