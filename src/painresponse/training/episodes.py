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
    """How many episodes were left after each step, in order.

    ``levels``: how many of those not excluded were at each level of intractable pain.
    """

    steps: dict[str, int] = field(default_factory=dict)
    levels: dict[str, int] = field(default_factory=dict)

    def after(self, step: str, left: int) -> "Attrition":
        """With one more step."""
        return Attrition({**self.steps, step: left}, self.levels)

    def __add__(self, other: "Attrition") -> "Attrition":
        return Attrition(_added(self.steps, other.steps), _added(self.levels, other.levels))


def _added(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    names = dict.fromkeys((*one, *other))
    return {name: one.get(name, 0) + other.get(name, 0) for name in names}


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
    subject, begun = _once_a_day(*_begins(records, concepts, stage))
    steps = Attrition().after("begin events", len(subject))
    for step, allowed in (
        ("not another stage on the same day", _no_other_stage),
        ("not after a later stage", _not_after),
        ("earlier step on record", _has_required),
        ("course long enough", _in_course),
        ("new episode", _is_new),
    ):
        keep = allowed(records, concepts, stage, subject, begun)
        subject, begun = subject[keep], begun[keep]
        steps = steps.after(step, len(subject))
    return Episodes(subject, begun, begun - round(stage.lead_days * DAY)), steps


def endings(records: Records, concepts: Concepts, stage: Stage) -> tuple[Occurrences, ...]:
    """What ended a stage and was not put back soon after: said outright, or removals on the same day."""
    removals = Occurrences(records, concepts, stage.removals)
    with_it = Occurrences(records, concepts, stage.removed_with)
    put_back = Occurrences(records, concepts, stage.begins)
    return tuple(
        one.taken(~put_back.any(one.subject, *_days_from(one.time, stage.not_replaced_days)))
        for one in (Occurrences(records, concepts, stage.ends), removals.on_days_of(with_it))
    )


def _days_from(time: Ints, days: int) -> tuple[Ints, Ints]:
    """From the midnight before to the end of the day so many days later."""
    midnight = time // DAY * DAY
    return midnight, midnight + (days + 1) * DAY


def _begins(records: Records, concepts: Concepts, stage: Stage) -> tuple[Ints, Ints]:
    """Subject and time of what begins the stage, ordered by both."""
    found = (Occurrences(records, concepts, stage.begins), _programmes(records, concepts, stage))
    subject = np.concatenate([one.subject for one in found])
    time = np.concatenate([one.time for one in found])
    order = np.lexsort((time, subject))
    return subject[order], time[order]


def _programmes(records: Records, concepts: Concepts, stage: Stage) -> Occurrences:
    """Contacts from which on enough disciplines see the patient within the days the stage asks for."""
    contacts = Occurrences(records, concepts, (name for names in stage.disciplines for name in names))
    seen = np.zeros(len(contacts), np.int64)
    for names in stage.disciplines:
        one = Occurrences(records, concepts, names)
        seen += one.any(contacts.subject, *_days_from(contacts.time, stage.discipline_days - 1))
    return contacts.taken(seen >= stage.disciplines_least)


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


def _in_course(_records: Records, _concepts: Concepts, stage: Stage, subject: Ints, begun: Ints) -> Mask:
    """Session days that begin a course, or come within one; subjects and days are ordered."""
    if stage.sessions == 1:
        return np.ones(len(subject), bool)
    place, day = np.arange(len(subject)), begun // DAY
    last = np.minimum(place + stage.sessions - 1, len(subject) - 1)
    begins = (last - place == stage.sessions - 1) & (subject[last] == subject)
    begins &= day[last] - day <= stage.session_days
    begun_at = np.maximum.accumulate(np.where(begins, place, 0))
    in_one: Mask = begins[begun_at] & (subject[begun_at] == subject)
    return in_one & (day - day[begun_at] <= stage.session_days)


def _is_new(records: Records, concepts: Concepts, stage: Stage, subject: Ints, begun: Ints) -> Mask:
    """The subject's first ever, or far enough from the event before it."""
    if stage.first_only:
        ever = Occurrences(records, concepts, stage.begins)
        return ~ever.any(subject, np.full(len(subject), _ALWAYS), begun // DAY * DAY)
    again = np.zeros(len(subject), bool)
    again[1:] = subject[1:] == subject[:-1]
    near = np.zeros(len(subject), bool)
    near[1:] = begun[1:] - begun[:-1] < stage.apart_days * DAY
    return ~(again & near)
