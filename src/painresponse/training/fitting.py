"""From the examples of one target to a fitted response model and an honest account of it.

The estimate is nested: everything `learn` chooses is chosen anew without each fold it is judged on.
"""

from collections.abc import Collection
from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from painresponse.errors import CohortError, DefinitionError, unknown
from painresponse.evaluation.bootstrap import Estimate
from painresponse.evaluation.measures import judge
from painresponse.training.borrowing import lent_by
from painresponse.training.examples import Examples
from painresponse.training.explanation import importance
from painresponse.training.lessons import Lesson, lesson
from painresponse.training.response import BOOSTED, LOGISTIC, PREVALENCE, Learnt, learn
from painresponse.training.settings import TrainingSettings
from painresponse.training.splits import each_fold, subject_folds

Numbers = NDArray[np.float64]
COMPARATORS = ("boosted", "twin", "baseline", "prevalence")

_CHOSEN = {
    BOOSTED: "Boosted trees beat the logistic regression beyond noise and are offered.",
    LOGISTIC: "Boosted trees do not beat the logistic regression beyond noise: the simpler model is offered.",
}


@dataclass(frozen=True)
class OutOfFold:
    """What models that never saw its subject predicted for each labelled example; columns of one length.

    ``row`` is its place among the examples given; ``probability`` is that of the model chosen without its
    fold; then those of the models it was chosen from and of the comparators: boosted trees, the logistic
    twin (points), baseline pain alone, prevalence.
    """

    row: NDArray[np.int64]
    subject: NDArray[np.int64]
    fold: NDArray[np.int64]
    y: Numbers
    probability: Numbers
    boosted: Numbers
    twin: Numbers
    baseline: Numbers
    prevalence: Numbers


@dataclass(frozen=True)
class Fitted:
    """A response model and how good its making is, among people like those it was made from.

    ``learnt.chosen`` is fitted on all labelled examples, ``folds`` without each fold. ``metrics`` are out of
    fold (see `measures.judge`); ``importance`` is each feature's share of the mean absolute contribution to
    the log-odds, largest first.
    """

    target: str
    features: tuple[str, ...]
    learnt: Learnt
    folds: tuple[Learnt, ...]
    subjects: int
    events: int
    out_of_fold: OutOfFold
    metrics: dict[str, Estimate]
    importance: dict[str, float]
    notes: tuple[str, ...]
    settings: TrainingSettings

    @property
    def episodes(self) -> int:
        """How many episodes with a known outcome."""
        return len(self.out_of_fold.y)

    @property
    def rarer(self) -> int:
        """How many episodes had the rarer outcome."""
        return min(self.events, self.episodes - self.events)

    @property
    def why(self) -> str:
        """Why this kind of model is offered: what the sample size allowed, then the comparison."""
        tried = BOOSTED in self.learnt.models
        chosen = _CHOSEN[self.learnt.kind] if tried else ""
        used = int((self.booster.feature_importance() > 0).sum())
        spread = f"Its penalised weights are spread over {used} features." if used else ""
        return " ".join(one for one in (self.learnt.verdict.sentence, spread, chosen) if one)

    @property
    def booster(self) -> lightgbm.Booster:
        """The chosen model's booster, snapped."""
        return self.learnt.chosen.booster

    @property
    def slope(self) -> float:
        """Of the calibration: the probability is ``sigmoid(slope * margin + intercept)``."""
        return self.learnt.chosen.calibration.slope

    @property
    def intercept(self) -> float:
        """Of the calibration."""
        return self.learnt.chosen.calibration.intercept

    @property
    def trees(self) -> int:
        """How many trees the booster has."""
        return int(self.booster.num_trees())


