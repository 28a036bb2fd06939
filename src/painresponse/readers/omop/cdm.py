"""A whole OMOP CDM into a MEDS folder."""

# ruff: noqa: S608 -- every identifier is declared here or quoted; no value is ever put into a statement

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from painresponse.clinic import Catalogue
from painresponse.clinic.catalogue import SITE_FILE
from painresponse.concepts import Concepts
from painresponse.errors import RecordError
from painresponse.publishing import publish_folder
from painresponse.readers.account import REPORT_FILE, ImportReport, Losses
from painresponse.readers.omop.choices import OmopChoices, read_choices
from painresponse.readers.omop.events import Tally, pieces
from painresponse.readers.omop.folder import Folder
from painresponse.readers.omop.histories import make_told, rows_in_order
from painresponse.readers.omop.meanings import Codes, Interpreter, settle, settle_drugs, settle_units
from painresponse.readers.omop.people import stage_people
from painresponse.readers.omop.postgres import SCHEMES, connected
from painresponse.readers.omop.report import Staged, fruitless, report
from painresponse.readers.omop.source import RAW, Source
from painresponse.readers.omop.staging import stage
from painresponse.readers.omop.tables import CLINICAL, DEATHS, DRUGS, PERSON, VISITS, Clinical
from painresponse.readers.omop.vocabulary import Vocabulary, read_vocabulary
from painresponse.readers.omop.workshop import Database, workshop
from painresponse.readers.writing import fill_folder
from painresponse.records.coding import Measures

SCHEMA = "public"


def import_omop(
    source: str | Path,
    out: Path,
    *,
    catalogue: Catalogue,
    site: Path | None = None,
    schema: str = SCHEMA,
    overwrite: bool = False,
) -> ImportReport:
    """Read OMOP CDM 5.3 or 5.4 from a folder or a ``postgresql://`` database and publish a MEDS folder.

    ``schema`` is the database's. The folder keeps the site file, if any, and the report. Raises RecordError
    when the tables cannot be read or give no event, DefinitionError on a configuration that has no meaning,
    WorkError when the database goes away or there is no room.
    """
    choices = read_choices(catalogue)
    reports: list[ImportReport] = []

    def fill(draft: Path) -> None:
        room = draft.parent
        with (
            workshop(room, choices.memory) as db,
            _opened(source, room, schema=schema, choices=choices) as cdm,
        ):
            reports.append(_convert(db, cdm, draft, catalogue=catalogue, choices=choices, name=out.name))
        (draft / REPORT_FILE).write_bytes(reports[0].to_json())
        if site is not None:
            (draft / SITE_FILE).write_bytes(site.read_bytes())

    publish_folder(out, fill, overwrite=overwrite)
    return reports[0]


@contextmanager
def _opened(source: str | Path, room: Path, *, schema: str, choices: OmopChoices) -> Iterator[Source]:
    if str(source).startswith(SCHEMES):
        with connected(str(source), (schema, choices.vocabulary_schema or schema)) as database:
            yield database
    else:
        yield Folder(Path(source), encoding=choices.encoding, room=room)


def _convert(
    db: Database, cdm: Source, draft: Path, *, catalogue: Catalogue, choices: OmopChoices, name: str
) -> ImportReport:
    """Stage, find out what is meant, write in order; the account of it all."""
    staged = _stage(db, cdm, choices)
    vocabulary = _vocabulary(db, cdm, staged.tables, catalogue.concepts)
    tally = _interpret(db, Interpreter(vocabulary, catalogue.concepts), staged.tables)
    batches = rows_in_order(db, staged.tables, tally.codes)
    fill_folder(draft, pieces(batches, tally), concepts=catalogue.concepts, name=name)
    if not tally.events:
        raise RecordError(fruitless(cdm, staged))
    known = Measures(catalogue.concepts)
    return report(db, cdm, staged=staged, of_vocabulary=vocabulary.rows, tally=tally, known=known)


def _stage(db: Database, cdm: Source, choices: OmopChoices) -> Staged:
    """Every row into the workshop, table by table."""
    tables = [one for one in (*CLINICAL, DEATHS, *((VISITS,) * choices.visits)) if cdm.columns(one.name)]
    if not tables:
        raise RecordError(
            f"{cdm.name} holds no table of events, such as {CLINICAL[0].name}. Give the whole CDM."
        )
    rows: dict[str, int] = {}
    losses, warnings = _laid(db, cdm, "person", PERSON, rows=rows), Counter()
    found = [stage_people(db, choices)]
    for table in tables:
        losses += _laid(db, cdm, table.name, table.columns().values(), rows=rows, needs=table.needs())
        found.append(stage(db, table, choices))
    for lost, doubtful in found:
        losses, warnings = losses + lost, warnings + doubtful
    return Staged(tuple(tables), rows, losses, warnings)


def _laid(
    db: Database,
    cdm: Source,
    table: str,
    columns: Sequence[str],
    *,
    rows: dict[str, int],
    needs: Sequence[str] = ("person_id",),
) -> Losses:
    """Lay a table down and count it. Raises RecordError when it is not the OMOP table of that name."""
    there = cdm.columns(table)
    if not there:
        raise RecordError(
            f"{cdm.name} holds no table {table}. Give all tables of the CDM, under their OMOP names."
        )
    lacking = [column for column in needs if column not in there]
    if lacking:
        raise RecordError(
            f"{cdm.name}: the table {table} lacks the column {', '.join(lacking)}. Export it as OMOP CDM 5.3 "
            "or 5.4 has it, with its headings."
        )
    losses = cdm.lay(db, table, [column for column in columns if column in there])
    ((count,),) = db.execute(f"SELECT count(*) FROM {RAW}").fetchall()
    rows[table] = count + losses.total()
    return losses


def _vocabulary(db: Database, cdm: Source, tables: Sequence[Clinical], concepts: Concepts) -> Vocabulary:
    """What the CDM says of the concepts its rows name, and the rows once more in its light."""
    drugs = _concepts(db, [one for one in tables if one == DRUGS])
    vocabulary = read_vocabulary(db, cdm, used=_concepts(db, tables), drugs=drugs, concepts=concepts)
    make_told(db, tables, known=vocabulary.terms)
    return vocabulary


def _interpret(db: Database, interpreter: Interpreter, tables: Sequence[Clinical]) -> Tally:
    """What every row means, ready to be joined to it."""
    tally = Tally(Codes(), Codes())
    settle(db, interpreter, tally.codes, tables=tables)
    settle_units(db, interpreter, tally.units)
    origin = tables.index(DRUGS) if DRUGS in tables else len(tables)
    settle_drugs(db, interpreter, tally.codes, units=tally.units, origin=origin)
    return tally


def _concepts(db: Database, tables: Sequence[Clinical]) -> set[int]:
    """Every concept that the rows of these tables name."""
    found: set[int] = set()
    for table in tables:
        for column in ("concept", "source_concept", "value_concept", "unit_concept"):
            rows = db.execute(f"SELECT DISTINCT {column} FROM staged_{table.name} WHERE fate = ''").fetchall()
            found.update(one for (one,) in rows)
    return found - {0}
