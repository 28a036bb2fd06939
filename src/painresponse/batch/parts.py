"""A part: what became of one shard in a file of its own, which says what it was made from."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from painresponse.errors import WorkError
from painresponse.publishing import publish
from painresponse.readers.meds import shard_histories
from painresponse.records import Asks, Intake, Records
from painresponse.records.coding import Measures

Counts = dict[str, NDArray[np.int64]]
"""Whole numbers by name, arrays of any shape: of two parts together they are the sum."""


class Lines(NamedTuple):
    """Some lines of a part, and what was counted of them."""

    table: pa.Table
    counts: Counts


class Making(NamedTuple):
    """A recipe ready for work: what events are read with, and what becomes of records, piece by piece."""

    measures: Measures
    lines: Callable[[Records], Iterator[Lines]]


class Recipe(Protocol):
    """What lines are made from besides the events: plain data, so that it travels to any process."""

    @property
    def digest(self) -> str:
        """Equal digests mean equal lines of equal events."""

    @property
    def asks(self) -> Asks | None:
        """Who is asked about and when; without them everybody, a day after the last event."""

    def columns(self) -> pa.Schema:
        """The columns of a file of such lines, with what it says of itself."""

    def ready(self) -> Making:
        """Everything that is made once in each process."""


@dataclass(frozen=True)
class Job:
    """One shard, where its part and the part's account belong, and the mark of the right part."""

    shard: Path
    part: Path
    account: Path
    mark: str
    events: int

    def __str__(self) -> str:
        return str(self.shard)

    @classmethod
    def of(cls, recipe: Recipe, shard: Path, part: Path, account: Path) -> "Job":
        """The mark changes with the recipe and with the shard's place, size and time of change."""
        facts = shard.stat()
        mark = digest(json.dumps([recipe.digest, str(shard), facts.st_size, facts.st_mtime_ns]).encode())
        return cls(shard, part, account, mark, pq.read_metadata(shard).num_rows)


@dataclass(frozen=True)
class Account:
    """What lies beside a finished part: its mark, size and checksum; its lines, events read, rejections.

    ``counts`` are what the recipe counted of its lines.
    """

    mark: str
    size: int
    checksum: int
    rows: int
    events: int
    rejected: dict[str, int]
    counts: dict[str, Any]


@lru_cache(maxsize=1)
def maker(recipe: Recipe) -> Callable[[Job], None]:
    """What makes a recipe's parts; it gets ready once in each process."""
    return partial(_make, recipe.columns(), recipe.ready())


def _make(columns: pa.Schema, making: Making, job: Job) -> None:
    taken, written, counts = Intake(), 0, Counts()

    def write(draft: Path) -> None:
        nonlocal taken, written, counts
        with pq.ParquetWriter(draft, columns, compression="zstd", write_page_checksum=True) as writer:
            for records, intake in shard_histories(job.shard, making.measures):
                taken += intake
                for table, counted in making.lines(records):
                    writer.write_table(table)
                    written += len(table)
                    counts = summed(counts, counted)

    try:
        _put(job.part, write)
    except MemoryError:
        raise WorkError(
            f"There is not enough memory to work on {job.shard}. Run fewer processes at once, or split it up."
        ) from None
    size, checksum = job.part.stat().st_size, _checksum(job.part)
    plain = {name: counted.tolist() for name, counted in counts.items()}
    found = Account(job.mark, size, checksum, written, taken.given, taken.reasons(), plain)
    _put(job.account, lambda draft: draft.write_text(json.dumps(vars(found))))


def _put(path: Path, write: Callable[[Path], object]) -> None:
    """Not durable, for speed: what a power cut damages is found by its checksum and made again."""
    publish(path, write, durable=False)


def summed(counts: Counts, more: Mapping[str, Any]) -> Counts:
    """Counts of two, name by name; lists count as arrays, and an absent name as nothing."""
    return {**counts, **{name: counts.get(name, 0) + np.asarray(one) for name, one in more.items()}}


def account(job: Job, *, thorough: bool = False) -> Account | None:
    """The account of a job's part; None when the part is absent, damaged or made from something else.

    Unless ``thorough``, the part itself is not read.
    """
    try:
        found = Account(**json.loads(job.account.read_bytes()))
        size, checksum = job.part.stat().st_size, _checksum(job.part) if thorough else found.checksum
    except (OSError, TypeError, ValueError):
        return None
    return found if (found.mark, found.size, found.checksum) == (job.mark, size, checksum) else None


def joined(draft: Path, columns: pa.Schema, parts: list[Path]) -> None:
    """Write the lines of all parts into one file, one piece of a part in memory at a time."""
    with pq.ParquetWriter(draft, columns, compression="zstd", write_page_checksum=True) as writer:
        for part in parts:
            with pq.ParquetFile(part) as file:
                for place in range(file.num_row_groups):
                    writer.write_table(file.read_row_group(place).replace_schema_metadata(columns.metadata))


def _checksum(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while block := file.read(2**20):
            checksum = crc32(block, checksum)
    return checksum


def digest(data: bytes) -> str:
    """The SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()
