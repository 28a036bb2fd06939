"""Labels: did the patient respond? Failures are failures, unknown stays unknown."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from painresponse.clinic import Catalogue
from painresponse.clinic.declarations import Horizon, Outcome, Target
from painresponse.clinic.requirements import baseline_sentences
from painresponse.concepts import Concept
from painresponse.engine import Plan, compute
from painresponse.language import FeatureSet
from painresponse.records.tables import Asks, Floats, Records
from painresponse.schema import MICROSECONDS_PER_DAY as DAY
from painresponse.training.episodes import Episodes, endings
from painresponse.training.occurrences import Mask, Occurrences

NEAR_DAYS = 7  # measurements this close to the one nearest to the nominal day are averaged with it


@dataclass(frozen=True)
class Labels:
    """By episode: 1 response, 0 none, NaN unknown; and what made it so."""

    y: Floats
    has_baseline: Mask
    died: Mask
    lost: Mask
    ended: Mask
    major: Mask
    repeated: Mask


class Labeller:
    """Judges the episodes of one target."""

    def __init__(self, catalogue: Catalogue, target: Target):
        self._concepts = catalogue.concepts
        self._outcome = catalogue.outcomes[target.outcome]
        self._measured = catalogue.concepts.concepts[self._outcome.concept]
        self._horizon = catalogue.horizons[target.horizon]
        self._stage = catalogue.interventions[target.intervention].stages[target.stage]
        self._major = tuple(_major_of_others(catalogue, target.intervention))
        sentences = baseline_sentences(self._outcome) if self._outcome.baseline_of else ["age"]
        named = {str(place): text for place, text in enumerate(sentences)}
        self._baseline = Plan(FeatureSet.from_plain(named), self._concepts)

    def judge(self, records: Records, episodes: Episodes) -> Labels:
        """A label for each episode."""
        baseline, has_baseline = self._baselines(records, episodes.asks())
        value, seen = followed_up(
            Occurrences(records, self._concepts, [self._outcome.concept]), episodes, self._horizon
        )
        close = episodes.begun + (self._horizon.days[1] + 1) * DAY
        until = np.where(np.isnan(value), close, seen).astype(np.int64)
        ended = self._ended(records, episodes, until)
        major = Occurrences(records, self._concepts, self._major).any(
            episodes.subject, episodes.begun + 1, until
        )
        repeated = self._repeated(records, episodes, until)
        died = Occurrences(records, self._concepts, ["death"]).any(episodes.subject, episodes.begun, until)
        y = np.where(
            np.isnan(value), np.nan, responded(self._outcome, baseline, value, measured=self._measured)
        )
        y = np.where(ended | major | repeated, 0.0, y)
        y[died | ~has_baseline] = np.nan
        lost = np.isnan(y) & has_baseline & ~died
        return Labels(y, has_baseline, died & has_baseline, lost, ended, major, repeated)

    def _baselines(self, records: Records, asks: Asks) -> tuple[Floats, Mask]:
        if not self._outcome.baseline_of:
            return np.full(len(asks), np.nan), np.ones(len(asks), bool)
        near, far = compute(self._baseline, records, asks).T
        baseline = np.where(np.isnan(near), far, near)
        least = self._outcome.baseline_min
        return baseline, ~np.isnan(baseline) & (True if least is None else baseline >= least)

    def _ended(self, records: Records, episodes: Episodes, until: Floats) -> Mask:
        """Given up (explant) before the outcome was seen."""
        ends = endings(records, self._concepts, self._stage)
        return np.any([one.any(episodes.subject, episodes.begun + 1, until) for one in ends], axis=0)

    def _repeated(self, records: Records, episodes: Episodes, until: Floats) -> Mask:
        if not self._stage.repeat_fails:
            return np.zeros(len(episodes), bool)
        again = Occurrences(records, self._concepts, self._stage.begins)
        start = episodes.begun + max(self._stage.apart_days, 1) * DAY
        return again.any(episodes.subject, start, until)


def followed_up(measured: Occurrences, episodes: Episodes, horizon: Horizon) -> tuple[Floats, Floats]:
    """By episode: the mean of the values around the one nearest to the nominal day, and that one's time."""
    start = episodes.begun + horizon.days[0] * DAY
    stop = episodes.begun + (horizon.days[1] + 1) * DAY
    first, end = measured.between(episodes.subject, start, stop)
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


def _major_of_others(catalogue: Catalogue, intervention: str) -> Iterable[str]:
    """What begins a major stage of any other intervention."""
    for name, other in catalogue.interventions.items():
        for stage in other.stages.values():
            if stage.major and name != intervention:
                yield from stage.begins
