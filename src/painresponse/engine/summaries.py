"""One number out of each window, for all rows, sources and windows at once.

Events are dropped into rings: the narrowest window that still holds them. A wider window is the rings inside
it added up, and each row adds up only its own events, so a subject alone equals the subject in a crowd to the
bit.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from painresponse.engine.plan import Plan, Scope
from painresponse.engine.streams import NEVER, Stream
from painresponse.records.tables import Floats, Ints
from painresponse.schema import MICROSECONDS_PER_DAY

_YEAR = 365.25 * MICROSECONDS_PER_DAY


class Cells:
    """The rings of every row and source in a scope, and what words need of them, each computed on demand."""

    def __init__(self, scope: Scope, stream: Stream, rows: int):
        source, ring = scope.source[stream.source], scope.ring[stream.ring]
        inside = (source >= 0) & (ring >= 0)
        if scope.valued:
            inside &= ~np.isnan(stream.value)
        self.shape = (rows, scope.sources, scope.windows)
        self.group = stream.row[inside] * scope.sources + source[inside]
        self.cell = self.group * scope.windows + ring[inside]
        self.age = stream.age[inside]
        self.value = stream.value[inside]
        self._kept: dict[str, NDArray[np.float64]] = {}

    def kept(self, name: str, make: Callable[[], Floats]) -> Floats:
        """A cube several words need."""
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    def added(self, weights: Floats | None = None) -> Floats:
        """Sum over each window (count without weights)."""
        size = int(np.prod(self.shape))
        rings = np.bincount(self.cell, weights=weights, minlength=size).reshape(self.shape)
        return np.cumsum(rings, axis=2, dtype=np.float64)

    def count(self) -> Floats:
        """Events in each window."""
        return self.kept("count", self.added)

    def least(self, values: NDArray[Any], start: float) -> NDArray[Any]:
        """Smallest in each window; ``start`` where there is none."""
        rings = np.full(int(np.prod(self.shape)), start, values.dtype)
        np.minimum.at(rings, self.cell, values)
        return np.minimum.accumulate(rings.reshape(self.shape), axis=2)

    def most(self, values: NDArray[Any], start: float) -> NDArray[Any]:
        """Largest in each window; ``start`` where there is none."""
        rings = np.full(int(np.prod(self.shape)), start, values.dtype)
        np.maximum.at(rings, self.cell, values)
        return np.maximum.accumulate(rings.reshape(self.shape), axis=2)

    def newest_age(self) -> Ints:
        """By row and source: the age of the most recent event, the same for every window that holds any."""
        groups = np.full(self.shape[0] * self.shape[1], NEVER, np.int64)
        np.minimum.at(groups, self.group, self.age)
        return groups

    def newest_value(self) -> Floats:
        """By row and source: the value of the most recent event, the largest among ties."""
        latest = self.age == self.newest_age()[self.group]
        groups = np.full(self.shape[0] * self.shape[1], -np.inf)
        np.maximum.at(groups, self.group[latest], self.value[latest])
        return groups


def _centred(cells: Cells) -> Floats:
    """Values less the most recent one, which lies in every non-empty window: raw moments lose precision."""
    centred: Floats = cells.value - cells.newest_value()[cells.group]
    return centred


def _count(cells: Cells) -> Floats:
    return cells.count()


def _measured(cells: Cells) -> Floats:
    return (cells.count() > 0).astype(np.float64)


def _sum(cells: Cells) -> Floats:
    return cells.kept("sum", lambda: cells.added(cells.value))


def _mean(cells: Cells) -> Floats:
    return _sum(cells) / cells.count()


def _min(cells: Cells) -> Floats:
    return _unless_empty(cells, cells.least(cells.value, np.inf))


def _max(cells: Cells) -> Floats:
    return _unless_empty(cells, cells.most(cells.value, -np.inf))


def _last(cells: Cells) -> Floats:
    newest = cells.newest_value().reshape(cells.shape[:2])
    return _unless_empty(cells, np.repeat(newest[:, :, None], cells.shape[2], axis=2))


def _first(cells: Cells) -> Floats:
    """Ring by ring outwards: the oldest event of a window lies in its outermost ring that holds any."""
    size = int(np.prod(cells.shape))
    oldest = np.full(size, -1, np.int64)
    np.maximum.at(oldest, cells.cell, cells.age)
    earliest = cells.age == oldest[cells.cell]
    value = np.full(size, -np.inf)
    np.maximum.at(value, cells.cell[earliest], cells.value[earliest])
    value, empty = value.reshape(cells.shape), (oldest < 0).reshape(cells.shape)
    for window in range(1, cells.shape[2]):
        value[:, :, window] = np.where(empty[:, :, window], value[:, :, window - 1], value[:, :, window])
    return _unless_empty(cells, value)


def _spread(cells: Cells) -> Floats:
    n, d = cells.count(), _centred(cells)
    total, squares = cells.added(d), cells.added(d * d)
    variance = np.maximum(squares - total * total / n, 0.0) / (n - 1)
    return np.where(n >= 2, np.sqrt(variance), np.nan)


def _slope(cells: Cells) -> Floats:
    """Least squares on years before the most recent event; that two times differ is decided on integers."""
    dated = cells.age < NEVER
    newest = cells.newest_age()
    t = np.where(dated, (cells.age - newest[cells.group]) / -_YEAR, 0.0)
    d, n = _centred(cells), cells.count()
    sum_t, sum_d = cells.added(t), cells.added(d)
    slope = (cells.added(t * d) - sum_t * sum_d / n) / (cells.added(t * t) - sum_t * sum_t / n)
    oldest = cells.most(cells.age, -1)
    apart = (oldest > newest.reshape(cells.shape[:2])[:, :, None]) & (oldest < NEVER)
    return np.where(apart, slope, np.nan)


def _days_since_last(cells: Cells) -> Floats:
    return _in_days(cells.least(cells.age, NEVER))


def _days_since_first(cells: Cells) -> Floats:
    return _in_days(cells.most(cells.age, -1))


def _in_days(age: NDArray[Any]) -> Floats:
    """Ages in days; unknown where there is no event, or only one without a time."""
    whole = age.astype(np.int64)
    return np.where((whole < 0) | (whole >= NEVER), np.nan, whole / MICROSECONDS_PER_DAY)


def _unless_empty(cells: Cells, values: NDArray[Any]) -> Floats:
    return np.where(cells.count() > 0, values, np.nan).astype(np.float64)


WORDS: dict[str, Callable[[Cells], Floats]] = {
    "count": _count,
    "measured": _measured,
    "days_since_last": _days_since_last,
    "days_since_first": _days_since_first,
    "sum": _sum,
    "mean": _mean,
    "min": _min,
    "max": _max,
    "last": _last,
    "first": _first,
    "spread": _spread,
    "slope": _slope,
}


def summarise(plan: Plan, stream: Stream, rows: int) -> Floats:
    """The plan's workspace with every summary filled in, the rest, and one more column, still unknown."""
    out = np.full((rows, plan.width + 1), np.nan)
    cells = [Cells(scope, stream, rows) for scope in plan.scopes]
    with np.errstate(all="ignore"):  # empty windows divide by zero on the way to unknown
        for word, want in plan.wanted.items():
            out[:, want.column] = WORDS[word](cells[want.scope])[:, want.source, want.window]
    return out
