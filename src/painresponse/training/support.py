"""Who resembles the patients an intervention was given to: the propensity of being given it, and its least.

Learnt from the index asks of all interventions together. An ask lies before its intervention begins, so that
whatever a history holds by then may tell who is given what; nothing in it can follow from the choice.
Support says how well a score is grounded. It does not rank interventions, and is no reason to give one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from painresponse.clinic.declarations import Target
from painresponse.errors import CohortError, DefinitionError, unknown
from painresponse.evaluation.bootstrap import estimated, subject_weights
from painresponse.evaluation.calibration import Calibration, platt
from painresponse.evaluation.measures import auc
from painresponse.evaluation.rounding import Figure, Interval, interval, rounded
from painresponse.export.planting import Planted, planted
from painresponse.export.snapping import snap
from painresponse.scoring.refusals import UNSUPPORTED
from painresponse.training.examples import Examples
from painresponse.training.lessons import Lesson
from painresponse.training.points import Cuts, Points, Sheet, cut, regress
from painresponse.training.settings import TrainingSettings
from painresponse.training.splits import Rows, each_fold

Numbers = NDArray[np.float64]

MOST_BELOW = 0.025
"""Of those who were given it, at most this share may be told so, out of fold."""

_SCREENED, _STRENGTH, _RESAMPLES = 60, 20.0, 100
_SURE, _LEAST_PATIENTS = 1 / MOST_BELOW, 10
_ALONE = "No other intervention in these records: who is given this one and who is not cannot be told apart."
_FEW = "Fewer than {:.0f} patients were given it: the threshold is little more than the least likely of them."


@dataclass(frozen=True)
class Overlap:
    """The patients of another intervention: how many, and the share of them below the threshold (None for a
    group so small that it would tell of single patients).
    """

    intervention: str
    patients: int
    below: Figure


@dataclass(frozen=True)
class Figures:
    """How far those given an intervention and the others overlap, all out of fold, one ask a patient.

    ``below_given``: share of those given it below the threshold, with its exact 95 % interval (Clopper and
    Pearson 1934). ``auc`` of the propensity: near 1 means that hardly anybody else is like them.
    ``effective``: what those given it are worth, as a share of their number, once they are weighted by the
    odds of something else to resemble the others (Kish's effective sample size).
    """

    given: int
    others: int
    below_given: Interval
    auc: Interval
    effective: Figure
    overlaps: tuple[Overlap, ...]


@dataclass(frozen=True)
class Support:
    """The propensity of an intervention as a snapped booster, and the least margin that is enough."""

    booster: lightgbm.Booster
    calibration: Calibration
    least: float
    figures: Figures
    notes: tuple[str, ...]

    @property
    def threshold(self) -> float:
        """``least`` as a probability: P(this was given | history, some catalogued intervention was given)."""
        return float(self.calibration.probability(np.float64(self.least))) if np.isfinite(self.least) else 0.0

    def margin(self, x: NDArray[np.float32]) -> Numbers:
        """Raw log-odds of feature rows."""
        return np.asarray(self.booster.predict(x, raw_score=True, num_threads=1))

    def probability(self, x: NDArray[np.float32]) -> Numbers:
        """Calibrated propensity of feature rows."""
        return self.calibration.probability(self.margin(x))

    def supported(self, x: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Where enough patients like this one were given it. Float32 margins decide it the same way."""
        return self.margin(x) >= self.least

    def summary(self) -> dict[str, Any]:
        """The account's section ``support``: figures of groups, none of a patient."""
        found = asdict(self.figures)
        sentence = " ".join((f"Below the threshold the answer is: {UNSUPPORTED[1]}", *self.notes))
        return {"sentence": sentence, "threshold": rounded(self.threshold), "most_below": MOST_BELOW, **found}


@dataclass(frozen=True)
class _Pool:
    """Asks of one stage (``lesson.y`` 1) and of every other intervention; ``arm`` says of which."""

    lesson: Lesson
    arm: NDArray[np.str_]


def support_models(
    examples: Mapping[str, Examples], targets: Mapping[str, Target], settings: TrainingSettings
) -> dict[str, Support]:
    """The support of every target; targets of one stage share it.

    A stage's patients are compared with those at the first stage of every other intervention, a row for each
    patient and intervention: known and lost outcomes alike, since only what was given counts. Raises
    DefinitionError for a target that examples were not gathered for, CohortError where nobody was given one.
    """
    for name in targets:
        _check(name, examples)
    made: dict[tuple[str, str], Support] = {}
    for name, target in targets.items():
        stage = target.intervention, target.stage
        if stage not in made:
            made[stage] = _support(_pool(name, examples, targets), settings)
    return {name: made[target.intervention, target.stage] for name, target in targets.items()}


def _check(name: str, examples: Mapping[str, Examples]) -> None:
    if name not in examples:
        raise DefinitionError(f"support: {unknown('target with examples', name, examples)}")
    if not len(examples[name]):
        raise CohortError(
            f"{name} was given to nobody in these records: there is nobody to resemble. Gather its episodes, "
            "or leave this target out of the list `predict`."
        )


def _pool(name: str, examples: Mapping[str, Examples], targets: Mapping[str, Target]) -> _Pool:
    mine = targets[name].intervention
    first: dict[str, str] = {}
    for other, one in targets.items():
        first.setdefault(one.intervention, other)
    asked = {mine: examples[name]} | {arm: examples[one] for arm, one in first.items() if arm != mine}
    once = {arm: one.taken(_first_asks(one)) for arm, one in asked.items()}
    arm = np.repeat(list(once), [len(one) for one in once.values()])
    x = np.concatenate([one.x for one in once.values()])
    subject = np.concatenate([one.subject for one in once.values()])
    free = np.zeros(x.shape[1], np.int64)
    names = examples[name].names
    return _Pool(Lesson(names, x, (arm == mine).astype(np.float64), subject, free), arm)


def _first_asks(examples: Examples) -> Rows:
    """Of every patient the earliest."""
    order = np.lexsort((examples.index, examples.subject))
    return np.sort(order[np.unique(examples.subject[order], return_index=True)[1]])


def _support(pool: _Pool, settings: TrainingSettings) -> Support:
    lesson, given = pool.lesson, pool.lesson.y == 1
    if given.all():
        alone = snap(planted([Planted.constant(0.0)], lesson.names))
        figures = Figures(len(lesson), 0, (0.0, 0.0, 0.0), (None, None, None), None, ())
        return Support(alone, Calibration(0.0, 0.0), -np.inf, figures, (_ALONE,))
    margin = _out_of_fold(lesson, settings)
    calibration = platt(margin, lesson.y)
    least = _least(margin[given]) if calibration.slope > 0 else -np.inf
    booster = snap(_learnt(lesson, settings).booster(lesson.names))
    figures = _figures(pool, margin, calibration, least, settings)
    notes = (_FEW.format(_SURE),) if given.sum() < _SURE else ()
    return Support(booster, calibration, least, figures, notes)


def _out_of_fold(lesson: Lesson, settings: TrainingSettings) -> Numbers:
    margin = np.empty(len(lesson))
    for learnt, held_out in each_fold(_folds(lesson, settings)):
        points = _learnt(lesson.taken(learnt), settings)
        margin[held_out] = points.margin(Sheet.of(points.cuts, lesson.x[held_out]))
    return margin


def _folds(lesson: Lesson, settings: TrainingSettings) -> Rows:
    """The fold of each ask: whole patients, those given it dealt out first, so that every fold has its share.

    `subject_folds` balances several asks a patient better, in minutes for the tens of thousands here.
    """
    patients, member = np.unique(lesson.subject, return_inverse=True)
    given = np.bincount(member, lesson.y) > 0
    order = np.lexsort((np.random.default_rng(settings.seed).random(len(patients)), ~given))
    dealt = np.empty(len(patients), np.int64)
    dealt[order] = np.arange(len(patients)) % settings.inner_folds
    return dealt[member]


def _learnt(lesson: Lesson, settings: TrainingSettings) -> Points:
    sheet = Sheet.of(list(_cuts(lesson, settings)), lesson.x)
    width = len(sheet.cuts)
    ways = np.zeros(width, np.int64)
    return regress(sheet, lesson.y, trust=np.ones(width), ways=ways, strength=_STRENGTH)


def _cuts(lesson: Lesson, settings: TrainingSettings) -> Iterator[Cuts]:
    screened = np.argsort(-_association(lesson), kind="stable")[:_SCREENED]
    for place in sorted(screened):
        found = cut(lesson.x, int(place), settings.bins)
        if found is not None and len(found.edges):
            yield found


def _association(lesson: Lesson) -> Numbers:
    """By feature: the larger of the correlations of its value and of its being known with what was given."""
    known = np.isfinite(lesson.x)
    counts = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, lesson.x, 0).sum(axis=0, dtype=np.float64) / counts
    values = np.where(known, lesson.x - mean, 0.0)
    y = lesson.y - lesson.y.mean()
    return np.maximum(_correlation(values, y), _correlation(known - known.mean(axis=0), y))


