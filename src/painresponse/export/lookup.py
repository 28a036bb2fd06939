"""Tables of contributions as arrays: all tests of a target at once, then all contributions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from painresponse.export.contributions import Table, Test
from painresponse.export.oneway import column, limit

CHUNK = 4
"""Tests of a table, or contributions to a feature, that are added up side by side. What there is more of
comes in several chunks, since adding up one by one takes several times as long.
"""

_NO_TEST = Test(0, np.nan, above=False, weight=0)
"""Nobody passes it."""

_NO_TABLE = Table((), (0,), np.zeros((1, 1)))
"""The first of every target: what fills a chunk up points to it."""

Array = NDArray[Any]
One = TypeVar("One")


@dataclass(frozen=True)
class Lookup:
    """``by_target`` has a layer for each target, of shape [1, ...]: of each test its column, its limit and
    its weight; of each chunk of tests its table; of each table its first cell; of each contribution its place
    among those of the cells found; and of each chunk of contributions its feature.

    What belongs to one chunk stands as far apart as there are chunks. ``contributions``, float32, are cells x
    features of a cell.
    """

    by_target: dict[str, Array]
    contributions: NDArray[np.float32]

    def count(self, name: str) -> int:
        """How many each target has."""
        return int(self.by_target[name].shape[-1])


def lookup(grown: Sequence[Sequence[Table]], *, width: int) -> Lookup:
    """The tables of all targets, over so many features."""
    filled = [[_NO_TABLE, *tables] for tables in grown]
    most = max(len(table.features) for table in chain(*filled))
    owners, tests = _chunked([[one.tests for one in tables] for tables in filled], _NO_TEST)
    features, parts = _chunked([_parts(tables, most, width) for tables in filled], 0)
    by_target = {
        "columns": [[column(test.feature, test.above, width) for test in some] for some in tests],
        "limits": [[limit(test.threshold, test.above) for test in some] for some in tests],
        "weights": [[test.weight for test in some] for some in tests],
        "owners": owners,
        "starts": _starts([[len(table.contributions) for table in tables] for tables in filled]),
        "parts": parts,
        "places": features,
    }
    cells = [np.pad(one.contributions, ((0, 0), (0, most - len(one.features)))) for one in chain(*filled)]
    arrays = {name: _layers(rows) for name, rows in by_target.items()}
    return Lookup(arrays, np.concatenate(cells).astype(np.float32))


def _parts(tables: Sequence[Table], most: int, width: int) -> list[list[int]]:
    """By feature, its places among ``most`` contributions of each table."""
    found: list[list[int]] = [[] for _ in range(width)]
    for start, table in enumerate(tables[1:], 1):
        for place, feature in enumerate(table.features):
            found[feature].append(start * most + place)
    return found


def _chunked(
    runs: Sequence[Sequence[Sequence[One]]], nothing: One
) -> tuple[list[list[int]], list[list[One]]]:
    """By target: the run each chunk is of, and what is in the chunks, the first of each, then the second."""
    chunks = [list(_chunks(some, nothing)) for some in runs]
    count = max(1, *map(len, chunks))
    filled = [some + [(0, [nothing] * CHUNK)] * (count - len(some)) for some in chunks]
    owners = [[owner for owner, _ in some] for some in filled]
    return owners, [
        [one for turn in zip(*(part for _, part in some), strict=True) for one in turn] for some in filled
    ]


def _chunks(runs: Sequence[Sequence[One]], nothing: One) -> Iterator[tuple[int, list[One]]]:
    for owner, run in enumerate(runs):
        for start in range(0, len(run), CHUNK):
            part = run[start : start + CHUNK]
            yield owner, [*part, *[nothing] * (CHUNK - len(part))]


def _starts(counts: Sequence[Sequence[int]]) -> list[list[int]]:
    """The first cell of each table among those of all targets."""
    starts = iter(np.cumsum([0, *chain(*counts)]).tolist())
    return [[next(starts) for _ in some] for some in counts]


def _layers(rows: Sequence[Sequence[float]]) -> Array:
    """[targets, 1, as many as the longest has], in 32 bits; the others end in zeros."""
    longest = max(map(len, rows))
    kind = np.float32 if any(isinstance(one, float) for one in chain(*rows)) else np.int32
    return np.array([[[*row, *[0] * (longest - len(row))]] for row in rows], kind)
