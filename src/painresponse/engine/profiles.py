"""Profiles: from single samples to curves, cut out of each history by their times alone.

An awakening curve is a first sample and one at every nominal minute after it, the nearest, at most the
tolerance off. Of curves that overlap the earliest counts, so that a longer series is not read twice. Only
then are the values looked at: a curve with a value missing, or disturbed, is no curve, and a later sample
never takes the place of the first. A day is the samples of one calendar day but for the rise after awakening.

All is judged from what an ask may see. What a curve gives is dated at its last sample.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from painresponse.concepts import Profile
from painresponse.engine.codebook import Meanings
from painresponse.engine.curves import AWAKENING, AskedProfile, log_slopes, measure, nominal
from painresponse.engine.plan import Plan
from painresponse.engine.streams import NEVER, Stream, joined
from painresponse.engine.views import covered, repeated
from painresponse.engine.windows import Known
from painresponse.records.tables import Asks, Floats, Ints, Records
from painresponse.schema import MICROSECONDS_PER_DAY as DAY
from painresponse.schema import STATIC

MINUTE = 60_000_000
HOUR = 60 * MINUTE
_STRIDE = 2**53  # more than the microseconds from 1900 to 2100: packs row and time into one sortable number
_NONE = np.zeros(0, np.int64)
_NOTHING = Stream(_NONE, _NONE, _NONE, _NONE, np.zeros(0))

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Samples:
    """What was sampled, by row and time, once a moment: the largest value known, NaN if none or disturbed."""

    row: Ints
    time: Ints
    value: Floats

    @property
    def key(self) -> Ints:
        """Row and time as one ascending number."""
        return self.row * _STRIDE + self.time


@dataclass(frozen=True)
class _Sight:
    """The events the asks may see of all sources that profiles are made of, ordered by row and time.

    ``age`` is that at the ask's index; NEVER, and time STATIC, for what has no time.
    """

    plan: Plan
    index: Ints
    row: Ints
    time: Ints
    age: Ints
    value: Floats
    source: Ints

    @classmethod
    def of(cls, plan: Plan, records: Records, asks: Asks, seen: Known, meaning: Ints) -> "_Sight | None":
        """What is seen; None where there are too few samples for any curve."""
        book, needed = plan.codebook.meanings, np.zeros(len(plan.sources), bool)
        needed[[one.samples for one in plan.profiles]] = True
        sampled = _meanings(book, needed)
        if not sampled.any() or np.count_nonzero(sampled[meaning]) < min(one.least for one in plan.profiles):
            return None
        needed[[number for one in plan.profiles for number in one.others]] = True
        chosen = np.flatnonzero(_meanings(book, needed)[meaning])
        place, rule = repeated(book.copies[meaning[chosen]], book.start[meaning[chosen]])
        wanted = needed[book.source[rule]]
        place, rule = chosen[place[wanted]], rule[wanted]
        row, event = seen.row[place], seen.event[place]
        time = records.time[event]
        age = np.where(time == STATIC, NEVER, asks.index[row] - time)
        value = records.value[event].astype(np.float64)
        return cls(plan, asks.index, row, time, age, value, book.source[rule])


def _meanings(book: Meanings, sources: Mask) -> Mask:
    """The meanings that feed any of the sources."""
    feeds = np.zeros(len(book.copies), bool)
    feeds[np.repeat(np.arange(len(feeds)), book.copies)[sources[book.source]]] = True
    return feeds


def profile_events(plan: Plan, records: Records, asks: Asks, seen: Known, meaning: Ints) -> Stream:
    """What the curves known at each ask give to the sources ``<profile>.rise``, ``.slope``, …

    Areas are in minutes times the unit of the value; the slope of an awakening curve is in units per minute,
    that of a day the change of the logarithm per hour.
    """
    sight = _Sight.of(plan, records, asks, seen, meaning) if plan.profiles else None
    if sight is None:
        return _NOTHING
    count = np.bincount(sight.source, minlength=len(plan.sources))
    asked = [one for one in plan.profiles if count[one.samples] >= one.least]
    cut = {one.samples: _samples(sight, one) for one in asked}
    return joined(_NOTHING, *(_curves(sight, cut[one.samples], one) for one in asked))


def _curves(sight: _Sight, samples: Samples, asked: AskedProfile) -> Stream:
    if not len(samples.row):
        return _NOTHING
    if asked.profile.kind == AWAKENING:
        return _awakenings(sight, samples, asked)
    return _days(sight, samples, asked)


def _samples(sight: _Sight, asked: AskedProfile) -> Samples:
    here = np.flatnonzero((sight.source == asked.samples) & (sight.time != STATIC))
    row, time, value = sight.row[here], sight.time[here], sight.value[here]
    if not len(here):
        return Samples(row, time, value)
    first = _begins(row, time)
    row, time, value = row[first], time[first], np.fmax.reduceat(value, first)
    if asked.disturbers:
        value[_disturbed(sight, asked, row, time)] = np.nan
    return Samples(row, time, value)


def _begins(*columns: Ints) -> Ints:
    """Where a new group of equal rows begins."""
    fresh = np.ones(len(columns[0]), bool)
    fresh[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return np.flatnonzero(fresh)


def _disturbed(sight: _Sight, asked: AskedProfile, row: Ints, time: Ints) -> Mask:
    """Whether something that disturbs the concept happened too close before."""
    spans = np.full(len(sight.plan.sources), -1, np.int64)
    for source, span in asked.disturbers:
        spans[source] = max(span, spans[source])
    here = np.flatnonzero(spans[sight.source] >= 0)
    if not len(here):
        return np.zeros(len(row), bool)
    age = sight.age[here]
    low = np.where(age == NEVER, 0, age - spans[sight.source[here]])  # what has no time has always been so
    return covered(sight.row[here], low, age, where=row, at=sight.index[row] - time)


def _cut(samples: Samples, profile: Profile) -> Ints:
    """The places of the samples of every awakening curve (curves x nominal minutes)."""
    key = samples.key
    wanted = key[:, np.newaxis] + np.array([round(one * MINUTE) for one in nominal(profile)])
    near = _nearest(key, wanted)
    fits = np.abs(key[near] - wanted) <= round(profile.tolerance * MINUTE)
    places = np.column_stack([np.arange(len(key)), near])
    places = places[(fits & (np.diff(places) > 0)).all(axis=1)]
    apart = np.ones(len(places), bool)
    apart[1:] = places[1:, 0] > places[:-1, -1]
    curves: Ints = places[apart]
    return curves


def _nearest(key: Ints, wanted: Ints) -> Ints:
    """The place of the key nearest to each wanted one; the earlier of two."""
    after = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    before = np.maximum(after - 1, 0)
    near: Ints = np.where(np.abs(wanted - key[before]) <= np.abs(key[after] - wanted), before, after)
    return near


def _awakenings(sight: _Sight, samples: Samples, asked: AskedProfile) -> Stream:
    places = _cut(samples, asked.profile)
    places = places[~np.isnan(samples.value[places]).any(axis=1)]
    if not len(places):
        return _NOTHING
    minutes = (samples.time[places] - samples.time[places[:, :1]]) / MINUTE
    values = [measure(word, asked.profile, minutes, samples.value[places]) for word, _ in asked.gives]
    return _dated(sight, samples, places[:, -1], asked, values)


def _dated(sight: _Sight, samples: Samples, last: Ints, asked: AskedProfile, values: list[Floats]) -> Stream:
    """One event a curve and word, at the curve's last sample."""
    row = samples.row[last]
    age = sight.index[row] - samples.time[last]
    source = np.repeat([source for _, source in asked.gives], len(row))
    copies = len(values)
    return Stream.of(
        sight.plan.spans, np.tile(row, copies), source, np.tile(age, copies), np.concatenate(values)
    )


