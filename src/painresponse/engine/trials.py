"""Trials of conventional treatments: from beginnings and ends to adequate and failed trials.

Judged afresh for every ask from what that ask may see, so that nothing after the index can change a verdict.

Each drug is taken from its beginning to the next word about it; what overlaps in one class, or lies at most
30 days apart, is one trial of that class. It is adequate when it lasted the class's minimum at a dose that
counts, or was stopped after a week or more for an adverse effect. An adequate trial failed when pain fell by
less than 30 % on it, when a reason says so, or, as a proxy where neither says so, when another class followed
within 60 days, or the trial still runs, with pain at 5 or more.
(Rule after the refractory-pain consensus of Smith 2012; the dose and time limits are in treatments.toml.)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from painresponse.engine.plan import Plan
from painresponse.engine.sources import BEGIN, TRIAL_WORDS
from painresponse.engine.streams import Stream
from painresponse.engine.windows import Known
from painresponse.records.coding import STOP_REASONS
from painresponse.records.tables import Asks, Floats, Ints, Records
from painresponse.schema import MICROSECONDS_PER_DAY, STATIC

DAY = MICROSECONDS_PER_DAY
MERGE_DAYS = 30
LEAST_EXPOSURE_DAYS = 7
SWITCH_DAYS = 60
STILL_SEVERE = 5.0
ENOUGH_RELIEF = 0.7  # of the pain before: 30 % less
BEFORE_DAYS = (-60, 0)
ON_TREATMENT_DAYS = (28, 120)
RECENT_DAYS = (-90, 0)
_INEFFICACY = 1 + STOP_REASONS.index("//INEFFICACY")
_ADVERSE = 1 + STOP_REASONS.index("//ADVERSE_EFFECT")
_STRIDE = 2**53  # more than the microseconds from 1900 to 2100: packs row and time into one sortable number

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Trials:
    """Trials by row and class: begun and ended (microseconds), still running, adequate dose, stop reason."""

    row: Ints
    place: Ints
    begun: Ints
    ended: Ints
    running: Mask
    dosed: Mask
    reason: Ints


@dataclass(frozen=True)
class _Exposures:
    """Stretches on one drug: row, class, begun, over (infinite: never said), what said so, whether dosed."""

    row: Ints
    place: Ints
    begun: Ints
    over: Floats
    reason: Ints
    dosed: Mask

    def taken(self, rows: Ints) -> "_Exposures":
        return _Exposures(
            self.row[rows],
            self.place[rows],
            self.begun[rows],
            self.over[rows],
            self.reason[rows],
            self.dosed[rows],
        )


def trial_events(plan: Plan, records: Records, asks: Asks, seen: Known, meaning: Ints) -> Stream:
    """What the trials known at each ask give to the sources ``<class>.trial``, ``.failed``, …

    Values: days the trial lasted; how a failure is known (1 measured, 2 reason given, 3 proxy); 1; 1.
    """
    sources = plan.trial_sources
    trials = _trials(plan, records, asks, seen, meaning) if (sources >= 0).any() else None
    if trials is None:
        nothing = np.zeros(0, np.int64)
        return Stream(nothing, nothing, nothing, nothing, np.zeros(0))
    verdicts = _verdicts(plan, trials, _Pain(plan, records, seen, meaning))
    word, trial = np.nonzero(~np.isnan(verdicts))
    source = sources[trials.place[trial], word]
    asked = source >= 0
    word, trial, source = word[asked], trial[asked], source[asked]
    row = trials.row[trial]
    # a verdict on a trial that still runs is as new as can be
    time = np.where(word == 0, trials.begun[trial], np.minimum(trials.ended[trial], asks.index[row] - 1))
    return Stream.of(plan.spans, row, source, asks.index[row] - time, verdicts[word, trial])


def _trials(plan: Plan, records: Records, asks: Asks, seen: Known, meaning: Ints) -> Trials | None:
    """Known treatment events, as exposures to each drug, joined into trials of each class."""
    book = plan.codebook.meanings
    chosen = np.flatnonzero((book.place[meaning] >= 0) & (records.time[seen.event] != STATIC))
    meant, time = meaning[chosen], records.time[seen.event[chosen]]
    # an end sorts before a beginning at the same time: a changed dose goes on, it does not end the trial
    order = np.lexsort((book.kind[meant] == BEGIN, time, book.drug[meant], seen.row[chosen]))
    chosen, meant, time = chosen[order], meant[order], time[order]
    row, place, kind = seen.row[chosen], book.place[meant], book.kind[meant]
    over, reason = _ends(row, book.drug[meant], time, kind, time + plan.sources.lasts_days[place] * DAY)
    dosed = ~(records.value[seen.event[chosen]] < book.adequate[meant])  # an unknown dose counts
    begins = np.flatnonzero(kind == BEGIN)
    if not len(begins):
        return None
    return _joined(asks, _Exposures(row, place, time, over, reason, dosed).taken(begins))


def _ends(row: Ints, drug: Ints, time: Ints, kind: Ints, lasts: Floats) -> tuple[Floats, Ints]:
    """When what each event begins is over, and the kind of event that said so.

    The next event of the same drug says it, be it an end or a new dose, unless it comes after the treatment
    was over by itself. What nothing ends is over when it has lasted its time: never, for a drug.
    """
    over, reason = lasts.copy(), np.zeros(len(row), np.int64)
    follows = (row[1:] == row[:-1]) & (drug[1:] == drug[:-1]) & (time[1:] <= lasts[:-1] + MERGE_DAYS * DAY)
    over[:-1][follows] = time[1:][follows]
    reason[:-1][follows] = kind[1:][follows]
    return over, reason


def _joined(asks: Asks, exposures: _Exposures) -> Trials:
    """Exposures of one class that overlap, or lie at most 30 days apart, as trials."""
    order = np.lexsort((exposures.over, exposures.begun, exposures.place, exposures.row))
    one = exposures.taken(order)
    fresh = np.ones(len(one.row), bool)
    fresh[1:] = (one.row[1:] != one.row[:-1]) | (one.place[1:] != one.place[:-1])
    fresh[1:] |= one.begun[1:] > _latest(one.over, fresh)[:-1] + MERGE_DAYS * DAY
    first = np.flatnonzero(fresh)
    ended = np.maximum.reduceat(one.over, first)
    says = np.where(one.over == ended[np.cumsum(fresh) - 1], one.reason, 0)  # the end of what lasted longest
    index = asks.index[one.row[first]]
    return Trials(
        one.row[first],
        one.place[first],
        one.begun[first],
        np.minimum(ended, index).astype(np.int64),
        ended >= index,
        np.logical_or.reduceat(one.dosed, first),
        np.maximum.reduceat(says, first),
    )


def _latest(over: Floats, fresh: Mask) -> Floats:
    """The latest end so far, by group (a group begins where ``fresh``)."""
    ends, rank = np.unique(over, return_inverse=True)
    group = np.cumsum(fresh) * len(ends)
    latest: Floats = ends[np.maximum.accumulate(group + rank) - group]
    return latest


def _verdicts(plan: Plan, trials: Trials, pain: "_Pain") -> Floats:
    """By trial word and trial: the value of the verdict, or NaN."""
    lasted = trials.ended - trials.begun
    long = lasted >= plan.sources.min_days[trials.place] * DAY
    intolerant = (trials.reason == _ADVERSE) & (lasted >= LEAST_EXPOSURE_DAYS * DAY)
    adequate = (long & trials.dosed) | intolerant
    measured = _unrelieved(trials, pain)
    given = (trials.reason == _INEFFICACY) | (trials.reason == _ADVERSE)
    proxy = _still_severe(trials, pain) | _switched(trials, pain)
    grade = np.select([measured, given, proxy], [1.0, 2.0, 3.0], np.nan)
    grade[~adequate] = np.nan
    days = lasted / DAY
    only_proxy = np.where(grade == 3.0, 1.0, np.nan)
    verdicts = {
        "trial": days,
        "failed": grade,
        "intolerance": np.where(intolerant, 1.0, np.nan),
        "proxy": only_proxy,
    }
    return np.stack([verdicts[word] for word in TRIAL_WORDS])


class _Pain:
    """The known pain scores of every row, to be averaged around given times."""

    def __init__(self, plan: Plan, records: Records, seen: Known, meaning: Ints):
        chosen = plan.codebook.meanings.pain[meaning] & ~np.isnan(records.value[seen.event])
        chosen &= records.time[seen.event] != STATIC
        self._value = records.value[seen.event[chosen]].astype(np.float64)
        self._key = _key(seen.row[chosen], records.time[seen.event[chosen]])

    def mean(self, row: Ints, around: Ints, days: tuple[int, int]) -> Floats:
        """Mean score from ``days[0]`` to ``days[1]`` after ``around``, both ends included; NaN where none."""
        first = np.searchsorted(self._key, _key(row, around + days[0] * DAY), side="left")
        stop = np.searchsorted(self._key, _key(row, around + days[1] * DAY), side="right")
        edges = np.stack([first, np.maximum(stop, first)], axis=1).ravel()
        # each window is summed on its own: a running total would leak a neighbour's rounding
        sums = np.add.reduceat(np.append(self._value, 0.0), edges)[::2]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(stop > first, sums / (stop - first), np.nan)


def _key(row: Ints, time: Ints) -> Ints:
    return row * _STRIDE + time


def _unrelieved(trials: Trials, pain: _Pain) -> Mask:
    before = pain.mean(trials.row, trials.begun, BEFORE_DAYS)
    on = pain.mean(trials.row, trials.begun, ON_TREATMENT_DAYS)
    return on > ENOUGH_RELIEF * before


def _still_severe(trials: Trials, pain: _Pain) -> Mask:
    return trials.running & (pain.mean(trials.row, trials.ended, RECENT_DAYS) >= STILL_SEVERE)


def _switched(trials: Trials, pain: _Pain) -> Mask:
    """Another class begun within 60 days of the end, with pain still severe then."""
    begun = _key(trials.row, trials.begun)
    order = np.argsort(begun, kind="stable")
    begun = begun[order]
    following = np.searchsorted(begun, _key(trials.row, trials.ended), side="left")
    # trials of one class lie more than 30 days apart, so at most one of its own comes first within 60
    following += trials.place[order[np.minimum(following, len(order) - 1)]] == trials.place
    found = np.minimum(following, len(order) - 1)
    next_trial = order[found]
    soon = (following < len(order)) & (trials.row[next_trial] == trials.row)
    soon &= trials.begun[next_trial] <= trials.ended + SWITCH_DAYS * DAY
    soon &= trials.place[next_trial] != trials.place
    soon &= pain.mean(trials.row, trials.begun[next_trial], RECENT_DAYS) >= STILL_SEVERE
    switched: Mask = soon & ~trials.running
    return switched
