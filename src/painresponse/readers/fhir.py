"""FHIR R4 files, bundles and bulk exports alike, into a MEDS folder."""

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from painresponse.clinic import Catalogue
from painresponse.clinic.catalogue import SITE_FILE
from painresponse.concepts import Concepts
from painresponse.errors import DefinitionError, RecordError
from painresponse.publishing import publish_bytes, refuse_taken
from painresponse.readers.account import (
    REPORT_FILE,
    ImportReport,
    Losses,
    by_reason,
    fingerprint,
    key_file,
)
from painresponse.readers.writing import write_events
from painresponse.records import RawEvents
from painresponse.records.coding import Measures
from painresponse.records.fhir import REASONS, TYPES, FhirReader
from painresponse.schema import BIRTH

WHOLE = (".json", ".json.gz")
LINES = (".ndjson", ".ndjson.gz", ".jsonl", ".jsonl.gz")

_FIRST = {"Medication": 0, "Device": 0, "Patient": 1}
"""What others refer to is read before them."""


def import_fhir(
    source: Path,
    out: Path,
    *,
    catalogue: Catalogue,
    site: Path | None = None,
    zone: str = "",
    keys: Path | None = None,
    overwrite: bool = False,
) -> ImportReport:
    """Read a FHIR R4 file, or a folder of them, and publish a MEDS folder.

    Files are bundles (``.json``) or one resource a line as bulk exports write them (``.ndjson``), each also
    gzipped. ``zone`` is the clinic's time zone, for stamps in universal time. Subjects are numbered by first
    appearance; which number is whom is written only to ``keys``, if given, and never into the folder. Raises
    RecordError when a file cannot be read or nothing gives an event, DefinitionError on an unknown zone,
    WorkError on a full disk.
    """
    _refuse_keys_inside(keys, out)
    refuse_taken(out, overwrite=overwrite)
    reader = FhirReader(catalogue.concepts, zone=zone, strict=False)
    files = _files(source)
    for path in files:
        _read(path, reader)
    events, repeated = _once(reader.events())
    if not len(events):
        raise RecordError(_fruitless(source, reader))
    report = _report(reader, events, repeated=repeated, concepts=catalogue.concepts, files=files)
    beside = {str(REPORT_FILE): report.to_json()} | ({str(SITE_FILE): site.read_bytes()} if site else {})
    write_events(out, events, concepts=catalogue.concepts, beside=beside, overwrite=overwrite)
    if keys is not None:
        publish_bytes(keys, key_file(reader.subjects))
    return report


def _files(source: Path) -> list[Path]:
    """What is to be read, in an order in which most references point back."""
    if not source.exists():
        raise RecordError(f"There is no {source}. Give a FHIR file or a folder of them.")
    candidates = sorted(source.rglob("*")) if source.is_dir() else [source]
    found = [path for path in candidates if path.is_file() and path.name.lower().endswith(WHOLE + LINES)]
    if not found:
        raise RecordError(f"{source} holds no FHIR: no file ends in {', '.join(WHOLE + LINES)}.")
    return sorted(found, key=lambda path: _FIRST.get(_type(path), 2))


def _read(path: Path, reader: FhirReader) -> None:
    try:
        with _opened(path) as file:
            for where, resource in _resources(path, file):
                reader.read(resource, where)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is cut off or damaged"
        raise RecordError(f"{path} cannot be read: {reason}. Export it again, in UTF-8.") from None


def _opened(path: Path) -> IO[str]:
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    return opener(path, "rt", encoding="utf-8-sig")  # type: ignore[operator,no-any-return]


def _resources(path: Path, file: IO[str]) -> Iterator[tuple[str, Any]]:
    """What a file holds, each with its place; of lines one at a time is in memory."""
    if path.name.lower().endswith(WHOLE):
        yield str(path), _parsed(file.read(), str(path))
        return
    for number, line in enumerate(file, start=1):
        if line.strip():
            yield f"{path}: line {number}", _parsed(line, f"{path}: line {number}")


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # their words quote the text, which no message of ours may
        raise RecordError(f"{where} is not JSON, or is cut off. Export it again.") from None


