"""Trials of conventional treatments: from exposures to adequate and failed trials.

Judged afresh for every ask from what that ask may see, so that nothing after the index can change a verdict.

Exposures of one class that overlap, or lie at most 30 days apart, are one trial of that class. It is adequate
when its days on treatment, those as needed counting half, reach the class's minimum at a median daily dose
that counts (each day's dose being that of the drug nearest to its own adequate dose), or when it was stopped
after a week or more for an adverse effect. An adequate trial failed when pain fell by less than 30 % on it,
when a reason says so, or, as a proxy where neither says so, when another class followed within 60 days, or
the trial still runs, with pain at 5 or more. A contraindication is no trial.
(Rule after the refractory-pain consensus of Smith 2012; the dose and time limits are in treatments.toml.)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from painresponse.engine.exposures import DAY, GAP, Exposures, exposure_events, exposures
from painresponse.engine.plan import Plan
from painresponse.engine.streams import Stream, joined
from painresponse.engine.treatments import TRIAL_WORDS
from painresponse.engine.windows import Known
from painresponse.records.coding import ADVERSE_EFFECT, INEFFICACY
from painresponse.records.tables import Asks, Floats, Ints, Records
from painresponse.schema import STATIC

LEAST_EXPOSURE = 7 * DAY
SWITCH = 60 * DAY
STILL_SEVERE = 5.0
ENOUGH_RELIEF = 0.7  # of the pain before: 30 % less
BEFORE_DAYS = (-60, 0)
ON_TREATMENT_DAYS = (28, 120)
RECENT_DAYS = (-90, 0)
MEASURED, REASON_GIVEN, PROXY = 1.0, 2.0, 3.0
_STRIDE = 2**53  # more than the microseconds from 1900 to 2100: packs row and time into one sortable number
_TRIAL, _FAILED, _INTOLERANCE, _PROXY, _LINE, _DRUG_FAILED = range(len(TRIAL_WORDS))

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Trials:
    """Trials by row, class and time; ``ended`` is at most the index.

    ``treated``, ``daily`` and ``dosed`` are the microseconds on any drug, not just as needed, and at a dose
    that counts; ``why`` holds the flags of the end, ``of`` gives for each exposure its trial.
    """

    row: Ints
    place: Ints
    begun: Ints
    ended: Ints
    treated: Ints
    daily: Ints
    dosed: Ints
    why: Ints
    of: Ints


def treatment_events(plan: Plan, records: Records, asks: Asks, seen: Known, meaning: Ints) -> Stream:
    """What the treatments known at each ask give to the sources made of their beginnings and ends."""
    asked, streams = plan.treatments, []
    if asked.any_trial or asked.any_exposure:
        exposed = exposures(plan, records, asks, seen, meaning)
        if asked.any_exposure and len(exposed):
            streams.append(exposure_events(plan, asks, exposed))
        if asked.any_trial and len(exposed):
            streams.append(trial_events(plan, asks, exposed, _Pain(plan, records, seen, meaning)))
    nothing = np.zeros(0, np.int64)
    return joined(*streams) if streams else Stream(nothing, nothing, nothing, nothing, np.zeros(0))


def trial_events(plan: Plan, asks: Asks, exposed: Exposures, pain: "_Pain") -> Stream:
    """What the trials known at each ask give to the sources ``<class>.trial``, ``.failed``, …

    Values: days the trial lasted; how a failure is known (1 measured, 2 reason given, 3 proxy); 1; 1; which
    class in order of first trial it was; how the failure of a drug is known, once, when it first failed.
    """
    trials = _joined(exposed)
    verdicts = _verdicts(plan, asks, trials, pain)
    word, trial = (~np.isnan(verdicts)).nonzero()
    if plan.treatments.words[_DRUG_FAILED]:
        drugs = _failed_drugs(plan, exposed, trials, verdicts[_FAILED])
        word, trial = np.append(word, np.full(len(drugs), _DRUG_FAILED)), np.append(trial, drugs)
        verdicts[_DRUG_FAILED] = verdicts[_FAILED]
    source = plan.treatments.trials[trials.place[trial], word]
    asked = (source >= 0).nonzero()[0]
    word, trial, source = word[asked], trial[asked], source[asked]
    row = trials.row[trial]
    # a verdict on a trial that still runs is as new as can be
    ended = np.minimum(trials.ended[trial], asks.index[row] - 1)
    time = np.where((word == _TRIAL) | (word == _LINE), trials.begun[trial], ended)
    return Stream.of(plan.spans, row, source, asks.index[row] - time, verdicts[word, trial])


def _joined(exposed: Exposures) -> Trials:
    """Exposures of one class that overlap, or lie at most 30 days apart, as trials."""
    fresh = exposed.begun > exposed.before[0] + GAP
    first = fresh.nonzero()[0]
    added = np.maximum(exposed.until - np.maximum(exposed.begun, exposed.before), 0)
    treated, daily, dosed = np.add.reduceat(added, first, axis=1)
    ended = np.maximum.reduceat(exposed.until[0], first)
    of = np.cumsum(fresh) - 1
    why = np.where(exposed.until[0] == ended[of], exposed.why, 0)  # the end of what lasted longest
    why = np.bitwise_or.reduceat(why, first)
    return Trials(
        exposed.row[first],
        exposed.place[first],
        exposed.begun[first],
        ended,
        treated,
        daily,
        dosed,
        why,
        of,
    )


def _verdicts(plan: Plan, asks: Asks, trials: Trials, pain: "_Pain") -> Floats:
    """By trial word and trial: the value of the verdict, or NaN."""
    asked = plan.treatments.words
    verdicts = np.full((len(TRIAL_WORDS), len(trials.row)), np.nan)
    verdicts[_TRIAL] = (trials.ended - trials.begun) / DAY
    # a day has two halves, one of them when a drug is taken as needed
    long = trials.treated + trials.daily >= 2 * plan.sources.treatments.least[trials.place]
    strong = 2 * trials.dosed >= trials.treated  # then so is the median
    intolerant = (trials.why & ADVERSE_EFFECT > 0) & (trials.treated >= LEAST_EXPOSURE)
    verdicts[_INTOLERANCE, intolerant] = 1.0
    if asked[_FAILED] or asked[_PROXY] or asked[_DRUG_FAILED]:
        adequate = ((long & strong) | intolerant).nonzero()[0]
        verdicts[_FAILED, adequate] = _grades(asks, trials, adequate, pain)
        verdicts[_PROXY, verdicts[_FAILED] == PROXY] = 1.0
    if asked[_LINE]:
        _order(trials, verdicts[_LINE])
    return verdicts


def _grades(asks: Asks, trials: Trials, adequate: Ints, pain: "_Pain") -> Floats:
    """How the failure of each of these trials is known; NaN where it is not known to have failed."""
    row, begun = trials.row[adequate], trials.begun[adequate]
    before, on = pain.mean(row, begun, BEFORE_DAYS), pain.mean(row, begun, ON_TREATMENT_DAYS)
    grades = np.where(trials.why[adequate] & (INEFFICACY | ADVERSE_EFFECT), REASON_GIVEN, np.nan)
    grades[on > ENOUGH_RELIEF * before] = MEASURED
    unsaid = np.isnan(grades).nonzero()[0]
    if len(unsaid):
        grades[unsaid] = _by_proxy(asks, trials, adequate[unsaid], pain)
    return grades


def _by_proxy(asks: Asks, trials: Trials, these: Ints, pain: "_Pain") -> Floats:
    """Pain still severe at the index, where the trial runs, or where another class follows soon."""
    row, ended = trials.row[these], trials.ended[these]
    index = asks.index[row]
    then = np.where(ended >= index, index, _next_class(trials, these))
    severe = (pain.mean(row, then, RECENT_DAYS) >= STILL_SEVERE) & (then <= ended + SWITCH)
    return np.where(severe, PROXY, np.nan)


def _next_class(trials: Trials, these: Ints) -> Ints:
    """When the next trial of another class begins, from the end of each of these on; too late if never.

    Trials of one class lie more than 30 days apart, so at most one of its own comes first within 60.
    """
    row, ended = trials.row[these], trials.ended[these]
    begun = _key(trials.row, trials.begun)
    order = np.argsort(begun)
    final = len(order) - 1
    found = np.searchsorted(begun[order], _key(row, ended), side="left")
    found += trials.place[order[np.minimum(found, final)]] == trials.place[these]
    after = order[np.minimum(found, final)]
    exists = (found <= final) & (trials.row[after] == row)
    return np.where(exists, trials.begun[after], ended + SWITCH + 1)


def _order(trials: Trials, lines: Floats) -> None:
    """Into ``lines``, for the first trial of each class: 1 and how many classes were tried before it."""
    fresh = np.ones(len(trials.row), bool)
    fresh[1:] = (trials.row[1:] != trials.row[:-1]) | (trials.place[1:] != trials.place[:-1])
    first = fresh.nonzero()[0]
    row = trials.row[first]
    begun = _key(row, trials.begun[first])
    lines[first] = 1 + np.searchsorted(np.sort(begun), begun) - np.searchsorted(row, row)


def _failed_drugs(plan: Plan, exposed: Exposures, trials: Trials, failed: Floats) -> Ints:
    """For each drug of a failed trial, the first such trial."""
    these = (~np.isnan(failed))[trials.of].nonzero()[0]
    drug = exposed.row[these] * plan.sources.treatments.drugs + exposed.drug[these]
    _, first = np.unique(drug, return_index=True)
    return trials.of[these[first]]


class _Pain:
    """The known pain scores of every row, to be averaged around given times."""

    def __init__(self, plan: Plan, records: Records, seen: Known, meaning: Ints):
        chosen = plan.codebook.meanings.pain[meaning].nonzero()[0]
        event = seen.event[chosen]
        value, time = records.value[event], records.time[event]
        kept = (~np.isnan(value) & (time != STATIC)).nonzero()[0]
        self._value = np.append(value[kept].astype(np.float64), 0.0)
        self._key = _key(seen.row[chosen[kept]], time[kept])

    def mean(self, row: Ints, around: Ints, days: tuple[int, int]) -> Floats:
        """Mean score from ``days[0]`` to ``days[1]`` after ``around``, both ends included; NaN where none."""
        key = _key(row, around)
        first = np.searchsorted(self._key, key + days[0] * DAY, side="left")
        stop = np.searchsorted(self._key, key + days[1] * DAY, side="right")
        edges = np.empty(2 * len(row), np.int64)
        edges[::2], edges[1::2] = first, np.maximum(stop, first)
        # each window is summed on its own: a running total would leak a neighbour's rounding
        sums = np.add.reduceat(self._value, edges)[::2]
        return np.where(stop > first, sums / np.maximum(stop - first, 1), np.nan)


def _key(row: Ints, time: Ints) -> Ints:
    return row * _STRIDE + time
