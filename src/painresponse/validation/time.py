"""Would it have held in later years? Learnt from what was known at a cut, judged on what came after."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from painresponse.clinic import Catalogue
from painresponse.evaluation.bootstrap import estimated, subject_weights
from painresponse.evaluation.measures import MEASURES
from painresponse.evaluation.predictions import Predictions
from painresponse.evaluation.rounding import Interval, interval
from painresponse.schema import MICROSECONDS_PER_DAY as DAY
from painresponse.training.examples import Examples
from painresponse.training.lessons import Lesson
from painresponse.training.splits import Rows
from painresponse.validation.unseen import (
    LEAST_TO_JUDGE,
    LEAST_TO_LEARN,
    Learner,
    of_each,
    predicted,
    without,
)

CUTS = (0.5, 0.65, 0.8)
"""Shares of the episodes, in order of time, before each cut."""

SHOWN = ("auc", "calibration_slope", "calibration_intercept", "calibration_in_the_large", "brier")


@dataclass(frozen=True)
class Cut:
    """One cut: ``learnt`` episodes whose outcome was known by then, ``judged`` episodes that began after.

    ``waiting`` began before and were not known yet, or are of subjects who come back after. Without
    ``figures`` there was too little on one side.
    """

    share: float
    learnt: int
    waiting: int
    judged: int
    responders: int
    figures: dict[str, Interval] = field(default_factory=dict)


@dataclass(frozen=True)
class ForwardInTime:
    """Every cut, the figures of the last one that could be judged, and what they say."""

    sentence: str
    figures: dict[str, Interval]
    cuts: tuple[Cut, ...]


def days_until_known(catalogue: Catalogue, target: str) -> float:
    """From the index of an episode to the day its follow-up window closes."""
    asked = catalogue.targets[target]
    stage = catalogue.interventions[asked.intervention].stages[asked.stage]
    return stage.lead_days + catalogue.horizons[asked.horizon].days[1]


def forward_in_time(
    examples: Examples,
    known: Lesson,
    *,
    learner: Learner,
    known_after: float,
    cuts: Sequence[float] = CUTS,
    resamples: int = 300,
    seed: int = 2026,
) -> ForwardInTime:
    """Learn before each cut, judge after it; outcomes are known ``known_after`` days after the index.

    ``known`` is the lesson of the examples. No subject is on both sides: who comes back is only judged.
    """
    labelled, found = examples.labelled(), []
    for share in cuts:
        seen, unseen, before = _sides(labelled, share, round(known_after * DAY))
        cut = Cut(share, len(seen), before - len(seen), len(unseen), int(known.y[unseen].sum()))
        if _enough(known, seen, unseen):
            later = predicted(labelled, known, learner=learner, seen=seen, unseen=unseen)
            cut = replace(cut, figures=_figures(later, resamples, seed))
        found.append(cut)
    return _account(tuple(found))


def _sides(labelled: Examples, share: float, gap: int) -> tuple[Rows, Rows, int]:
    """Rows known at the cut, rows that began from it on, and how many began before."""
    moment = np.quantile(labelled.index, share, method="higher")
    early, late = labelled.index < moment, np.flatnonzero(labelled.index >= moment)
    closed = np.flatnonzero(labelled.index + gap < moment)
    return without(labelled.subject, closed, late), late, int(early.sum())


def _enough(known: Lesson, seen: Rows, unseen: Rows) -> bool:
    return of_each(known.y, seen) >= LEAST_TO_LEARN and of_each(known.y, unseen) >= LEAST_TO_JUDGE


def _figures(later: Predictions, resamples: int, seed: int) -> dict[str, Interval]:
    weights = subject_weights(later.subject, resamples, seed=seed)
    drawn = {name: MEASURES[name](later.y, later.probability, weights) for name in SHOWN}
    return {name: interval(estimated(values)) for name, values in drawn.items()}


def _account(cuts: tuple[Cut, ...]) -> ForwardInTime:
    last = next((cut for cut in reversed(cuts) if cut.figures), None)
    if last is None:
        return ForwardInTime(
            "Too few episodes before or after every cut: whether the model holds over time was not examined.",
            {},
            cuts,
        )
    return ForwardInTime(_sentence(last), last.figures, cuts)


def _sentence(cut: Cut) -> str:
    auc, low, high = cut.figures["auc"]
    said = (
        f"Learnt from the {cut.learnt:,} episodes known by then, judged on {cut.judged:,} that began later: "
        f"AUC {auc:.2f} (95 % interval {low:.2f} to {high:.2f})."
    )
    return f"{said} {_drift(cut.figures['calibration_in_the_large'])}"


def _drift(large: Interval) -> str:
    off, low, high = large
    if None in large or low <= 0 <= high:
        return "The share of responders is what was foretold, within noise."
    way = "more" if off > 0 else "fewer"
    return f"{100 * abs(off):.0f} in 100 {way} responded than foretold: the share of responders has moved."
