"""A clinic's own CSV tables into a MEDS folder, by configuration alone."""

from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pandas as pd

from painresponse.clinic import Catalogue
from painresponse.clinic.catalogue import SITE_FILE
from painresponse.errors import DefinitionError, RecordError
from painresponse.publishing import publish_bytes
from painresponse.readers.account import (
    REASONS,
    REPORT_FILE,
    ImportReport,
    Losses,
    by_reason,
    fingerprint,
    key_file,
)
from painresponse.readers.layout import Layout, read_layout
from painresponse.readers.rows import Reading, read_rows
from painresponse.readers.rules import Found, births, events
from painresponse.readers.writing import write_events
from painresponse.records import RawEvents
from painresponse.records.coding import Measures

SAME = ["subject", "time", "code", "value"]


def import_csv(
    source: Path,
    out: Path,
    *,
    catalogue: Catalogue,
    site: Path,
    keys: Path | None = None,
    overwrite: bool = False,
) -> ImportReport:
    """Read a CSV file, or a folder of them, as the site's ``[import]`` says, and publish a MEDS folder.

    Subjects are numbered by first appearance; which number is whom is written only to ``keys``, if given, and
    never into the folder. The folder keeps the site file and the report. Raises DefinitionError when the
    configuration does not fit the tables, RecordError when a table cannot be read or gives no event at all,
    WorkError on a full disk.
    """
    layout = read_layout(catalogue)
    _refuse_keys_inside(keys, out)
    numbers: dict[str, int] = {}
    files = _files(source, layout)
    readings = [
        read_rows(paths, table, layout=layout, numbers=numbers)
        for table, paths in zip(layout.tables, files, strict=True)
    ]
    found = _found(readings, layout, Measures(catalogue.concepts))
    table, repeated = _once([piece.events for piece in found])
    if table.empty:
        raise RecordError(_fruitless(source, [*readings, *found]))
    report = _report(readings, found, table=table, repeated=repeated, catalogue=catalogue, files=files)
    beside = {str(SITE_FILE): site.read_bytes(), str(REPORT_FILE): report.to_json()}
    write_events(out, _raw(table), concepts=catalogue.concepts, beside=beside, overwrite=overwrite)
    if keys is not None:
        publish_bytes(keys, key_file(numbers))
    return report


def _files(source: Path, layout: Layout) -> list[list[Path]]:
    """The files of each table."""
    if not source.exists():
        raise RecordError(f"There is no {source}. Give a CSV file or a folder of them.")
    candidates = sorted(source.iterdir()) if source.is_dir() else [source]
    found = [
        [path for path in candidates if path.is_file() and fnmatch(path.name, table.files)]
        for table in layout.tables
    ]
    for table, paths in zip(layout.tables, found, strict=True):
        if not paths:
            raise DefinitionError(f"No file of {source} fits the pattern {table.files!r} of an import table.")
    return found


def _refuse_keys_inside(keys: Path | None, out: Path) -> None:
    if keys is not None and out.resolve() in keys.resolve().parents:
        raise DefinitionError(f"{keys} says who is who and must not lie inside {out}. Keep it elsewhere.")


def _found(readings: list[Reading], layout: Layout, measures: Measures) -> list[Found]:
    found = []
    for table, reading in zip(layout.tables, readings, strict=True):
        found += [events(rule, reading.rows, layout=layout, measures=measures) for rule in table.events]
        if table.birth:
            found.append(births(table.birth, reading.rows, layout))
    return found


def _once(pieces: list[pd.DataFrame]) -> tuple[pd.DataFrame, Losses]:
    """Each event once, as first known, and how many repeats each column gave."""
    table = pd.concat(pieces, ignore_index=True).sort_values("available", kind="stable")
    again = table.duplicated(SAME).to_numpy(bool)
    counts = table.loc[again, "column"].value_counts()
    return table[~again], Counter({("repeated", column): int(count) for column, count in counts.items()})


def _fruitless(source: Path, pieces: list[Reading | Found]) -> str:
    reasons = sorted({reason for piece in pieces for reason, _ in +piece.losses})
    words = "; ".join(REASONS.get(reason, "the cells are empty") for reason in reasons)
    return f"No row of {source} gave an event: {words or 'there are no rows the events are meant for'}."


def _raw(table: pd.DataFrame) -> RawEvents:
    code, codes = pd.factorize(table["code"], sort=True)
    unit, units = pd.factorize(table["unit"].where(table["unit"] != ""), sort=True)
    return RawEvents(
        subject=table["subject"].to_numpy(np.int64),
        time=table["time"].to_numpy(np.int64),
        available=table["available"].to_numpy(np.int64),
        code=code.astype(np.int32),
        codes=tuple(codes),
        value=table["value"].to_numpy(np.float32),
        unit=unit.astype(np.int32),
        units=tuple(units),
    )


def _report(
    readings: list[Reading],
    found: list[Found],
    *,
    table: pd.DataFrame,
    repeated: Losses,
    catalogue: Catalogue,
    files: list[list[Path]],
) -> ImportReport:
    losses = sum((one.losses for one in (*readings, *found)), Counter()) + repeated
    rejected = by_reason(losses)
    measures, codes = Measures(catalogue.concepts), table["code"].value_counts()
    return ImportReport(
        rows=sum(reading.given for reading in readings),
        events=len(table),
        subjects=table["subject"].nunique(),
        empty=rejected.pop("empty", {}),
        rejected=rejected,
        warnings=by_reason(sum((one.warnings for one in (*readings, *found)), Counter())),
        unmapped={code: int(codes[code]) for code in sorted(codes.index) if measures.of(code) is None},
        sources={path.name: fingerprint(path) for paths in files for path in paths},
        units=_units(table[table["value"].notna()]),
    )


def _units(valued: pd.DataFrame) -> dict[str, dict[str, int]]:
    """How many values came in which unit, by code; an empty one is the concept's own."""
    units: dict[str, dict[str, int]] = {}
    for (code, unit), count in valued.groupby(["code", "unit"]).size().items():
        units.setdefault(code, {})[unit] = int(count)
    return units
