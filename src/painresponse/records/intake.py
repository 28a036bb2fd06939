"""Raw events into records: units converted once, impossible values rejected with a reason and counted."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from painresponse.concepts import Concepts
from painresponse.records.coding import Measure, Measures
from painresponse.records.tables import Floats, Ints, Places, RawEvents, Records, Values
from painresponse.schema import EARLIEST, LATEST, STATIC

REASONS = {
    "date": "the date lies before 1900 or after 2099",
    "not_finite": "the value is infinite",
    "unit": "the unit is not one the concept can be converted from",
    "limits": "the value is impossible in the concept's unit",
    "duplicate": "the same event was given before",
}

K = TypeVar("K")
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Intake:
    """What became of the events: how many came, how many stayed, how many were rejected and why.

    ``rejected`` counts by (reason, code); ``unmapped`` counts by code what no concept knows (kept, unused).
    """

    given: int = 0
    kept: int = 0
    rejected: dict[tuple[str, str], int] = field(default_factory=dict)
    unmapped: dict[str, int] = field(default_factory=dict)

    def __add__(self, other: "Intake") -> "Intake":
        return Intake(
            self.given + other.given,
            self.kept + other.kept,
            _summed(self.rejected, other.rejected),
            _summed(self.unmapped, other.unmapped),
        )

    def reasons(self) -> dict[str, int]:
        """Rejections by reason alone."""
        return _summed(*({reason: count} for (reason, _), count in self.rejected.items()))


def collect(raw: RawEvents, concepts: Concepts | Measures) -> tuple[Records, Intake]:
    """Records from raw events, and the account of what was rejected.

    Given the same events in another order, the records are the same to the bit.
    """
    measures = concepts if isinstance(concepts, Measures) else Measures(concepts)
    found = [measures.of(code) for code in raw.codes]
    value, reasons = _converted(raw, found)
    keep = np.flatnonzero(reasons == 0)
    rank = np.argsort(np.argsort(np.array(raw.codes, dtype=object))).astype(np.int32)
    codes = tuple(sorted(raw.codes))
    order = keep[_canonical_order(raw, rank, value, keep)]
    repeat = _repeats(raw, rank, value, order)
    repeats, order = order[repeat], order[~repeat]
    intake = Intake(len(raw), len(order), _rejected(raw, reasons, repeats), _unmapped(raw, found, order))
    code = rank[raw.code[order]] if len(order) else np.zeros(0, np.int32)
    return Records(
        raw.subject[order], raw.time[order], raw.available[order], code, codes, value[order]
    ), intake


def _converted(raw: RawEvents, found: list[Measure | None]) -> tuple[Values, NDArray[np.int8]]:
    """Values in canonical units, and per event 0 or the number of the reason it is rejected for."""
    reasons = np.zeros(len(raw), np.int8)
    dated = raw.time != STATIC
    reasons[dated & ((raw.time < EARLIEST) | (raw.time >= LATEST))] = 1
    reasons[np.isinf(raw.value)] = 2
    if not raw.codes:
        return raw.value, reasons
    scale, shift, low, high = _tables(found, raw.units)
    factor = scale[raw.code, raw.unit]
    # -0.0 + 0.0 is 0.0: the sign of zero would otherwise depend on which of two equal values came first
    with np.errstate(over="ignore"):  # beyond float32 is infinite, and impossible below
        value = (raw.value.astype(np.float64) * factor + shift[raw.code, raw.unit] + 0.0).astype(np.float32)
    known = ~np.isnan(raw.value)
    reasons[known & np.isnan(factor) & (reasons == 0)] = 3
    outside = (value < low[raw.code]) | (value > high[raw.code]) | np.isinf(value)
    reasons[known & outside & (reasons == 0)] = 4
    return value, reasons


def _tables(found: list[Measure | None], units: tuple[str, ...]) -> tuple[Floats, Floats, Values, Values]:
    """Factor and offset by code and unit (last column: no unit), and float32 limits by code."""
    scale = np.ones((len(found), len(units) + 1))
    shift = np.zeros((len(found), len(units) + 1))
    low, high = np.full(len(found), -np.inf), np.full(len(found), np.inf)
    for place, measure in enumerate(found):
        if measure is None:
            continue
        low[place], high[place] = measure.limits
        for column, unit in enumerate(units):
            scale[place, column], shift[place, column] = measure.conversion(unit)
    return scale, shift, low.astype(np.float32), high.astype(np.float32)


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
    for number, reason in enumerate(REASONS, start=1):
        places = repeats if reason == "duplicate" else np.flatnonzero(reasons == number)
        rejected.update({(reason, code): n for code, n in _counts(raw, places)})
    return rejected


def _unmapped(raw: RawEvents, found: list[Measure | None], kept: Ints) -> dict[str, int]:
    strange = np.array([measure is None for measure in found], bool)
    return dict(_counts(raw, kept[strange[raw.code[kept]]] if strange.any() else kept[:0]))


def _counts(raw: RawEvents, places: Ints) -> Iterable[tuple[str, int]]:
    if not len(places):
        return []
    counts = np.bincount(raw.code[places], minlength=len(raw.codes))
    return [(raw.codes[place], int(counts[place])) for place in np.flatnonzero(counts)]


def _summed(*tables: dict[K, int]) -> dict[K, int]:
    total: dict[K, int] = {}
    for table in tables:
        for key, count in table.items():
            total[key] = total.get(key, 0) + count
    return total
