"""Points: a penalised logistic regression on binned features, as a booster of one small tree a feature.

Each feature is cut where the training patients fall into equal parts; a bin scores what a normal deviate
would there (so skewed measurements do no harm), the unknown has a score of its own, and the regression
weighs the scores. As a booster it is exported, explained and served like every other, to the bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit
from scipy.stats import norm

from painresponse.export.planting import Planted, joined, planted, scaled

Numbers = NDArray[np.float64]
Matrix = NDArray[np.float32]
_MOST_STEPS, _CLOSE, _NEVER_CERTAIN = 200, 1e-7, 1e-6


@dataclass(frozen=True)
class Cuts:
    """A feature in bins: ``value <= edges[0]``, and so on; ``scores`` one more than edges, of mean 0 and
    variance 1 over the training patients who have a value. ``counts`` are those patients, the unknown last.
    """

    place: int
    edges: Numbers
    scores: Numbers
    counts: NDArray[np.int64]

    def score(self, x: Matrix) -> Numbers:
        """Of each row; 0 where the value is unknown."""
        value = x[:, self.place]
        return np.where(np.isnan(value), 0.0, self.scores[np.searchsorted(self.edges, value)])


def cut(x: Matrix, place: int, bins: int) -> Cuts | None:
    """Bins of a feature that hold equal parts of the patients; None where everybody has the same value."""
    known = np.sort(x[~np.isnan(x[:, place]), place].astype(np.float64))
    if not len(known) or known[0] == known[-1]:
        return None
    marks = known[np.ceil(np.arange(1, bins) / bins * len(known)).astype(int) - 1]
    edges = np.unique(marks[marks < known[-1]])
    if not len(edges):  # nearly all have the highest value: the others are a bin of their own
        edges = known[known < known[-1]][-1:]
    counts = np.diff(np.searchsorted(known, edges, side="right"), prepend=0, append=len(known))
    return Cuts(place, edges, _normal_scores(counts), np.append(counts, len(x) - len(known)))


def _normal_scores(counts: NDArray[np.int64]) -> Numbers:
    """The mean of a standard normal deviate in each part of the given sizes, brought to variance 1."""
    ends = np.cumsum(counts) / counts.sum()
    density = norm.pdf(norm.ppf(np.concatenate([[0.0], ends])))
    score = -np.diff(density) * counts.sum() / counts
    return score / np.sqrt(counts @ score**2 / counts.sum())


@dataclass(frozen=True)
class Sheet:
    """Patients scored: ``scores`` and marks of the ``absent``, n x cuts each; ``lent``, n x 1, the log-odds
    that the models of other interventions lend, or n x 0.
    """

    cuts: tuple[Cuts, ...]
    scores: Numbers
    absent: Numbers
    lent: Numbers

    @classmethod
    def of(cls, cuts: Sequence[Cuts], x: Matrix, lent: Numbers | None = None) -> "Sheet":
        """Of feature rows."""
        scores = np.column_stack([np.zeros((len(x), 0)), *(one.score(x) for one in cuts)])
        absent = np.isnan(x[:, [one.place for one in cuts]]).astype(np.float64)
        return cls(tuple(cuts), scores, absent, np.zeros((len(x), 0)) if lent is None else lent[:, None])

    def first(self, count: int) -> "Sheet":
        """With the first so many cuts alone."""
        return Sheet(self.cuts[:count], self.scores[:, :count], self.absent[:, :count], self.lent)

    @cached_property
    def marks(self) -> NDArray[np.int64]:
        """Which marks of the unknown say something that no mark before them says: what is asked together is
        unknown together.
        """
        packed = np.packbits(self.absent.T.astype(bool), axis=1)
        _, first = np.unique(packed, axis=0, return_index=True)
        return np.sort(first[packed[first].any(axis=1)]) if len(first) else first

    @cached_property
    def columns(self) -> Numbers:
        """All that is weighed: lent log-odds, scores, marks."""
        return np.hstack([self.lent, self.scores, self.absent[:, self.marks]])


@dataclass(frozen=True)
class Points:
    """What the regression found: a weight for each cut feature, one for its being unknown, and one for the
    log-odds lent (0 where nothing was).
    """

    cuts: tuple[Cuts, ...]
    weight: Numbers
    unknown: Numbers
    lent: float
    intercept: float

    def margin(self, sheet: Sheet) -> Numbers:
        """Log-odds of response, before snapping."""
        own = sheet.scores @ self.weight + sheet.absent @ self.unknown + self.intercept
        return own + self.lent * sheet.lent.sum(axis=1)

    def booster(self, names: Sequence[str], lender: lightgbm.Booster | None = None) -> lightgbm.Booster:
        """One tree a feature, one of a single leaf, and the lender's trees weighed; not yet snapped."""
        trees = (
            Planted(cuts.place, cuts.edges, np.append(weight * cuts.scores, unknown), cuts.counts)
            for cuts, weight, unknown in zip(self.cuts, self.weight, self.unknown, strict=True)
        )
        own = planted([Planted.constant(self.intercept), *(one for one in trees if one.values.any())], names)
        return joined(own, scaled(lender, self.lent)) if lender and self.lent else own


def regress(sheet: Sheet, y: Numbers, *, trust: Numbers, ways: NDArray[np.int64], strength: float) -> Points:
    """Fit the weights to outcomes.

    ``strength`` penalises squared weights; ``trust`` (one a cut) is how far a weight may go for its price: 1
    where the literature speaks, less elsewhere. ``ways`` forbids a weight the wrong sign (1, -1, 0 free).
    What is lent is trusted in full and never turned round.
    """
    lent, width, marked = sheet.lent.shape[1], len(sheet.cuts), len(sheet.marks)
    scale = np.concatenate([np.ones(lent), trust, np.full(marked, trust.min(initial=1.0))])
    columns = sheet.columns * scale
    start = np.zeros(1 + len(scale))
    start[0] = logit(np.clip(y.mean(), _NEVER_CERTAIN, 1 - _NEVER_CERTAIN))

    def loss(line: Numbers) -> tuple[float, Numbers]:
        margin, weights = columns @ line[1:] + line[0], line[1:]
        error = expit(margin) - y
        value = np.logaddexp(0, margin).sum() - y @ margin + strength / 2 * weights @ weights
        return float(value), np.concatenate([[error.sum()], error @ columns + strength * weights])

    bounds = [(None, None), *[_bound(1)] * lent, *map(_bound, ways), *[(None, None)] * marked]
    options = {"maxiter": _MOST_STEPS, "ftol": _CLOSE}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    borrowed, own, marks = np.split(found[1:] * scale, [lent, lent + width])
    unknown = np.zeros(width)
    unknown[sheet.marks] = marks
    return Points(sheet.cuts, own, unknown, float(borrowed.sum()), float(found[0]))


def _bound(way: int) -> tuple[float | None, float | None]:
    """Of a weight that may only be positive, only negative, or either."""
    return 0.0 if way > 0 else None, 0.0 if way < 0 else None