def _refuse_keys_inside(keys: Path | None, out: Path) -> None:
    if keys is not None and out.resolve() in keys.resolve().parents:
        raise DefinitionError(f"{keys} says who is who and must not lie inside {out}. Keep it elsewhere.")


def _once(raw: RawEvents) -> tuple[RawEvents, Losses]:
    """Each event once, as first known, and how many repeats each code had."""
    value = raw.value.view(np.int32)
    order = np.lexsort((raw.available, raw.unit, value, raw.code, raw.time, raw.subject))
    same = np.ones(max(len(raw) - 1, 0), bool)
    for column in (raw.subject, raw.time, raw.code, value, raw.unit):
        same &= column[order[1:]] == column[order[:-1]]
    again = order[1:][same]
    keep = np.delete(order, np.flatnonzero(same) + 1)
    columns = ("subject", "time", "available", "code", "value", "unit")
    once = replace(raw, **{name: getattr(raw, name)[keep] for name in columns})
    return once, Counter({("repeated", code): count for code, count in _by_code(raw, again).items()})


def _report(
    reader: FhirReader, events: RawEvents, *, repeated: Losses, concepts: Concepts, files: list[Path]
) -> ImportReport:
    measures = Measures(concepts)
    every = np.arange(len(events))
    units = _units(events)
    warnings: Losses = Counter(reader.warnings)
    warnings["conflict", "Patient"] = _born_twice(events)
    for code, counts in units.items():
        measure = measures.of(code)
        unfit = [count for unit, count in counts.items() if measure and np.isnan(measure.conversion(unit)[0])]
        warnings["unit", code] = sum(unfit)
    return ImportReport(
        rows=reader.rows,
        events=len(events),
        subjects=len(np.unique(events.subject)),
        rejected=by_reason(Counter(reader.rejected) + repeated),
        warnings=by_reason(warnings),
        unmapped={
            code: count for code, count in _by_code(events, every).items() if measures.of(code) is None
        },
        sources=_sources(files),
        units=units,
        tables=dict(sorted(reader.given.items())),
    )


def _by_code(events: RawEvents, rows: NDArray[np.int64]) -> dict[str, int]:
    counts = np.bincount(events.code[rows], minlength=len(events.codes))
    return {code: int(count) for code, count in sorted(zip(events.codes, counts, strict=True)) if count}


def _units(events: RawEvents) -> dict[str, dict[str, int]]:
    """How many values of each code came in each unit."""
    valued = (events.unit >= 0) & ~np.isnan(events.value)
    pairs = events.code[valued] * np.int64(len(events.units)) + events.unit[valued]
    found: dict[str, dict[str, int]] = {}
    for pair, count in zip(*np.unique(pairs, return_counts=True), strict=True):
        code, unit = divmod(int(pair), len(events.units))
        found.setdefault(events.codes[code], {})[events.units[unit]] = int(count)
    return dict(sorted(found.items()))


def _born_twice(events: RawEvents) -> int:
    """How many subjects have more than one date of birth."""
    if BIRTH not in events.codes:
        return 0
    births = events.subject[events.code == events.codes.index(BIRTH)]
    return int((np.unique(births, return_counts=True)[1] > 1).sum())


def _fruitless(source: Path, reader: FhirReader) -> str:
    reasons = sorted({reason for reason, _ in +reader.rejected})
    words = "; ".join(REASONS[reason] for reason in reasons)
    return f"No resource of {source} gave an event: {words or 'there is none'}."


def _sources(files: list[Path]) -> dict[str, str]:
    """Each file's sum under its name if that is a resource's type, else under its number: many a bundle is
    named after its patient."""
    names = Counter(path.name for path in files)
    telling = [_type(path) in TYPES and names[path.name] == 1 for path in files]
    return {
        path.name if tells else f"file {place}": fingerprint(path)
        for place, (path, tells) in enumerate(zip(files, telling, strict=True), start=1)
    }


def _type(path: Path) -> str:
    """The resource type a bulk export names its file after (``Observation.000.ndjson``)."""
    return path.name.partition(".")[0].partition("_")[0].partition("-")[0]
