"""Trees that were not grown: a function of one feature's bins, written in LightGBM's own model text.

Whatever is a sum of such functions becomes a booster, and is snapped, exported, explained and served as one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
_KNOWN = float(np.finfo(np.float32).max)
"""Every known value is at most this; the unknown is sent the other way."""

_UNKNOWN_LEFT, _UNKNOWN_RIGHT = 10, 8
"""LightGBM's decision types: numerical, missing is NaN, and where it goes."""


@dataclass(frozen=True)
class Planted:
    """A tree on one feature: ``values`` by bin, the unknown last, and ``counts`` of patients likewise."""

    place: int
    edges: Numbers
    values: Numbers
    counts: NDArray[np.int64]

    @classmethod
    def constant(cls, value: float) -> "Planted":
        """A tree of a single leaf."""
        return cls(0, np.zeros(0), np.array([value]), np.array([0]))

    def text(self, number: int) -> str:
        """In LightGBM's words."""
        branches: list[_Branch] = []
        if len(self.values) > 1:
            root = _Branch(_KNOWN, _UNKNOWN_RIGHT, 0, ~len(self.edges) - 1, 0, len(self.values))
            branches.append(root)
            root.left = _grow(branches, self.edges, 0, len(self.edges))
        return _tree(number, self, branches)


@dataclass
class _Branch:
    threshold: float
    decision: int
    left: int
    right: int
    first: int
    end: int


def _grow(branches: list[_Branch], edges: Numbers, first: int, end: int) -> int:
    """A balanced tree over the bins from ``first`` to ``end``, both counted; a leaf is ``~bin``."""
    if first == end:
        return ~first
    middle = (first + end) // 2
    place = len(branches)
    branch = _Branch(float(edges[middle]), _UNKNOWN_LEFT, 0, 0, first, end + 1)
    branches.append(branch)
    branch.left = _grow(branches, edges, first, middle)
    branch.right = _grow(branches, edges, middle + 1, end)
    return place


def _tree(number: int, tree: Planted, branches: Sequence[_Branch]) -> str:
    """Every leaf counts at least one patient: contributions are means over patients, never over none."""
    counts = np.maximum(tree.counts, 1)
    inside = [int(counts[one.first : one.end].sum()) for one in branches]
    mean = [_mean(tree.values[one.first : one.end], counts[one.first : one.end]) for one in branches]
    lines = {
        "num_leaves": [len(tree.values)],
        "num_cat": [0],
        "split_feature": [tree.place] * len(branches),
        "split_gain": [0] * len(branches),
        "threshold": [repr(one.threshold) for one in branches],
        "decision_type": [one.decision for one in branches],
        "left_child": [one.left for one in branches],
        "right_child": [one.right for one in branches],
        "leaf_value": [repr(float(value)) for value in tree.values],
        "leaf_weight": counts.tolist(),
        "leaf_count": counts.tolist(),
        "internal_value": [repr(value) for value in mean],
        "internal_weight": inside,
        "internal_count": inside,
        "is_linear": [0],
        "shrinkage": [1],
    }
    body = "\n".join(f"{key}={' '.join(map(str, values))}" for key, values in lines.items())
    return f"Tree={number}\n{body}\n\n\n"


def _mean(values: Numbers, counts: NDArray[np.int64]) -> float:
    return float(values @ counts / counts.sum())


def planted(trees: Sequence[Planted], names: Sequence[str]) -> lightgbm.Booster:
    """The trees as a booster of binary log-odds over the features named."""
    head = {
        "version": "v4",
        "num_class": 1,
        "num_tree_per_iteration": 1,
        "label_index": 0,
        "max_feature_idx": len(names) - 1,
        "objective": "binary sigmoid:1",
        "feature_names": " ".join(names),
        "feature_infos": " ".join(["[-1e300:1e300]"] * len(names)),
    }
    top = "\n".join(f"{key}={value}" for key, value in head.items())
    body = "".join(tree.text(number) for number, tree in enumerate(trees))
    return lightgbm.Booster(model_str=f"tree\n{top}\n\n{body}end of trees\n\n{_TAIL}")


_TAIL = "feature_importances:\n\nparameters:\nend of parameters\n\npandas_categorical:null\n"


def joined(first: lightgbm.Booster, second: lightgbm.Booster) -> lightgbm.Booster:
    """One booster whose margin is the sum of both."""
    more = _trees(second)
    start = first.num_trees()
    renumbered = "".join(
        f"Tree={start + number}\n{text.split(chr(10), 1)[1]}" for number, text in enumerate(more)
    )
    whole = "\n".join(
        line for line in first.model_to_string().split("\n") if not line.startswith("tree_sizes=")
    )
    head, tail = whole.split("end of trees", 1)
    return lightgbm.Booster(model_str=f"{head}{renumbered}end of trees{tail}")


def scaled(booster: lightgbm.Booster, factor: float) -> lightgbm.Booster:
    """A booster whose margin is so many times this one's."""

    def line(found: re.Match[str]) -> str:
        return f"{found[1]}=" + " ".join(repr(factor * float(word)) for word in found[2].split())

    text = re.sub(r"^tree_sizes=.*\n", "", booster.model_to_string(), flags=re.MULTILINE)
    return lightgbm.Booster(
        model_str=re.sub(r"^(leaf_value|internal_value)=(.*)$", line, text, flags=re.MULTILINE)
    )


def _trees(booster: lightgbm.Booster) -> list[str]:
    body = booster.model_to_string().split("end of trees", 1)[0]
    return ["Tree=" + part for part in body.split("Tree=")[1:]]