def _correlation(columns: Numbers, y: Numbers) -> Numbers:
    size = np.sqrt(np.einsum("ij,ij->j", columns, columns) * (y @ y))
    return np.divide(np.abs(y @ columns), size, out=np.zeros(len(size)), where=size > 0)


def _least(margin: Numbers) -> float:
    """The margin that at most `MOST_BELOW` of these lie below, exact in float32."""
    least = np.sort(margin)[int(MOST_BELOW * len(margin))]
    nearest = np.float32(least)
    return float(nearest if float(nearest) <= least else np.nextafter(nearest, np.float32(-np.inf)))


def _figures(
    pool: _Pool, margin: Numbers, calibration: Calibration, least: float, settings: TrainingSettings
) -> Figures:
    y, given, below = pool.lesson.y, pool.lesson.y == 1, margin < least
    weights = subject_weights(pool.lesson.subject, _RESAMPLES, seed=settings.seed)
    odds = np.exp(-calibration.slope * margin[given] - calibration.intercept)
    others = dict.fromkeys(pool.arm[~given])
    return Figures(
        given=int(given.sum()),
        others=int((~given).sum()),
        below_given=_exact(int(below[given].sum()), int(given.sum())),
        auc=interval(estimated(auc(y, margin, weights))),
        effective=rounded(float(odds.sum() ** 2 / (odds @ odds) / given.sum())),
        overlaps=tuple(_overlap(str(arm), below[pool.arm == arm]) for arm in others),
    )


def _overlap(arm: str, below: NDArray[np.bool_]) -> Overlap:
    told = len(below) >= _LEAST_PATIENTS
    return Overlap(arm, len(below), rounded(float(below.mean())) if told else None)


def _exact(count: int, of: int) -> Interval:
    ends = binomtest(count, of).proportion_ci(0.95, method="exact")
    return rounded(count / of), rounded(ends.low), rounded(ends.high)