def fit(
    examples: Examples,
    settings: TrainingSettings,
    *,
    better: Collection[str] = (),
    worse: Collection[str] = (),
    lender: lightgbm.Booster | None = None,
) -> Fitted:
    """Fit and judge the response model of one target; ``better`` and ``worse`` are features of one direction.

    ``lender`` lends log-odds (see `borrowing`); it never saw a subject of these examples. Raises CohortError
    if too few examples are labelled, DefinitionError for features that are not there.
    """
    known = lesson(examples, better=better, worse=worse)
    _check_enough(examples.target, known, settings)
    if settings.baseline not in known.names:
        raise DefinitionError(f"training.baseline: {unknown('feature', settings.baseline, known.names)}")
    known = lent_by(lender, known)
    fold = subject_folds(known.y, known.subject, settings.folds, seed=settings.seed)
    folds = tuple(learn(known.taken(rows), settings, lender=lender) for rows, _ in each_fold(fold))
    table = _out_of_fold(examples, known, fold, folds, settings)
    metrics = _judged(table, settings)
    learnt = learn(known, settings, lender=lender)
    return Fitted(
        target=examples.target,
        features=known.names,
        learnt=learnt,
        folds=folds,
        subjects=len(np.unique(known.subject)),
        events=int(known.y.sum()),
        out_of_fold=table,
        metrics=metrics,
        importance=importance(learnt.chosen, known.x, known.names),
        notes=_notes(known, metrics, learnt, settings),
        settings=settings,
    )


def _check_enough(target: str, known: Lesson, settings: TrainingSettings) -> None:
    events, subjects = int(known.y.sum()), len(np.unique(known.subject))
    others, least = len(known) - events, max(settings.least_events, settings.folds)
    if known.rarer < least or subjects < settings.folds:
        raise CohortError(
            f"{target} cannot be trained: {events} responses and {others} non-responses with a known "
            f"outcome, from {subjects} subjects; it needs at least {least} of each, from at "
            f"least {settings.folds} subjects. Gather more episodes, relax the cohort rules, or leave this "
            "target out of the list `predict`."
        )


def _out_of_fold(
    examples: Examples,
    known: Lesson,
    fold: NDArray[np.int64],
    folds: tuple[Learnt, ...],
    settings: TrainingSettings,
) -> OutOfFold:
    columns = {name: np.empty(len(known)) for name in ("probability", *COMPARATORS)}
    for (rows, held_out), learnt in zip(each_fold(fold), folds, strict=True):
        x, place = known.x[held_out], known.names.index(settings.baseline)
        predicted = predictions_of(learnt, x) | {"baseline": _from_baseline(known.taken(rows), x, place)}
        for name, probability in predicted.items():
            columns[name][held_out] = probability
    row = np.flatnonzero(~np.isnan(examples.y))
    return OutOfFold(row=row, subject=known.subject, fold=fold, y=known.y, **columns)


def predictions_of(learnt: Learnt, x: NDArray[np.float32]) -> dict[str, Numbers]:
    """Probabilities of unseen feature rows by the model chosen and those it was chosen from."""
    return {
        "probability": learnt.chosen.probability(x),
        "boosted": learnt.nearest(BOOSTED).probability(x),
        "twin": learnt.nearest(LOGISTIC).probability(x),
        "prevalence": learnt.models[PREVALENCE].probability(x),
    }


def _from_baseline(seen: Lesson, x: NDArray[np.float32], place: int) -> Numbers:
    """A logistic regression on one feature alone."""
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    model = make_pipeline(imputer, StandardScaler(), LogisticRegression())
    return model.fit(seen.x[:, [place]], seen.y).predict_proba(x[:, [place]])[:, 1]


def _judged(table: OutOfFold, settings: TrainingSettings) -> dict[str, Estimate]:
    return judge(
        table.y,
        table.probability,
        comparators={name: getattr(table, name) for name in COMPARATORS},
        subject=table.subject,
        resamples=settings.resamples,
        seed=settings.seed,
    )


def _notes(
    known: Lesson, metrics: dict[str, Estimate], learnt: Learnt, settings: TrainingSettings
) -> tuple[str, ...]:
    """What a reader of the figures should know, in sentences."""
    sayings = {
        f"Only {known.rarer} episodes of the rarer outcome: the figures are imprecise.": known.rarer
        < settings.enough_events,
        _CHOSEN[LOGISTIC]: learnt.kind == LOGISTIC and BOOSTED in learnt.models,
        learnt.verdict.sentence: learnt.kind == PREVALENCE,
        "Not clearly ahead of baseline pain alone.": metrics["auc_over_baseline"].low <= 0,
        "No better than chance: everybody is given the share of responders.": learnt.chosen.calibration.slope
        == 0,
    }
    return tuple(saying for saying, holds in sayings.items() if holds)
