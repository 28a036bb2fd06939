"""Outcomes, judged: what was measured before, what at the follow-up, and whether that is a response."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from painresponse.clinic import Catalogue
from painresponse.clinic.declarations import Horizon, Outcome
from painresponse.concepts import Concept
from painresponse.engine import Plan, compute
from painresponse.language import FeatureSet
from painresponse.records.tables import Asks, Floats, Ints, Records
from painresponse.schema import MICROSECONDS_PER_DAY as DAY
from painresponse.training.episodes import Episodes
from painresponse.training.occurrences import Mask, Occurrences

NEAR_DAYS = 7  # measurements this close to the one nearest to the nominal day are averaged with it


@dataclass(frozen=True)
class Judged:
    """By episode: whether the outcome has a meaning for it, 1 met or 0 not (NaN unknown), and when
    (microseconds) the measurement was taken that says so (NaN: none).
    """

    defined: Mask
    y: Floats
    seen: Floats


def judges(catalogue: Catalogue, names: Iterable[str]) -> dict[str, "Judge"]:
    """A judge for each outcome named. Composites share those of their parts: each learns every code once."""
    wanted = {part: None for name in names for part in (*catalogue.outcomes[name].parts, name)}
    found: dict[str, Judge] = {}
    for name in wanted:
        found[name] = Judge(catalogue, name, {one: found[one] for one in catalogue.outcomes[name].parts})
    return found


class Judge:
    """Judges one outcome of a catalogue, a composite with the judges of its parts."""

    def __init__(self, catalogue: Catalogue, name: str, parts: Mapping[str, "Judge"]):
        self._outcome = outcome = catalogue.outcomes[name]
        self._concepts = catalogue.concepts
        self._all, self._some = ([parts[one] for one in names] for names in (outcome.all_of, outcome.some_of))
        self._baseline = self._plan(catalogue.baseline(outcome))
        self._feature = self._plan(
            [catalogue.features.to_plain()[outcome.feature]] if outcome.feature else []
        )

    def _plan(self, sentences: Sequence[str]) -> Plan | None:
        named = {str(place): text for place, text in enumerate(sentences)}
        return Plan(FeatureSet.from_plain(named), self._concepts) if named else None

    def judge(self, records: Records, episodes: Episodes, horizon: Horizon) -> Judged:
        """Whether the outcome was met at a horizon."""
        if self._outcome.parts:
            return self._composed(records, episodes, horizon)
        baseline, defined = self.baselines(records, episodes.asks())
        value, seen = self._follow_up(records, episodes, horizon)
        met = self.met(baseline, value)
        return Judged(defined, np.where(defined & ~np.isnan(value), met, np.nan), seen)

    def baselines(self, records: Records, asks: Asks) -> tuple[Floats, Mask]:
        """The baseline of every ask, and whether the outcome is defined with it."""
        if self._baseline is None:
            return np.full(len(asks), np.nan), np.ones(len(asks), bool)
        baseline = np.full(len(asks), np.nan)
        for column in compute(self._baseline, records, asks).T:
            baseline = np.where(np.isnan(baseline), column, baseline)
        least, most = self._outcome.baseline_min, self._outcome.baseline_max
        defined = ~np.isnan(baseline)
        defined &= True if least is None else baseline >= least
        return baseline, defined & (True if most is None else baseline <= most)

    def measured(self, records: Records) -> Occurrences:
        """Every measurement of the concept the outcome looks at."""
        return Occurrences(records, self._concepts, [self._outcome.concept])

    def met(self, baseline: Floats, value: Floats) -> Floats:
        """1 where such a value is a response after such a baseline, else 0."""
        concept = self._concepts.concepts.get(self._outcome.concept)
        return responded(self._outcome, baseline, value, measured=concept)

    def _follow_up(self, records: Records, episodes: Episodes, horizon: Horizon) -> tuple[Floats, Floats]:
        if self._feature is None:
            return followed_up(self.measured(records), episodes, horizon)
        start, stop = window(episodes, horizon)
        here = Occurrences(records, self._concepts, [self._outcome.seen_by]).any(
            episodes.subject, start, stop
        )
        nominal = episodes.begun + horizon.nominal * DAY
        value = compute(self._feature, records, Asks(episodes.subject, nominal))[:, 0]
        known = here & ~np.isnan(value)
        return np.where(known, value, np.nan), np.where(known, nominal, np.nan)

    def _composed(self, records: Records, episodes: Episodes, horizon: Horizon) -> Judged:
        """Known where every part that counts was measured again: else one of the answers would be known more
        often than the other, a single failure being enough, and the share of responders biased.
        """
        every, some = (
            _Parts.of([one.judge(records, episodes, horizon) for one in several], len(episodes))
            for several in (self._all, self._some)
        )
        least = int(self._outcome.least) if self._some else 0
        needed = some.defined if self._outcome.at_least is None else least
        defined = (every.defined == len(self._all)) & (some.defined >= least)
        known = defined & every.known & some.known
        met = (every.met == len(self._all)) & (some.met >= needed)
        seen = np.fmax(every.seen, some.seen)
        return Judged(defined, np.where(known, met, np.nan), np.where(known, seen, np.nan))


@dataclass(frozen=True)
class _Parts:
    """By episode, of the parts of a composite that are defined: how many, how many met, whether all are
    known, and when the last was seen.
    """

    defined: Ints
    met: Ints
    known: Mask
    seen: Floats

    @classmethod
    def of(cls, parts: list[Judged], count: int) -> "_Parts":
        shape = len(parts), count
        defined = np.array([one.defined for one in parts], bool).reshape(shape)
        y = np.array([one.y for one in parts]).reshape(shape)
        seen = np.array([one.seen for one in parts]).reshape(shape)
        last = np.fmax.reduce(np.where(defined, seen, np.nan), axis=0, initial=np.nan)
        return cls(defined.sum(0), (y == 1).sum(0), (~defined | ~np.isnan(y)).all(0), last)


def window(episodes: Episodes, horizon: Horizon) -> tuple[Ints, Ints]:
    """From the first day of a horizon to the end of its last (microseconds)."""
    return episodes.begun + horizon.days[0] * DAY, episodes.begun + (horizon.days[1] + 1) * DAY


def followed_up(measured: Occurrences, episodes: Episodes, horizon: Horizon) -> tuple[Floats, Floats]:
    """By episode: the mean of the values around the one nearest to the nominal day, and that one's time."""
    first, end = measured.between(episodes.subject, *window(episodes, horizon))
    value, seen = np.full(len(episodes), np.nan), np.full(len(episodes), np.nan)
    for row in np.flatnonzero(end > first):
        inside = slice(first[row], end[row])
        known = ~np.isnan(measured.value[inside])
        times, values = measured.time[inside][known], measured.value[inside][known]
        if len(times):
            aim = episodes.begun[row] + horizon.nominal * DAY
            nearest = times[np.argmin(np.abs(times - aim))]
            near = np.abs(times - nearest) <= NEAR_DAYS * DAY
            value[row], seen[row] = values[near].mean(), nearest
    return value, seen


def responded(
    outcome: Outcome, baseline: Floats, value: Floats, *, measured: Concept | None = None
) -> Floats:
    """1 where the outcome is met, 0 where it is not.

    ``measured``, the outcome's concept, says which direction is good and how much of a change matters.
    """
    better = measured is not None and measured.higher == "better"
    worse = measured is not None and measured.higher == "worse"
    mcid = measured.mcid if measured is not None and measured.mcid else np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        change = {
            "relative_drop": (baseline - value) / baseline,
            "absolute_drop": baseline - value,
            "important_change": (value - baseline if better else baseline - value) / mcid,
            "reaches": -value if worse else value,
        }[outcome.kind]
    least = -outcome.least if outcome.kind == "reaches" and worse else outcome.least
    # a drop of exactly the threshold counts, also after rounding in float32 (0.5 of 7.2 points)
    return (change >= least - 1e-6).astype(np.float64)
