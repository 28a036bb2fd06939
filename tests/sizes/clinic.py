"""Small random histories in shards, and the command as a person would run it."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from painresponse.schema import MICROSECONDS_PER_DAY as DAY

CODES = ("PR//pain", "LOINC//1988-5", "RxNorm//25480", "RxNorm//25480//STOP", "a code of our own")
START = 16_000 * DAY


@dataclass(frozen=True)
class Run:
    """What a command did."""

    code: int
    out: str
    err: str


def histories(subjects: range, *, events: int = 40) -> pa.Table:
    """So many events for each subject, sorted by subject and time; the same numbers for the same subjects."""
    rng = np.random.default_rng(subjects.start)
    n = len(subjects) * events
    subject = np.repeat(np.array(subjects, np.int64), events)
    time = START + rng.integers(0, 2000, n) * DAY
    order = np.lexsort((time, subject))
    return pa.table(
        {
            "subject_id": subject,
            "time": time[order].astype("datetime64[us]"),
            "code": pa.array(CODES).take(pa.array(rng.integers(0, len(CODES), n))),
            "numeric_value": rng.uniform(0, 10, n).astype(np.float32),
        }
    )


def write_shards(folder: Path, *, shards: int = 3, subjects: int = 20, events: int = 40) -> Path:
    """A folder of so many shards, each with its own subjects."""
    for number in range(shards):
        table = histories(range(number * subjects + 1, (number + 1) * subjects + 1), events=events)
        write_shard(folder, f"{number}.parquet", table)
    return folder


def write_shard(folder: Path, name: str, table: pa.Table, **options: Any) -> Path:
    """One shard."""
    path = folder / "data" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **options)
    return path


def words(*said: object) -> list[str]:
    """The command line of painresponse."""
    return [sys.executable, "-m", "painresponse", *map(str, said)]


def command(*said: object, **options: Any) -> Run:
    """Run painresponse as a person would."""
    done = subprocess.run(words(*said), capture_output=True, text=True, **options)
    return Run(done.returncode, done.stdout, done.stderr)


def content(out: Path) -> list[tuple[str, bytes]]:
    """Name and bytes of every column of a file or folder of features, rows by subject and instant."""
    paths = [out] if out.is_file() else sorted(out.rglob("*.parquet"))
    table = pa.concat_tables([pq.read_table(path).replace_schema_metadata() for path in paths])
    table = table.sort_by([("subject_id", "ascending"), ("prediction_time", "ascending")])
    return [(name, table[name].to_numpy().tobytes()) for name in table.column_names]
