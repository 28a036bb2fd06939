"""The slow twin of treatments: exposures, trials, days and opioid load of one patient, said plainly.

Times in microseconds. Events need a ``time`` (None: without one), a ``code`` and a ``value`` (None: without).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Protocol

import numpy as np

from painresponse.concepts import Concepts

DAY = 86_400_000_000
REASONS = {"": "none", "//INEFFICACY": "inefficacy", "//ADVERSE_EFFECT": "adverse effect", "//OTHER": "other"}
HIGHEST_MME = 3000


class Happened(Protocol):
    """An event."""

    time: int | None
    code: str
    value: float | None


@dataclass(frozen=True)
class Stretch:
    """On one drug of one class from ``begun`` to ``over``; ``enough`` is the dose that counts."""

    drug: str
    begun: int
    over: int
    why: frozenset[str]
    daily: bool
    dose: float | None
    enough: float
    mme: float | None

    def counts(self) -> float:
        """The dose as a share of what counts; what nobody wrote down, or nobody demands, is enough."""
        return inf if self.dose is None or not self.enough else self.dose / self.enough


@dataclass(frozen=True)
class Trial:
    """What one patient had of one class without a pause of more than 30 days."""

    parts: tuple[Stretch, ...]

    @property
    def begun(self) -> int:
        """The first beginning."""
        return min(one.begun for one in self.parts)

    @property
    def ended(self) -> int:
        """The last end."""
        return max(one.over for one in self.parts)

    @property
    def why(self) -> set[str]:
        """Why what lasted longest ended."""
        return {reason for one in self.parts if one.over == self.ended for reason in one.why}


Dated = tuple[int, float | None]


def stop_of(code: str, begun_by: str) -> str | None:
    """The reason, when a code is the end of what another begins."""
    return next((reason for end, reason in REASONS.items() if code == f"{begun_by}//STOP{end}"), None)


# --- exposures ---


def stretches(name: str, seen: Sequence[Happened], index: int, concepts: Concepts) -> list[Stretch]:
    """Everything a patient had of one class."""
    treatment = concepts.treatments[name]
    lasts = inf if treatment.lasts_days is None else treatment.lasts_days * DAY
    found = []
    for one in treatment.ingredients:
        codes = (one.code, *one.codes)
        found += _of_drug(codes, seen, index, lasts=lasts, enough=one.adequate or 0.0, mme=one.mme)
    local = (f"PR//{name}",)
    if treatment.session_days is None:
        return found + _of_drug((*treatment.codes, *local), seen, index, lasts=lasts, enough=0.0, mme=None)
    session = treatment.session_days * DAY
    found += _of_drug(treatment.codes, seen, index, lasts=session, enough=0.0, mme=None)
    return found + _of_drug(local, seen, index, lasts=lasts, enough=0.0, mme=None)


def _of_drug(
    codes: tuple[str, ...],
    seen: Sequence[Happened],
    index: int,
    *,
    lasts: float,
    enough: float,
    mme: float | None,
) -> list[Stretch]:
    daily, needed, supplied = defaultdict(list), defaultdict(list), defaultdict(list)
    ends: dict[int, set[str]] = defaultdict(set)
    for one in (one for one in seen if one.time is not None):
        for code in codes:
            if one.code == code:
                daily[one.time].append(one.value)
            elif one.code == f"{code}//PRN":
                needed[one.time].append(one.value)
            elif one.code == f"{code}//DAYS" and one.value is not None:
                supplied[one.time].append(one.value)
            elif reason := stop_of(one.code, code):
                ends[one.time].add(reason)
    found = []
    for time in sorted({*daily, *needed}):
        own = time + min(lasts, int(max(supplied.get(time, [inf])) * DAY) if time in supplied else inf)
        following = min((other for other in {*daily, *needed, *ends} if other > time), default=inf)
        why = ends.get(following, set()) if following <= own + 30 * DAY else set()
        doses = [dose for dose in daily[time] + needed[time] if dose is not None]
        found.append(
            Stretch(
                codes[0],
                time,
                int(min(own, following, index)),
                frozenset(why),
                bool(daily[time]),
                max(doses, default=None),
                float(np.float32(enough)),
                mme,
            )
        )
    return found


def covered(parts: Iterable[Stretch]) -> int:
    """Microseconds on any of them."""
    return sum(over - begun for begun, over, _ in _pieces(list(parts)))


def _pieces(parts: list[Stretch]) -> list[tuple[int, int, list[Stretch]]]:
    """The time on any of them, cut wherever one begins or ends, with what was taken."""
    edges = sorted({edge for one in parts for edge in (one.begun, one.over)})
    cut = [
        (begun, over, [one for one in parts if one.begun <= begun and over <= one.over])
        for begun, over in pairwise(edges)
    ]
    return [piece for piece in cut if piece[2]]


def days_and_load(
    name: str, seen: Sequence[Happened], index: int, concepts: Concepts, *, span: float
) -> list[Dated]:
    """Of a source of days or load: the stretches as far as they lie in the last ``span`` microseconds."""
    owner, _, word = name.rpartition(".")
    classes = list(concepts.treatments) if owner == "opioids" else [owner]
    parts = [one for each in classes for one in stretches(each, seen, index, concepts)]
    if owner == "opioids":
        parts = [one for one in parts if one.mme is not None]
    if word == "days":
        spells = [(begun, over, 1.0) for begun, over in _merged(parts)]
    else:
        spells = [(one.begun, one.over, _load(one)) for one in parts]
    inside = [(max(begun, index - span), over, worth) for begun, over, worth in spells if over > index - span]
    return [
        (over - 1, None if worth is None else float((over - begun) / DAY * worth))
        for begun, over, worth in inside
    ]


def _merged(parts: list[Stretch]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for begun, over, _ in _pieces(parts):
        if found and found[-1][1] == begun:
            found[-1] = (found[-1][0], over)
        else:
            found.append((begun, over))
    return found


def _load(one: Stretch) -> float | None:
    return None if one.dose is None else min(one.dose * one.mme, HIGHEST_MME)


# --- trials ---


def trials_of(name: str, seen: Sequence[Happened], index: int, concepts: Concepts) -> list[Trial]:
    """The trials of one class, oldest first."""
    groups: list[list[Stretch]] = []
    for one in sorted(stretches(name, seen, index, concepts), key=lambda one: one.begun):
        if not groups or one.begun > max(other.over for other in groups[-1]) + 30 * DAY:
            groups.append([])
        groups[-1].append(one)
    return [Trial(tuple(group)) for group in groups]


def median_dose(trial: Trial) -> float:
    """The dose reached on half of the days or more, each day's being the largest share of what counts."""
    pieces = [
        (max(one.counts() for one in taken), over - begun)
        for begun, over, taken in _pieces(list(trial.parts))
    ]
    half, so_far = sum(time for _, time in pieces) / 2, 0
    for dose, time in sorted(pieces, reverse=True):
        so_far += time
        if so_far >= half:
            return dose
    return 0.0


