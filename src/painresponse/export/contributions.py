"""What each feature contributes to a margin (path-dependent TreeSHAP, Lundberg 2020), as trees.

Which part a leaf plays for a patient depends only on the branches above it. So the leaves of a tree are taken
in groups, and for each group there is a tree of its own whose leaves are the cells of all branches above the
group: a cell holds its contributions, computed beforehand in double precision. Finding them is exact and
needs neither recursion nor more than a tree operator.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from painresponse.errors import DefinitionError
from painresponse.export.cells import Cells, Path, paths_of
from painresponse.export.trees import Tree

Numbers = NDArray[np.float64]

CELLS = 64
"""The most a group may need, if it is more than a leaf. Fewer make slower graphs, more make larger ones."""

MOST_CELLS = 200_000
"""Of a booster, about 25 MB. Trees that are 150, of depth 6 with 31 leaves, stay below it."""


@dataclass(frozen=True)
class CellTree:
    """A tree over cells: ``contributions`` (cells x features, log-odds) of the ``features`` named.

    A leaf of ``tree`` is what the contributions of its cell add up to.
    """

    tree: Tree
    features: tuple[int, ...]
    contributions: Numbers


def expected_margin(forest: Sequence[Tree]) -> float:
    """The mean of the margin over the patients each tree was grown on: where contributions start from."""
    return float(sum(np.dot(tree.leaves, _shares(tree)) for tree in forest))


def cell_trees(what: str, forest: Sequence[Tree]) -> list[CellTree]:
    """Trees that add up to the exact contributions to the forest's margin; none for trees without branches.

    Raises DefinitionError, naming ``what``, if they would need too many cells or a branch counts no patient.
    """
    branched = [(tree, paths_of(tree)) for tree in forest if tree.features]
    groups = [(tree, paths, node) for tree, paths in branched for node in _groups(tree, paths, 0)]
    _check(what, forest, sum(_most_cells(*group) for group in groups))
    return [_cell_tree(*group) for group in groups]


def _shares(tree: Tree) -> Numbers:
    """Of the patients, in each leaf."""
    return np.array(tree.leaf_counts) / tree.branch_counts[0] if tree.features else np.ones(1)


def _check(what: str, forest: Sequence[Tree], cells: int) -> None:
    if any(min(tree.branch_counts + tree.leaf_counts, default=0) < 1 for tree in forest if tree.features):
        raise DefinitionError(
            f"{what.capitalize()} has a branch that no patient went down, so contributions, which are means "
            "over patients, are not defined. Train it again on the patients it is meant for."
        )
    if cells > MOST_CELLS:
        raise DefinitionError(
            f"{what.capitalize()} may need {cells} cells to give exact contributions; {MOST_CELLS} are "
            "possible. Train with a max_depth of at most 6, at most 31 leaves and at most 150 trees."
        )


def _groups(tree: Tree, paths: dict[int, Path], node: int) -> Iterator[int]:
    """The nodes whose leaves make a group. On one feature, the cells are no more than the leaves."""
    on_one = len({tree.features[branch] for branch in _asked(paths, node)}) == 1
    if node < 0 or on_one or _most_cells(tree, paths, node) <= CELLS:
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


def _most_cells(tree: Tree, paths: dict[int, Path], node: int) -> int:
    asked = Counter(tree.features[branch] for branch in _asked(paths, node))
    return prod(count + 1 for count in asked.values())


def _cell_tree(tree: Tree, paths: dict[int, Path], node: int) -> CellTree:
    asked = _asked(paths, node)
    features = tuple(sorted({tree.features[branch] for branch in asked}))
    leaves = {~one: paths[one] for one in _below(paths, node) if one < 0}
    cells = Cells(tree, paths)
    cells.grow(asked, {})
    found = _contributions(tree, leaves, features, cells.examples(features))
    return CellTree(cells.as_tree(found.sum(axis=1).tolist()), features, found)


def _contributions(tree: Tree, leaves: dict[int, Path], features: Sequence[int], rows: Numbers) -> Numbers:
    """Of the features to each row, by these leaves alone (rows x features)."""
    open_to = np.ones((len(rows), len(leaves), len(features)))
    shares = np.ones(open_to.shape[1:])
    for number, (leaf, path) in enumerate(leaves.items()):
        nodes = [branch for branch, _ in path] + [~leaf]
        for (branch, way), below in zip(path, nodes[1:], strict=True):
            place = features.index(tree.features[branch])
            open_to[:, number, place] *= _goes_left(tree, branch, rows[:, place]) == way
            shares[number, place] *= _count(tree, below) / _count(tree, branch)
    return _shapley(np.array([tree.leaves[leaf] for leaf in leaves]), open_to, shares)


def _goes_left(tree: Tree, branch: int, values: Numbers) -> NDArray[np.bool_]:
    return np.where(np.isnan(values), tree.missing_left[branch], values <= tree.thresholds[branch])


def _count(tree: Tree, node: int) -> int:
    return tree.branch_counts[node] if node >= 0 else tree.leaf_counts[~node]


def _shapley(values: Numbers, open_to: Numbers, shares: Numbers) -> Numbers:
    """Shapley values of a sum of leaves, each worth its value times a product over features.

    A feature's factor is whether the leaf is open to the row by it (rows x leaves x features, 0 or 1) where
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
