"""What a clinic follows beside pain: questionnaires at two years, quality of life, and the opioid dose.

Drawn from random numbers of its own, after everything else: whatever is added here, the other events of a
simulated clinic and the truth about it stay as they are.
"""

from collections.abc import Iterable

import numpy as np
from numpy.random import Generator

from painresponse.simulate.events import Piece, some, visit
from painresponse.simulate.pathways import QUESTIONNAIRE_MONTHS, Visit, questionnaires_again
from painresponse.simulate.people import People, linear
from painresponse.simulate.plan import Plan, Quality, Tapering


def sequels(people: People, visits: Iterable[list[Visit]], rng: Generator, *, plan: Plan) -> list[Piece]:
    """The further events of patients whose follow-ups are given, one list of visits in order for each arm."""
    after = plan.sequels
    quality, pieces = _quality_before(people, rng, after.quality)
    for every in visits:
        course = [one for one in every if one.month in after.months]
        pieces += _opioids(people, every, rng, after.opioids)
        for one in course:
            before = {} if one.month in QUESTIONNAIRE_MONTHS else plan.followed()
            pieces += questionnaires_again(people, rng, at=one, plan=plan, shares=before | after.relieved)
            pieces += _quality_again(quality, rng, after.quality, at=one)
    return pieces


def _opioids(people: People, visits: list[Visit], rng: Generator, plan: Tapering) -> list[Piece]:
    """Doses that changed since the visit before: lower, and more often, where the pain is better."""
    left, pieces = np.ones(len(people["age"])), []
    for one in visits:
        chance = rng.random(len(left))
        times = np.where(one.relieved >= 50, _drawn(chance, plan.response), _drawn(chance, plan.none))
        changed = one.here & people["opioid_written"] & (left > 0) & (times != 1)
        left = np.where(changed, left * times, left)
        dose, unit = np.round(people["opioid_dose"] * left, 3), people["opioid_unit"]
        stop = np.char.add(people["opioid_code"], "//STOP")
        pieces.append(some(changed & (left > 0), people["opioid_code"], one.when, value=dose, unit=unit))
        pieces.append(some(changed & (left == 0), stop, one.when))
    return pieces


def _drawn(chance: np.ndarray, shares: tuple[tuple[float, float], ...]) -> np.ndarray:
    """By what the dose is multiplied: each factor with its probability, else 1."""
    edges = np.cumsum([probability for _, probability in shares])
    return np.array([*(factor for factor, _ in shares), 1.0])[np.searchsorted(edges, chance, side="right")]


def _quality_before(people: People, rng: Generator, plan: Quality) -> tuple[People, list[Piece]]:
    """Quality of life, and what is written of it in the weeks before the index."""
    count = len(people["age"])
    level = linear(plan.level, people) + plan.spread * rng.standard_normal(count)
    asked = rng.random(count) < plan.observed
    when = visit(people["day"] - rng.integers(2, 81, count), rng)
    before = some(asked, plan.code, when, value=_index(level), unit="{score}")
    return {"level": level, "asked": asked}, [before]


def _quality_again(quality: People, rng: Generator, plan: Quality, *, at: Visit) -> list[Piece]:
    """Asked again of seven in ten, better by a part of the relief."""
    count = len(at.here)
    again = at.here & quality["asked"] & (rng.random(count) < 0.7)
    level = quality["level"] + plan.per_relief * at.relieved + plan.wobble * rng.standard_normal(count)
    return [some(again, plan.code, at.when, value=_index(level), unit="{score}")]


def _index(level: np.ndarray) -> np.ndarray:
    """EQ-5D as most value sets give it: from a little below 0 to 1."""
    return np.clip(np.round(level, 3), -0.59, 1)
