"""Labels: did the patient respond? Failures are failures, unknown stays unknown."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from painresponse.clinic import Catalogue
from painresponse.clinic.declarations import Target
from painresponse.records.tables import Floats, Ints, Records
from painresponse.schema import MICROSECONDS_PER_DAY as DAY
from painresponse.training.episodes import Episodes, endings
from painresponse.training.occurrences import Mask, Occurrences
from painresponse.training.outcomes import Judge, judges, window


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
    """Judges the episodes of one target, with a judge of its outcome if there is one already."""

    def __init__(self, catalogue: Catalogue, target: Target, judge: Judge | None = None):
        self._concepts = catalogue.concepts
        self._judge = judge or judges(catalogue, [target.outcome])[target.outcome]
        self._horizon = catalogue.horizons[target.horizon]
        self._stage = catalogue.interventions[target.intervention].stages[target.stage]
        self._major = tuple(major_of_others(catalogue, target.intervention))

    def judge(self, records: Records, episodes: Episodes) -> Labels:
        """A label for each episode."""
        judged = self._judge.judge(records, episodes, self._horizon)
        _, close = window(episodes, self._horizon)
        until = np.where(np.isnan(judged.seen), close, judged.seen).astype(np.int64)
        ended = self._ended(records, episodes, until)
        major = Occurrences(records, self._concepts, self._major).any(
            episodes.subject, episodes.begun + 1, until
        )
        repeated = self._repeated(records, episodes, until)
        died = Occurrences(records, self._concepts, ["death"]).any(episodes.subject, episodes.begun, until)
        y = np.where(ended | major | repeated, 0.0, judged.y)
        y[died | ~judged.defined] = np.nan
        lost = np.isnan(y) & judged.defined & ~died
        return Labels(y, judged.defined, died & judged.defined, lost, ended, major, repeated)

    def _ended(self, records: Records, episodes: Episodes, until: Ints) -> Mask:
        """Given up (explant) before the outcome was seen."""
        ends = endings(records, self._concepts, self._stage)
        return np.any([one.any(episodes.subject, episodes.begun + 1, until) for one in ends], axis=0)

    def _repeated(self, records: Records, episodes: Episodes, until: Ints) -> Mask:
        if not self._stage.repeat_fails:
            return np.zeros(len(episodes), bool)
        again = Occurrences(records, self._concepts, self._stage.begins)
        start = episodes.begun + max(self._stage.apart_days, 1) * DAY
        return again.any(episodes.subject, start, until)


def major_of_others(catalogue: Catalogue, intervention: str) -> Iterable[str]:
    """What begins a major stage of any other intervention."""
    for name, other in catalogue.interventions.items():
        for stage in other.stages.values():
            if stage.major and name != intervention:
                yield from stage.begins
