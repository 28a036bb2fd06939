"""Commands that bring a clinic's own data into MEDS: import csv, import omop, import fhir."""

from pathlib import Path
from typing import Annotated

import typer

from painresponse.commands import screen
from painresponse.commands.complaints import Commands
from painresponse.commands.data import MOST_SHOWN
from painresponse.commands.options import Config, Json, Overwrite

imports = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    help="Bring a clinic's own data into MEDS, with a report of what was rejected and why.",
)


@imports.command("csv")
def import_csv(
    source: Annotated[
        Path, typer.Argument(metavar="SRC", help="The clinic's CSV file, or the folder that holds it.")
    ],
    out: Annotated[Path, typer.Option("--out", help="MEDS folder to write.")],
    config: Annotated[
        Path, typer.Option("--config", help="Site configuration (TOML) that says what each column means.")
    ],
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Import clinic tables by configuration alone.

    Example: painresponse import csv visits.csv --config configs/examples/own_entries.toml --out clinic
    """
    from painresponse.clinic import load_catalogue
    from painresponse.readers.account import REASONS, WARNINGS
    from painresponse.readers.tables import import_csv as read_tables

    report = read_tables(source, out, catalogue=load_catalogue(config), site=config, overwrite=overwrite)
    plain = report.to_plain()
    if json:
        screen.machine(plain)
        return
    screen.say(f"{report.rows:,} rows in, {report.events:,} events out, {report.subjects:,} subjects: {out}")
    screen.table(("rejected because", "column", "count"), _worded(report.rejected, REASONS))
    screen.table(("note", "column", "count"), _worded(report.warnings, WARNINGS))


@imports.command("omop")
def import_omop(
    source: Annotated[
        str,
        typer.Argument(metavar="SRC", help="A folder of OMOP tables, or postgresql://user@host/database."),
    ],
    out: Annotated[Path, typer.Option("--out", help="MEDS folder to write.")],
    config: Config = None,
    schema: Annotated[str, typer.Option("--schema", help="Schema of the database.")] = "public",
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Import OMOP CDM 5.3 or 5.4: CSV, tab-separated or Parquet files, or a live PostgreSQL.

    Keep a password out of the address: PGPASSWORD and ~/.pgpass are asked.
    Example: painresponse import omop cdm --out clinic
    """
    from painresponse.clinic import load_catalogue
    from painresponse.readers.account import GAPS, REASONS, WARNINGS
    from painresponse.readers.omop import import_omop as read_cdm

    report = read_cdm(
        source, out, catalogue=load_catalogue(config), site=config, schema=schema, overwrite=overwrite
    )
    if json:
        screen.machine(report.to_plain())
        return
    screen.say(f"{report.rows:,} rows in, {report.events:,} events out, {report.subjects:,} subjects: {out}")
    _table(("rejected because", "table", "count"), _worded(report.rejected, REASONS))
    _table(("note", "table", "count"), _worded(report.warnings, WARNINGS))
    _table(("the vocabulary lacks", "table", "count"), _worded(report.gaps, GAPS))
    worst = sorted(report.unmapped.items(), key=lambda one: -one[1])[:MOST_SHOWN]
    _table(("code no concept knows", "events"), worst)
    if bare := [table for table, rows in report.tables.items() if not rows]:
        screen.say(f"Tables without a row of use: {', '.join(bare)}.")
    if report.missing:
        screen.say(f"Tables that are not there: {', '.join(report.missing)}.")


def _table(columns: tuple[str, ...], rows: list[tuple]) -> None:
    """A table, where there is something in it."""
    if rows:
        screen.table(columns, rows)


@imports.command("fhir")
def import_fhir(
    source: Annotated[
        Path, typer.Argument(metavar="SRC", help="A FHIR R4 bundle, or a folder of bundles or bulk NDJSON.")
    ],
    out: Annotated[Path, typer.Option("--out", help="MEDS folder to write.")],
    config: Config = None,
    zone: Annotated[str, typer.Option("--zone", help="The clinic's time zone, such as Europe/Madrid.")] = "",
    keys: Annotated[
        Path | None, typer.Option("--keys", help="CSV to write that says which number is which patient.")
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Import FHIR R4 resources: bundles (.json) and bulk exports (.ndjson), also gzipped.

    Example: painresponse import fhir export --zone Europe/Madrid --out clinic
    """
    from painresponse.clinic import load_catalogue
    from painresponse.readers import fhir
    from painresponse.records.fhir import REASONS, WARNINGS

    report = fhir.import_fhir(
        source,
        out,
        catalogue=load_catalogue(config),
        site=config,
        zone=zone,
        keys=keys,
        overwrite=overwrite,
    )
    if json:
        screen.machine(report.to_plain())
        return
    screen.say(
        f"{report.rows:,} resources in, {report.events:,} events out, {report.subjects:,} subjects: {out}"
    )
    _table(("left out because", "type", "count"), _worded(report.rejected, REASONS))
    _table(("note", "type", "count"), _worded(report.warnings, WARNINGS))


def _worded(counts: dict[str, dict[str, int]], words: dict[str, str]) -> list[tuple[str, str, int]]:
    return [
        (words[reason], column, count)
        for reason, columns in counts.items()
        for column, count in columns.items()
    ]
