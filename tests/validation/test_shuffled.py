"""Through the whole of learning, and of judging, nothing of who is judged leaks into what judges them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from painresponse.evaluation.calibration import Calibration
from painresponse.training.fitting import fit
from painresponse.training.lessons import Lesson, lesson
from painresponse.training.response import BOOSTED, Learnt, learn
from painresponse.training.splits import each_fold, subject_folds
from painresponse.validation.sites import leave_one_site_out
from painresponse.validation.unseen import predicted
from tests.validation.clinics import QUICK, clinics

pytestmark = pytest.mark.slow

EAGER = replace(QUICK, sample_size=replace(QUICK.sample_size, boosted_multiple=0.01))
"""Boosted trees whatever the sample size."""

SHUFFLES = 6
EXAMPLES = clinics(350, seed=11)
KNOWN = lesson(EXAMPLES, worse=["column_1"])
SEEN, HELD_OUT = next(each_fold(subject_folds(KNOWN.y, KNOWN.subject, 4, seed=1)))


def like_chance(aucs: list[float]) -> bool:
    """Whether their mean is 0.5 within three of its standard errors."""
    error = np.std(aucs, ddof=1) / np.sqrt(len(aucs))
    return abs(np.mean(aucs) - 0.5) < 3 * error


def shuffled(seed: int):
    y = np.random.default_rng(seed).permutation(EXAMPLES.y)
    return replace(EXAMPLES, y=y)


def test_shuffled_outcomes_cannot_be_foretold_by_the_nested_procedure():
    """Trees and regression, tuned and calibrated. A single shuffle scatters by chance."""
    found = [fit(shuffled(seed), replace(EAGER, folds=3, resamples=100)).metrics for seed in range(SHUFFLES)]
    for name in ("auc", "twin_auc", "boosted_auc"):
        assert like_chance([one[name].value for one in found]), name


def test_shuffled_outcomes_cannot_be_foretold_at_another_site():
    """Before calibration, which gives up on what cannot be foretold: everybody is then given the same."""
    every = [shuffled(seed) for seed in range(SHUFFLES)]
    found = [leave_one_site_out(one, lesson(one), learner=uncalibrated).account.auc for one in every]
    assert like_chance([one.value for one in found])


def uncalibrated(known: Lesson) -> Learnt:
    made = learn(known, QUICK, boosted=False)
    return replace(
        made, models={**made.models, made.kind: replace(made.chosen, calibration=Calibration(1.0, 0.0))}
    )


def disturbed(seed: int) -> Lesson:
    """Other features and the opposite outcome for everybody held out."""
    rng = np.random.default_rng(seed)
    x, y = KNOWN.x.copy(), KNOWN.y.copy()
    x[HELD_OUT] = 100 * rng.standard_normal((len(HELD_OUT), x.shape[1]))
    y[HELD_OUT] = 1 - y[HELD_OUT]
    return replace(KNOWN, x=x, y=y)


@given(st.integers(0, 10_000))
@effort(max_examples=5, deadline=None)
def test_whoever_is_held_out_the_model_they_are_judged_by_is_the_same_to_the_bit(seed):
    """Screening, cutting into bins, tuning and calibration see nobody they are judged on."""
    made = []

    def watching(known: Lesson) -> Learnt:
        made.append(learn(known, QUICK, boosted=False))
        return made[-1]

    for known in (KNOWN, disturbed(seed)):
        predicted(EXAMPLES, known, learner=watching, seen=SEEN, unseen=HELD_OUT)
    before, after = (one.chosen for one in made)
    assert before.booster.model_to_string() == after.booster.model_to_string()
    assert before.calibration == after.calibration
    assert made[0].recipes == made[1].recipes


def test_whoever_is_learnt_from_does_matter():
    """Else the law above would hold for a model that learns nothing."""
    turned = replace(KNOWN, y=1 - KNOWN.y)
    before, after = (learn(known.taken(SEEN), QUICK, boosted=False).chosen for known in (KNOWN, turned))
    assert before.booster.model_to_string() != after.booster.model_to_string()


def test_the_trees_see_nobody_held_out_either():
    before, after = (learn(known.taken(SEEN), EAGER).nearest(BOOSTED) for known in (KNOWN, disturbed(1)))
    assert before.kind == BOOSTED
    assert before.booster.model_to_string() == after.booster.model_to_string()
    assert before.calibration == after.calibration
