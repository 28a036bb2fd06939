import numpy as np
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from painresponse.training.splits import each_fold, nested_choices, subject_folds
from tests.training_models.patients import Simulated, simulate


@given(st.integers(40, 120), st.integers(0, 10_000), st.integers(3, 6))
@effort(max_examples=25, deadline=None)
def test_no_subject_is_in_two_folds(subjects: int, seed: int, count: int) -> None:
    examples = simulate(subjects, seed=seed).examples.labelled()
    fold = subject_folds(examples, count, seed=seed)
    for rows, held_out in each_fold(fold):
        assert not set(examples.subject[rows]) & set(examples.subject[held_out])


def test_every_example_is_held_out_once(simulated: Simulated) -> None:
    fold = subject_folds(simulated.examples.labelled(), 5, seed=1)
    held_out = np.concatenate([part for _, part in each_fold(fold)])
    assert sorted(held_out) == list(range(len(fold)))


def test_responders_are_spread_evenly_over_folds(simulated: Simulated) -> None:
    known = simulated.examples.labelled()
    fold = subject_folds(known, 5, seed=1)
    shares = [known.y[part].mean() for _, part in each_fold(fold)]
    assert max(shares) - min(shares) < 0.05


def test_a_choice_for_a_fold_never_sees_that_fold() -> None:
    """Every example prefers candidate 0 except those of fold 2, which prefer candidate 1."""
    fold = np.repeat(np.arange(4), 10)

    def losses(rows, held_out):
        return tuple(np.array([(fold[part] == 2).mean(), 0.1]) for part in held_out)

    assert list(nested_choices(fold, losses)) == [1, 1, 0, 1]


def test_nothing_is_learnt_from_the_two_folds_a_choice_is_judged_on() -> None:
    fold = np.repeat(np.arange(4), 5)
    seen = []

    def losses(rows, held_out):
        seen.append((set(fold[rows]), {int(fold[part[0]]) for part in held_out}))
        return np.zeros(2), np.zeros(2)

    nested_choices(fold, losses)
    assert len(seen) == 6
    assert all(not learnt & judged for learnt, judged in seen)
