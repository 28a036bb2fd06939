"""From the examples of one target to a fitted response model and an honest account of it."""

from collections.abc import Collection
from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray

from painresponse.errors import CohortError, DefinitionError, unknown
from painresponse.evaluation.calibration import platt
from painresponse.evaluation.bootstrap import Estimate
from painresponse.evaluation.measures import judge
from painresponse.training.examples import Examples
from painresponse.training.models import Grower, directions
from painresponse.training.settings import TrainingSettings
from painresponse.training.splits import each_fold, subject_folds
from painresponse.training.twin import baseline_probabilities, prevalence, twin_probabilities

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class OutOfFold:
    """What models that never saw its subject predicted for each labelled example; columns of one length.

    ``row`` is its place among the examples given; ``margin`` log-odds of the snapped fold booster;
    ``probability`` is that margin calibrated on the other folds; then the comparators' probabilities.
    """

    row: NDArray[np.int64]
    subject: NDArray[np.int64]
    fold: NDArray[np.int64]
    y: Numbers
    margin: Numbers
    probability: Numbers
    twin: Numbers
    baseline: Numbers
    prevalence: Numbers


@dataclass(frozen=True)
class Fitted:
    """A response model and how good it is among people like those it was fitted on.

    ``booster`` is snapped and fitted on all labelled examples; the probability of response is
    ``sigmoid(slope * margin + intercept)``. ``metrics`` are out of fold (see `evaluation.judge`);
    ``importance`` is the gain by feature, largest first, of those used.
    """

    target: str
    features: tuple[str, ...]
    booster: lightgbm.Booster
    slope: float
    intercept: float
    trees: int
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


def fit(
    examples: Examples,
    settings: TrainingSettings,
    *,
    better: Collection[str] = (),
    worse: Collection[str] = (),
) -> Fitted:
    """Fit and judge the response model of one target; ``better`` and ``worse`` are features of one direction.

    Raises CohortError if too few examples are labelled, DefinitionError for features that are not there.
    """
    known = examples.labelled()
    _check_enough(known, settings)
    if settings.baseline not in known.names:
        raise DefinitionError(f"training.baseline: {unknown('feature', settings.baseline, known.names)}")
    fold = subject_folds(known, settings.folds, seed=settings.seed)
    grower = Grower(known.names, known.x, known.y, directions(known.names, better, worse), settings)
    counts = grower.tree_counts(fold)
    margin = _out_of_fold_margins(grower, fold, counts)
    table = _table(examples, known, fold, margin, settings)
    metrics = _judged(table, settings)
    trees = int(np.median(counts))
    booster = grower.grow(np.arange(len(known)), trees)
    calibration = platt(margin, known.y)
    return Fitted(
        target=known.target,
        features=known.names,
        booster=booster,
        slope=calibration.slope,
        intercept=calibration.intercept,
        trees=trees,
        subjects=len(np.unique(known.subject)),
        events=int(known.y.sum()),
        out_of_fold=table,
        metrics=metrics,
        importance=_importance(booster),
        notes=_notes(known, metrics, calibration.slope, settings),
        settings=settings,
    )


def _check_enough(known: Examples, settings: TrainingSettings) -> None:
    events, subjects = int(known.y.sum()), len(np.unique(known.subject))
    others = len(known) - events
    if min(events, others) < settings.least_events or subjects < settings.folds:
        raise CohortError(
            f"{known.target} cannot be trained: {events} responses and {others} non-responses with a known "
            f"outcome, from {subjects} subjects; it needs at least {settings.least_events} of each, from at "
            f"least {settings.folds} subjects. Gather more episodes, relax the cohort rules, or leave this "
            "target out of the list `predict`."
        )


def _out_of_fold_margins(grower: Grower, fold: NDArray[np.int64], counts: NDArray[np.int64]) -> Numbers:
    margin = np.empty(len(fold))
    for (rows, held_out), count in zip(each_fold(fold), counts, strict=True):
        margin[held_out] = grower.grow(rows, int(count)).predict(grower.x[held_out], raw_score=True)
    return margin


def _table(
    examples: Examples, known: Examples, fold: NDArray[np.int64], margin: Numbers, settings: TrainingSettings
) -> OutOfFold:
    x, y = known.x.astype(np.float64), known.y
    return OutOfFold(
        row=np.flatnonzero(~np.isnan(examples.y)),
        subject=known.subject,
        fold=fold,
        y=y,
        margin=margin,
        probability=cross_fitted(margin, y, fold),
        twin=twin_probabilities(x, y, fold, strengths=settings.twin_strengths),
        baseline=baseline_probabilities(x[:, known.names.index(settings.baseline)], y, fold),
        prevalence=prevalence(y, fold),
    )


def _judged(table: OutOfFold, settings: TrainingSettings) -> dict[str, Estimate]:
    comparators = {name: getattr(table, name) for name in ("twin", "baseline", "prevalence")}
    return judge(
        table.y,
        table.probability,
        comparators=comparators,
        subject=table.subject,
        resamples=settings.resamples,
        seed=settings.seed,
    )


def cross_fitted(margin: Numbers, y: Numbers, fold: NDArray[np.int64]) -> Numbers:
    """Probabilities of out-of-fold margins, each fold calibrated on the others as a new patient would be."""
    probability = np.empty(len(y))
    for rows, held_out in each_fold(fold):
        probability[held_out] = platt(margin[rows], y[rows]).probability(margin[held_out])
    return probability


def _importance(booster: lightgbm.Booster) -> dict[str, float]:
    gain = booster.feature_importance("gain")
    used = [place for place in np.argsort(-gain, kind="stable") if gain[place] > 0]
    return {booster.feature_name()[place]: float(gain[place]) for place in used}


def _notes(
    known: Examples, metrics: dict[str, Estimate], slope: float, settings: TrainingSettings
) -> tuple[str, ...]:
    """What a reader of the figures should know, in sentences."""
    rarer = int(min(known.y.sum(), len(known) - known.y.sum()))
    sayings = {
        f"Only {rarer} episodes of the rarer outcome: the figures are imprecise.": rarer
        < settings.enough_events,
        "A penalised logistic regression does at least as well.": metrics["auc_over_twin"].value <= 0,
        "Not clearly ahead of baseline pain alone.": metrics["auc_over_baseline"].low <= 0,
        "No better than chance: everybody is given the share of responders.": slope == 0,
    }
    return tuple(saying for saying, holds in sayings.items() if holds)
