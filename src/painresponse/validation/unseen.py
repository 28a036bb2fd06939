"""What models learnt from some episodes predict for others: what every validation here is made of."""

from collections.abc import Callable, Sequence
from dataclasses import fields

import numpy as np

from painresponse.evaluation.predictions import Predictions
from painresponse.training.examples import Examples
from painresponse.training.lessons import Lesson
from painresponse.training.response import LOGISTIC, PREVALENCE, Learnt
from painresponse.training.splits import Rows

Learner = Callable[[Lesson], Learnt]
"""Makes a model of a lesson, every choice inside it: `learn` with its settings."""

LEAST_TO_LEARN, LEAST_TO_JUDGE = 25, 10
"""Responders, and others, below which nothing is learnt, and below which nothing is judged."""


def predicted(
    labelled: Examples, known: Lesson, *, learner: Learner, seen: Rows, unseen: Rows
) -> Predictions:
    """Of the ``unseen`` episodes by what is learnt from the ``seen``; ``known`` is the lesson of them all."""
    learnt = learner(known.taken(seen))
    x = known.x[unseen]
    return Predictions(
        subject=known.subject[unseen],
        y=known.y[unseen],
        probability=learnt.chosen.probability(x),
        site=labelled.site[unseen],
        comparators={
            "twin": learnt.nearest(LOGISTIC).probability(x),
            "prevalence": learnt.models[PREVALENCE].probability(x),
        },
        groups={name: labels[unseen] for name, labels in labelled.groups.items()},
    )


def together(parts: Sequence[Predictions]) -> Predictions:
    """Several parts as one, in the order given."""
    first = parts[0]
    columns = {one.name: [getattr(part, one.name) for part in parts] for one in fields(Predictions)[:4]}
    return Predictions(
        **{name: np.concatenate(found) for name, found in columns.items()},
        comparators={
            name: np.concatenate([part.comparators[name] for part in parts]) for name in first.comparators
        },
        groups={name: np.concatenate([part.groups[name] for part in parts]) for name in first.groups},
    )


def without(subject: Rows, rows: Rows, others: Rows) -> Rows:
    """The ``rows`` of subjects none of the ``others`` is of."""
    return rows[~np.isin(subject[rows], subject[others])]


def of_each(y: np.ndarray, rows: Rows) -> int:
    """How many responders or others these episodes have, whichever are fewer."""
    events = int(y[rows].sum())
    return min(events, len(rows) - events)
