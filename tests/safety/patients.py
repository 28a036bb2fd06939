"""Patients as events (days before the index, code, value), none of whom exists."""

import numpy as np

from painresponse.records.rows import ask, history
from painresponse.scoring.scorer import Scorer
from painresponse.scoring.scores import Scores

INDEX = np.datetime64("2026-03-01T15:00:00")
YEAR = 365.25
AT_8_H = 7 / 24
"""Of a day: so long before the index it was 8 h."""

Event = tuple[float, str] | tuple[float, str, float]

PAIN, BIRTH = "LOINC//72514-3", "MEDS_BIRTH"
FACET, CRPS = (400, "ICD10CM//M47.816"), (400, "ICD10CM//G90.50")
STEPS: list[Event] = [
    (30, "CPT//63650"),
    (25, "CPT//62323//INTRATHECAL_TRIAL"),
    (60, "CPT//64493//DIAGNOSTIC"),
]
ADULT: list[Event] = [(50 * YEAR, BIRTH), *STEPS]
IN_PAIN: list[Event] = [(5, PAIN, 7), (20, PAIN, 7)]
WELL: list[Event] = [*ADULT, *IN_PAIN, FACET]
"""Whom every model answers."""


def scored(scorer: Scorer, *events: Event, index: np.datetime64 = INDEX) -> Scores:
    """What every model says of one patient; an event the bundle cannot read is no test."""
    times = [str(INDEX - np.timedelta64(round(one[0] * 86_400), "s")) for one in events]
    values = [one[2] if len(one) == 3 else None for one in events]
    records, intake = scorer.read(history(times, [one[1] for one in events], values))
    assert set(intake.reasons()) <= {"duplicate"}
    return scorer.score(records, ask(str(index)))


def refusals(scorer: Scorer, *events: Event, **asked: np.datetime64) -> dict[str, tuple[str, str]]:
    """By target that refuses, the code and the words; whoever refuses says no number."""
    scores = scored(scorer, *events, **asked)
    assert (np.isnan(scores.probability) == (scores.refused >= 0)).all()
    places = dict(zip(scores.targets, scores.refused[0].tolist(), strict=True))
    return {name: scores.refusals[place] for name, place in places.items() if place >= 0}


def flags(scorer: Scorer, *events: Event) -> dict[str, tuple[str, ...]]:
    """By target, the codes of its flags."""
    scores = scored(scorer, *events)
    return dict(zip(scores.targets, scores.flags[0], strict=True))
