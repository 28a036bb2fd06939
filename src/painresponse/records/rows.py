"""One subject's history, row by row (JSON, a form), into raw events; errors name the row, never a value."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import numpy as np

from painresponse.errors import RecordError
from painresponse.records.tables import Asks, Ints, RawEvents, Values
from painresponse.schema import STATIC

_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)

Time = str | datetime | None


def history(
    times: Sequence[Time],
    codes: Sequence[str],
    values: Sequence[float | None],
    *,
    units: Sequence[str | None] | None = None,
    available: Sequence[Time] | None = None,
    subject: int = 0,
) -> RawEvents:
    """One subject's events from columns of one length. Raises RecordError naming the row and the column."""
    n = len(codes)
    units = units if units is not None else [None] * n
    available = available if available is not None else [None] * n
    if not len(times) == len(values) == len(units) == len(available) == n:
        raise RecordError("time, code, value, unit and available_time must have the same number of entries.")
    time = _instants(times, "time")
    known = _instants(available, "available_time")
    if strange := [row for row, one in enumerate(codes) if not isinstance(one, str)]:
        raise RecordError(f"events[{strange[0]}].code must be text, for example 'LOINC//1988-5'.")
    code, code_names = _numbered(codes)
    unit, unit_names = _numbered([one or "" for one in units])
    return RawEvents(
        np.full(n, subject, np.int64),
        time,
        np.where(known == STATIC, time, known),
        code,
        code_names,
        _numbers(values),
        unit,
        unit_names,
    )


def ask(index: Time, *, subject: int = 0) -> Asks:
    """One question: this subject, at this index instant."""
    if index is None:
        raise RecordError("index is missing: say at which instant the prediction is asked.")
    return Asks(np.array([subject], np.int64), np.array([instant(index, "index")], np.int64))


def _instants(given: Sequence[Time], column: str) -> Ints:
    """Of each row its instant, STATIC where there is none. Raises RecordError naming the row."""
    found = np.full(len(given), STATIC, np.int64)
    said = [one for one in given if one is not None]
    if not said:
        return found
    read = _all_usual(said)
    if read is None:
        read = np.array([instant(one, f"events[{row}].{column}") for row, one in _numbered_rows(given)])
    found[[one is not None for one in given] if len(said) < len(given) else slice(None)] = read
    return found


def _numbered_rows(given: Sequence[Time]) -> Iterator[tuple[int, str | datetime]]:
    return ((row, one) for row, one in enumerate(given) if one is not None)


_USUAL = {b"0000-00-00" + clock for clock in (b"", b"T00:00", b"T00:00:00", b"T00:00:00.000000")}
"""Forms in which NumPy reads a stamp as the standard library does, ten times as fast."""
_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
_FIRST_YEAR = np.datetime64("0001-01-01", "us").astype(np.int64)


def _all_usual(said: Sequence[str | datetime]) -> Ints | None:
    """Instants in microseconds, if all are written in a usual form and exist."""
    try:
        forms = "\n".join(said).encode().translate(_TO_ZERO).split(b"\n")  # type: ignore[arg-type]
        if not _USUAL.issuperset(forms):
            return None
        read: Ints = np.array(said, "datetime64[us]").astype(np.int64)
    except (TypeError, ValueError):
        return None
    return read if read.min() >= _FIRST_YEAR else None


def instant(given: str | datetime, where: str) -> int:
    """Microseconds since 1970 of a naive clinic-local time, given as ISO 8601 text or datetime."""
    try:
        moment = given if isinstance(given, datetime) else datetime.fromisoformat(given)
    except (TypeError, ValueError):
        raise RecordError(
            f"{where} is not a date or time. Write it like 2026-03-01 or 2026-03-01T08:30:00."
        ) from None
    if moment.tzinfo is not None:
        raise RecordError(
            f"{where} carries a time zone. Give the clinic's local clock time without one: "
            "the hour of a sample is part of what it means."
        )
    return (moment - _EPOCH) // _MICROSECOND


def _numbers(values: Sequence[float | None]) -> Values:
    """Float32, as shards hold them; what is too large for that is infinite, and rejected at intake."""
    try:
        numbers = np.array(values, np.float64)  # None is NaN
    except (TypeError, ValueError, OverflowError):
        row = next(row for row, one in enumerate(values) if not _is_number(one))
        raise RecordError(f"events[{row}].value is not a number. Say null where there is none.") from None
    with np.errstate(over="ignore"):
        return numbers.astype(np.float32)


def _is_number(given: object) -> bool:
    try:
        return given is None or bool(np.ndim(np.float64(given)) == 0)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return False


def _numbered(names: Sequence[str]) -> tuple[np.ndarray[tuple[int], np.dtype[np.int32]], tuple[str, ...]]:
    """Each name's place in the sorted tuple of distinct names."""
    distinct = tuple(sorted(set(names)))
    place = {name: number for number, name in enumerate(distinct)}
    return np.fromiter(map(place.__getitem__, names), np.int32, len(names)), distinct
