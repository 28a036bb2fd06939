import numpy as np
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from painresponse.training.splits import each_fold, subject_folds
from tests.training_models.patients import Simulated, simulate


@given(st.integers(40, 120), st.integers(0, 10_000), st.integers(3, 6))
@effort(max_examples=25, deadline=None)
def test_no_subject_is_in_two_folds(subjects: int, seed: int, count: int) -> None:
    examples = simulate(subjects, seed=seed).examples.labelled()
    fold = subject_folds(examples.y, examples.subject, count, seed=seed)
    for rows, held_out in each_fold(fold):
        assert not set(examples.subject[rows]) & set(examples.subject[held_out])


def test_every_example_is_held_out_once(simulated: Simulated) -> None:
    known = simulated.examples.labelled()
    fold = subject_folds(known.y, known.subject, 5, seed=1)
    held_out = np.concatenate([part for _, part in each_fold(fold)])
    assert sorted(held_out) == list(range(len(fold)))


def test_responders_are_spread_evenly_over_folds(simulated: Simulated) -> None:
    known = simulated.examples.labelled()
    fold = subject_folds(known.y, known.subject, 5, seed=1)
    shares = [known.y[part].mean() for _, part in each_fold(fold)]
    assert max(shares) - min(shares) < 0.05
