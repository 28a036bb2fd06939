"""Small interventions borrow strength: what makes patients respond to the other interventions is lent.

The lender is a regression on the pooled episodes of all other targets, without any subject of the target that
borrows; its log-odds become one more column, weighed like any other, so that a target with much to say of its
own hardly listens.
"""

from collections.abc import Mapping
from dataclasses import replace

import lightgbm
import numpy as np
from scipy.special import logit

from painresponse.export.snapping import snap
from painresponse.training.lessons import Lesson, association
from painresponse.training.points import Sheet, cut, regress
from painresponse.training.settings import TrainingSettings


def lender_for(
    target: str, lessons: Mapping[str, Lesson], settings: TrainingSettings
) -> lightgbm.Booster | None:
    """What the other targets have to lend to this one; None where they have too little."""
    mine = lessons[target]
    others = [_without(one, mine) for name, one in lessons.items() if name != target]
    others = [one for one in others if one.rarer >= settings.lender_least]
    return _lender(others, settings) if settings.borrow and others else None


def lent_by(lender: lightgbm.Booster | None, lesson: Lesson) -> Lesson:
    """The lesson with the lent log-odds beside its features."""
    if lender is None:
        return lesson
    return replace(lesson, lent=np.asarray(lender.predict(lesson.x, raw_score=True, num_threads=1)))


def _without(lesson: Lesson, mine: Lesson) -> Lesson:
    return lesson.taken(np.flatnonzero(~np.isin(lesson.subject, mine.subject)))


def _lender(others: list[Lesson], settings: TrainingSettings) -> lightgbm.Booster:
    """How often each intervention works is known to the regression and left out of what is lent: only what
    tells its patients apart is.
    """
    x, y = np.concatenate([one.x for one in others]), np.concatenate([one.y for one in others])
    share = np.concatenate([np.full(len(one), one.y.mean()) for one in others])
    places = np.argsort(-association(x, y - share), kind="stable")[: settings.lender_features]
    cuts = [one for place in places if (one := cut(x, int(place), settings.bins))]
    free = np.zeros(len(cuts), np.int64)
    sheet = Sheet.of(cuts, x, logit(share))
    points = regress(sheet, y, trust=np.ones(len(cuts)), ways=free, strength=settings.lender_strength)
    return snap(replace(points, intercept=0.0, lent=0.0).booster(others[0].names))
