"""What moves the predictions of a response model: which features, how surely, and which way.

Contributions are exact SHAP values of the trees (Lundberg 2020) in calibrated log-odds. They describe the
model, not causes: a feature that says the same as another may take its share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from painresponse.evaluation.rounding import Figure, rounded, rounded_all
from painresponse.training.lessons import Lesson
from painresponse.training.response import ResponseModel

Numbers = NDArray[np.float64]

DIRECTIONS = RAISES, LOWERS, MIXED = "raises", "lowers", "mixed"
"""More of a feature raises the prediction, lowers it, or neither throughout."""

_SHOWN, _TOP, _POINTS = 20, 10, 20
_LEAST_PATIENTS = 10
_CLEAR = 0.5


@dataclass(frozen=True)
class Influence:
    """A feature's ``share`` of the mean absolute contributions, and its ``direction`` with more of it.

    Over the models learnt without each fold: in how many it is among the ten most important (``folds``), in
    how many it has the same direction (``agreeing``), and in which share both (``stability``).
    """

    name: str
    words: str
    share: Figure
    folds: int
    agreeing: int
    stability: Figure
    direction: str


@dataclass(frozen=True)
class Dependence:
    """How the contribution of a feature goes with its value: means over groups of ``n`` patients each.

    ``x`` mean value, ``effect`` mean contribution to the log-odds; ``unknown`` is the effect where the value
    is not known, ``unknown_n`` of how many patients. No group has fewer than ten patients.
    """

    name: str
    words: str
    x: tuple[Figure, ...]
    effect: tuple[Figure, ...]
    n: tuple[int, ...]
    unknown: Figure
    unknown_n: int


@dataclass(frozen=True)
class Explanation:
    """The account's section ``importance``.

    ``rank_correlation``: mean Spearman correlation of the importances of these features in any two of the
    ``models`` learnt without a fold; None with fewer than two, or where nothing moves the predictions.
    """

    features: tuple[Influence, ...]
    dependence: tuple[Dependence, ...]
    rank_correlation: Figure
    models: int

    def section(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def explanation(
    folds: Sequence[ResponseModel],
    final: ResponseModel,
    lesson: Lesson,
    *,
    words: Mapping[str, str] | None = None,
) -> Explanation:
    """What moves ``final``, and whether the models learnt without each fold agree; all on the same episodes.

    ``words`` say a feature in the clinic's language; without them it is called by its name.
    """
    columns = contributions(final, lesson.x)
    mine = _Moved.of(columns, lesson)
    others = [_Moved.of(contributions(model, lesson.x), lesson) for model in folds]
    shown = [place for place in mine.ranked[:_SHOWN] if mine.size[place] > 0]
    said = [(name, (words or {}).get(name, name.replace("_", " "))) for name in lesson.names]
    return Explanation(
        features=tuple(_influence(place, said[place], mine, others) for place in shown),
        dependence=tuple(
            dependence(said[place], lesson.x[:, place], columns[:, place], lesson.subject)
            for place in shown[:_TOP]
        ),
        rank_correlation=rounded(_rank_correlation([one.size[shown] for one in others])),
        models=len(others),
    )


def importance(model: ResponseModel, x: NDArray[np.float32], names: Sequence[str]) -> dict[str, float]:
    """By feature its share of the mean absolute contributions to these rows, largest first; none of 0."""
    size = np.abs(contributions(model, x)).mean(axis=0)
    order = [place for place in np.argsort(-size, kind="stable") if size[place] > 0]
    return {names[place]: float(size[place] / size.sum()) for place in order}


def contributions(model: ResponseModel, x: NDArray[np.float32]) -> Numbers:
    """Of each row and feature, in calibrated log-odds: with `base` they add up to the row's log-odds."""
    return model.calibration.slope * _shap(model, x)[:, :-1]


