"""Exposures: from prescriptions to stretches on one drug, days covered and opioid load.

What one moment says of a drug counts together: of several doses the largest, of several supplies the longest.
An exposure lasts from a beginning to the next word about the drug, or as long as its supply: an early refill
takes over, and what was left is not carried over. What has neither runs on. All is from what an ask may see:
what is not over by then is over at the index.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from painresponse.engine.plan import Plan
from painresponse.engine.streams import Stream
from painresponse.engine.treatments import FOREVER
from painresponse.engine.views import repeated
from painresponse.engine.windows import Known, ring
from painresponse.records.coding import ADVERSE_EFFECT, AS_NEEDED, DAILY, INEFFICACY, STOPPED, SUPPLY
from painresponse.records.tables import Asks, Floats, Ints, Records, Values
from painresponse.schema import MICROSECONDS_PER_DAY, STATIC

DAY = MICROSECONDS_PER_DAY
GAP = 30 * DAY
"""A pause of one treatment up to this long does not end it."""

HIGHEST_MME = 3000.0
"""Morphine milligram equivalents a day of one opioid that nobody is believed to exceed."""

_BEGUN = DAILY | AS_NEEDED
_ENDED = STOPPED | INEFFICACY | ADVERSE_EFFECT
_LONG_AGO = -(2**62)

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Exposures:
    """Stretches on one drug, by row, class, then beginning; times in microseconds, none after the index.

    ``until`` has three lines: the end of all stretches, of those taken daily, of those at a dose that counts
    (of others, their beginning); ``before`` the latest such end of the class before each stretch. ``why``
    holds the flags of the end (0: nobody said it, or not within 30 days), ``dose`` is NaN where unknown.
    """

    row: Ints
    place: Ints
    drug: Ints
    begun: Ints
    until: Ints
    before: Ints
    why: Ints
    dose: Values

    def __len__(self) -> int:
        return len(self.row)


def exposures(plan: Plan, records: Records, asks: Asks, seen: Known, meaning: Ints) -> Exposures:
    """Every exposure each ask knows of."""
    book, treatments = plan.codebook.meanings, plan.sources.treatments
    known_drug = book.drug[meaning]
    chosen = (known_drug >= 0).nonzero()[0]
    chosen = chosen[_by(seen.row[chosen] * treatments.drugs + known_drug[chosen], chosen)]
    row, drug, event = seen.row[chosen], known_drug[chosen], seen.event[chosen]
    group, time = row * treatments.drugs + drug, records.time[event]
    first, said, dose, supply = _moments(group, time, book.says[meaning[chosen]], records.value[event])
    drug, time = drug[first], time[first]
    supplied = np.where(supply > 0, supply * DAY, FOREVER).astype(np.int64)
    over, why = _ends(group[first], time, said, time + np.minimum(treatments.lasts[drug], supplied))
    begun = ((said & _BEGUN > 0) & (time != STATIC)).nonzero()[0]
    # seen events are in order of time, so their place tells which came first
    place, row = treatments.place[drug[begun]], row[first[begun]]
    order = _by(row * len(treatments.names) + place, chosen[first[begun]])
    row, place, begun = row[order], place[order], begun[order]
    drug, dose, time = drug[begun], dose[begun], time[begun]
    ends = np.minimum(over[begun], asks.index[row])
    until = np.empty((3, len(row)), np.int64)
    until[0] = ends
    until[1] = np.where(said[begun] & DAILY, ends, time)
    until[2] = np.where(dose < treatments.adequate[drug], time, ends)  # an unknown dose counts
    before = reached((row << 32) | place, until)
    return Exposures(row, place, drug, time, until, before, why[begun], dose)


def _by(group: Ints, place: Ints) -> Ints:
    """The order by group, then place: one sort of one number is several times faster than a sort of two."""
    return np.argsort((group << 32) | place)


def _moments(group: Ints, time: Ints, says: Ints, value: Values) -> tuple[Ints, Ints, Values, Floats]:
    """Where each moment of a drug begins, and what it says: flags, dose and supply in days (NaN: none).

    A supply without a beginning beside it says nothing.
    """
    first = _starts(group, time)
    if not len(first):
        return first, says, value, value.astype(np.float64)
    said = np.bitwise_or.reduceat(says, first)
    dose = np.fmax.reduceat(np.where(says & _BEGUN, value, np.nan), first)
    supply = np.fmax.reduceat(np.where(says == SUPPLY, value, np.nan), first).astype(np.float64)
    if not (said == SUPPLY).any():
        return first, said, dose, supply
    kept = (said != SUPPLY).nonzero()[0]
    return first[kept], said[kept], dose[kept], supply[kept]


def _starts(group: Ints, time: Ints) -> Ints:
    fresh = np.ones(len(group), bool)
    fresh[1:] = (group[1:] != group[:-1]) | (time[1:] != time[:-1])
    return fresh.nonzero()[0]


def _ends(group: Ints, time: Ints, said: Ints, lasts: Ints) -> tuple[Ints, Ints]:
    """When what each moment begins is over, and why: the next moment of the drug, if it lasts until then.

    An end said up to 30 days late still tells why, no longer when.
    """
    over, why = lasts.copy(), np.zeros(len(group), np.int64)
    heard = (group[1:] == group[:-1]) & (time[1:] <= lasts[:-1] + GAP)
    over[:-1] = np.where(heard, np.minimum(lasts[:-1], time[1:]), lasts[:-1])
    why[:-1] = np.where(heard, said[1:] & _ENDED, 0)
    return over, why


def reached(group: Ints, over: Ints) -> Ints:
    """The latest end before each stretch, by group, along the last axis; long ago where there is none.

    Groups ascend. The running maximum of many groups by doubling: look 1 back, then 2, then 4 …
    """
    latest = np.full(over.shape, _LONG_AGO)
    if len(group) and group[0] == group[-1]:
        np.maximum.accumulate(over[..., :-1], axis=-1, out=latest[..., 1:])
        return latest
    same = group[1:] == group[:-1]
    latest[..., 1:] = np.where(same, over[..., :-1], _LONG_AGO)
    step = 1
    while same.any():
        further = np.where(same, latest[..., :-step], _LONG_AGO)
        latest[..., step:] = np.maximum(latest[..., step:], further)
        step *= 2
        same = group[step:] == group[:-step]
    return latest


_Spells = tuple[Ints, Ints, Ints, Ints, Floats]
"""Rows, sources, beginnings, ends, and what a day is worth."""


def exposure_events(plan: Plan, asks: Asks, exposed: Exposures) -> Stream:
    """What the exposures of each ask give to ``<class>.days``, ``opioids.days`` and ``opioids.mme``.

    Values: days on any drug of the class; on any opioid that converts; daily dose in morphine milligram
    equivalents times days. Each stretch is cut where the plan's windows begin, so that sums are exact.
    """
    asked, mme = plan.treatments, plan.sources.treatments.mme[exposed.drug]
    spells = [_of_classes(asked.days, exposed)]
    if asked.opioid_days >= 0 or asked.opioid_mme >= 0:
        opioid = (~np.isnan(mme)).nonzero()[0]
        row, begun, over = exposed.row[opioid], exposed.begun[opioid], exposed.until[0, opioid]
        load = np.minimum(exposed.dose[opioid] * mme[opioid], HIGHEST_MME)
        spells.append((row, np.full(len(row), asked.opioid_mme), begun, over, load))
        spells.append(_of_any(asked.opioid_days, row, begun, over))
    row, source, begun, over, worth = (np.concatenate(column) for column in zip(*spells, strict=True))
    wanted = source >= 0
    if not wanted.all():
        row, source, begun, over, worth = (one[wanted] for one in (row, source, begun, over, worth))
    return _cut(plan.spans, source, row, (asks.index[row] - over, asks.index[row] - begun), worth=worth)


def _of_classes(source: Ints, exposed: Exposures) -> _Spells:
    """Stretches of one class that overlap or touch, as one."""
    first = (exposed.begun > exposed.before[0]).nonzero()[0]
    ends = np.maximum.reduceat(exposed.until[0], first)
    return exposed.row[first], source[exposed.place[first]], exposed.begun[first], ends, np.ones(len(first))


def _of_any(source: int, row: Ints, begun: Ints, over: Ints) -> _Spells:
    """Stretches on any of several drugs that overlap or touch, as one."""
    order = np.lexsort((begun, row))
    row, begun, over = row[order], begun[order], over[order]
    first = (begun > reached(row, over)).nonzero()[0]
    ends = np.maximum.reduceat(over, first)
    return row[first], np.full(len(first), source), begun[first], ends, np.ones(len(first))


def _cut(spans: Ints, source: Ints, row: Ints, ages: tuple[Ints, Ints], *, worth: Floats) -> Stream:
    """Stretches of ages (near, far] cut at the edges of windows, pieces dated to their last microsecond."""
    near, far = ages
    first = ring(near + 1, spans)
    last = np.minimum(ring(far, spans), len(spans) - 1)
    spell, window = repeated(np.maximum(last - first + 1, 0), first)
    edges = np.append(0, spans)
    near, far = np.maximum(near[spell], edges[window]), np.minimum(far[spell], spans[window])
    return Stream(row[spell], source[spell], window, near + 1, (far - near) / DAY * worth[spell])
