"""What a model learns from: feature rows with known outcomes, and what the clinic is sure of beforehand."""

import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from painresponse.errors import DefinitionError, unknown
from painresponse.training.examples import Examples
from painresponse.training.splits import Rows

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Lesson:
    """Labelled episodes as columns: ``x`` (n x features, float32), ``y``, ``subject``.

    ``ways`` (one a feature): 1 if more of it can only raise the probability, -1 if only lower it, else 0.
    ``lent``: log-odds that the models of other interventions lend, made without these subjects.
    """

    names: tuple[str, ...]
    x: NDArray[np.float32]
    y: Numbers
    subject: NDArray[np.int64]
    ways: NDArray[np.int64]
    lent: Numbers | None = None

    def __len__(self) -> int:
        return len(self.y)

    def taken(self, rows: Rows) -> "Lesson":
        """Some of the episodes."""
        lent = None if self.lent is None else self.lent[rows]
        return replace(self, x=self.x[rows], y=self.y[rows], subject=self.subject[rows], lent=lent)

    @property
    def rarer(self) -> int:
        """How many episodes had the rarer outcome."""
        return int(min(self.y.sum(), len(self) - self.y.sum()))

    def screened(self, most: int) -> NDArray[np.int64]:
        """Places of so many features to choose from: the declared first, then by association with y."""
        strength = association(self.x, self.y) + (self.ways != 0)  # a correlation is at most 1
        return np.argsort(-strength, kind="stable")[:most]


def lesson(examples: Examples, *, better: Collection[str] = (), worse: Collection[str] = ()) -> Lesson:
    """The labelled examples of a target; ``better`` and ``worse`` name features of one direction.

    Raises DefinitionError for a feature that is not there, or declared both ways.
    """
    known = examples.labelled()
    ways = np.array(directions(known.names, better, worse))
    return Lesson(known.names, known.x, known.y, known.subject, ways)


def association(x: NDArray[np.float32], y: Numbers) -> Numbers:
    """By feature: the absolute correlation with the outcome, the unknown taken as the feature's median."""
    known = np.isfinite(x)
    filled = np.where(known, x, np.nan).astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a feature nobody has
        median = np.nan_to_num(np.nanmedian(filled, axis=0))
    filled = np.where(known, filled, median)
    filled -= filled.mean(axis=0)
    spread = np.sqrt((filled**2).mean(axis=0) * y.var())
    shared = np.abs((y - y.mean()) @ filled) / len(y)
    return np.divide(shared, spread, out=np.zeros(len(spread)), where=spread > 0)


def directions(names: Sequence[str], better: Collection[str], worse: Collection[str]) -> tuple[int, ...]:
    """For each feature 1 if more of it can only raise the probability, -1 if only lower it, else 0.

    Raises DefinitionError for a feature that is not there, or declared both ways.
    """
    for name in (*better, *worse):
        if name not in names:
            raise DefinitionError(f"better and worse: {unknown('feature', name, names)}")
        if name in better and name in worse:
            raise DefinitionError(f"The feature {name!r} is declared both better and worse. Keep one.")
    return tuple((name in better) - (name in worse) for name in names)
