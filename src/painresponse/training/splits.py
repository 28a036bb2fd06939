"""Who is held out: folds of whole subjects, and choices made without the fold they are judged on."""

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from painresponse.training.examples import Examples

Rows = NDArray[np.int64]
Losses = Callable[[Rows, tuple[Rows, Rows]], tuple[NDArray[np.float64], NDArray[np.float64]]]


def subject_folds(examples: Examples, count: int, *, seed: int) -> NDArray[np.int64]:
    """The fold, 0 to count - 1, of each labelled example: a subject is in one, responses spread evenly."""
    fold = np.empty(len(examples), np.int64)
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    for number, (_, held_out) in enumerate(splitter.split(examples.x, examples.y, examples.subject)):
        fold[held_out] = number
    return fold


def each_fold(fold: NDArray[np.int64]) -> Iterator[tuple[Rows, Rows]]:
    """For each fold: the rows to learn from and the rows held out."""
    for number in range(fold.max() + 1):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def nested_choices(fold: NDArray[np.int64], losses: Losses) -> NDArray[np.int64]:
    """For each fold, which candidate does best on the other folds without ever having seen this one.

    ``losses(rows, (a, b))`` learns from rows and gives each candidate's mean loss on the rows a and on b.
    What is learnt without two folds serves the choice for either of them, judged on the other: half the
    work of nesting a second cross-validation inside the first, and as honest.
    """
    count = int(fold.max()) + 1
    totals: list[NDArray[np.float64] | float] = [0.0] * count
    for one, other in combinations(range(count), 2):
        held_out = np.flatnonzero(fold == one), np.flatnonzero(fold == other)
        on_one, on_other = losses(np.flatnonzero((fold != one) & (fold != other)), held_out)
        totals[one] += on_other
        totals[other] += on_one
    return np.array([np.argmin(total) for total in totals])
