"""Episodes: one subject, one stage of one intervention, one index instant."""

from dataclasses import dataclass, field

import numpy as np

from painresponse.clinic.declarations import Stage
from painresponse.concepts import Concepts
from painresponse.records.tables import Asks, Ints, Records
from painresponse.schema import MICROSECONDS_PER_DAY as DAY
from painresponse.training.occurrences import Mask, Occurrences

_ALWAYS = -(2**62)


@dataclass(frozen=True)
class Attrition:
    """How many were left after each step, in order, and how many each step took."""

    steps: dict[str, int] = field(default_factory=dict)

    def after(self, step: str, left: int) -> "Attrition":
        """With one more step."""
        return Attrition({**self.steps, step: left})

    def __add__(self, other: "Attrition") -> "Attrition":
        names = [*self.steps, *(name for name in other.steps if name not in self.steps)]
        return Attrition({name: self.steps.get(name, 0) + other.steps.get(name, 0) for name in names})


@dataclass(frozen=True)
class Episodes:
    """Columns of one length: subject, begin of the intervention, index of the prediction (microseconds)."""

    subject: Ints
    begun: Ints
    index: Ints

    def __len__(self) -> int:
        return len(self.subject)

    def asks(self) -> Asks:
        """The questions a model would be asked."""
        return Asks(self.subject, self.index)

    def taken(self, keep: Mask) -> "Episodes":
        """Some of them."""
        return Episodes(self.subject[keep], self.begun[keep], self.index[keep])


def find_episodes(records: Records, concepts: Concepts, stage: Stage) -> tuple[Episodes, Attrition]:
    """The episodes of a stage by its event rules, and how many each rule left."""
    begins = Occurrences(records, concepts, stage.begins)
    subject, begun = _once_a_day(begins.subject, begins.time)
    steps = Attrition().after("begin events", len(subject))
    for step, allowed in (
        ("not another stage on the same day", _no_other_stage),
        ("not after a later stage", _not_after),
        ("earlier step on record", _has_required),
        ("new episode", _is_new),
    ):
        keep = allowed(records, concepts, stage, subject, begun)
        subject, begun = subject[keep], begun[keep]
        steps = steps.after(step, len(subject))
    return Episodes(subject, begun, begun - round(stage.lead_days * DAY)), steps


def _once_a_day(subject: Ints, time: Ints) -> tuple[Ints, Ints]:
    """The first of a subject's events on each day: levels and sides are coded as separate events."""
    day = time // DAY
    first = np.ones(len(subject), bool)
    first[1:] = (subject[1:] != subject[:-1]) | (day[1:] != day[:-1])
    return subject[first], time[first]


def _no_other_stage(records: Records, concepts: Concepts, stage: Stage, subject: Ints, begun: Ints) -> Mask:
    others = Occurrences(records, concepts, stage.not_same_day)
    midnight = begun // DAY * DAY
    return ~others.any(subject, midnight, midnight + DAY)


def _not_after(records: Records, concepts: Concepts, stage: Stage, subject: Ints, begun: Ints) -> Mask:
    later = Occurrences(records, concepts, stage.not_after)
    return ~later.any(subject, np.full(len(subject), _ALWAYS), begun)


def _has_required(records: Records, concepts: Concepts, stage: Stage, subject: Ints, begun: Ints) -> Mask:
    if not stage.requires:
        return np.ones(len(subject), bool)
    required = Occurrences(records, concepts, stage.requires)
    return required.any(subject, begun - stage.requires_days * DAY, begun // DAY * DAY + DAY)


def _is_new(_records: Records, _concepts: Concepts, stage: Stage, subject: Ints, begun: Ints) -> Mask:
    """The subject's first, or far enough from the event before it."""
    again = np.zeros(len(subject), bool)
    again[1:] = subject[1:] == subject[:-1]
    if stage.first_only:
        return ~again
    near = np.zeros(len(subject), bool)
    near[1:] = begun[1:] - begun[:-1] < stage.apart_days * DAY
    return ~(again & near)
