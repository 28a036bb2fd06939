"""What each feature contributes to a margin (path-dependent TreeSHAP, Lundberg 2020), as tables.

Which part a leaf plays for a patient depends only on the branches above it. So the leaves of a tree are taken
in groups, and for each group there is a table of cells: all answers that the branches above the group can
give together. A cell holds its contributions, computed beforehand in double precision. Finding it is exact
and needs neither recursion nor a walk: a row's answers, each with a weight, add up to its cell.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from painresponse.errors import DefinitionError
from painresponse.export.trees import Tree

Numbers = NDArray[np.float64]

CELLS = 64
"""The most a group may need, if it is more than a leaf. Fewer make slower graphs, more make larger ones."""

MOST_CELLS = 200_000
"""Of a booster. Trees that are 150, of depth 6 with 31 leaves, stay below it."""

Path = tuple[tuple[int, bool], ...]
"""The branches from the root down to a node, and whether the way goes left."""

Scale = tuple[float, ...]
"""Thresholds of one feature in such an order that a value passes some of the first and no other."""


class Test(NamedTuple):
    """Whether a value is up to the threshold, or above it if ``above``; what is missing passes neither.

    Passing adds ``weight`` to the cell.
    """

    feature: int
    threshold: float
    above: bool
    weight: int


@dataclass(frozen=True)
class Table:
    """The cells of a group of leaves: ``contributions`` (cells x features, log-odds) of the ``features``."""

    tests: tuple[Test, ...]
    features: tuple[int, ...]
    contributions: Numbers


def expected_margin(forest: Sequence[Tree]) -> float:
    """The mean of the margin over the patients each tree was grown on: where contributions start from."""
    return float(sum(np.dot(tree.leaves, _shares(tree)) for tree in forest))


def tables(what: str, forest: Sequence[Tree]) -> list[Table]:
    """Tables that add up to the exact contributions to the forest's margin; none for trees without branches.

    Raises DefinitionError, naming ``what``, if they would need too many cells or a branch counts no patient.
    """
    check_explainable(what, forest)
    branched = [(tree, paths_of(tree)) for tree in forest if tree.features]
    groups = [(tree, paths, node) for tree, paths in branched for node in _groups(tree, paths, 0)]
    _check_size(what, sum(_cells(*group) for group in groups))
    return [_table(*group) for group in groups]


def paths_of(tree: Tree) -> dict[int, Path]:
    """The way to every node, branches as numbered, leaf ``i`` as ``~i``; what is above comes first."""
    paths: dict[int, Path] = {}
    waiting: list[tuple[int, Path]] = [(0 if tree.features else -1, ())]
    while waiting:
        node, path = waiting.pop()
        paths[node] = path
        if node >= 0:
            waiting.append((tree.right[node], (*path, (node, False))))
            waiting.append((tree.left[node], (*path, (node, True))))
    return paths


def _shares(tree: Tree) -> Numbers:
    """Of the patients, in each leaf."""
    return np.array(tree.leaf_counts) / tree.branch_counts[0] if tree.features else np.ones(1)


def check_explainable(what: str, forest: Sequence[Tree]) -> None:
    """Raise DefinitionError, naming ``what``, if a branch counts no patient."""
    if any(min(tree.branch_counts + tree.leaf_counts, default=0) < 1 for tree in forest if tree.features):
        raise DefinitionError(
            f"{what.capitalize()} has a branch that no patient went down, so contributions, which are means "
            "over patients, are not defined. Train it again on the patients it is meant for."
        )


def _check_size(what: str, cells: int) -> None:
    if cells > MOST_CELLS:
        raise DefinitionError(
            f"{what.capitalize()} may need {cells} cells to give exact contributions; {MOST_CELLS} are "
            "possible. Train with a max_depth of at most 6, at most 31 leaves and at most 150 trees."
        )


def _groups(tree: Tree, paths: dict[int, Path], node: int) -> Iterator[int]:
    """The nodes whose leaves make a group. On one feature, the cells are few in any case."""
    on_one = len({tree.features[branch] for branch in _asked(paths, node)}) == 1
    if node < 0 or on_one or _cells(tree, paths, node) <= CELLS:
        yield node
    else:
        yield from _groups(tree, paths, tree.left[node])
        yield from _groups(tree, paths, tree.right[node])


def _below(paths: dict[int, Path], node: int) -> list[int]:
    """The node and all that is below it."""
    return [one for one, path in paths.items() if one == node or node in dict(path)]


def _asked(paths: dict[int, Path], node: int) -> list[int]:
    """The branches that decide over a group: those above it, then its own."""
    return [branch for branch, _ in paths[node]] + [one for one in _below(paths, node) if one >= 0]


def _cells(tree: Tree, paths: dict[int, Path], node: int) -> int:
    return prod(len(scale) + 1 for scale in _scales(tree, _asked(paths, node)).values())


def _scales(tree: Tree, asked: Sequence[int]) -> dict[tuple[int, bool], Scale]:
    """The thresholds by feature and by where a missing value goes.

    It fails every test: right of a threshold, unless it goes left, and then the test is to be above it.
    """
    keys = sorted({(tree.features[branch], tree.missing_left[branch]) for branch in asked})
    found = {key: {tree.thresholds[one] for one in asked if _key(tree, one) == key} for key in keys}
    return {key: tuple(sorted(found[key], reverse=not key[1])) for key in keys}


def _key(tree: Tree, branch: int) -> tuple[int, bool]:
    return tree.features[branch], tree.missing_left[branch]


def _table(tree: Tree, paths: dict[int, Path], node: int) -> Table:
    asked = _asked(paths, node)
    scales = _scales(tree, asked)
    sizes = [len(scale) + 1 for scale in scales.values()]
    passed = dict(zip(scales, np.indices(sizes).reshape(len(sizes), -1), strict=True))
    left = {one: _goes_left(tree, one, scales[_key(tree, one)], passed[_key(tree, one)]) for one in asked}
    leaves = {~one: paths[one] for one in _below(paths, node) if one < 0}
    features = tuple(sorted({feature for feature, _ in scales}))
    tests = (
        Test(feature, threshold, above, prod(sizes[place + 1 :]))
        for place, ((feature, above), scale) in enumerate(scales.items())
        for threshold in scale
    )
    return Table(tuple(tests), features, _contributions(tree, leaves, features, left))


def _goes_left(tree: Tree, branch: int, scale: Scale, passed: NDArray[np.int64]) -> NDArray[np.bool_]:
    """In every cell, of which so many of the first thresholds are passed."""
    return (passed > scale.index(tree.thresholds[branch])) != tree.missing_left[branch]


def _contributions(
    tree: Tree, leaves: dict[int, Path], features: Sequence[int], left: dict[int, NDArray[np.bool_]]
) -> Numbers:
    """Of the features in each cell, by these leaves alone (cells x features); ``left``: which go left."""
    cells = len(next(iter(left.values())))
    open_to = np.ones((cells, len(leaves), len(features)))
    shares = np.ones(open_to.shape[1:])
    for number, (leaf, path) in enumerate(leaves.items()):
        nodes = [branch for branch, _ in path] + [~leaf]
        for (branch, way), below in zip(path, nodes[1:], strict=True):
            place = features.index(tree.features[branch])
            open_to[:, number, place] *= left[branch] == way
            shares[number, place] *= _count(tree, below) / _count(tree, branch)
    return _shapley(np.array([tree.leaves[leaf] for leaf in leaves]), open_to, shares)


def _count(tree: Tree, node: int) -> int:
    return tree.branch_counts[node] if node >= 0 else tree.leaf_counts[~node]


def _shapley(values: Numbers, open_to: Numbers, shares: Numbers) -> Numbers:
    """Shapley values of a sum of leaves, each worth its value times a product over features.

    A feature's factor is whether the leaf is open to the cell by it (cells x leaves x features, 0 or 1) where
    its value is known, else the share of patients the leaf was open to by it (leaves x features). The mean
    over all orders is the integral of Owen (1972), here of a polynomial, which Gauss and Legendre's points
    give exactly.
    """
    at, weights = _points(shares.shape[-1] // 2 + 1)
    mixed = shares * (1 - at) + open_to * at
    others = mixed.prod(axis=-1, keepdims=True) / mixed
    worth = np.tensordot(weights, others, axes=1)
    return np.asarray(((open_to - shares) * worth * values[:, None]).sum(axis=1))


@cache
def _points(count: int) -> tuple[Numbers, Numbers]:
    """Points between 0 and 1, and their weights."""
    points, weights = np.polynomial.legendre.leggauss(count)
    return (points[:, None, None, None] + 1) / 2, weights / 2
