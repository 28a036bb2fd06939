"""One number out of each window, for all rows, sources and windows at once.

Events are dropped into rings: the narrowest window that still holds them. A wider window is the rings inside
it added up, and each row adds up only its own events, so a subject alone equals the subject in a crowd to the
bit.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from painresponse.engine.plan import Plan, Scope, Wanted
from painresponse.engine.streams import NEVER, Stream
from painresponse.records.tables import Floats, Ints
from painresponse.schema import MICROSECONDS_PER_DAY

_YEAR = 365.25 * MICROSECONDS_PER_DAY


Take = Callable[[NDArray[Any]], NDArray[Any]]
"""Picks the wanted windows and sources out of a cube (windows x rows x sources): wanted x rows."""


class Cells:
    """The rings of every row and source in a scope, and what words need of them, each computed on demand."""

    def __init__(self, scope: Scope, stream: Stream, rows: int):
        source, ring = scope.source[stream.source], scope.ring[stream.ring]
        inside = (source >= 0) & (ring >= 0)
        if scope.valued:
            inside &= ~np.isnan(stream.value)
        held = inside.nonzero()[0]
        self.groups = rows * scope.sources
        self.shape = (scope.windows, rows, scope.sources)
        self.group = stream.row[held] * scope.sources + source[held]
        self.cell = ring[held] * self.groups + self.group
        self.age = stream.age[held]
        self.value = stream.value[held]

    def added(self, weights: Floats | None = None) -> Floats:
        """Sum over each window (count without weights)."""
        size = self.shape[0] * self.groups
        rings = np.bincount(self.cell, weights=weights, minlength=size).astype(np.float64, copy=False)
        return _outwards(np.add, rings.reshape(self.shape))

    @cached_property
    def count(self) -> Floats:
        """Events in each window."""
        return self.added()

    @cached_property
    def sum(self) -> Floats:
        """Sum of the values over each window."""
        return self.added(self.value)

    def least(self, values: NDArray[Any], start: float) -> NDArray[Any]:
        """Smallest in each window; ``start`` where there is none."""
        rings = np.full(self.shape[0] * self.groups, start, values.dtype)
        np.minimum.at(rings, self.cell, values)
        return _outwards(np.minimum, rings.reshape(self.shape))

    def most(self, values: NDArray[Any], start: float) -> NDArray[Any]:
        """Largest in each window; ``start`` where there is none."""
        rings = np.full(self.shape[0] * self.groups, start, values.dtype)
        np.maximum.at(rings, self.cell, values)
        return _outwards(np.maximum, rings.reshape(self.shape))

    @cached_property
    def newest_age(self) -> Ints:
        """By row and source: the age of the most recent event, the same for every window that holds any."""
        groups = np.full(self.groups, NEVER, np.int64)
        np.minimum.at(groups, self.group, self.age)
        return groups

    @cached_property
    def newest_value(self) -> Floats:
        """By row and source: the value of the most recent event, the largest among ties."""
        latest = self.age == self.newest_age[self.group]
        groups = np.full(self.groups, -np.inf)
        np.maximum.at(groups, self.group[latest], self.value[latest])
        return groups

    @cached_property
    def centred(self) -> Floats:
        """Values less the most recent, which lies in every non-empty window: raw moments lose precision."""
        centred: Floats = self.value - self.newest_value[self.group]
        return centred

    @cached_property
    def centred_sum(self) -> Floats:
        """Sum of the centred values over each window."""
        return self.added(self.centred)

    def everywhere(self, groups: NDArray[Any]) -> NDArray[Any]:
        """What is the same in every window, as a cube."""
        return np.broadcast_to(groups.reshape(self.shape[1:]), self.shape)


def _outwards(combine: np.ufunc, rings: NDArray[Any]) -> NDArray[Any]:
    """Each window from its own ring and the window inside it (``accumulate`` takes ten times as long)."""
    for window in range(1, len(rings)):
        combine(rings[window], rings[window - 1], out=rings[window])
    return rings


def _count(cells: Cells, take: Take) -> Floats:
    return take(cells.count)


def _measured(cells: Cells, take: Take) -> Floats:
    return (take(cells.count) > 0).astype(np.float64)


def _sum(cells: Cells, take: Take) -> Floats:
    return take(cells.sum)


def _mean(cells: Cells, take: Take) -> Floats:
    return take(cells.sum) / take(cells.count)


def _min(cells: Cells, take: Take) -> Floats:
    return _unless_empty(cells, take, cells.least(cells.value, np.inf))


def _max(cells: Cells, take: Take) -> Floats:
    return _unless_empty(cells, take, cells.most(cells.value, -np.inf))


def _last(cells: Cells, take: Take) -> Floats:
    return _unless_empty(cells, take, cells.everywhere(cells.newest_value))


def _first(cells: Cells, take: Take) -> Floats:
    """Ring by ring outwards: the oldest event of a window lies in its outermost ring that holds any."""
    size = cells.shape[0] * cells.groups
    oldest = np.full(size, -1, np.int64)
    np.maximum.at(oldest, cells.cell, cells.age)
    earliest = cells.age == oldest[cells.cell]
    value = np.full(size, -np.inf)
    np.maximum.at(value, cells.cell[earliest], cells.value[earliest])
    value, empty = value.reshape(cells.shape), (oldest < 0).reshape(cells.shape)
    for window in range(1, cells.shape[0]):
        value[window] = np.where(empty[window], value[window - 1], value[window])
    return _unless_empty(cells, take, value)


def _spread(cells: Cells, take: Take) -> Floats:
    n, total, squares = map(take, (cells.count, cells.centred_sum, cells.added(cells.centred**2)))
    variance = np.maximum(squares - total * total / n, 0.0) / (n - 1)
    return np.where(n >= 2, np.sqrt(variance), np.nan)


def _slope(cells: Cells, take: Take) -> Floats:
    """Least squares on years before the most recent event; that two times differ is decided on integers."""
    t = np.where(cells.age < NEVER, (cells.age - cells.newest_age[cells.group]) / -_YEAR, 0.0)
    n, sum_t, sum_d = take(cells.count), take(cells.added(t)), take(cells.centred_sum)
    sum_td, sum_tt = take(cells.added(t * cells.centred)), take(cells.added(t * t))
    slope = (sum_td - sum_t * sum_d / n) / (sum_tt - sum_t * sum_t / n)
    oldest = take(cells.most(cells.age, -1))
    apart = (oldest > take(cells.everywhere(cells.newest_age))) & (oldest < NEVER)
    return np.where(apart, slope, np.nan)


def _days_since_last(cells: Cells, take: Take) -> Floats:
    return _in_days(take(cells.least(cells.age, NEVER)))


def _days_since_first(cells: Cells, take: Take) -> Floats:
    return _in_days(take(cells.most(cells.age, -1)))


def _in_days(age: NDArray[Any]) -> Floats:
    """Ages in days; unknown where there is no event, or only one without a time."""
    return np.where((age < 0) | (age >= NEVER), np.nan, age / MICROSECONDS_PER_DAY)


def _unless_empty(cells: Cells, take: Take, values: NDArray[Any]) -> Floats:
    return np.where(take(cells.count) > 0, take(values), np.nan)


WORDS: dict[str, Callable[[Cells, Take], Floats]] = {
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
            out[:, want.column] = WORDS[word](cells[want.scope], _picking(want)).T
    return out


def _picking(want: Wanted) -> Take:
    return lambda cube: cube[want.window, :, want.source]
