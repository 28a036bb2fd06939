"""Streams: the known events of an ask as the sources they feed."""

from dataclasses import dataclass

import numpy as np

from painresponse.engine.windows import ring
from painresponse.records.tables import Floats, Ints

NEVER = 2**62
"""The age of a fact that has no time: only ``ever`` reaches so far."""


@dataclass(frozen=True)
class Stream:
    """Events by row and source: the ring each falls in, its age in microseconds, its value (NaN: none)."""

    row: Ints
    source: Ints
    ring: Ints
    age: Ints
    value: Floats

    @classmethod
    def of(cls, spans: Ints, row: Ints, source: Ints, age: Ints, value: Floats) -> "Stream":
        """Events dropped into rings; those older than every window are left out."""
        place = ring(age, spans)
        inside = place < len(spans)
        if inside.all():
            return cls(row, source, place, age, value)
        return cls(row[inside], source[inside], place[inside], age[inside], value[inside])


def joined(*streams: Stream) -> Stream:
    """Several streams as one."""
    full = [stream for stream in streams if len(stream.row)] or list(streams[:1])
    if len(full) == 1:
        return full[0]
    columns = ("row", "source", "ring", "age", "value")
    return Stream(*(np.concatenate([getattr(stream, one) for stream in full]) for one in columns))
