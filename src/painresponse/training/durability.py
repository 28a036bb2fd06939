"""How long a response lasts: from the first follow-up with a response to the first sign that it is over."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import CensoredData, ecdf

from painresponse.clinic import Catalogue
from painresponse.clinic.declarations import Target
from painresponse.records.tables import Floats, Ints, Records
from painresponse.schema import MICROSECONDS_PER_DAY as DAY
from painresponse.training.episodes import Episodes, endings
from painresponse.training.labels import Labeller, major_of_others
from painresponse.training.occurrences import Mask, Occurrences
from painresponse.training.outcomes import NEAR_DAYS, Judge, judges

LOSSES = ("no response", "ended", "repeated", "major intervention")
KINDS = (*LOSSES, "not seen again", "died")
"""What a duration ends with: ways to lose the response, then ways not to know how much longer it lasted."""

_POINTS = 50
_FOREVER = 2**62


@dataclass(frozen=True)
class Durations:
    """Of episodes that responded at the first follow-up, columns of one length: days from the beginning of
    the intervention until the response was lost or last seen, and ``kind``, a place in `KINDS`.
    """

    days: Floats
    kind: Ints

    def __len__(self) -> int:
        return len(self.days)

    def __add__(self, other: "Durations") -> "Durations":
        return Durations(np.append(self.days, other.days), np.append(self.kind, other.kind))

    @property
    def lost(self) -> Mask:
        """Where the response is known to be over; the others are censored."""
        return self.kind < len(LOSSES)


NO_DURATIONS = Durations(np.zeros(0), np.zeros(0, np.int64))


def durability(records: Records, episodes: Episodes, *, catalogue: Catalogue, target: Target) -> Durations:
    """How long the episodes that responded at the target's ``lasts_from`` went on responding.

    The loss is dated to the visit that shows it, or to the day the device came out, the treatment was
    repeated or a major one followed; whoever is not seen again is censored at the last visit, also who died.
    """
    judge = judges(catalogue, [target.outcome])[target.outcome]
    horizon = catalogue.horizons[target.lasts_from]
    labels = Labeller(catalogue, replace(target, horizon=target.lasts_from), judge).judge(records, episodes)
    seen = judge.judge(records, episodes, horizon).seen[labels.y == 1].astype(np.int64)
    responders = episodes.taken(labels.y == 1)
    failed, last = _later_visits(judge, records, responders, seen)
    ways = np.stack([failed, *_interventions(records, responders, seen, catalogue=catalogue, target=target)])
    died = Occurrences(records, catalogue.concepts, ["death"]).any(
        responders.subject, seen, np.full(len(seen), _FOREVER)
    )
    lost = np.isfinite(ways).any(axis=0)
    until = np.where(lost, ways.min(axis=0), last)
    censored = np.where(died, KINDS.index("died"), KINDS.index("not seen again"))
    return Durations((until - responders.begun) / DAY, np.where(lost, ways.argmin(axis=0), censored))


def _later_visits(judge: Judge, records: Records, episodes: Episodes, seen: Ints) -> tuple[Floats, Floats]:
    """By episode: the first later measurement without a response (infinite: none), and the last of all."""
    measured = judge.measured(records)
    baseline, _ = judge.baselines(records, episodes.asks())
    start = seen + NEAR_DAYS * DAY + 1
    first, end = measured.between(episodes.subject, start, np.full(len(seen), _FOREVER))
    row = np.repeat(np.arange(len(seen)), end - first)
    place = np.arange(len(row)) - np.repeat(np.cumsum(end - first) - end, end - first)
    known = ~np.isnan(measured.value[place])
    row, time, value = row[known], measured.time[place][known], measured.value[place][known]
    without = judge.met(baseline[row], value) == 0
    failed, last = np.full(len(seen), np.inf), seen.astype(np.float64)
    np.minimum.at(failed, row[without], time[without])
    np.maximum.at(last, row, time)
    return failed, last


def _interventions(
    records: Records, episodes: Episodes, seen: Ints, *, catalogue: Catalogue, target: Target
) -> tuple[Floats, Floats, Floats]:
    """By episode: when it was ended, repeated, followed by a major intervention; infinite: never."""
    concepts = catalogue.concepts
    stage = catalogue.interventions[target.intervention].stages[target.stage]
    never = np.full(len(seen), _FOREVER)
    ended = [one.first(episodes.subject, seen, never) for one in endings(records, concepts, stage)]
    again = Occurrences(records, concepts, stage.begins if stage.repeat_fails else ())
    apart = np.maximum(seen, episodes.begun + max(stage.apart_days, 1) * DAY)
    major = Occurrences(records, concepts, tuple(major_of_others(catalogue, target.intervention)))
    return (
        np.min(ended, axis=0),
        again.first(episodes.subject, apart, never),
        major.first(episodes.subject, seen, never),
    )


def survival(durations: Durations, *, marks: Mapping[str, float]) -> dict[str, Any]:
    """The share still responding (Kaplan-Meier, 95 % interval on the log-log scale), as plain values.

    ``marks`` are days by name: the share and how many are still followed are told there. ``curve`` has 50
    points at most; ``median`` is None where more than half still respond. All were followed from a first
    response on: until then the curve is 1 by definition.
    """
    kinds = {kind: int((durations.kind == place).sum()) for place, kind in enumerate(KINDS)}
    found = {"n": len(durations), "events": int(durations.lost.sum()), "kinds": kinds}
    if not found["events"]:
        return found | {"median": None, "curve": None, "marks": None}
    share, low, high = _estimated(durations)
    days = _points(durations)
    steps = share.quantiles[share.probabilities <= 0.5]
    return found | {
        "median": _figure(steps[0]) if len(steps) else None,
        "curve": {"days": [_figure(day) for day in days], **_at(days, share, low, high)},
        "marks": {
            name: {
                "days": float(day),
                "at_risk": int((durations.days >= day).sum()),
                **{word: one[0] for word, one in _at(np.array([day]), share, low, high).items()},
            }
            for name, day in marks.items()
        },
    }


def _estimated(durations: Durations) -> tuple[Any, Any, Any]:
    """The curve and its limits as step functions."""
    known = CensoredData(durations.days[durations.lost], right=durations.days[~durations.lost])
    share = ecdf(known).sf
    with warnings.catch_warnings():  # there is no interval where everybody still responds, or nobody
        warnings.simplefilter("ignore", RuntimeWarning)
        interval = share.confidence_interval(0.95, method="log-log")
    return share, interval.low, interval.high


def _points(durations: Durations) -> Floats:
    """From the beginning on: the days on which the curve falls, or as many days evenly spread."""
    falls = np.unique(durations.days[durations.lost])
    if len(falls) < _POINTS:
        return np.append(0.0, falls)
    return np.linspace(0, durations.days.max(), _POINTS)


def _at(days: Floats, *curves: Any) -> dict[str, list[float | None]]:
    return {
        word: [_figure(value) for value in curve.evaluate(days)]
        for word, curve in zip(("share", "low", "high"), curves, strict=True)
    }


def _figure(value: float) -> float | None:
    """Four digits that count; None where there is none."""
    return None if np.isnan(value) else float(f"{value:.4g}")
