"""Trees on one feature, merged over all models, add up to what they added up to before."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from painresponse.export.merging import MOST_WEIGHTS, merged
from painresponse.export.trees import Tree
from tests.lib.strategies import examples

COLUMNS = 4
HALVES = st.integers(-6, 6).map(lambda whole: whole / 2)


@st.composite
def one_feature_trees(draw) -> Tree:
    """Random cuts in any order of branching, missing values sent anywhere."""
    cuts = sorted(draw(st.sets(HALVES, min_size=1, max_size=6)))
    feature = draw(st.integers(0, 2))
    asked, missing, left, right = [], [], [], []

    def grow(first: int, last: int) -> int:
        if first == last:
            return ~first
        node, at = len(asked), draw(st.integers(first, last - 1))
        asked.append(cuts[at])
        missing.append(draw(st.booleans()))
        left.append(0)
        right.append(0)
        left[node], right[node] = grow(first, at), grow(at + 1, last)
        return node

    grow(0, len(cuts))
    leaves = tuple(draw(HALVES) for _ in range(len(cuts) + 1))
    return Tree((feature,) * len(asked), tuple(asked), tuple(missing), tuple(left), tuple(right), leaves)


forests = st.lists(st.lists(one_feature_trees(), max_size=4), min_size=COLUMNS, max_size=COLUMNS)
rows = st.lists(st.sampled_from([-np.inf, *np.arange(-4, 4, 0.25), np.inf, np.nan]), min_size=3, max_size=3)


def leaf(tree: Tree, row: list[float]) -> int:
    node = 0 if tree.features else ~0
    while node >= 0:
        value = row[tree.features[node]]
        left = tree.missing_left[node] if np.isnan(value) else value <= tree.thresholds[node]
        node = tree.left[node] if left else tree.right[node]
    return ~node


def added(planted, row) -> np.ndarray:
    sums = np.zeros(COLUMNS)
    for tree, weights in planted:
        for column, value in weights[leaf(tree, row)]:
            sums[column] += value
    return sums


@examples(300)
@given(forests=forests, row=rows)
def test_every_row_gets_the_same_sums(forests, row):
    before = [sum(tree.leaves[leaf(tree, row)] for tree in forest) for forest in forests]
    assert added(merged(forests), row).tolist() == before


@examples(100)
@given(forests=forests)
def test_a_feature_is_asked_about_by_one_tree(forests):
    planted = merged(forests)
    assert len(planted) == len({tree.features[0] for forest in forests for tree in forest})


def stump(cut: float) -> Tree:
    return Tree((0,), (cut,), (False,), (~0,), (~1,), (0.0, 1.0))


def test_a_merged_tree_stays_small():
    planted = merged([[stump(float(column))] for column in range(200)])
    assert 1 < len(planted) < 200
    for tree, weights in planted:
        assert len(tree.thresholds) * len(weights[0]) <= 2 * MOST_WEIGHTS


def test_trees_on_several_features_and_lone_leaves_stay_as_they_are():
    both = Tree((0, 1), (0.0, 0.0), (False, True), (~0, ~1), (1, ~2), (0.5, 1.0, 2.0))
    lone = Tree((), (), (), (), (), (0.25,))
    assert merged([[both], [lone]]) == [
        (both, [[(0, 0.5)], [(0, 1.0)], [(0, 2.0)]]),
        (lone, [[(1, 0.25)]]),
    ]
