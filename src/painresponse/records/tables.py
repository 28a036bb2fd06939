"""Event histories and questions about them, as plain columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from painresponse.errors import RecordError
from painresponse.schema import EARLIEST, LATEST

K = TypeVar("K", bound=np.generic)

Ints = NDArray[np.int64]
Places = NDArray[np.int32]
Values = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RawEvents:
    """Events as they arrive, in any order; all columns of one length n.

    Times are microseconds since 1970 on the clinic's clock (schema.STATIC where there is none), values
    float32 with NaN where there is none. ``code`` and ``unit`` point into ``codes`` and ``units``; unit -1 is
    none.
    """

    subject: Ints
    time: Ints
    available: Ints
    code: Places
    codes: tuple[str, ...]
    value: Values
    unit: Places
    units: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.subject)

    def reordered(self, places: Ints, sources: Ints) -> "RawEvents":
        """With the events of ``sources`` at ``places``, the others where they are."""

        def moved(column: NDArray[K]) -> NDArray[K]:
            other = column.copy()
            other[places] = column[sources]
            return other

        return RawEvents(
            moved(self.subject),
            moved(self.time),
            moved(self.available),
            moved(self.code),
            self.codes,
            moved(self.value),
            moved(self.unit),
            self.units,
        )

    def taken(self, places: Ints) -> "RawEvents":
        """Some of them, in the order of ``places``."""
        return RawEvents(
            self.subject[places],
            self.time[places],
            self.available[places],
            self.code[places],
            self.codes,
            self.value[places],
            self.unit[places],
            self.units,
        )


def together(each: Sequence[RawEvents]) -> RawEvents:
    """The events of several subjects, each given alone, as one table: its place is a subject's number."""
    if len(each) == 1:
        return replace(each[0], subject=np.zeros(len(each[0]), np.int64))
    codes, units = (_union([getattr(one, names) for one in each]) for names in ("codes", "units"))
    at_code = {name: place for place, name in enumerate(codes)}
    at_unit = {name: place for place, name in enumerate(units)}
    code = [np.array([at_code[name] for name in one.codes], np.int32)[one.code] for one in each]
    unit = [np.array([*(at_unit[name] for name in one.units), -1], np.int32)[one.unit] for one in each]
    time, available, value = (
        np.concatenate([getattr(one, column) for one in each]) for column in ("time", "available", "value")
    )
    subject = np.repeat(np.arange(len(each), dtype=np.int64), [len(one) for one in each])
    return RawEvents(
        subject, time, available, np.concatenate(code), codes, value, np.concatenate(unit), units
    )


def _union(each: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted(set().union(*each)))


@dataclass(frozen=True)
class Records:
    """Histories ready to compute on: sorted by subject, time, code and value, without exact duplicates.

    ``codes`` is sorted; values are in canonical units.
    """

    subject: Ints
    time: Ints
    available: Ints
    code: Places
    codes: tuple[str, ...]
    value: Values

    def __len__(self) -> int:
        return len(self.subject)

    def subjects(self) -> Ints:
        """The distinct subjects, ascending."""
        starts = np.flatnonzero(np.diff(self.subject, prepend=self.subject[:1] - 1))
        return self.subject[starts]

    def of(self, subject: int) -> "Records":
        """One subject's records."""
        first, stop = np.searchsorted(self.subject, [subject, subject + 1])
        here = slice(int(first), int(stop))
        return Records(
            self.subject[here],
            self.time[here],
            self.available[here],
            self.code[here],
            self.codes,
            self.value[here],
        )


@dataclass(frozen=True)
class Asks:
    """Questions: which subject, at which index instant (microseconds, clinic's clock). One row each."""

    subject: Ints
    index: Ints

    def __post_init__(self) -> None:
        if self.subject.shape != self.index.shape or self.subject.ndim != 1:
            raise RecordError("Subjects and index instants must be two columns of one length.")
        if len(self.index) and not EARLIEST <= self.index.min() <= self.index.max() < LATEST:
            raise RecordError(
                "An index instant lies before 1900 or after 2099. Check how the dates were read."
            )

    def __len__(self) -> int:
        return len(self.subject)

    def part(self, first: int, stop: int) -> "Asks":
        """Rows ``first`` to ``stop``."""
        return Asks(self.subject[first:stop], self.index[first:stop])
