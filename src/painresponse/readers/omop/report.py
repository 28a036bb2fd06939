"""The account of an OMOP import: counts only, and no word of the record that few share."""

# ruff: noqa: S608 -- every identifier is declared here or quoted; no value is ever put into a statement

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from painresponse.readers.account import REASONS, ImportReport, Losses, by_reason
from painresponse.readers.omop.events import Tally
from painresponse.readers.omop.histories import lost_for_meaning
from painresponse.readers.omop.source import RAW, Source
from painresponse.readers.omop.tables import LOOKED_AT, SOURCE, Clinical
from painresponse.readers.omop.workshop import Database
from painresponse.records.coding import Measures


@dataclass(frozen=True)
class Staged:
    """The tables of events that are there, the rows of each table, and what was lost or doubtful in them."""

    tables: tuple[Clinical, ...]
    rows: dict[str, int]
    losses: Losses
    warnings: Losses


def report(
    db: Database, cdm: Source, *, staged: Staged, of_vocabulary: dict[str, int], tally: Tally, known: Measures
) -> ImportReport:
    """What became of every row."""
    names = [*(table.name for table in staged.tables), "person"]  # the last one is the origin -1
    repeated = Counter({("repeated", names[origin]): count for origin, count in tally.repeated.items()})
    about = _about(db, cdm)  # reads one more table, which belongs to the sources
    return ImportReport(
        rows=sum(staged.rows.values()),
        events=tally.events,
        subjects=tally.subjects,
        rejected=by_reason(staged.losses + lost_for_meaning(db, staged.tables) + repeated),
        warnings=by_reason(staged.warnings),
        unmapped=_unmapped(tally, known),
        sources=dict(sorted(cdm.sources.items())),
        units=_units(tally),
        tables=dict(sorted({**staged.rows, **of_vocabulary}.items())),
        missing=sorted(one for one in LOOKED_AT if not cdm.columns(one)),
        gaps=_gaps(db, staged.tables),
        about=about,
    )


def fruitless(cdm: Source, staged: Staged) -> str:
    """Why there is no event at all."""
    reasons = sorted({reason for reason, _ in +staged.losses})
    words = "; ".join(REASONS[reason] for reason in reasons)
    return f"No row of {cdm.name} gave an event: {words or 'its tables hold no rows'}."


def _unmapped(tally: Tally, known: Measures) -> dict[str, int]:
    words, counts = tally.codes.words(), Counter()
    for code, count in tally.by_code.items():
        if known.of(words[code]) is None:
            counts[tally.named(code)] += count
    return dict(sorted(counts.items()))


def _units(tally: Tally) -> dict[str, dict[str, int]]:
    seen: dict[str, Counter[str]] = {}
    for (code, unit), count in tally.by_unit.items():
        seen.setdefault(tally.named(code), Counter())[tally.unit_named(unit)] += count
    return {code: dict(sorted(units.items())) for code, units in sorted(seen.items())}


def _gaps(db: Database, tables: Sequence[Clinical]) -> dict[str, dict[str, int]]:
    """Where the vocabulary of the CDM leaves rows without a standard concept."""
    lost: Losses = Counter()
    conditions = {
        "not_in_concept": "concept <> 0 AND concept NOT IN (SELECT id FROM known)",
        "without_concept": "concept = 0",
    }
    for gap, condition in conditions.items():
        statement = f"SELECT origin, count(*) FROM told WHERE {condition} GROUP BY 1"
        for origin, count in db.execute(statement).fetchall():
            if tables[origin].coded:
                lost[gap, tables[origin].name] = count
    return by_reason(lost)


def _about(db: Database, cdm: Source) -> dict[str, str]:
    """The versions CDM_SOURCE gives; nothing of it that does not look like one."""
    there = cdm.columns("cdm_source")
    columns = [column for column in SOURCE if column in there]
    if not columns:
        return {}
    cdm.lay(db, "cdm_source", columns)
    versions = {}
    for row in db.execute(f"SELECT {', '.join(columns)} FROM {RAW} LIMIT 1").fetchall():
        for column, cell in zip(columns, row, strict=True):
            found = re.search(r"\d[\w.* -]{0,30}", str(cell or ""))
            versions[column] = found.group() if found else ""
    return versions
