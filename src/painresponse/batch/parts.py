"""A part: the feature rows of one shard in a file of its own, which says what it was made from."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from painresponse.batch.asking import asker
from painresponse.clinic import Catalogue
from painresponse.concepts import Concepts
from painresponse.engine import Plan, rows
from painresponse.errors import WorkError
from painresponse.language import FeatureSet
from painresponse.publishing import publish
from painresponse.readers.meds import shard_histories
from painresponse.records import Asks, Intake, Records
from painresponse.records.coding import Measures
from painresponse.schema import PREDICTION, SUBJECT

ASKS_AT_ONCE = 10_000
"""Rows computed and written together: the matrix of a shard with many asks is never held whole."""


@dataclass(frozen=True)
class Recipe:
    """What feature rows are made from besides the events: plain data, so that it travels to any process.

    ``features`` are names and sentences, ``concepts`` plain tables. Equal digests mean equal rows.
    """

    digest: str
    features: dict[str, str] = field(compare=False, repr=False)
    concepts: dict[str, Any] = field(compare=False, repr=False)
    asks: Asks | None = field(compare=False, repr=False)

    @classmethod
    def of(cls, catalogue: Catalogue, asks: Asks | None) -> "Recipe":
        """The recipe of a catalogue's features at the given asks."""
        features, concepts = catalogue.features.to_plain(), catalogue.concepts.to_plain()
        about = None if asks is None else _digest(asks.subject.tobytes() + asks.index.tobytes())
        versions = [version(name) for name in ("painresponse", "numpy")]
        whole = json.dumps([list(features.items()), concepts, about, versions])
        return cls(_digest(whole.encode()), features, concepts, asks)

    def notes(self) -> dict[str, str]:
        """What a file of features says of its columns: fingerprint and lineage."""
        lineage = FeatureSet.from_plain(self.features)
        return {"fingerprint": lineage.fingerprint(), "features": json.dumps(self.features)}

    def columns(self) -> pa.Schema:
        """The columns of a file of features, with its notes."""
        names = {SUBJECT: pa.int64(), PREDICTION: pa.timestamp("us")}
        names |= dict.fromkeys(self.features, pa.float32())
        return pa.schema(names, metadata=self.notes())


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
        mark = _digest(json.dumps([recipe.digest, str(shard), facts.st_size, facts.st_mtime_ns]).encode())
        return cls(shard, part, account, mark, pq.read_metadata(shard).num_rows)


@dataclass(frozen=True)
class Account:
    """What lies beside a finished part: its mark, size and checksum; its rows, events read, rejections."""

    mark: str
    size: int
    checksum: int
    rows: int
    events: int
    rejected: dict[str, int]


@lru_cache(maxsize=1)
def maker(recipe: Recipe) -> Callable[[Job], None]:
    """What makes a recipe's parts; the plan is built once in each process."""
    concepts = Concepts.from_plain(recipe.concepts)
    plan = Plan(FeatureSet.from_plain(recipe.features), concepts)
    return partial(_make, plan, recipe.columns(), Measures(concepts), asker(recipe.asks))


def _make(
    plan: Plan, columns: pa.Schema, measures: Measures, about: Callable[[Records], Asks], job: Job
) -> None:
    taken, written = Intake(), 0

    def write(draft: Path) -> None:
        nonlocal taken, written
        with pq.ParquetWriter(draft, columns, compression="zstd", write_page_checksum=True) as writer:
            for records, intake in shard_histories(job.shard, measures):
                taken += intake
                for table in _tables(plan, columns, records, about(records)):
                    writer.write_table(table)
                    written += len(table)

    try:
        _put(job.part, write)
    except MemoryError:
        raise WorkError(
            f"There is not enough memory to work on {job.shard}. Run fewer processes at once, or split it up."
        ) from None
    size, checksum = job.part.stat().st_size, _checksum(job.part)
    found = Account(job.mark, size, checksum, written, taken.given, taken.reasons())
    _put(job.account, lambda draft: draft.write_text(json.dumps(asdict(found))))


def _put(path: Path, write: Callable[[Path], object]) -> None:
    """Not durable, for speed: what a power cut damages is found by its checksum and made again."""
    publish(path, write, durable=False)


def _tables(plan: Plan, columns: pa.Schema, records: Records, asks: Asks) -> Iterator[pa.Table]:
    for first in range(0, len(asks), ASKS_AT_ONCE):
        part = asks.part(first, first + ASKS_AT_ONCE)
        matrix = np.ascontiguousarray(rows(plan, records, part).T)
        yield pa.table([part.subject, part.index.astype("datetime64[us]"), *matrix], schema=columns)


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
    """Write the rows of all parts into one file, never more than `ASKS_AT_ONCE` in memory."""
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


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
