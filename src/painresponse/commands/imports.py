"""Commands that bring a clinic's own data into MEDS: import csv, import omop, import fhir."""

from pathlib import Path
from typing import Annotated

import typer

from painresponse.commands import screen
from painresponse.commands.data import Json, Overwrite

imports = typer.Typer(help="Bring a clinic's own data into MEDS, with a report of what was rejected and why.")


@imports.command("csv")
def import_csv(
    source: Annotated[Path, typer.Argument(help="The clinic's CSV file, or the folder that holds it.")],
    out: Annotated[Path, typer.Option("--out", help="MEDS folder to write.")],
    config: Annotated[Path, typer.Option("--config", help="Site configuration with an [import] section.")],
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Import clinic tables by configuration alone.

    Example: painresponse import csv visits.csv --config configs/examples/rtms.toml --out rtms
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


def _worded(counts: dict[str, dict[str, int]], words: dict[str, str]) -> list[tuple[str, str, int]]:
    return [
        (words[reason], column, count)
        for reason, columns in counts.items()
        for column, count in columns.items()
    ]
