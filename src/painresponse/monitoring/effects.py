"""Whether what moved matters: by how much each feature moved the mean prediction of each target.

A bundle's contributions to a target's margin are exact, and the base they start from is the mean of training.
So the mean contribution of a feature over those asked about now is what its movement, and its going together
with others, moved the mean log-odds by. It is said in percentage points on the way from the probability at
training's mean log-odds to that at the present mean, as reasons are (`scoring.reasons`).
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from painresponse.monitoring.asked import LEAST, Asked
from painresponse.scoring.bundle import Bundle, TargetCard
from painresponse.scoring.reasons import SMALLEST_POINTS, steepness

Numbers = NDArray[np.float64]
Floats = NDArray[np.float32]

TOTAL = "all features together"

_ROWS_AT_ONCE, _HALF = 1_000, 1.959964
_COLUMNS = ["target", "feature", "points", "low", "high"]


def effects(bundle: Bundle, asked: Asked) -> pd.DataFrame:
    """A line for each target and feature: points with a 95 % interval; before them the total of the target.

    None of targets hardly asked. Features that moved a mean by less than `SMALLEST_POINTS` are left out. The
    interval holds the chance of who is asked about, subject by subject, and of who was in training.
    """
    lines = [line for target in asked.targets for line in _effects(bundle, asked, target)]
    return pd.DataFrame(lines, columns=_COLUMNS)


def _effects(bundle: Bundle, asked: Asked, target: str) -> Iterator[tuple[object, ...]]:
    places = asked.of[target]
    if len(places) < LEAST:
        return
    (place,) = bundle.places((target,))
    card = bundle.targets[place]
    added = _contributions(bundle, asked.features[places], place)
    both = np.column_stack([added.sum(axis=1), added])
    mean, error = _means(both, asked.subject[places], card.episodes)
    worth = 100 * card.slope * _steepness(card, mean[0])
    points, reach = worth * mean, _HALF * abs(worth) * error
    names = (TOTAL, *bundle.features.names)
    order = [0, *(1 + np.argsort(-np.abs(points[1:]), kind="stable"))]
    for one in order:
        if one == 0 or abs(points[one]) >= SMALLEST_POINTS:
            yield target, names[one], points[one], points[one] - reach[one], points[one] + reach[one]


def _contributions(bundle: Bundle, rows: Floats, place: int) -> Numbers:
    pieces = (rows[first : first + _ROWS_AT_ONCE] for first in range(0, len(rows), _ROWS_AT_ONCE))
    said = [bundle.run(piece, explain=(place,)).contributions[0] for piece in pieces]
    return np.concatenate(said).astype(np.float64)


def _means(rows: Numbers, subject: NDArray[np.int64], episodes: int) -> tuple[Numbers, Numbers]:
    """Of each column its mean and standard error: of these subjects, and of so many episodes of training."""
    mean = rows.mean(axis=0)
    _, member = np.unique(subject, return_inverse=True)
    sums = np.zeros((member.max() + 1, rows.shape[1]))
    np.add.at(sums, member, rows - mean)
    return mean, np.sqrt((sums**2).sum(axis=0) / len(rows) ** 2 + rows.var(axis=0) / episodes)


def _steepness(card: TargetCard, moved: float) -> float:
    """Of the probability, from the mean margin of training to one that lies so far from it."""
    return float(steepness(card, np.array([card.base + moved], np.float32))[0])