def verdicts(
    name: str,
    word: str,
    seen: Sequence[Happened],
    index: int,
    concepts: Concepts,
    *,
    pain: list[tuple[int, float]],
) -> list[Dated]:
    """What one word says of the trials of one class."""
    trials = {one: trials_of(one, seen, index, concepts) for one in concepts.treatments}
    if word == "line":
        first = {one: found[0].begun for one, found in trials.items() if found}
        before = [one for one, begun in first.items() if name in first and begun < first[name]]
        return [(first[name], 1.0 + len(before))] if name in first else []
    found: list[Dated] = []
    failed_already: set[str] = set()
    for trial in trials[name]:
        at = min(trial.ended, index - 1)
        intolerant = "adverse effect" in trial.why and covered(trial.parts) >= 7 * DAY
        grade = _failed(name, trial, trials, index, concepts, pain=pain)
        if word == "trial":
            found.append((trial.begun, (trial.ended - trial.begun) / DAY))
        elif word == "intolerance" and intolerant:
            found.append((at, 1.0))
        elif word == "failed" and grade:
            found.append((at, grade))
        elif word == "proxy" and grade == 3:
            found.append((at, 1.0))
        elif word == "drug_failed" and grade:
            fresh = {one.drug for one in trial.parts} - failed_already
            failed_already |= fresh
            found += [(at, grade)] * len(fresh)
    return found


def adequate(name: str, trial: Trial, concepts: Concepts) -> bool:
    """Long enough, as needed counting half, at a dose that counts; or stopped, but not at once, for harm."""
    every, daily = covered(trial.parts), covered(one for one in trial.parts if one.daily)
    if "adverse effect" in trial.why and every >= 7 * DAY:
        return True
    enough = concepts.treatments[name].min_weeks * 7 * DAY
    return daily + (every - daily) / 2 >= enough and median_dose(trial) >= 1


def _failed(
    name: str,
    trial: Trial,
    trials: dict[str, list[Trial]],
    index: int,
    concepts: Concepts,
    *,
    pain: list[tuple[int, float]],
) -> float | None:
    """1 measured, 2 reason given, 3 by proxy."""
    if not adequate(name, trial, concepts):
        return None

    def mean(around: float, first: int, last: int) -> float | None:
        scores = [value for at, value in pain if around + first * DAY <= at <= around + last * DAY]
        return sum(scores) / len(scores) if scores else None

    before, on = mean(trial.begun, -60, 0), mean(trial.begun, 28, 120)
    if before is not None and on is not None and on > 0.7 * before:
        return 1.0
    if trial.why & {"inefficacy", "adverse effect"}:
        return 2.0
    if trial.ended >= index:
        severe = mean(index, -90, 0)
    else:
        others = [one.begun for other, found in trials.items() if other != name for one in found]
        following = min((time for time in others if time >= trial.ended), default=inf)
        severe = mean(following, -90, 0) if following <= trial.ended + 60 * DAY else None
    return 3.0 if severe is not None and severe >= 5 else None
