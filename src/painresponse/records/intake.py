"""Raw events into records: units converted once, impossible values rejected with a reason and counted."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from painresponse.concepts import Concepts
from painresponse.records.coding import Measures
from painresponse.records.tables import Ints, Places, RawEvents, Records, Values, together
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


@dataclass(frozen=True)
class Tally:
    """An intake of one subject without its codes: ``rejected`` by reason, ``unmapped`` altogether."""

    given: int
    kept: int
    rejected: dict[str, int]
    unmapped: int


def collect(raw: RawEvents, concepts: Concepts | Measures) -> tuple[Records, Intake]:
    """Records from raw events, and the account of what was rejected.

    Given the same events in another order, the records are the same to the bit.
    """
    measures = concepts if isinstance(concepts, Measures) else Measures(concepts)
    sifted = _sifted(raw, measures)
    kept, numbers = sifted.kept, sifted.numbers
    again = {("duplicate", code): n for code, n in _by_code(sifted.repeated, slice(None)).items()}
    intake = Intake(
        len(raw),
        len(kept),
        _rejected(raw, sifted.reasons) | again,
        unmapped=_by_code(kept, _of(kept, numbers == measures.strange)),
        inferred=_by_code(raw, sifted.inferred),
        unusual=_by_code(kept, unusual(kept, measures, numbers)),
    )
    return sifted.records(), intake


def collect_each(each: Sequence[RawEvents], measures: Measures) -> tuple[Records, list[Tally]]:
    """Several subjects in one go, each given alone and numbered by its place; as `collect` reads each."""
    raw = together(each)
    sifted = _sifted(raw, measures)
    kept = sifted.kept

    def counted(subject: Ints) -> list[int]:
        counts: list[int] = np.bincount(subject, minlength=len(each)).tolist()
        return counts

    wrong = {
        _REASON[number]: counted(raw.subject[sifted.reasons == number])
        for number in sorted(set(sifted.reasons.tolist()) - {0})
    }
    if len(sifted.repeated):
        wrong["duplicate"] = counted(sifted.repeated.subject)
    strange = _of(kept, sifted.numbers == measures.strange)
    columns = zip(*map(counted, (raw.subject, kept.subject, kept.subject[strange])), strict=True)
    tallies = [
        Tally(given, stayed, {reason: n[place] for reason, n in wrong.items() if n[place]}, unmapped)
        for place, (given, stayed, unmapped) in enumerate(columns)
    ]
    return sifted.records(), tallies


@dataclass(frozen=True)
class _Sifted:
    """Raw events sorted out: of each the reason it was rejected for, or 0; those kept, in order; repetitions.

    ``numbers`` are those of the measures of the codes, ``rank`` the codes' places in their sorted list.
    """

    reasons: NDArray[np.int8]
    kept: RawEvents
    repeated: RawEvents
    inferred: Ints
    numbers: Ints
    rank: Places

    def records(self) -> Records:
        """What was kept."""
        kept = self.kept
        code = self.rank[kept.code] if len(kept) else np.zeros(0, np.int32)
        codes = tuple(sorted(kept.codes))
        return Records(kept.subject, kept.time, kept.available, code, codes, kept.value)


def _sifted(raw: RawEvents, measures: Measures) -> _Sifted:
    numbers = measures.numbers(raw.codes)
    readings = read(raw, measures, numbers)
    reasons = _reasons(raw, readings)
    inferred = readings.inferred[reasons[readings.inferred] == 0]
    rank = np.argsort(np.argsort(np.array(raw.codes, dtype=object))).astype(np.int32)
    kept = replace(raw, value=readings.value)
    if reasons.any():
        kept = kept.taken(np.flatnonzero(reasons == 0))
    kept = _ordered(kept, rank)
    repeat = _repeats(kept)
    repeated = kept.taken(np.flatnonzero(repeat))
    if len(repeated):
        kept = kept.taken(np.flatnonzero(~repeat))
    return _Sifted(reasons, kept, repeated, inferred, numbers, rank)


def _of(events: RawEvents, chosen: Mask) -> Ints:
    """The events of the chosen codes."""
    return np.flatnonzero(chosen[events.code]) if chosen.any() else np.zeros(0, np.int64)


def _reasons(raw: RawEvents, readings: Readings) -> NDArray[np.int8]:
    """Per event 0, or the number of the reason it is rejected for: its date before its value."""
    reasons = readings.fault.copy()
    reasons[np.isinf(raw.value)] = _NUMBER["not_finite"]
    dated = raw.time != STATIC
    reasons[dated & ((raw.time < EARLIEST) | (raw.time >= LATEST))] = _NUMBER["date"]
    return reasons


def _ordered(events: RawEvents, rank: Places) -> RawEvents:
    """By subject, time, code, value, availability. Sorted input, the usual case, costs next to nothing."""
    subject, time = events.subject, events.time
    later = (subject[1:] > subject[:-1]) | ((subject[1:] == subject[:-1]) & (time[1:] >= time[:-1]))
    if not later.all():
        events = events.taken(np.lexsort((time, subject)))
    moved = _changes(events.subject, events.time)
    together = _with_neighbours(~moved)
    if not len(together):
        return events
    group = np.cumsum(moved)[together] * (len(rank) + 1) + rank[events.code[together]]
    again = _by_group(group, events.value[together], events.available[together])
    moving = np.flatnonzero(again != np.arange(len(again)))
    return events.reordered(together[moving], together[again[moving]]) if len(moving) else events


def _by_group(group: Ints, value: Values, available: Ints) -> Ints:
    """The order by group, value and availability; groups are mostly in order and of one event."""
    order = np.argsort(group, kind="stable")
    group = group[order]
    tied = _with_neighbours(np.append(False, group[1:] == group[:-1]))
    inner = order[tied]
    order[tied] = inner[np.lexsort((available[inner], value[inner], group[tied]))]
    return order


def _with_neighbours(same: Mask) -> Ints:
    """The rows that are the same as the one before, and the ones before them; the first has none before."""
    if not len(same):
        return np.zeros(0, np.int64)
    same = same.copy()
    same[0] = False
    together = same.copy()
    together[:-1] |= same[1:]
    return np.flatnonzero(together)


def _changes(*columns: NDArray[np.generic]) -> Mask:
    """Where a row differs from the one before it."""
    changed = np.zeros(len(columns[0]), bool)
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return changed


def _repeats(events: RawEvents) -> Mask:
    """Events equal to the one before in subject, time, code and value; the earliest known one stays."""
    repeat = np.zeros(len(events), bool)
    repeat[1:] = ~_changes(events.subject, events.time)[1:]
    here = np.flatnonzero(repeat)
    one, other = events.value[here], events.value[here - 1]
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    repeat[here] = same & (events.code[here] == events.code[here - 1])
    return repeat


def _rejected(raw: RawEvents, reasons: NDArray[np.int8]) -> dict[tuple[str, str], int]:
    rejected: dict[tuple[str, str], int] = {}
    wrong = np.flatnonzero(reasons)
    for number in np.unique(reasons[wrong]) if len(wrong) else ():
        counts = _by_code(raw, wrong[reasons[wrong] == number])
        rejected.update({(_REASON[number], code): n for code, n in counts.items()})
    return rejected


def _by_code(raw: RawEvents, places: Ints | slice) -> dict[str, int]:
    """How many of these events each code has."""
    if not len(raw.code[places]):
        return {}
    counts = np.bincount(raw.code[places], minlength=len(raw.codes))
    return {raw.codes[place]: int(counts[place]) for place in np.flatnonzero(counts)}


def _summed(*tables: dict[K, int]) -> dict[K, int]:
    total: dict[K, int] = {}
    for table in tables:
        for key, count in table.items():
            total[key] = total.get(key, 0) + count
    return total
