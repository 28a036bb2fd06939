"""MEDS folders: histories shard by shard, so that memory follows the shard and not the clinic."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from painresponse import schema
from painresponse.concepts import Concepts
from painresponse.errors import RecordError
from painresponse.readers.arrow import ASK_COLUMNS, EVENT_COLUMNS, need, raw_asks, raw_events
from painresponse.records import Asks, Intake, RawEvents, Records, collect
from painresponse.records.coding import Measures

SEAL = "SEALED"
"""A file of this name marks a folder of simulated truth, which no model may see."""

EVENTS_AT_ONCE = 2**20
"""A larger file is read in pieces of this size: what is in memory follows this number and not the file."""

BATCH = 2**17
"""Rows that Arrow decodes at a time."""


def shards(folder: Path) -> list[Path]:
    """The event files of a MEDS folder (``data/**/*.parquet``), sorted.

    Raises RecordError when the folder is not there, is sealed, or holds no events.
    """
    if not folder.is_dir():
        raise RecordError(
            f"There is no folder {folder}. Give a MEDS folder, such as `painresponse simulate` or "
            "`painresponse import` make."
        )
    refuse_sealed(folder)
    found = sorted((folder / "data").glob("**/*.parquet"))
    if not found:
        raise RecordError(f"{folder} is no MEDS folder: it has no Parquet file under data/.")
    return found


def refuse_sealed(path: Path) -> None:
    """Refuse what lies in a sealed folder, however deep."""
    whole = path.resolve()
    for folder in (whole, *whole.parents):
        if (folder / SEAL).is_file() or folder.name.endswith(".sealed"):
            raise RecordError(
                f"{path} is sealed: it holds the simulator's truth, which may only be compared with finished "
                "predictions. Give the folder of events beside it."
            )


def read_shard(path: Path) -> RawEvents:
    """The events of one MEDS file. Raises RecordError on a damaged file or unfit columns."""
    with _opened(path) as (file, columns):
        return raw_events(file.read(columns), str(path))


def histories(folder: Path, concepts: Concepts | Measures) -> Iterator[tuple[Records, Intake]]:
    """Records and their intake, shard by shard; a very large shard in pieces, cut between subjects.

    Raises RecordError when a subject stands in two shards, for its history would be cut in half.
    """
    measures = concepts if isinstance(concepts, Measures) else Measures(concepts)
    found = shards(folder)
    refuse_divided(found)
    for shard in found:
        yield from shard_histories(shard, measures)


def shard_histories(path: Path, measures: Measures) -> Iterator[tuple[Records, Intake]]:
    """Records and their intake from one MEDS file, at most about `EVENTS_AT_ONCE` events at a time.

    Raises RecordError as `read_shard` does, and on a larger file that is not sorted by subject.
    """
    with _opened(path) as (file, columns):
        if file.metadata.num_rows <= EVENTS_AT_ONCE:
            yield collect(raw_events(file.read(columns), str(path)), measures)
            return
        for piece in _pieces(file.iter_batches(BATCH, columns=columns), str(path)):
            yield collect(piece, measures)


def refuse_divided(paths: Sequence[Path]) -> None:
    """Refuse shards that share a subject, before any work is done. At most the subjects are read.

    Where the files say of themselves that their subjects lie apart, nothing is. Memory is some 40 bytes a
    subject. The complaint names the first two files and a count.
    """
    ranges = [_range(path) for path in paths]
    if None not in ranges:
        apart = sorted(filter(None, ranges))
        if all(before[1] < after[0] for before, after in pairwise(apart)):
            return
    held = [_subjects(path) for path in paths]
    subject = np.concatenate([np.zeros(0, np.int64), *held])
    shard = np.repeat(np.arange(len(held), dtype=np.int32), [len(one) for one in held])
    order = np.argsort(subject, kind="stable")
    again = order[1:][subject[order[1:]] == subject[order[:-1]]]
    if len(again):
        late = int(shard[again].min())
        early = next(place for place in range(late) if len(np.intersect1d(held[place], held[late])))
        shared = len(np.intersect1d(held[early], held[late]))
        raise RecordError(
            f"{shared} subjects stand both in {paths[early]} and in {paths[late]}. Put every subject into "
            "one shard; `painresponse import` does so."
        )


def read_asks(path: Path) -> Asks:
    """Asks from a Parquet or CSV file with the MEDS label columns subject_id and prediction_time.

    A date without a clock time means its midnight: nothing of that day is seen.
    """
    refuse_sealed(path)
    try:
        table = _labels(path)
    except (pa.ArrowException, OSError) as error:
        raise RecordError(f"{path} {_damage(error)}") from None
    return raw_asks(table, str(path))


def last_known(records: Records) -> Asks:
    """One ask for each subject, a day after the last dated event; subjects without any are left out."""
    last = np.flatnonzero(np.diff(records.subject, append=records.subject[-1:] + 1))
    last = last[records.time[last] != schema.STATIC]
    return Asks(records.subject[last], records.time[last] + schema.MICROSECONDS_PER_DAY)


def _labels(path: Path) -> pa.Table:
    as_csv = path.suffix.lower() == ".csv"
    table = pyarrow.csv.read_csv(path) if as_csv else pq.ParquetFile(path).read()
    need(table.column_names, ASK_COLUMNS, str(path))
    return table.select(ASK_COLUMNS)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[pq.ParquetFile, list[str]]]:
    """A MEDS file and which of its columns are wanted; damage, now or while reading, is a RecordError."""
    refuse_sealed(path)
    try:
        present = pq.read_schema(path).names
        need(present, schema.REQUIRED, str(path))
        words = [name for name in (schema.CODE, schema.UNIT) if name in present]
        # left to itself Arrow would keep the compressed file in memory while it is read in pieces
        sparing = {"pre_buffer": False, "buffer_size": 2**20}
        with pq.ParquetFile(path, read_dictionary=words, page_checksum_verification=True, **sparing) as file:
            yield file, [name for name in EVENT_COLUMNS if name in present]
    except (pa.ArrowException, OSError) as error:
        raise RecordError(f"{path} {_damage(error)}") from None


def _range(path: Path) -> tuple[int, int] | None:
    """The least and the largest subject of a file by its own statistics; None where it has none."""
    with _opened(path) as (file, _):
        if file.metadata.num_rows == 0 or not pa.types.is_integer(
            file.schema_arrow.field(schema.SUBJECT).type
        ):
            return None
        place = file.schema_arrow.get_field_index(schema.SUBJECT)
        groups = [file.metadata.row_group(one).column(place) for one in range(file.metadata.num_row_groups)]
        told = [one.statistics for one in groups]
        if any(one is None or not one.has_min_max for one in told):
            return None
        return min(one.min for one in told), max(one.max for one in told)


def _subjects(path: Path) -> NDArray[np.int64]:
    """The distinct subjects of a file; none of a column that will be refused once it is read."""
    with _opened(path) as (file, _):
        if not pa.types.is_integer(file.schema_arrow.field(schema.SUBJECT).type):
            return np.zeros(0, np.int64)
        batches = file.iter_batches(BATCH, columns=[schema.SUBJECT])
        found = [pc.unique(batch.column(0)).drop_null().cast(pa.int64(), safe=False) for batch in batches]
    return np.unique(np.concatenate([np.zeros(0, np.int64), *found]))


def _pieces(batches: Iterable[pa.RecordBatch], where: str) -> Iterator[RawEvents]:
    """The events of a sorted file in pieces, every subject whole."""
    rest: list[pa.RecordBatch] = []
    for table in _tables(batches):
        table = pa.concat_tables([*rest, table])
        events = raw_events(table, where)
        _refuse_unsorted(events.subject, where)
        stop = int(np.searchsorted(events.subject, events.subject[-1]))
        if stop:
            yield _first(events, stop)
        rest = [table.slice(stop)]
    yield raw_events(rest[0], where)


def _tables(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Batches joined until they hold enough events: row groups may be small."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(map(len, waiting)) >= EVENTS_AT_ONCE:
            yield pa.Table.from_batches(waiting)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)


def _refuse_unsorted(subject: NDArray[np.int64], where: str) -> None:
    if (subject[1:] < subject[:-1]).any():
        raise RecordError(
            f"{where} holds more than {EVENTS_AT_ONCE:,} events and is not sorted by subject_id, so it "
            "cannot be read in pieces. Sort it by subject_id and time, as MEDS asks, or split it up."
        )


def _first(events: RawEvents, stop: int) -> RawEvents:
    cut = {
        name: getattr(events, name)[:stop]
        for name in ("subject", "time", "available", "code", "value", "unit")
    }
    return replace(events, **cut)


def _damage(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "is not there."
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}."
    return (
        "cannot be read: it is damaged, cut short, or no file of this kind. Write it again from its source."
    )