def base(model: ResponseModel) -> float:
    """Calibrated log-odds that contributions start from: the mean over the episodes it was learnt from."""
    nobody = np.full((1, model.booster.num_feature()), np.nan, np.float32)
    return model.calibration.slope * float(_shap(model, nobody)[0, -1]) + model.calibration.intercept


def _shap(model: ResponseModel, x: NDArray[np.float32]) -> Numbers:
    return np.asarray(model.booster.predict(x, pred_contrib=True, num_threads=1))


@dataclass(frozen=True)
class _Moved:
    """By feature: mean absolute contribution, and direction; ``ranked``: places, the most important first."""

    size: Numbers
    direction: tuple[str, ...]
    ranked: tuple[int, ...]

    @classmethod
    def of(cls, columns: Numbers, lesson: Lesson) -> "_Moved":
        size = np.abs(columns).mean(axis=0)
        pairs = zip(lesson.x.T, columns.T, size, strict=True)
        direction = tuple(_direction(value, part) if much else MIXED for value, part, much in pairs)
        return cls(size, direction, tuple(map(int, np.argsort(-size, kind="stable"))))

    def among_the_first(self, place: int) -> bool:
        return bool(self.size[place] > 0) and place in self.ranked[:_TOP]


def _direction(value: NDArray[np.float32], part: Numbers) -> str:
    known = np.isfinite(value)
    together = _spearman(value[known], part[known])
    return RAISES if together >= _CLEAR else LOWERS if together <= -_CLEAR else MIXED


def _spearman(one: Numbers | NDArray[np.float32], other: Numbers) -> float:
    """Rank correlation; 0 where either does not vary."""
    if not len(one) or np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])


def _rank_correlation(sizes: Sequence[Numbers]) -> float:
    pairs = [_spearman(one, other) for one, other in combinations(sizes, 2) if len(one)]
    return float(np.mean(pairs)) if pairs else float("nan")


def _influence(place: int, named: tuple[str, str], mine: _Moved, others: Sequence[_Moved]) -> Influence:
    first = [one.among_the_first(place) for one in others]
    same = [bool(one.size[place] > 0) and one.direction[place] == mine.direction[place] for one in others]
    both = np.mean(np.logical_and(first, same)) if others else np.nan
    return Influence(
        *named,
        share=rounded(float(mine.size[place] / mine.size.sum())),
        folds=sum(first),
        agreeing=sum(same),
        stability=rounded(float(both)),
        direction=mine.direction[place],
    )


def dependence(
    named: tuple[str, str], value: NDArray[np.float32], part: Numbers, subject: NDArray[np.int64]
) -> Dependence:
    """Of a feature (its name, its words) from its values and what they contributed, row by row."""
    value = value.astype(np.float64)
    known = np.isfinite(value)
    groups = _groups(value[known], subject[known])
    apart = len(np.unique(subject[~known]))
    told = apart >= _LEAST_PATIENTS
    return Dependence(
        *named,
        x=rounded_all(float(value[known][rows].mean()) for rows in groups),
        effect=rounded_all(float(part[known][rows].mean()) for rows in groups),
        n=tuple(len(np.unique(subject[known][rows])) for rows in groups),
        unknown=rounded(float(part[~known].mean())) if told else None,
        unknown_n=apart if told else 0,
    )


def _groups(value: Numbers, subject: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Rows with like values, ascending, never fewer than ten patients together; none if there are fewer."""
    ends = np.unique(value)
    if len(ends) > _POINTS:
        ends = np.unique(np.quantile(value, np.arange(1, _POINTS + 1) / _POINTS, method="inverted_cdf"))
    place = np.searchsorted(ends, value)
    groups, waiting = [], np.zeros(0, np.int64)
    for number in range(len(ends)):
        waiting = np.append(waiting, np.flatnonzero(place == number))
        if len(np.unique(subject[waiting])) >= _LEAST_PATIENTS:
            groups.append(waiting)
            waiting = waiting[:0]
    if groups:
        groups[-1] = np.append(groups[-1], waiting)
    return groups
