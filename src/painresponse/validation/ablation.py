"""What a block of features is worth: the whole procedure once more without it, on the same patients."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from painresponse.evaluation.bootstrap import estimated, subject_weights
from painresponse.evaluation.measures import auc, brier, logloss
from painresponse.evaluation.predictions import Numbers
from painresponse.evaluation.rounding import Interval, interval
from painresponse.training.lessons import Lesson
from painresponse.training.splits import Rows, each_fold, subject_folds
from painresponse.validation.unseen import Learner

_SMALLER_IS_BETTER = {"logloss": logloss, "brier": brier}


@dataclass(frozen=True)
class BlockGain:
    """What a block adds: ``difference`` is the gain in AUC, ``logloss`` and ``brier`` how much they fall.

    The intervals resample subjects and keep the models: how the models themselves would vary is not in them.
    """

    block: str
    features: int
    difference: Interval
    logloss: Interval
    brier: Interval
    sentence: str


@dataclass(frozen=True)
class Procedure:
    """A lesson, how models are made of one, and the folds they are judged on: the same for every block.

    What other interventions lend is left aside, for it cannot be taken apart by block.
    """

    known: Lesson
    learner: Learner
    folds: int = 5
    resamples: int = 300
    seed: int = 2026


def block_gains(procedure: Procedure, blocks: Mapping[str, Collection[str]]) -> tuple[BlockGain, ...]:
    """For every block (its features by name) what it adds; one nested procedure for each, and one with all.

    It is as dear as it sounds: a learner with fewer trials, and without trees, is quicker.
    """
    known = replace(procedure.known, lent=None)
    fold = subject_folds(known.y, known.subject, procedure.folds, seed=procedure.seed)
    weights = subject_weights(known.subject, procedure.resamples, seed=procedure.seed)
    whole = _out_of_fold(procedure, known, fold)
    found = []
    for block, names in blocks.items():
        varies = _varies(known, names)
        less = _out_of_fold(procedure, left_out(known, names), fold) if varies else whole
        gain = _gain(block, known, whole, less, weights, names)
        found.append(gain if varies else replace(gain, sentence=_ALIKE))
    return tuple(found)


_ALIKE = "tells no two of these patients apart: never measured, or the same for all"


def _varies(known: Lesson, names: Collection[str]) -> bool:
    """Whether any of the features differs between any two episodes; else nothing can be learnt from them."""
    x = known.x[:, [name in names for name in known.names]]
    both_unknown = np.isnan(x) & np.isnan(x[:1])
    return bool(((x != x[:1]) & ~both_unknown).any())


def without_social(procedure: Procedure, social: Collection[str]) -> BlockGain | None:
    """What a build without social features loses; None where there are none."""
    if not social:
        return None
    (gain,) = block_gains(procedure, {"social": social})
    return replace(gain, sentence=_loss(gain.difference))


def left_out(known: Lesson, features: Collection[str]) -> Lesson:
    """A lesson without some of its features, nor what was declared of them."""
    kept = np.array([name not in features for name in known.names], bool)
    names = tuple(name for name in known.names if name not in features)
    return replace(known, names=names, x=np.ascontiguousarray(known.x[:, kept]), ways=known.ways[kept])


def _out_of_fold(procedure: Procedure, known: Lesson, fold: Rows) -> Numbers:
    probability = np.empty(len(known))
    for seen, unseen in each_fold(fold):
        probability[unseen] = procedure.learner(known.taken(seen)).chosen.probability(known.x[unseen])
    return probability


def _gain(
    block: str, known: Lesson, whole: Numbers, less: Numbers, weights: Numbers, names: Collection[str]
) -> BlockGain:
    y = known.y
    difference = interval(estimated(auc(y, whole, weights) - auc(y, less, weights)))
    falls = {
        name: interval(estimated(measure(y, less, weights) - measure(y, whole, weights)))
        for name, measure in _SMALLER_IS_BETTER.items()
    }
    count = sum(name in names for name in known.names)
    return BlockGain(block, count, difference, sentence=_worth(difference), **falls)


def _worth(difference: Interval) -> str:
    figures = _figures(difference)
    if _says_nothing(difference):
        return f"adds nothing beyond noise (AUC {figures})"
    if difference[1] > 0:
        return f"adds to the AUC: {figures}"
    return f"adds nothing, and what it adds to choose from does harm (AUC {figures})"


def _loss(difference: Interval) -> str:
    lost = tuple(None if one is None else -one for one in (difference[0], difference[2], difference[1]))
    figures = _figures(lost)
    if _says_nothing(difference):
        return f"Without social features the AUC changes by no more than noise ({figures})."
    return f"Without social features the AUC changes by {figures}."


def _says_nothing(difference: Interval) -> bool:
    _, low, high = difference
    return low is None or high is None or low <= 0 <= high


def _figures(difference: Interval) -> str:
    value, low, high = (float("nan") if one is None else one for one in difference)
    return f"{value:+.3f}, 95 % {low:.3f} to {high:.3f}"
