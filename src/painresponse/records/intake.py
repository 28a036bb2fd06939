"""Raw events into records: units converted once, impossible values rejected with a reason and counted."""

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from painresponse.concepts import Concepts
from painresponse.records.coding import Measures
from painresponse.records.tables import Ints, Places, RawEvents, Records, Values
from painresponse.records.values import Readings, read, unusual
from painresponse.schema import EARLIEST, LATEST, STATIC

REASONS = {
    "unit": "the unit is not one the concept can be converted from",
    "unit_unclear": "the value has no unit, and its size does not tell which it is",
    "limits": "the value is impossible in the concept's unit",
    "unit_contradicted": "the value is impossible in its unit, but not in another unit of the concept",
    "date": "the date lies before 1900 or after 2099",
    "not_finite": "the value is infinite",
    "duplicate": "the same event was given before",
}
"""Numbered from 1 in this order; the first are the faults that `values` finds."""

_REASON = dict(enumerate(REASONS, start=1))
_NUMBER = {reason: number for number, reason in _REASON.items()}

K = TypeVar("K")
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Intake:
    """What became of the events: how many came, how many stayed, how many were rejected and why.

    ``rejected`` counts by (reason, code). The others count events that were kept by code: ``unmapped``, which
    no concept knows and nothing uses; ``inferred``, whose missing unit their size told (repetitions
    included); ``unusual``, whose value lies outside the concept's soft limits.
    """

    given: int = 0
    kept: int = 0
    rejected: dict[tuple[str, str], int] = field(default_factory=dict)
    unmapped: dict[str, int] = field(default_factory=dict)
    inferred: dict[str, int] = field(default_factory=dict)
    unusual: dict[str, int] = field(default_factory=dict)

    def __add__(self, other: "Intake") -> "Intake":
        return Intake(
            self.given + other.given,
            self.kept + other.kept,
            _summed(self.rejected, other.rejected),
            _summed(self.unmapped, other.unmapped),
            _summed(self.inferred, other.inferred),
            _summed(self.unusual, other.unusual),
        )

    def reasons(self) -> dict[str, int]:
        """Rejections by reason alone."""
        return _summed(*({reason: count} for (reason, _), count in self.rejected.items()))


def collect(raw: RawEvents, concepts: Concepts | Measures) -> tuple[Records, Intake]:
    """Records from raw events, and the account of what was rejected.

    Given the same events in another order, the records are the same to the bit.
    """
    measures = concepts if isinstance(concepts, Measures) else Measures(concepts)
    numbers = measures.numbers(raw.codes)
    readings = read(raw, measures, numbers)
    value, reasons = readings.value, _reasons(raw, readings)
    keep = np.flatnonzero(reasons == 0)
    rank = np.argsort(np.argsort(np.array(raw.codes, dtype=object))).astype(np.int32)
    codes = tuple(sorted(raw.codes))
    order = keep[_canonical_order(raw, rank, value, keep)]
    repeat = _repeats(raw, rank, value, order)
    repeats, order = order[repeat], order[~repeat]
    intake = Intake(
        len(raw),
        len(order),
        _rejected(raw, reasons, repeats),
        unmapped=_by_code(raw, order[(numbers == measures.strange)[raw.code[order]]]),
        inferred=_by_code(raw, readings.inferred[reasons[readings.inferred] == 0]),
        unusual=_by_code(raw, unusual(readings, measures, order)),
    )
    code = rank[raw.code[order]] if len(order) else np.zeros(0, np.int32)
    return Records(
        raw.subject[order], raw.time[order], raw.available[order], code, codes, value[order]
    ), intake


def _reasons(raw: RawEvents, readings: Readings) -> NDArray[np.int8]:
    """Per event 0, or the number of the reason it is rejected for: its date before its value."""
    reasons = readings.fault.copy()
    reasons[np.isinf(raw.value)] = _NUMBER["not_finite"]
    dated = raw.time != STATIC
    reasons[dated & ((raw.time < EARLIEST) | (raw.time >= LATEST))] = _NUMBER["date"]
    return reasons


def _canonical_order(raw: RawEvents, rank: Places, value: Values, keep: Ints) -> Ints:
    """Sort by subject, time, code, value, availability. Nearly sorted input, the usual case, costs little."""
    subject, time = raw.subject[keep], raw.time[keep]
    code = rank[raw.code[keep]] if len(keep) else np.zeros(0, np.int32)
    later = (subject[1:] > subject[:-1]) | ((subject[1:] == subject[:-1]) & (time[1:] >= time[:-1]))
    order = np.arange(len(keep)) if later.all() else np.lexsort((time, subject))
    moved = _changes(subject[order], time[order])
    group = np.cumsum(moved) * (len(rank) + 1) + code[order]
    order = order[np.argsort(group, kind="stable")]
    group = np.sort(group, kind="stable")
    tied = np.flatnonzero(group[1:] == group[:-1])
    if len(tied):
        tied = np.union1d(tied, tied + 1)
        inner = order[tied]
        again = np.lexsort((raw.available[keep][inner], value[keep][inner], group[tied]))
        order[tied] = inner[again]
    return order


def _changes(*columns: NDArray[np.generic]) -> Mask:
    """Where a row differs from the one before it."""
    changed = np.zeros(len(columns[0]), bool)
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return changed


def _repeats(raw: RawEvents, rank: Places, value: Values, order: Ints) -> Mask:
    """Events equal to the one before in subject, time, code and value; the earliest known one stays."""
    if not len(order):
        return np.zeros(0, bool)
    known = np.nan_to_num(value[order], nan=-np.inf)
    new = _changes(raw.subject[order], raw.time[order], rank[raw.code[order]], known)
    new[0] = True
    return ~new


def _rejected(raw: RawEvents, reasons: NDArray[np.int8], repeats: Ints) -> dict[tuple[str, str], int]:
    rejected: dict[tuple[str, str], int] = {}
    wrong = np.flatnonzero(reasons)
    for number in np.unique(reasons[wrong]) if len(wrong) else ():
        counts = _by_code(raw, wrong[reasons[wrong] == number])
        rejected.update({(_REASON[number], code): n for code, n in counts.items()})
    rejected.update({("duplicate", code): n for code, n in _by_code(raw, repeats).items()})
    return rejected


def _by_code(raw: RawEvents, places: Ints) -> dict[str, int]:
    """How many of these events each code has."""
    if not len(places):
        return {}
    counts = np.bincount(raw.code[places], minlength=len(raw.codes))
    return {raw.codes[place]: int(counts[place]) for place in np.flatnonzero(counts)}


def _summed(*tables: dict[K, int]) -> dict[K, int]:
    total: dict[K, int] = {}
    for table in tables:
        for key, count in table.items():
            total[key] = total.get(key, 0) + count
    return total
