"""Trees that ask about one feature only, merged over all models: one search of its cuts answers for all.

Sums of snapped leaves are exact, so it makes no difference of a bit what is added first.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import inf, nan

from painresponse.export.ensembles import Weights
from painresponse.export.trees import Tree

MOST_WEIGHTS = 2_000
"""Of one merged tree: cells times columns. More would make the file larger than the search is worth."""

Columned = tuple[int, Tree]


def merged(forests: Sequence[Sequence[Tree]]) -> list[tuple[Tree, Weights]]:
    """The trees of forests, each adding to a column of its own, as fewer trees that add up to the same."""
    alone: list[tuple[Tree, Weights]] = []
    on_one: dict[int, list[Columned]] = defaultdict(list)
    for column, forest in enumerate(forests):
        for tree in forest:
            if len(set(tree.features)) == 1:
                on_one[tree.features[0]].append((column, tree))
            else:
                alone.append(_unmerged(column, tree))
    return alone + [_together(part) for some in on_one.values() for part in _parts(some)]


def _unmerged(column: int, tree: Tree) -> tuple[Tree, Weights]:
    return tree, [[(column, value)] for value in tree.leaves]


def _parts(some: Sequence[Columned]) -> Iterator[list[Columned]]:
    """As many at a time as the merged tree may hold."""
    part: list[Columned] = []
    for one in some:
        if part and len(_cuts([*part, one])) * (len(part) + 1) > MOST_WEIGHTS:
            yield part
            part = []
        part.append(one)
    yield part


def _together(part: Sequence[Columned]) -> tuple[Tree, Weights]:
    if len(part) == 1:
        return _unmerged(*part[0])
    cuts = _cuts(part)
    examples = [*cuts, inf, nan]
    return _search(part[0][1].features[0], cuts), [_worth(part, value) for value in examples]


def _cuts(part: Sequence[Columned]) -> list[float]:
    return sorted({threshold for _, tree in part for threshold in tree.thresholds})


def _worth(part: Sequence[Columned], value: float) -> list[tuple[int, float]]:
    """What a value of the feature adds to each column."""
    sums: dict[int, float] = defaultdict(float)
    for column, tree in part:
        sums[column] += tree.leaves[_leaf(tree, value)]
    return list(sums.items())


def _leaf(tree: Tree, value: float) -> int:
    node = 0
    while node >= 0:
        left = tree.missing_left[node] if value != value else value <= tree.thresholds[node]
        node = tree.left[node] if left else tree.right[node]
    return ~node


def _search(feature: int, cuts: Sequence[float]) -> Tree:
    """A leaf for each cell from left to right, then one for a missing value.

    The first branch sends what is missing left, with the lowest cell; the second, which asks the same, parts
    the two. No branch further right is ever asked about what is missing.
    """
    left, right, asked = [1, ~0], [0, ~(len(cuts) + 1)], [cuts[0], cuts[0]]

    def grow(first: int, last: int) -> int:
        """The node that parts cells ``first`` to ``last``."""
        if first == last:
            return ~first
        node, middle = len(asked), (first + last) // 2
        asked.append(cuts[middle])
        left.append(0)
        right.append(0)
        left[node], right[node] = grow(first, middle), grow(middle + 1, last)
        return node

    right[0] = grow(1, len(cuts))
    count = len(asked)
    return Tree(
        features=(feature,) * count,
        thresholds=tuple(asked),
        missing_left=(True, *(False,) * (count - 1)),
        left=tuple(left),
        right=tuple(right),
        leaves=(0.0,) * (len(cuts) + 2),
    )
