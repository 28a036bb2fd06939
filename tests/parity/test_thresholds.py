"""A float32 threshold answers as LightGBM's double does, whatever float32 stands before it."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from painresponse.export.trees import Tree, exact_threshold, trees

from .adversaries import EXTREMES, neighbours
from .boosters import booster_of, fit, ordinary_rows
from .runtime import raw_margin

ZERO_EDGE = float(np.float32(1e-35))

thresholds = st.one_of(
    st.floats(allow_nan=False),
    st.floats(-1e-34, 1e-34),
    st.floats(width=32, allow_nan=False),
    st.sampled_from([0.0, -0.0, ZERO_EDGE, -ZERO_EDGE, 1e-35, -1e-35, 1e300, -1e300, 3.5e38, -3.5e38]),
)
values = st.floats(width=32, allow_nan=False)


def goes_left_in_lightgbm(value: float, threshold: float) -> bool:
    """What LightGBM does, said as plainly as Python allows."""
    return (0.0 if abs(value) <= ZERO_EDGE else value) <= threshold


@given(thresholds, values)
@example(0.1, float(np.float32(0.1)))
@example(-1e-35, -ZERO_EDGE)
def test_any_value_goes_the_way_it_goes_in_lightgbm(threshold, value):
    assert (np.float32(value) <= exact_threshold(threshold)) == goes_left_in_lightgbm(value, threshold)


@given(thresholds)
def test_values_beside_the_threshold_go_the_way_they_go_in_lightgbm(threshold):
    exact = exact_threshold(threshold)
    beside = np.concatenate([neighbours([threshold]), neighbours([float(exact)]), EXTREMES])
    for value in beside[~np.isnan(beside)]:
        assert (value <= exact) == goes_left_in_lightgbm(float(value), threshold)


@given(thresholds)
def test_an_exact_threshold_stays_where_it_is(threshold):
    exact = exact_threshold(threshold)
    assert exact_threshold(float(exact)) == exact


def walk(tree: Tree, row: np.ndarray) -> float:
    """The leaf a row of float32 falls into."""
    place = 0 if tree.features else -1
    while place >= 0:
        value, threshold = row[tree.features[place]], exact_threshold(tree.thresholds[place])
        left = tree.missing_left[place] if np.isnan(value) else value <= threshold
        place = (tree.left if left else tree.right)[place]
    return tree.leaves[~place]


@pytest.mark.parametrize("shape", ["half of the columns missing", "thresholds around zero", "one leaf"])
def test_walking_the_plain_trees_gives_the_margin_of_the_booster(shape):
    booster, rows = booster_of(shape), ordinary_rows(50, seed=8)
    walked = [sum(walk(tree, row) for tree in trees(booster)) for row in rows]
    np.testing.assert_array_equal(walked, raw_margin(booster, rows))


def test_missing_goes_where_zero_goes_if_training_saw_none_missing():
    rows = ordinary_rows(2_000, seed=9, missing=0.0)
    branches = [
        (threshold, missing_left)
        for tree in trees(fit(rows))
        for threshold, missing_left in zip(tree.thresholds, tree.missing_left, strict=True)
    ]
    assert {missing_left for _, missing_left in branches} == {True, False}
    assert all(missing_left == (threshold >= 0) for threshold, missing_left in branches)


def test_a_booster_without_trees_is_one_leaf_of_zero():
    assert trees(booster_of("no tree at all")) == (Tree((), (), (), (), (), (0.0,)),)


def test_only_the_trees_up_to_the_best_iteration_count():
    stopped = booster_of("stopped early")
    assert 0 < stopped.best_iteration < stopped.num_trees()
    assert len(trees(stopped)) == stopped.best_iteration
