"""MEDS folders: histories shard by shard, so that memory follows the shard and not the clinic."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
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
    refuse_sealed(path)
    try:
        present = pq.read_schema(path).names
        need(present, schema.REQUIRED, str(path))
        words = [name for name in (schema.CODE, schema.UNIT) if name in present]
        with pq.ParquetFile(path, read_dictionary=words) as file:
            table = file.read([name for name in EVENT_COLUMNS if name in present])
    except (pa.ArrowException, OSError) as error:
        raise RecordError(f"{path} {_damage(error)}") from None
    return raw_events(table, str(path))


def histories(folder: Path, concepts: Concepts | Measures) -> Iterator[tuple[Records, Intake]]:
    """Records and their intake, one shard at a time.

    Raises RecordError when a subject stands in two shards, for its history would be cut in half.
    """
    measures = concepts if isinstance(concepts, Measures) else Measures(concepts)
    earlier: list[tuple[Path, NDArray[np.int64]]] = []
    seen = np.zeros(0, np.int64)
    for shard in shards(folder):
        records, intake = collect(read_shard(shard), measures)
        subjects = records.subjects()
        places = np.searchsorted(seen, subjects)
        if (seen[places[places < len(seen)]] == subjects[places < len(seen)]).any():
            raise RecordError(_divided(shard, subjects, earlier))
        earlier.append((shard, subjects))
        seen = np.insert(seen, places, subjects)
        yield records, intake


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


def _divided(shard: Path, subjects: NDArray[np.int64], earlier: list[tuple[Path, NDArray[np.int64]]]) -> str:
    other, shared = next(
        (path, both) for path, theirs in earlier if len(both := np.intersect1d(theirs, subjects))
    )
    return (
        f"{len(shared)} subjects stand both in {other} and in {shard}. Put every subject into one shard; "
        "`painresponse import` does so."
    )


def _damage(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "is not there."
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}."
    return (
        "cannot be read: it is damaged, cut short, or no file of this kind. Write it again from its source."
    )
