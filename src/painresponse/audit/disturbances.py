"""What an audit does to the copies: pairs of histories that must be answered alike, to the bit."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from painresponse.audit.copies import joined, ordered, ordinary, taken, unseen
from painresponse.records import Asks, Records
from painresponse.records.tables import Ints
from painresponse.schema import EARLIEST, LATEST
from painresponse.schema import MICROSECONDS_PER_DAY as DAY

DELAYED = 0.3
"""The share of the past that is made known too late."""

_FAR = 3650 * DAY


@dataclass(frozen=True)
class Pair:
    """Two histories of the same asks, and how many events were deleted, changed or added between them."""

    one: Records
    other: Records
    events: int


Disturbance = Callable[[Records, Asks, Generator], Pair]


def future_deleted(copies: Records, asks: Asks, _rng: Generator) -> Pair:
    """Without what happened, or became known, at or after the index."""
    later = unseen(copies, asks)
    return Pair(taken(copies, ~later), copies, int(later.sum()))


def future_perturbed(copies: Records, asks: Asks, rng: Generator) -> Pair:
    """With other values there: numbers where there were none, none where there were numbers."""
    later = unseen(copies, asks)
    value = np.where(later, _values(len(copies), rng), copies.value)
    return Pair(ordered(replace(copies, value=value)), copies, int(later.sum()))


def future_crowded(copies: Records, asks: Asks, rng: Generator) -> Pair:
    """With everything there once more at other times, and one event of every code at or after the index."""
    again = taken(copies, np.flatnonzero(unseen(copies, asks)))
    codes = len(copies.codes)
    subject = np.concatenate([again.subject, np.repeat(np.arange(len(asks)), codes)])
    code = np.concatenate([again.code, np.tile(np.arange(codes, dtype=np.int32), len(asks))])
    fresh = _values(len(subject) - len(again), rng)
    time, available = _instants(asks.index[subject], rng)
    added = replace(
        copies,
        subject=subject,
        code=code,
        value=np.concatenate([again.value, fresh]),
        time=time,
        available=available,
    )
    return Pair(joined(copies, added), copies, len(added))


def known_late(copies: Records, asks: Asks, rng: Generator) -> Pair:
    """A share of the past made known at the index or later, against the same events deleted."""
    late = ordinary(copies, asks) & (rng.random(len(copies)) < DELAYED)
    wait = np.where(rng.random(len(copies)) < 0.5, 0, rng.integers(0, _FAR, len(copies)))
    told = np.where(late, asks.index[copies.subject] + wait, copies.available)
    return Pair(replace(copies, available=told), taken(copies, ~late), int(late.sum()))


def known_otherwise(copies: Records, asks: Asks, rng: Generator) -> Pair:
    """The past made known sooner or later than it was, but still between its event and the index."""
    past = ordinary(copies, asks)
    earliest, index = np.where(past, copies.time, 0), np.where(past, asks.index[copies.subject], 1)
    told = np.where(past, rng.integers(earliest, index), copies.available)
    return Pair(replace(copies, available=told), copies, int((told != copies.available).sum()))


def _values(count: int, rng: Generator) -> np.ndarray:
    """Of every size a record may hold, one in ten of them missing."""
    sizes = (10.0 ** rng.uniform(-1, 3, count)).astype(np.float32)
    return np.where(rng.random(count) < 0.1, np.float32("nan"), sizes)


def _instants(index: Ints, rng: Generator) -> tuple[Ints, Ints]:
    """When events happen and are known that no ask may see: at the index, soon, late, or told too late."""
    count, kind = len(index), rng.integers(0, 4, len(index))
    soon, far = rng.integers(0, DAY, count), rng.integers(0, _FAR, count)
    happened = index + np.select([kind == 0, kind == 1, kind == 2], [0, soon, far], -far)
    happened = np.clip(happened, EARLIEST, LATEST - 1)
    known = np.where(kind == 3, index + np.where(rng.random(count) < 0.5, 0, soon), happened)
    # an appointment is known before it is kept: that must not bring it before the index either
    booked = (kind < 3) & (rng.random(count) < 0.25)
    return happened, np.where(booked, index - soon - 1, known)


DISTURBANCES: dict[str, Disturbance] = {
    one.__name__.replace("_", " "): one
    for one in (future_deleted, future_perturbed, future_crowded, known_late, known_otherwise)
}