def _days(sight: _Sight, samples: Samples, asked: AskedProfile) -> Stream:
    """The slope of every day with enough samples over enough hours."""
    used = np.flatnonzero((samples.value > 0) & ~_rising(sight, samples, asked))
    if not len(used):
        return _NOTHING
    time = samples.time[used]
    first = _begins(samples.row[used], time // DAY)
    count = np.diff(np.append(first, len(used)))
    hours = (time - np.repeat(time[first], count)) / HOUR
    last = first + count - 1
    enough = (count >= asked.profile.least) & (hours[last] >= asked.profile.hours) & (hours[last] > 0)
    if not enough.any():
        return _NOTHING
    keep = np.repeat(enough, count)
    starts = np.cumsum(count[enough]) - count[enough]
    slope = log_slopes(hours[keep], samples.value[used[keep]], starts)
    return _dated(sight, samples, used[last[enough]], asked, [slope])


def _rising(sight: _Sight, samples: Samples, asked: AskedProfile) -> Mask:
    """Whether each sample belongs to the rise after awakening.

    On a day that says when the patient woke up, those of the first ``skip_minutes``; else those of an
    awakening curve.
    """
    rising = np.zeros(len(samples.row), bool)
    for profile in asked.rises:
        places = _cut(samples, profile)
        steps = np.bincount(places[:, 0], minlength=len(rising) + 1)
        steps -= np.bincount(places[:, -1] + 1, minlength=len(rising) + 1)
        rising |= np.cumsum(steps)[:-1] > 0
    here = np.flatnonzero((sight.source == asked.awakening) & (sight.time != STATIC))
    if not len(here):
        return rising
    skip = round(asked.profile.skip_minutes * MINUTE)
    return np.where(*_after_waking(samples, sight.row[here], sight.time[here], skip), rising)


def _after_waking(samples: Samples, row: Ints, time: Ints, skip: int) -> tuple[Mask, Mask]:
    """By sample: whether its day says when the patient woke up, and whether less than ``skip`` ago."""
    key, day = row * _STRIDE + time, row * _STRIDE + time // DAY
    here = samples.row * _STRIDE + samples.time // DAY
    latest = np.searchsorted(key, samples.key, side="right") - 1
    soon = (latest >= 0) & (day[latest] == here) & (samples.key - key[latest] < skip)
    return np.isin(here, day), soon
