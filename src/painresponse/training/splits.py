"""Who is held out: folds of whole subjects."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

Rows = NDArray[np.int64]


def subject_folds(
    y: NDArray[np.float64], subject: NDArray[np.int64], count: int, *, seed: int
) -> NDArray[np.int64]:
    """The fold, 0 to count - 1, of each labelled episode: a subject is in one, responses spread evenly."""
    fold = np.empty(len(y), np.int64)
    alone = len(np.unique(subject)) == len(subject)  # then the faster splitter does the same
    kind = StratifiedKFold if alone else StratifiedGroupKFold
    splitter = kind(count, shuffle=True, random_state=seed)
    for number, (_, held_out) in enumerate(splitter.split(y, y, None if alone else subject)):
        fold[held_out] = number
    return fold


def each_fold(fold: NDArray[np.int64]) -> Iterator[tuple[Rows, Rows]]:
    """For each fold: the rows to learn from and the rows held out."""
    for number in range(fold.max() + 1):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)
