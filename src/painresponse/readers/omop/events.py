"""Events out of the workshop: every subject's whole history in order, so many subjects at a time."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from painresponse.readers.account import FEW
from painresponse.readers.omop.meanings import LOCAL, Codes
from painresponse.records import RawEvents


@dataclass
class Tally:
    """What has come out so far: nothing but counts."""

    codes: Codes
    units: Codes
    events: int = 0
    subjects: int = 0
    repeated: Counter[int] = field(default_factory=Counter)
    by_code: Counter[int] = field(default_factory=Counter)
    by_unit: Counter[tuple[int, int]] = field(default_factory=Counter)
    shared: Counter[int] = field(default_factory=Counter)

    def add(self, piece: RawEvents) -> None:
        """Count a piece; ``shared`` by subjects, for codes that hold words of the record."""
        self.events += len(piece)
        self.subjects += len(np.unique(piece.subject))
        self.by_code.update(_counts(piece.code))
        valued = (piece.unit >= 0) & ~np.isnan(piece.value)
        pairs = piece.code[valued] * np.int64(len(self.units.numbers)) + piece.unit[valued]
        for pair, count in _counts(pairs).items():
            self.by_unit[divmod(pair, len(self.units.numbers))] += count
        free = np.isin(piece.code, np.fromiter(self.codes.free, np.int64))
        whom = np.unique(np.stack([piece.code[free].astype(np.int64), piece.subject[free]]), axis=1)
        self.shared.update(_counts(whom[0]))

    def named(self, code: int) -> str:
        """A code as a report may show it: words of the record only where several subjects share them."""
        name = self.codes.words()[code]
        if code not in self.codes.free or self.shared[code] >= FEW:
            return name
        return "//".join([*name.split("//")[:2], "…"]) if name.startswith(LOCAL) else f"{LOCAL}…"

    def unit_named(self, unit: int) -> str:
        """A unit as a report may show it: the record's own word only where many values have it."""
        free = unit in self.units.free and sum(n for (_, one), n in self.by_unit.items() if one == unit) < FEW
        return f"{LOCAL}…" if free else self.units.words()[unit]


def pieces(batches: Iterable[pa.RecordBatch], tally: Tally) -> Iterator[RawEvents]:
    """Every shard's subjects with their events by time, each event once; counts what it gives."""
    codes, units = tally.codes.words(), tally.units.words()
    for table in _by_shard(batches):
        columns = {name: table[name].to_numpy() for name in table.column_names}
        again = _repeats(columns)
        tally.repeated.update(_counts(columns["origin"][again]))
        kept = {name: column[~again] for name, column in columns.items()}
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and rejected when read
            value = kept["value"].astype(np.float32)
        piece = RawEvents(
            subject=kept["subject"],
            time=kept["time"],
            available=kept["available"],
            code=kept["code"].astype(np.int32),
            codes=codes,
            value=value,
            unit=kept["unit"].astype(np.int32),
            units=units,
        )
        tally.add(piece)
        yield piece


def _by_shard(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Batches in order of shards, put together again for each shard."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        shard = batch["shard"].to_numpy()
        cuts = [0, *(np.flatnonzero(np.diff(shard)) + 1), len(shard)]
        for first, stop in pairwise(cuts):
            if stop > first and held and held[-1]["shard"][0].as_py() != shard[first]:
                yield pa.Table.from_batches(held)
                held = []
            if stop > first:
                held.append(batch.slice(first, stop - first))
    if held:
        yield pa.Table.from_batches(held)


def _repeats(columns: dict[str, NDArray]) -> NDArray[np.bool_]:
    """Events equal to the one before but for when they were known; the earliest known one stays."""
    again = np.ones(len(columns["subject"]), bool)
    again[:1] = False
    for name in ("subject", "time", "code", "value", "unit"):
        column = columns[name]
        same = column[1:] == column[:-1]
        if name == "value":
            same |= np.isnan(column[1:]) & np.isnan(column[:-1])
        again[1:] &= same
    return again


def _counts(numbers: NDArray[np.integer]) -> dict[int, int]:
    found, counts = np.unique(numbers, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))
