"""Why a prediction is what it is: the features that move it farthest, in percentage points of probability.

Contributions are to a model's margin; a clinician reads probabilities. The way from the base's log-odds to
the patient's is straight, all features going it together, and each feature's part of the climb in probability
is its share of that way (Aumann and Shapley 1974). So no order is chosen, the parts add up to the whole, and
a part has the sign of its contribution. Reasons describe the model; they are not causes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from painresponse.scoring.bundle import TargetCard
from painresponse.scoring.phrases import Phrase

N = TypeVar("N", bound=np.generic)

Numbers = NDArray[np.float64]
Floats = NDArray[np.float32]
Places = NDArray[np.intp]

SMALLEST_POINTS = 0.05
"""What moves a prediction by less would be said to move it by nothing."""

_SMALLEST_WAY = 1e-6
_FIGURES = frozenset("-0123456789")


@dataclass(frozen=True, slots=True)
class Reason:
    """What one feature adds to a prediction, in percentage points (below zero: takes from it).

    ``name`` of the feature in the bundle, ``words`` for it and its ``value`` as `Phrase` says them.
    """

    name: str
    words: str
    value: str
    points: float

    @property
    def found(self) -> str:
        """The feature and its value: ``morning serum cortisol (mean, past 2 years) 112 nmol/L, low``."""
        return f"{self.words}{' ' if self.value[:1] in _FIGURES else ': '}{self.value}"

    @property
    def text(self) -> str:
        """What was found and what it does, in the clinic's words."""
        verb = "raises" if self.points > 0 else "lowers"
        return f"{self.found}; {verb} the predicted response by {abs(self.points):.1f} percentage points"


@dataclass(frozen=True, slots=True)
class Moved:
    """What moved the margins of one model: a row's contributions and its card's base add up to its margin.

    ``margin``: by row. ``contributions`` and the feature ``rows`` they are of: rows x features.
    """

    card: TargetCard
    margin: Floats
    contributions: Floats
    rows: Floats


def largest_reasons(
    moved: Moved, phrases: Mapping[str, Phrase], *, most: int
) -> Iterator[tuple[Reason, ...]]:
    """Of each row the ``most`` reasons that move the model's own probability farthest, in that order.

    What moves it by less than `SMALLEST_POINTS` is left out. A row's reasons do not depend on other rows.
    """
    where = _largest(moved.contributions, most)
    worth = 100 * moved.card.slope * steepness(moved.card, moved.margin)
    points = worth[:, None] * _taken(moved.contributions, where).astype(np.float64)
    said = list(phrases.items())
    for line in zip(where.tolist(), points.tolist(), _taken(moved.rows, where).tolist(), strict=True):
        yield tuple(
            Reason(said[place][0], said[place][1].words, said[place][1].value(value), added)
            for place, added, value in zip(*line, strict=True)
            if abs(added) >= SMALLEST_POINTS
        )


def own_probability(card: TargetCard, margin: Floats) -> Numbers:
    """What a model says by itself, before answers are made consistent with those for other targets."""
    return _expit(card.intercept + card.slope * margin.astype(np.float64))


def base_probability(card: TargetCard) -> float:
    """What a model says at the mean margin of those it was learnt from."""
    return float(_expit(np.float64(card.intercept + card.slope * card.base)))


def steepness(card: TargetCard, margin: Floats) -> Numbers:
    """By how much the probability climbs for each step of log-odds, on the mean of the way from the base."""
    way = card.slope * (margin.astype(np.float64) - card.base)
    base = base_probability(card)
    climb = own_probability(card, margin) - base
    near = np.abs(way) < _SMALLEST_WAY
    return np.where(near, base * (1 - base), climb / np.where(near, 1.0, way))


def _largest(contributions: Floats, most: int) -> Places:
    """By row the places of the largest contributions, the largest first; of equal ones the earlier first."""
    size = np.abs(contributions)
    others = size.shape[1] - min(most, size.shape[1])
    where = np.sort(np.argpartition(size, others, axis=1)[:, others:], axis=1)
    order = np.argsort(-_taken(size, where), axis=1, kind="stable")
    return _taken(where, order)


def _taken(table: NDArray[N], where: Places) -> NDArray[N]:
    return table[np.arange(len(table))[:, None], where]


def _expit(log_odds: Numbers | np.float64) -> Numbers:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * log_odds)))
