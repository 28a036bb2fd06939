"""Events gathered one by one into columns that stay small."""

from array import array
from typing import NamedTuple

import numpy as np

from painresponse.records.fhir.moments import Moment
from painresponse.records.tables import RawEvents
from painresponse.schema import STATIC

NOTHING = float("nan")


class Event(NamedTuple):
    """One event of a patient; times in microseconds on the clinic's clock."""

    time: int
    available: int
    code: str
    value: float = NOTHING
    unit: str = ""


def event(
    when: Moment, code: str, *, known: Moment | None = None, value: float = NOTHING, unit: str = ""
) -> Event:
    """An event known when it was recorded, else when the stretch it is dated by is over."""
    available = when.until if known is None else max(when.at, known.until)
    return Event(when.at, available, code, value, unit)


def static(code: str) -> Event:
    """A fact without a time."""
    return Event(STATIC, STATIC, code)


class Columns:
    """Events of any number of patients; some 30 bytes each."""

    def __init__(self) -> None:
        self._subject, self._time, self._available = array("q"), array("q"), array("q")
        self._code, self._unit, self._value = array("i"), array("i"), array("f")
        self._codes: dict[str, int] = {}
        self._units: dict[str, int] = {}

    def add(self, subject: int, one: Event) -> None:
        """Keep an event."""
        self._subject.append(subject)
        self._time.append(one.time)
        self._available.append(one.available)
        self._code.append(self._codes.setdefault(one.code, len(self._codes)))
        self._value.append(one.value)
        self._unit.append(self._units.setdefault(one.unit, len(self._units)) if one.unit else -1)

    def raw(self) -> RawEvents:
        """All of them as they came."""
        return RawEvents(
            subject=np.array(self._subject, np.int64),
            time=np.array(self._time, np.int64),
            available=np.array(self._available, np.int64),
            code=np.array(self._code, np.int32),
            codes=tuple(self._codes),
            value=np.array(self._value, np.float32),
            unit=np.array(self._unit, np.int32),
            units=tuple(self._units),
        )
