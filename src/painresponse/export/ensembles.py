"""Trees as the tree operator of ai.onnx.ml 3 takes them: column by column."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from onnx import NodeProto, helper

from painresponse.export.oneway import column, limit
from painresponse.export.trees import Tree

Weights = Sequence[Iterable[tuple[int, float]]]
"""What each leaf of a tree adds: pairs of a column of the result and a value."""

_NODE_COLUMNS = (
    "nodes_treeids",
    "nodes_nodeids",
    "nodes_modes",
    "nodes_featureids",
    "nodes_values",
    "nodes_truenodeids",
    "nodes_falsenodeids",
)
_LEAF_COLUMNS = ("target_treeids", "target_nodeids", "target_ids", "target_weights")


def tree_ensemble(
    planted: Sequence[tuple[Tree, Weights]], columns: int, *, width: int, reads: str, gives: str, name: str
) -> NodeProto:
    """The operator that adds up, for each row of what it reads, the weights of the leaves the row falls into.

    It reads ``width`` features and then their negatives, and gives float32 [rows, columns].
    """
    nodes = [(number, *row) for number, (tree, _) in enumerate(planted) for row in _nodes(tree, width)]
    leaves = [
        (number, len(tree.features) + leaf, place, value)
        for number, (tree, weights) in enumerate(planted)
        for leaf, given in enumerate(weights)
        for place, value in given
    ]
    attributes: dict[str, Any] = {
        **dict(zip(_NODE_COLUMNS, zip(*nodes, strict=True), strict=True)),
        **dict(zip(_LEAF_COLUMNS, zip(*leaves, strict=True), strict=True)),
    }
    return helper.make_node(
        "TreeEnsembleRegressor",
        [reads],
        [gives],
        name=name,
        domain="ai.onnx.ml",
        n_targets=columns,
        **attributes,
    )


def _nodes(tree: Tree, width: int) -> Iterator[tuple[int, str, int, float, int, int]]:
    """A row for each node of a tree: its branches first, as numbered, then its leaves."""
    count = len(tree.features)

    def place(child: int) -> int:
        return child if child >= 0 else count + ~child

    for branch, above in enumerate(tree.missing_left):
        ways = place(tree.left[branch]), place(tree.right[branch])
        yield (
            branch,
            "BRANCH_LEQ",
            column(tree.features[branch], above, width),
            limit(tree.thresholds[branch], above),
            *(reversed(ways) if above else ways),
        )
    for leaf in range(len(tree.leaves)):
        yield count + leaf, "LEAF", 0, 0.0, 0, 0
