"""Learning a response model: every choice is made inside the episodes given, to be judged outside them.

Two models are learnt side by side: points (a penalised logistic regression, `points`) and boosted trees that
improve on them or begin from nothing. The trees are offered only where they are better beyond noise.
"""

import math
from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from painresponse.evaluation.calibration import Calibration, platt
from painresponse.evaluation.sample_size import Verdict, gate
from painresponse.export.planting import Planted, joined, planted
from painresponse.export.snapping import snap
from painresponse.training.lessons import Lesson
from painresponse.training.points import Points, Sheet, cut, regress
from painresponse.training.recipe import PointsRecipe, TreesRecipe, search_points, search_trees
from painresponse.training.settings import TrainingSettings
from painresponse.training.splits import Rows, each_fold, subject_folds
from painresponse.training.trees import beside, ground, grow, loss_by_count

Numbers = NDArray[np.float64]

LADDER = BOOSTED, LOGISTIC, PREVALENCE = "boosted", "logistic", "prevalence"
"""The rungs of the ladder, the most demanding first."""

RECIPE_KEYS = (
    *(f"points_{key}" for key in PointsRecipe.__slots__),
    *(f"trees_{key}" for key in TreesRecipe.__slots__),
    "trees_count",
)
"""What `Learnt.recipes` may hold."""


@dataclass(frozen=True)
class ResponseModel:
    """What predicts: a snapped booster and its calibration; ``kind`` is its rung of the ladder."""

    kind: str
    booster: lightgbm.Booster
    calibration: Calibration

    def margin(self, x: NDArray[np.float32]) -> Numbers:
        """Raw log-odds of feature rows, as the exported graph gives them to the bit."""
        return np.asarray(self.booster.predict(x, raw_score=True, num_threads=1))

    def probability(self, x: NDArray[np.float32]) -> Numbers:
        """Calibrated probability of response of feature rows."""
        return self.calibration.probability(self.margin(x))


@dataclass(frozen=True)
class Learnt:
    """The model chosen, the models it was chosen from by kind, the recipes they were made with, and what the
    sample size allowed.
    """

    kind: str
    models: dict[str, ResponseModel]
    recipes: dict[str, float | int | bool | str]
    verdict: Verdict

    @property
    def chosen(self) -> ResponseModel:
        """The model that is offered."""
        return self.models[self.kind]

    def nearest(self, kind: str) -> ResponseModel:
        """The model of this kind, or the most demanding one below it that was allowed."""
        below = LADDER[LADDER.index(kind) :]
        return next(self.models[one] for one in below if one in self.models)


@dataclass(frozen=True)
class _Part:
    """What is learnt from while some episodes are held out, prepared once for every recipe tried."""

    learnt: Rows
    held_out: Rows
    places: Rows
    sheet: Sheet
    other: Sheet


def learn(
    lesson: Lesson,
    settings: TrainingSettings,
    *,
    lender: lightgbm.Booster | None = None,
    boosted: bool = True,
) -> Learnt:
    """The response model these episodes bear, calibrated on predictions for held-out subjects.

    ``lender`` gave the lesson's lent log-odds; without ``boosted`` the trees are not tried, which is quick.
    """
    verdict = gate(len(lesson), int(lesson.y.sum()), len(lesson.names), settings=settings.sample_size)
    models = {PREVALENCE: constant(lesson)}
    recipes: dict[str, float | int | bool | str] = {}
    if verdict.allowed == PREVALENCE:
        return Learnt(PREVALENCE, models, recipes, verdict)
    fold = subject_folds(lesson.y, lesson.subject, settings.inner_folds, seed=settings.seed)
    bears = verdict.parameters
    most = max(bears, min(math.ceil(settings.points_width[1] * bears), settings.points_features))
    parts = [_part(lesson, *rows, most=most, settings=settings) for rows in each_fold(fold)]
    points, margin = _points(lesson, parts, bears, settings)
    places = lesson.screened(most)
    sheet = _sheet(lesson, places, settings)
    whole = _regressed(lesson, sheet, points, bears).booster(lesson.names, lender)
    models[LOGISTIC] = _calibrated(LOGISTIC, whole, margin, lesson.y)
    recipes |= {f"points_{key}": getattr(points, key) for key in points.__slots__}
    if verdict.allowed != BOOSTED or not boosted:
        return Learnt(LOGISTIC, models, recipes, verdict)
    trees, count, better = _trees(lesson, parts, margin, settings)
    start = _start(lesson.y, margin, trees)
    soil = ground(lesson, places, settings)
    grown = grow(soil, lesson, start, recipe=trees, count=count, settings=settings)
    base = whole if trees.onto_points else planted([Planted.constant(float(start[0]))], lesson.names)
    models[BOOSTED] = _calibrated(BOOSTED, joined(base, grown), better, lesson.y)
    recipes |= {f"trees_{key}": getattr(trees, key) for key in trees.__slots__} | {"trees_count": count}
    ahead = clearly_better(better, margin, lesson.y, settings.beyond_noise)
    return Learnt(BOOSTED if ahead else LOGISTIC, models, recipes, verdict)


