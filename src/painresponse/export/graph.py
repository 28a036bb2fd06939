"""The ONNX graph: from one float32 feature matrix to margins and calibrated probabilities.

The graph is a row of parts, each of which reads what earlier parts offer. Only operators that every
onnxruntime since 1.18 computes alike are used, hence ai.onnx.ml 3 and not its newer tree operator.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import onnx
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from painresponse.errors import DefinitionError
from painresponse.export.snapping import is_snapped
from painresponse.export.trees import Tree, trees

OPSET, ML_OPSET, IR_VERSION = 18, 3, 10


_Column = tuple[int | float | str, ...]


@dataclass(frozen=True)
class TargetModel:
    """A fitted target: its snapped booster, and its calibration on the margin (Platt 1999).

    The probability of response is ``sigmoid(slope * margin + intercept)``, in double precision.
    """

    name: str
    booster: lightgbm.Booster
    slope: float
    intercept: float


@dataclass(frozen=True)
class _Part:
    """Some operators, the constants they need and the outputs they offer."""

    nodes: Sequence[NodeProto]
    constants: Sequence[TensorProto] = ()
    outputs: Sequence[ValueInfoProto] = ()


def build_graph(models: Sequence[TargetModel], n_features: int) -> onnx.ModelProto:
    """All targets in one checked ONNX model.

    Input ``features`` float32 [N, n_features], missing as NaN. Outputs ``margin`` float32 [N, T], bit-equal
    to ``booster.predict(raw_score=True)``, and ``probability`` float64 [N, T], with a column for each target
    in the order given. Raises DefinitionError for a booster that is not snapped or takes other features.
    """
    _check(models, n_features)
    parts = (_margins(models), _probabilities(models))
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", n_features])
    graph = helper.make_graph(
        [node for part in parts for node in part.nodes],
        "painresponse",
        inputs=[features],
        outputs=[output for part in parts for output in part.outputs],
        initializer=[constant for part in parts for constant in part.constants],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    model = helper.make_model(
        graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="painresponse"
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def _check(models: Sequence[TargetModel], n_features: int) -> None:
    names = [model.name for model in models]
    if not names or len(set(names)) < len(names):
        raise DefinitionError("A bundle needs at least one target, and each target once.")
    for model in models:
        if model.booster.num_feature() != n_features:
            raise DefinitionError(
                f"The booster of {model.name} takes {model.booster.num_feature()} features and the bundle "
                f"{n_features}. Train all targets of a bundle on one feature set."
            )
        if not (math.isfinite(model.slope) and math.isfinite(model.intercept)):
            raise DefinitionError(
                f"The calibration of {model.name} is not finite. Calibrate on both responders and others."
            )


def _margins(models: Sequence[TargetModel]) -> _Part:
    """One tree ensemble for all targets: it reads a row once, and every float32 sum in it is exact."""
    forests = [_snapped_trees(model) for model in models]
    nodes, leaves = _columns(forests)
    columns: dict[str, Any] = dict(zip(_NODE_COLUMNS + _LEAF_COLUMNS, nodes + leaves, strict=True))
    node = helper.make_node(
        "TreeEnsembleRegressor",
        ["features"],
        ["margin"],
        name="forest",
        domain="ai.onnx.ml",
        n_targets=len(models),
        **columns,
    )
    return _Part([node], outputs=[_output("margin", TensorProto.FLOAT, models)])


def _probabilities(models: Sequence[TargetModel]) -> _Part:
    """Platt calibration in double precision."""
    nodes = [
        helper.make_node("Cast", ["margin"], ["margin_double"], to=TensorProto.DOUBLE),
        helper.make_node("Mul", ["margin_double", "slope"], ["sloped"]),
        helper.make_node("Add", ["sloped", "intercept"], ["calibrated"]),
        helper.make_node("Sigmoid", ["calibrated"], ["probability"]),
    ]
    constants = [
        numpy_helper.from_array(np.array([model.slope for model in models], np.float64), "slope"),
        numpy_helper.from_array(np.array([model.intercept for model in models], np.float64), "intercept"),
    ]
    return _Part(nodes, constants, [_output("probability", TensorProto.DOUBLE, models)])


def _output(name: str, kind: int, models: Sequence[TargetModel]) -> ValueInfoProto:
    columns = "one column a target: " + ", ".join(model.name for model in models)
    return helper.make_tensor_value_info(name, kind, ["N", len(models)], doc_string=columns)


def _snapped_trees(model: TargetModel) -> tuple[Tree, ...]:
    forest = trees(model.booster)
    if not is_snapped(forest):
        raise DefinitionError(
            f"The booster of {model.name} is not snapped. Snap it after training, before it is calibrated."
        )
    return forest


_NODE_COLUMNS = (
    "nodes_treeids",
    "nodes_nodeids",
    "nodes_modes",
    "nodes_featureids",
    "nodes_values",
    "nodes_truenodeids",
    "nodes_falsenodeids",
    "nodes_missing_value_tracks_true",
)
_LEAF_COLUMNS = ("target_treeids", "target_nodeids", "target_ids", "target_weights")


def _columns(forests: Sequence[Sequence[Tree]]) -> tuple[list[_Column], list[_Column]]:
    """The operator's attributes, in the order of `_NODE_COLUMNS` and of `_LEAF_COLUMNS`."""
    planted = [(target, tree) for target, forest in enumerate(forests) for tree in forest]
    nodes = [(number, *row) for number, (_, tree) in enumerate(planted) for row in _nodes(tree)]
    leaves = [
        (number, len(tree.features) + leaf, target, value)
        for number, (target, tree) in enumerate(planted)
        for leaf, value in enumerate(tree.leaves)
    ]
    return list(zip(*nodes, strict=True)), list(zip(*leaves, strict=True))


def _nodes(tree: Tree) -> Iterator[tuple[int, str, int, float, int, int, int]]:
    """A row for each node of a tree: its branches first, as numbered, then its leaves."""
    count = len(tree.features)

    def place(child: int) -> int:
        return child if child >= 0 else count + ~child

    for branch in range(count):
        yield (
            branch,
            "BRANCH_LEQ",
            tree.features[branch],
            tree.thresholds[branch],
            place(tree.left[branch]),
            place(tree.right[branch]),
            int(tree.missing_left[branch]),
        )
    for leaf in range(len(tree.leaves)):
        yield count + leaf, "LEAF", 0, 0.0, 0, 0, 0
