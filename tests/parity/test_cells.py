"""Tables of cells agree with their slow twin, whatever the tree."""

from itertools import permutations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from painresponse.export.contributions import Test as Asked
from painresponse.export.contributions import paths_of, tables
from painresponse.export.planting import Planted, planted
from painresponse.export.snapping import snap
from painresponse.export.trees import Tree, trees

from .adversaries import adversarial_rows
from .runtime import contributions, graph_of, session_of


@st.composite
def points(draw) -> Planted:
    """A tree as the points of a logistic model are written: bins of one feature, and the unknown."""
    edges = draw(st.lists(st.integers(-800, 800), max_size=40, unique=True))
    values = st.lists(st.integers(-4096, 4096), min_size=len(edges) + 2, max_size=len(edges) + 2)
    counts = st.lists(st.integers(1, 500), min_size=len(edges) + 2, max_size=len(edges) + 2)
    heights = np.array(draw(values)) / 1024
    return Planted(draw(st.integers(0, 2)), np.sort(np.array(edges)) / 8, heights, np.array(draw(counts)))


@settings(max_examples=20, deadline=None)
@given(st.lists(points(), min_size=1, max_size=4))
def test_points_contribute_what_lightgbm_says(tables):
    booster = snap(planted(tables, ["a", "b", "c"]))
    rows = adversarial_rows(trees(booster), 60, n_features=3, seed=55)
    found = contributions(session_of(graph_of(booster, explained=True)), rows, asked=[True])[0]
    assert np.abs(found - booster.predict(rows, pred_contrib=True, num_threads=1)[:, :-1]).max() <= 1e-6


THRESHOLDS = (-np.inf, -2.0, -1.0, 0.5, 1.0, 3.0, float(np.finfo(np.float32).max))
VALUES = (*THRESHOLDS, np.inf, np.nan, 0.75, -1.5)
WIDTH = 4


@st.composite
def any_tree(draw) -> Tree:
    """Any shape, features met again and again, thresholds that contradict those above."""
    leaves = draw(st.integers(2, 9))
    left, right, ends = [~0], [~1], [(0, "left"), (0, "right")]
    for leaf in range(2, leaves):  # split a leaf, as LightGBM grows them
        branch, side = ends.pop(draw(st.integers(0, len(ends) - 1)))
        new, ways = len(left), {"left": left, "right": right}[side]
        left.append(ways[branch])
        right.append(~leaf)
        ways[branch] = new
        ends += [(new, "left"), (new, "right")]
    each = len(left)
    counts = draw(st.lists(st.integers(1, 50), min_size=leaves, max_size=leaves))
    values = draw(st.lists(st.integers(-100, 100), min_size=leaves, max_size=leaves))
    return Tree(
        tuple(draw(st.lists(st.integers(0, WIDTH - 1), min_size=each, max_size=each))),
        tuple(draw(st.lists(st.sampled_from(THRESHOLDS), min_size=each, max_size=each))),
        tuple(draw(st.lists(st.booleans(), min_size=each, max_size=each))),
        tuple(left),
        tuple(right),
        tuple(value / 10 for value in values),
        tuple(_below(left, right, branch, counts) for branch in range(each)),
        tuple(counts),
    )


def _below(left: list[int], right: list[int], node: int, counts: list[int]) -> int:
    if node < 0:
        return counts[~node]
    return _below(left, right, left[node], counts) + _below(left, right, right[node], counts)


def slow_contributions(tree: Tree, row: np.ndarray) -> np.ndarray:
    """What a Shapley value means, said as plainly as Python allows: the mean over all orders."""
    total = np.zeros(WIDTH)
    orders = list(permutations(range(WIDTH)))
    for order in orders:
        known = set()
        for feature in order:
            before = slow_mean(tree, row, known)
            known.add(feature)
            total[feature] += slow_mean(tree, row, known) - before
    return total / len(orders)


def slow_mean(tree: Tree, row: np.ndarray, known: set[int], node: int = 0) -> float:
    """The prediction where only some features are known; at other branches, the mean of both sides."""
    if node < 0:
        return tree.leaves[~node]
    sides = tree.left[node], tree.right[node]
    if tree.features[node] in known:
        return slow_mean(tree, row, known, sides[0] if goes_left(tree, row, node) else sides[1])
    counts = [tree.branch_counts[one] if one >= 0 else tree.leaf_counts[~one] for one in sides]
    means = [slow_mean(tree, row, known, one) for one in sides]
    return float(np.dot(counts, means) / sum(counts))


def goes_left(tree: Tree, row: np.ndarray, branch: int) -> bool:
    value = row[tree.features[branch]]
    return tree.missing_left[branch] if np.isnan(value) else value <= tree.thresholds[branch]


def looked_up(tree: Tree, row: np.ndarray) -> np.ndarray:
    found = np.zeros(WIDTH)
    for table in tables("it", [tree]):
        cell = sum(test.weight for test in table.tests if passes(test, row[test.feature]))
        found[list(table.features)] += table.contributions[cell]
    return found


def passes(test: Asked, value: float) -> bool:
    return value > test.threshold if test.above else value <= test.threshold


rows_of_trouble = st.lists(st.sampled_from(VALUES), min_size=WIDTH, max_size=WIDTH).map(np.array)


WHERE_NOTHING_IS_ABOVE = Tree(
    features=(0, 0, 0),
    thresholds=(-np.inf,) * 3,
    missing_left=(False, True, False),
    left=(1, ~0, ~1),
    right=(2, ~2, ~3),
    leaves=(0.0, 0.0, 0.0, 0.1),
    branch_counts=(4, 2, 2),
    leaf_counts=(1, 1, 1, 1),
)
"""Right of minus infinity a value is above it, so that what then goes left can only be missing."""


@settings(max_examples=150, deadline=None)
@given(any_tree(), rows_of_trouble)
@example(WHERE_NOTHING_IS_ABOVE, np.array([np.nan, -np.inf, -np.inf, -np.inf]))
def test_any_tree_contributes_what_its_slow_twin_says(tree, row):
    np.testing.assert_allclose(looked_up(tree, row), slow_contributions(tree, row), atol=1e-10)


@settings(max_examples=50, deadline=None)
@given(any_tree())
def test_the_way_to_every_node_is_known_and_what_is_above_comes_first(tree):
    paths = paths_of(tree)
    assert len(paths) == len(tree.features) + len(tree.leaves)
    seen = set()
    for node, path in paths.items():
        assert {branch for branch, _ in path} <= seen
        seen.add(node)
