"""How well the predictions hold in each group of patients and at each site; whether any blocks release."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from painresponse.evaluation.bootstrap import estimated, subject_weights
from painresponse.evaluation.decisions import net_benefit
from painresponse.evaluation.measures import LEAST_OF_EACH, MEASURES
from painresponse.evaluation.predictions import Numbers, Predictions
from painresponse.evaluation.rounding import Interval, interval, rounded

SHOWN = ("auc", "calibration_slope", "calibration_in_the_large", "brier")
EVENTS_THAT_COUNT, SLOPES_ALLOWED = 200, (0.7, 1.3)
"""A group with so many responders blocks release where its calibration slope is outside these."""

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Subgroup:
    """One group of one grouping; ``events`` are responders.

    ``figures`` by measure, each with its 95 % interval, and ``net_benefit`` at the share of responders among
    all; none where the group is ``too_small``.
    """

    grouping: str
    label: str
    episodes: int
    subjects: int
    events: int
    too_small: bool
    figures: dict[str, Interval]
    blocks: bool


@dataclass(frozen=True)
class Subgroups:
    """Every group, at which threshold their net benefit is, and how many were looked at."""

    groups: tuple[Subgroup, ...]
    threshold: float | None
    looked_at: int
    note: str


def subgroups(predictions: Predictions, *, resamples: int, seed: int) -> Subgroups:
    """Groups of every grouping of the predictions, then sites; the same resampled subjects throughout."""
    weights = subject_weights(predictions.subject, resamples, seed=seed)
    threshold = float(predictions.y.mean())
    found = tuple(
        _subgroup(predictions, weights, rows, named=named, threshold=threshold)
        for named, rows in _groups(predictions)
    )
    judged = sum(not one.too_small for one in found)
    return Subgroups(found, rounded(threshold), judged, _note(judged))


def blocked(found: Subgroups) -> list[str]:
    """Why release is blocked, one sentence for each group; empty where nothing blocks it."""
    return [_sentence(one) for one in found.groups if one.blocks]


def _groups(predictions: Predictions) -> Iterator[tuple[tuple[str, str], NDArray[np.int64]]]:
    sites = np.where(predictions.site < 0, "", predictions.site.astype(str))
    for grouping, labels in {**predictions.groups, "site": sites}.items():
        for label in _in_order(labels):
            yield (grouping, label or UNKNOWN), np.flatnonzero(labels == label)


def _in_order(labels: Iterable[str]) -> list[str]:
    """Numbers by size, words by the alphabet, the unknown last."""
    return sorted(set(map(str, labels)), key=lambda one: (not one, len(one) * one.isdigit(), one))


def _subgroup(
    predictions: Predictions,
    weights: Numbers,
    rows: NDArray[np.int64],
    *,
    named: tuple[str, str],
    threshold: float,
) -> Subgroup:
    part = predictions.taken(rows)
    events = int(part.y.sum())
    too_small = min(events, len(part) - events) < LEAST_OF_EACH
    figures = {} if too_small else _figures(part, weights[:, rows], threshold)
    slope = figures["calibration_slope"][0] if figures else None
    return Subgroup(
        *named,
        episodes=len(part),
        subjects=len(np.unique(part.subject)),
        events=events,
        too_small=too_small,
        figures=figures,
        blocks=slope is not None and events >= EVENTS_THAT_COUNT and not _allowed(slope),
    )


def _figures(part: Predictions, weights: Numbers, threshold: float) -> dict[str, Interval]:
    """A resample that drew nobody of the group says nothing of it."""
    weights = weights[weights.any(axis=1)]
    drawn = {name: MEASURES[name](part.y, part.probability, weights) for name in SHOWN}
    at = np.array([threshold])
    drawn["net_benefit"] = net_benefit(part.y, part.probability, weights, thresholds=at)[:, 0]
    return {name: interval(estimated(values)) for name, values in drawn.items()}


def _allowed(slope: float) -> bool:
    low, high = SLOPES_ALLOWED
    return low <= slope <= high


def _sentence(one: Subgroup) -> str:
    slope, low, high = one.figures["calibration_slope"]
    return (
        f"The calibration slope for {one.grouping} {one.label} is {slope:.3g} (95 % interval {low:.3g} to "
        f"{high:.3g}; {one.events} responders), outside {SLOPES_ALLOWED[0]} to {SLOPES_ALLOWED[1]}."
    )


def _note(judged: int) -> str:
    return (
        f"{judged} groups were looked at. By chance alone about {judged * 0.05:.1f} of their 95 % intervals "
        "miss the truth, for each measure: an odd group is a question to be asked again of new patients."
    )