def constant(lesson: Lesson) -> ResponseModel:
    """Everybody is given the share of responders (Laplace's rule, so that it is never certain)."""
    booster = planted([Planted.constant(_average(lesson.y))], lesson.names)
    return ResponseModel(PREVALENCE, snap(booster), Calibration(1.0, 0.0))


def _average(y: Numbers) -> float:
    """Log-odds of the share of responders."""
    return float(logit((y.sum() + 1) / (len(y) + 2)))


def clearly_better(one: Numbers, other: Numbers, y: Numbers, errors: float) -> bool:
    """Whether the log-odds ``one`` have a smaller log-loss than ``other`` by so many standard errors."""
    gain = _losses(other, y) - _losses(one, y)
    return bool(gain.mean() > errors * gain.std() / np.sqrt(len(gain)))


def _losses(margin: Numbers, y: Numbers) -> Numbers:
    return np.logaddexp(0, margin) - y * margin


def _part(lesson: Lesson, rows: Rows, held_out: Rows, *, most: int, settings: TrainingSettings) -> _Part:
    """Screening and cutting see only what is learnt from."""
    mine = lesson.taken(rows)
    places = mine.screened(most)
    sheet = _sheet(mine, places, settings)
    unseen = lesson.taken(held_out)
    others = Sheet.of(sheet.cuts, unseen.x, unseen.lent)
    return _Part(rows, held_out, places, sheet, others)


def _sheet(lesson: Lesson, places: Rows, settings: TrainingSettings) -> Sheet:
    cuts = (cut(lesson.x, int(place), settings.bins) for place in places)
    return Sheet.of([one for one in cuts if one is not None], lesson.x, lesson.lent)


def _regressed(lesson: Lesson, sheet: Sheet, recipe: PointsRecipe, bears: int) -> Points:
    """On the features that come first, as many as the recipe's width of what the sample size bears."""
    sheet = sheet.first(round(recipe.width * bears))
    ways = lesson.ways[[one.place for one in sheet.cuts]]
    trust = np.where(ways != 0, 1.0, recipe.trust)
    return regress(sheet, lesson.y, trust=trust, ways=ways, strength=recipe.strength)


def _points(
    lesson: Lesson, parts: list[_Part], bears: int, settings: TrainingSettings
) -> tuple[PointsRecipe, Numbers]:
    """The recipe chosen and what it gives for held-out episodes."""

    def margins(recipe: PointsRecipe) -> Numbers:
        margin = np.empty(len(lesson))
        for part in parts:
            points = _regressed(lesson.taken(part.learnt), part.sheet, recipe, bears)
            margin[part.held_out] = points.margin(part.other.first(len(points.cuts)))
        return margin

    chosen = search_points(lambda recipe: float(_losses(margins(recipe), lesson.y).mean()), settings)
    return chosen, margins(chosen)


@dataclass(frozen=True)
class _Plot:
    """The ground of a part, and that of the episodes held out from it."""

    part: _Part
    lesson: Lesson
    soil: lightgbm.Dataset
    other: lightgbm.Dataset


def _trees(
    lesson: Lesson, parts: list[_Part], margin: Numbers, settings: TrainingSettings
) -> tuple[TreesRecipe, int, Numbers]:
    """The recipe and number of trees chosen, and what they give for held-out episodes."""
    plots = [_plot(lesson, part, settings) for part in parts]

    def curve(recipe: TreesRecipe) -> Numbers:
        start = _start(lesson.y, margin, recipe)
        return np.mean([_curve(plot, start, recipe, settings) for plot in plots], axis=0)

    chosen = search_trees(lambda recipe: float(curve(recipe).min()), settings)
    count = int(np.argmin(curve(chosen))) + 1
    better = _start(lesson.y, margin, chosen).copy()
    start = better.copy()
    for plot in plots:
        own = start[plot.part.learnt]
        grown = grow(plot.soil, plot.lesson, own, recipe=chosen, count=count, settings=settings)
        held_out = plot.part.held_out
        better[held_out] += grown.predict(lesson.x[held_out], raw_score=True, num_threads=1)
    return chosen, count, better


def _plot(lesson: Lesson, part: _Part, settings: TrainingSettings) -> _Plot:
    mine, others = lesson.taken(part.learnt), lesson.taken(part.held_out)
    soil = ground(mine, part.places, settings)
    return _Plot(part, mine, soil, beside(soil, others))


def _curve(plot: _Plot, start: Numbers, recipe: TreesRecipe, settings: TrainingSettings) -> Numbers:
    return loss_by_count(
        plot.soil,
        plot.lesson,
        start[plot.part.learnt],
        held_out=(plot.other, start[plot.part.held_out]),
        recipe=recipe,
        settings=settings,
    )


def _start(y: Numbers, margin: Numbers, recipe: TreesRecipe) -> Numbers:
    """Log-odds the trees begin with: what the points say of held-out patients, or the same for all."""
    return margin if recipe.onto_points else np.full(len(y), _average(y))


def _calibrated(kind: str, booster: lightgbm.Booster, margin: Numbers, y: Numbers) -> ResponseModel:
    return ResponseModel(kind, snap(booster), platt(margin, y))
