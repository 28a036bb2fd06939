"""The ONNX graph: from one float32 feature matrix to margins, calibrated probabilities, intervals, support.

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
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from painresponse.errors import DefinitionError, unknown
from painresponse.export.snapping import is_snapped
from painresponse.export.trees import Tree, trees

OPSET, ML_OPSET, IR_VERSION = 18, 3, 10


_Column = tuple[int | float | str, ...]


@dataclass(frozen=True)
class Sigmoid:
    """A snapped booster and its calibration (Platt 1999): ``sigmoid(slope * margin + intercept)``."""

    booster: lightgbm.Booster
    slope: float
    intercept: float


@dataclass(frozen=True)
class TargetModel:
    """A fitted target: its snapped booster, and its calibration on the margin (Platt 1999).

    The probability of response is ``sigmoid(L)`` of the log-odds ``L = slope * margin + intercept``, in
    double precision; the ends of its interval are ``sigmoid(L ± sqrt(a + b L + c L²))``, ``spread`` a, b, c.
    ``support`` gives the probability that such a patient is given this intervention.
    """

    name: str
    booster: lightgbm.Booster
    slope: float
    intercept: float
    spread: tuple[float, float, float] = (0.0, 0.0, 0.0)
    support: Sigmoid | None = None

    def forests(self) -> list[tuple[str, Sigmoid]]:
        """The boosters of the target with their names for people."""
        own = [(f"the booster of {self.name}", Sigmoid(self.booster, self.slope, self.intercept))]
        return own + ([(f"the support of {self.name}", self.support)] if self.support else [])


@dataclass(frozen=True)
class _Part:
    """Some operators, the constants they need and the outputs they offer."""

    nodes: Sequence[NodeProto]
    constants: Sequence[TensorProto] = ()
    outputs: Sequence[ValueInfoProto] = ()


def build_graph(
    models: Sequence[TargetModel], n_features: int, *, implications: Sequence[tuple[str, str]] = ()
) -> onnx.ModelProto:
    """All targets in one checked ONNX model.

    Input ``features`` float32 [N, n_features], missing as NaN. Outputs, each [N, T] with a column for each
    target in the order given: ``margin`` float32, bit-equal to ``booster.predict(raw_score=True)``;
    ``probability``, ``low``, ``high`` and ``support`` float64 (support NaN where a target has none).
    ``implications``: pairs of a narrower and a broader target; the broader never gets less than the narrower.
    Raises DefinitionError for a booster that is not snapped or takes other features.
    """
    _check(models, n_features)
    parts = (
        _forest(models),
        _probabilities(models),
        _consistent(models, implications),
        _supports(models),
    )
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
        for what, one in model.forests():
            if one.booster.num_feature() != n_features:
                raise DefinitionError(
                    f"{what.capitalize()} takes {one.booster.num_feature()} features and the bundle "
                    f"{n_features}. Train all targets of a bundle on one feature set."
                )
            if not all(map(math.isfinite, (one.slope, one.intercept, *model.spread))):
                raise DefinitionError(
                    f"The calibration of {model.name} is not finite. Calibrate on both responders and others."
                )


def _forest(models: Sequence[TargetModel]) -> _Part:
    """One tree ensemble for all targets and supports: it reads a row once, and every float32 sum is exact."""
    supports = [model.support for model in models if model.support]
    snapped = [_snapped_trees(*model.forests()[0]) for model in models]
    snapped += [_snapped_trees("the support", one) for one in supports]
    nodes, leaves = _columns(snapped)
    columns: dict[str, Any] = dict(zip(_NODE_COLUMNS + _LEAF_COLUMNS, nodes + leaves, strict=True))
    node = helper.make_node(
        "TreeEnsembleRegressor",
        ["features"],
        ["forest"],
        name="trees",
        domain="ai.onnx.ml",
        n_targets=len(snapped),
        **columns,
    )
    chosen = [
        helper.make_node("Gather", ["forest", "own_columns"], ["margin"], axis=1),
        helper.make_node("Cast", ["forest"], ["forest_double"], to=TensorProto.DOUBLE),
    ]
    constants = [numpy_helper.from_array(np.arange(len(models)), "own_columns")]
    return _Part([node, *chosen], constants, [_output("margin", TensorProto.FLOAT, models)])


def _probabilities(models: Sequence[TargetModel]) -> _Part:
    """Calibrated log-odds and the ends of their interval, in double precision."""
    terms = list(zip(*(model.spread for model in models), strict=True))
    nodes = [
        helper.make_node("Gather", ["forest_double", "own_columns"], ["margin_double"], axis=1),
        helper.make_node("Mul", ["margin_double", "slope"], ["sloped"]),
        helper.make_node("Add", ["sloped", "intercept"], ["log_odds"]),
        helper.make_node("Mul", ["log_odds", "spread_2"], ["curved"]),
        helper.make_node("Add", ["curved", "spread_1"], ["leaned"]),
        helper.make_node("Mul", ["leaned", "log_odds"], ["grown"]),
        helper.make_node("Add", ["grown", "spread_0"], ["squared_reach"]),
        helper.make_node("Max", ["squared_reach", "zero"], ["positive_reach"]),
        helper.make_node("Sqrt", ["positive_reach"], ["reach"]),
        helper.make_node("Sub", ["log_odds", "reach"], ["low_log_odds"]),
        helper.make_node("Add", ["log_odds", "reach"], ["high_log_odds"]),
        helper.make_node("Sigmoid", ["log_odds"], ["probability_0"]),
        helper.make_node("Sigmoid", ["low_log_odds"], ["low_0"]),
        helper.make_node("Sigmoid", ["high_log_odds"], ["high_0"]),
    ]
    constants = [
        _doubles("slope", [model.slope for model in models]),
        _doubles("intercept", [model.intercept for model in models]),
        _doubles("zero", 0.0),
        *(_doubles(f"spread_{power}", term) for power, term in enumerate(terms)),
    ]
    return _Part(nodes, constants)


def _supports(models: Sequence[TargetModel]) -> _Part:
    """Likewise; a target without support gets NaN, by a calibration that gives nothing else."""
    given = [model.support for model in models]
    place = iter(range(len(models), 2 * len(models)))
    columns = np.array([next(place) if one else 0 for one in given], np.int64)
    nodes = [
        helper.make_node("Gather", ["forest_double", "support_columns"], ["support_margin"], axis=1),
        helper.make_node("Mul", ["support_margin", "support_slope"], ["support_sloped"]),
        helper.make_node("Add", ["support_sloped", "support_intercept"], ["support_log_odds"]),
        helper.make_node("Sigmoid", ["support_log_odds"], ["support"]),
    ]
    constants = [
        numpy_helper.from_array(columns, "support_columns"),
        _doubles("support_slope", [one.slope if one else math.nan for one in given]),
        _doubles("support_intercept", [one.intercept if one else math.nan for one in given]),
    ]
    return _Part(nodes, constants, [_output("support", TensorProto.DOUBLE, models)])


def _consistent(models: Sequence[TargetModel], implications: Sequence[tuple[str, str]]) -> _Part:
    """Whoever meets the narrower outcome meets the broader: round by round, the maximum of the two."""
    rounds = _rounds([model.name for model in models], implications)
    constants = [numpy_helper.from_array(columns, f"narrower_{turn}") for turn, columns in enumerate(rounds)]
    nodes = []
    for name in ("probability", "low", "high"):
        for turn in range(len(rounds)):
            before, found = f"{name}_{turn}", f"{name}_{turn}_narrower"
            nodes.append(helper.make_node("Gather", [before, f"narrower_{turn}"], [found], axis=1))
            nodes.append(helper.make_node("Max", [before, found], [f"{name}_{turn + 1}"]))
        nodes.append(helper.make_node("Identity", [f"{name}_{len(rounds)}"], [name]))
    outputs = [_output(name, TensorProto.DOUBLE, models) for name in ("probability", "low", "high")]
    return _Part(nodes, constants, outputs)


def _rounds(names: Sequence[str], implications: Sequence[tuple[str, str]]) -> list[NDArray[np.int64]]:
    """For each round, the column each target is compared with: itself, or a narrower target already final.

    Raises DefinitionError for a target that is not there, and on a circle.
    """
    for name in (name for pair in implications for name in pair):
        if name not in names:
            raise DefinitionError(unknown("target", name, names))
    left, rounds = list(dict.fromkeys(implications)), []
    while left:
        waiting = {broader for _, broader in left}
        ready = {broader: narrower for narrower, broader in left if narrower not in waiting}
        if not ready:
            raise DefinitionError(f"Outcomes that imply each other in a circle: {sorted(waiting)}.")
        rounds.append(np.array([names.index(ready.get(name, name)) for name in names]))
        left = [pair for pair in left if ready.get(pair[1]) != pair[0]]
    return rounds


def _doubles(name: str, values: Any) -> TensorProto:
    return numpy_helper.from_array(np.array(values, np.float64), name)


def _output(name: str, kind: int, models: Sequence[TargetModel]) -> ValueInfoProto:
    columns = "one column a target: " + ", ".join(model.name for model in models)
    return helper.make_tensor_value_info(name, kind, ["N", len(models)], doc_string=columns)


def _snapped_trees(what: str, one: Sigmoid) -> tuple[Tree, ...]:
    forest = trees(one.booster)
    if not is_snapped(forest):
        raise DefinitionError(
            f"{what.capitalize()} is not snapped. Snap it after training, before it is calibrated."
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
