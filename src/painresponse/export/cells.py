"""Cells: what some branches of a tree can answer together, and a tree that finds the cell a row lies in.

Answers that contradict each other make no cell: no value is below 2 and above 5, or missing and known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf, nan

import numpy as np
from numpy.typing import NDArray

from painresponse.export.trees import Tree

Path = tuple[tuple[int, bool], ...]
"""The branches from the root down to a node, and whether the way goes left."""


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


@dataclass(frozen=True, slots=True)
class Span:
    """Values that a feature may still have: above ``low`` (None: any), up to ``high``, or missing."""

    low: float | None = None
    high: float = inf
    missing: bool = True

    def known(self) -> bool:
        """Whether it may have a value."""
        return self.low is None or self.low < self.high

    def example(self) -> float:
        """One of these values."""
        return self.high if self.known() else nan

    def sides(self, threshold: float, missing_left: bool) -> "dict[bool, Span]":
        """What remains left (True) and right of a threshold, where that is anything at all."""
        left = Span(self.low, min(self.high, threshold), self.missing and missing_left)
        low = threshold if self.low is None else max(self.low, threshold)
        right = Span(low, self.high, self.missing and not missing_left)
        return {way: one for way, one in ((True, left), (False, right)) if one.missing or one.known()}


@dataclass
class _Fork:
    branch: int
    left: int = 0
    right: int = 0


@dataclass
class Cells:
    """The cells of some branches of a tree (spans by feature), and the forks between them."""

    tree: Tree
    paths: dict[int, Path]
    forks: list[_Fork] = field(default_factory=list)
    spans: list[dict[int, Span]] = field(default_factory=list)

    def grow(self, branches: Sequence[int], spans: dict[int, Span]) -> int:
        """Fork at the first branch still open, and on from there; returns the fork's place, or ``~cell``."""
        for turn, branch in enumerate(branches):
            sides = self._sides(branch, spans)
            if len(sides) == 2 and self._matters(branch, spans):
                fork, place = _Fork(branch), len(self.forks)
                self.forks.append(fork)
                feature, rest = self.tree.features[branch], branches[turn + 1 :]
                fork.left = self.grow(rest, {**spans, feature: sides[True]})
                fork.right = self.grow(rest, {**spans, feature: sides[False]})
                return place
        self.spans.append(spans)
        return ~(len(self.spans) - 1)

    def _sides(self, branch: int, spans: dict[int, Span]) -> dict[bool, Span]:
        span = spans.get(self.tree.features[branch], Span())
        return span.sides(self.tree.thresholds[branch], self.tree.missing_left[branch])

    def _matters(self, branch: int, spans: dict[int, Span]) -> bool:
        """Not once the same feature has gone another way further up."""
        feature = self.tree.features[branch]
        return all(
            way in self._sides(above, spans)
            for above, way in self.paths[branch]
            if self.tree.features[above] == feature
        )

    def examples(self, features: Sequence[int]) -> NDArray[np.float64]:
        """A row of these features out of each cell."""
        return np.array([[spans.get(one, Span()).example() for one in features] for spans in self.spans])

    def as_tree(self, leaves: Sequence[float]) -> Tree:
        """The forks as a tree, with a leaf for each cell."""
        asked = [fork.branch for fork in self.forks]
        return Tree(
            features=tuple(self.tree.features[branch] for branch in asked),
            thresholds=tuple(self.tree.thresholds[branch] for branch in asked),
            missing_left=tuple(self.tree.missing_left[branch] for branch in asked),
            left=tuple(fork.left for fork in self.forks),
            right=tuple(fork.right for fork in self.forks),
            leaves=tuple(leaves),
        )
