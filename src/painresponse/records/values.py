"""Values into canonical units, once, on the way in; each that cannot be believed with the reason why."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from painresponse.records.coding import Measure, Measures
from painresponse.records.tables import Floats, Ints, RawEvents, Values

Mask = NDArray[np.bool_]

NO_CONVERSION, UNCLEAR, IMPOSSIBLE, CONTRADICTED = 1, 2, 3, 4
"""Faults: a unit that is not declared; none, and the size does not tell it; outside the hard limits, in every
unit of the concept or only in the one given."""


@dataclass(frozen=True)
class Readings:
    """By event: the value in the canonical unit, and 0 or the fault found.

    ``inferred`` lists the events whose size told the missing unit.
    """

    value: Values
    fault: NDArray[np.int8]
    inferred: Ints


def read(raw: RawEvents, measures: Measures, numbers: Ints) -> Readings:
    """The values of raw events, ``numbers`` being the number of the measure of each of their codes."""
    fault = np.zeros(len(raw), np.int8)
    used, place = np.unique(numbers, return_inverse=True)  # few, however many codes a hostile client names
    conversions = measures.conversions(raw.units)[:, used]
    # -0.0 + 0.0 is 0.0: the sign of zero would otherwise depend on which of two equal values came first
    value = raw.value + np.float32(0)
    bare = _bare(raw, measures, numbers)
    turned = _turned(conversions, raw, place, bare)
    factor, offset = conversions[:, place[raw.code[turned]], raw.unit[turned]]
    sized = np.zeros(len(turned), bool)
    if len(bare):
        sized[np.searchsorted(turned, bare)] = True  # both ascend, and every bare event is turned
        factor[sized], offset[sized] = _told_by_size(raw.value[bare], measures, numbers[raw.code[bare]])
    with np.errstate(over="ignore"):  # beyond float32 is infinite, and impossible
        value[turned] = (raw.value[turned].astype(np.float64) * factor + offset + 0.0).astype(np.float32)
    strange = turned[np.isnan(factor)]
    fault[strange[~np.isnan(raw.value[strange])]] = NO_CONVERSION
    unclear = turned[sized & np.isnan(factor)]
    fault[unclear] = UNCLEAR
    low, high = measures.limits[:, numbers]
    low, high = low[raw.code], high[raw.code]
    outside = np.flatnonzero((value < low) | (value > high))
    if len(outside):
        fault[outside] = _why_outside(raw, value, measures, numbers[raw.code[outside]], outside)
    return Readings(value, fault, turned[sized & ~np.isnan(factor)])


def _turned(conversions: Floats, raw: RawEvents, place: Ints, bare: Ints) -> Ints:
    """The events whose value is not simply taken over: another unit than the canonical, or one to be told.

    ``place``: of each code, where the conversions of its measure are.
    """
    changes = (conversions[0] != 1) | (conversions[1] != 0)
    if not changes.any():
        return bare
    turned = changes[place[raw.code], raw.unit]
    turned[bare] = True
    return np.flatnonzero(turned)


def unusual(events: RawEvents, measures: Measures, numbers: Ints) -> Ints:
    """The events whose value, in the canonical unit, is outside the soft limits of its measure."""
    watched = np.flatnonzero(measures.watched[numbers][events.code])
    value, (low, high) = events.value[watched], measures.soft[:, numbers[events.code[watched]]]
    strange: Ints = watched[(value < low) | (value > high)]
    return strange


def _bare(raw: RawEvents, measures: Measures, numbers: Ints) -> Ints:
    """Known values without a unit whose measure says how their size tells it."""
    sized = measures.sized[numbers]
    if not sized.any():
        return np.zeros(0, np.int64)
    mine = np.flatnonzero(sized[raw.code])
    return mine[~_named(raw, mine) & ~np.isnan(raw.value[mine])]


def _named(raw: RawEvents, events: Ints) -> Mask:
    """Whether events came with a unit."""
    named = np.array([*(bool(unit.strip()) for unit in raw.units), False])  # the last is where -1 points
    return named[raw.unit[events]]


def _told_by_size(value: Values, measures: Measures, measure: Ints) -> tuple[Floats, Floats]:
    """Factor and offset of bare values; a factor of NaN where no size declared fits."""
    factor, offset = np.full(len(value), np.nan), np.zeros(len(value))
    for number in np.unique(measure):
        for rule in reversed(measures.all[number].bare):  # the first that fits stays
            fits = (measure == number) & (value >= np.float32(rule.least)) & (value < np.float32(rule.below))
            factor[fits], offset[fits] = measures.all[number].conversion(rule.unit)
    return factor, offset


def _why_outside(
    raw: RawEvents, value: Values, measures: Measures, measure: Ints, outside: Ints
) -> NDArray[np.int8]:
    """Whether the values outside are impossible as such, or only in the unit they came with."""
    why = np.full(len(outside), IMPOSSIBLE, np.int8)
    named = _named(raw, outside) & np.isfinite(value[outside])
    for number in np.unique(measure[named]):
        mine = np.flatnonzero(named & (measure == number))
        why[mine[_possible(raw.value[outside[mine]], measures.all[number])]] = CONTRADICTED
    return why


def _possible(value: Values, measure: Measure) -> Mask:
    """Whether a value is possible in any unit of its measure."""
    turned = [value * factor + offset for factor, offset in map(measure.conversion, ("", *measure.units))]
    low, high = measure.limits
    possible: Mask = np.any([(low <= one) & (one <= high) for one in turned], axis=0)
    return possible
