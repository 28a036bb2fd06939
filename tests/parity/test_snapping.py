"""Snapping costs next to nothing, and nothing at all the second time."""

import numpy as np
import pytest

from painresponse.errors import DefinitionError
from painresponse.export.snapping import is_snapped, snap
from painresponse.export.trees import trees

from .adversaries import adversarial_rows
from .boosters import N_FEATURES, SHAPES, booster_of, fit, ordinary_rows

TRAINED = [shape for shape in SHAPES if "leaves" not in shape]


def probability(booster, rows):
    return booster.predict(rows, num_threads=1)


@pytest.mark.parametrize("shape", TRAINED)
def test_snapping_moves_no_probability_by_more_than_a_hundred_thousandth(shape):
    booster = booster_of(shape)
    hostile = adversarial_rows(trees(booster), 5_000, n_features=N_FEATURES, seed=11)
    rows = np.concatenate([ordinary_rows(20_000, seed=10), hostile])
    moved = np.abs(probability(snap(booster), rows) - probability(booster, rows))
    assert moved.max() <= 1e-5


@pytest.mark.parametrize("shape", TRAINED)
def test_snapping_sends_every_row_to_the_leaf_it_was_in(shape):
    booster = booster_of(shape)
    rows = adversarial_rows(trees(booster), 5_000, n_features=N_FEATURES, seed=12)
    before, after = (model.predict(rows, pred_leaf=True, num_threads=1) for model in (booster, snap(booster)))
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("shape", SHAPES)
def test_snapping_twice_changes_nothing(shape):
    once = snap(booster_of(shape))
    assert is_snapped(trees(once))
    assert trees(snap(once)) == trees(once)


def test_snapping_keeps_the_rest_of_the_booster():
    booster = booster_of("monotone")
    snapped = snap(booster)
    assert snapped.feature_name() == booster.feature_name()
    assert snapped.params["monotone_constraints"] == booster.params["monotone_constraints"]
    assert [tree.features for tree in trees(snapped)] == [tree.features for tree in trees(booster)]


def test_a_booster_as_trained_is_not_snapped():
    assert not is_snapped(trees(booster_of("shallow")))


@pytest.mark.parametrize("shape", SHAPES)
def test_every_partial_sum_of_leaves_is_a_float32_whatever_the_order(shape):
    forest = trees(snap(booster_of(shape)))
    rng = np.random.default_rng(13)
    for _ in range(20):
        leaves = np.array([rng.choice(forest[tree].leaves) for tree in rng.permutation(len(forest))])
        sums = np.cumsum(leaves)
        np.testing.assert_array_equal(sums.astype(np.float32), sums)
        np.testing.assert_array_equal(np.cumsum(leaves.astype(np.float32)), sums)


def test_leaves_that_rounding_lifts_beyond_24_bits_get_a_coarser_grid():
    """On a grid of 1 these add up to 2**24 + 1, which float32 does not hold."""
    booster = fit(ordinary_rows(500, seed=14), rounds=3, num_leaves=2)
    for tree, value in enumerate([5_592_405.6, 5_592_405.6, 5_592_404.7]):
        booster.set_leaf_output(tree, 0, value)
        booster.set_leaf_output(tree, 1, 1.0)
    snapped = snap(booster)
    assert all(leaf % 2 == 0 for tree in trees(snapped) for leaf in tree.leaves)
    assert trees(snap(snapped)) == trees(snapped)


@pytest.mark.parametrize("value", [1e38, float("inf"), float("nan")])
def test_a_booster_that_has_diverged_is_refused(value):
    booster = fit(ordinary_rows(500, seed=14), rounds=3, num_leaves=2)
    booster.set_leaf_output(1, 0, value)
    with pytest.raises(DefinitionError, match="training has diverged"):
        snap(booster)
