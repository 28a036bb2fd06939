"""The ONNX graph: from one float32 feature matrix to all that is said of its rows, contributions if asked.

The graph is a row of parts, each of which reads what earlier parts offer. Only operators that every
onnxruntime since 1.18 computes alike are used, hence ai.onnx.ml 3 and not its newer tree operator.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import lightgbm
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, ValueInfoProto, helper

from painresponse.errors import DefinitionError, unknown
from painresponse.export.ensembles import tree_ensemble
from painresponse.export.explaining import explaining
from painresponse.export.merging import merged
from painresponse.export.parts import Part, doubles, integers
from painresponse.export.snapping import is_snapped
from painresponse.export.trees import Tree, trees

OPSET, ML_OPSET, IR_VERSION = 18, 3, 10

AT_ONCE = 8
"""Doubles that the widest vector instructions hold."""

_LOG_ODDS = ["log_odds", "low_log_odds", "high_log_odds", "support_log_odds"]


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


def build_graph(
    models: Sequence[TargetModel],
    n_features: int,
    *,
    implications: Sequence[tuple[str, str]] = (),
    explained: bool = True,
) -> onnx.ModelProto:
    """All targets in one checked ONNX model.

    Input ``features`` float32 [N, n_features], missing as NaN. Outputs, each [N, T] with a column for each
    target in the order given: ``margin`` float32, bit-equal to ``booster.predict(raw_score=True)``;
    ``probability``, ``low``, ``high`` and ``support`` float64 (support NaN where a target has none).
    ``implications``: pairs of a narrower and a broader target; the broader never gets less than the narrower.

    If ``explained``, an input ``explain`` bool [T] asks for targets, and ``contributions`` float32
    [asked, N, n_features] holds the exact path-dependent SHAP values of the margin of each, in the order of
    the targets; nothing asked, nothing computed. With `expected_margin` they add up to the margin, to 2**-23
    of the sum of their sizes, whatever the batch and the threads. They stay those of the target's own margin
    where an implication lifts its probability to that of a narrower target.

    Raises DefinitionError for a booster that is not snapped or takes other features, or a tree too large to
    explain.
    """
    _check(models, n_features)
    parts = [
        _both_ways(),
        _forest(models, n_features),
        _log_odds(models),
        _ends(models),
        _probabilities(models),
        _consistent(models, implications),
        *([_contributions(models, n_features)] if explained else []),
    ]
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", n_features])
    graph = helper.make_graph(
        [node for part in parts for node in part.nodes],
        "painresponse",
        inputs=[features, *(door for part in parts for door in part.inputs)],
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


def _both_ways() -> Part:
    """The features and their negatives, as trees and tables ask about either."""
    nodes = [
        helper.make_node("Neg", ["features"], ["negatives"]),
        helper.make_node("Concat", ["features", "negatives"], ["both_ways"], axis=1),
    ]
    return Part(nodes)


def _forest(models: Sequence[TargetModel], width: int) -> Part:
    """One tree ensemble for all targets and supports: it reads a row once, and every float32 sum is exact."""
    supports = [model.support for model in models if model.support]
    snapped = [_snapped_trees(*model.forests()[0]) for model in models]
    snapped += [_snapped_trees("the support", one) for one in supports]
    node = tree_ensemble(
        merged(snapped), len(snapped), width=width, reads="both_ways", gives="forest", name="trees"
    )
    chosen = [
        helper.make_node("Gather", ["forest", "own_columns"], ["margin"], axis=1),
        helper.make_node("Cast", ["forest"], ["forest_double"], to=TensorProto.DOUBLE),
    ]
    constants = [integers("own_columns", range(len(models)))]
    return Part([node, *chosen], constants, [_output("margin", TensorProto.FLOAT, models)])


def _log_odds(models: Sequence[TargetModel]) -> Part:
    """Calibrated log-odds of all targets and of their support, in double precision.

    A target without support gets NaN, by a calibration that gives nothing else.
    """
    own, given = range(len(models)), [model.support for model in models]
    place = iter(range(len(models), 2 * len(models)))
    columns = [*own, *(next(place) if one else 0 for one in given)]
    slopes = [one.slope if one else math.nan for one in (*models, *given)]
    intercepts = [one.intercept if one else math.nan for one in (*models, *given)]
    nodes = [
        helper.make_node("Gather", ["forest_double", "calibrated_columns"], ["margins"], axis=1),
        helper.make_node("Mul", ["margins", "slopes"], ["sloped"]),
        helper.make_node("Add", ["sloped", "intercepts"], ["calibrated"]),
        helper.make_node("Split", ["calibrated"], ["log_odds", "support_log_odds"], axis=1, num_outputs=2),
    ]
    constants = [
        integers("calibrated_columns", columns),
        doubles("slopes", slopes),
        doubles("intercepts", intercepts),
    ]
    return Part(nodes, constants)


def _ends(models: Sequence[TargetModel]) -> Part:
    """The ends of the interval, as log-odds."""
    terms = list(zip(*(model.spread for model in models), strict=True))
    nodes = [
        helper.make_node("Mul", ["log_odds", "spread_2"], ["curved"]),
        helper.make_node("Add", ["curved", "spread_1"], ["leaned"]),
        helper.make_node("Mul", ["leaned", "log_odds"], ["grown"]),
        helper.make_node("Add", ["grown", "spread_0"], ["squared_reach"]),
        helper.make_node("Max", ["squared_reach", "zero"], ["positive_reach"]),
        helper.make_node("Sqrt", ["positive_reach"], ["reach"]),
        helper.make_node("Sub", ["log_odds", "reach"], ["low_log_odds"]),
        helper.make_node("Add", ["log_odds", "reach"], ["high_log_odds"]),
    ]
    powers = (doubles(f"spread_{power}", term) for power, term in enumerate(terms))
    return Part(nodes, [doubles("zero", 0.0), *powers])


def _probabilities(models: Sequence[TargetModel]) -> Part:
    """All of them by one sigmoid, over a multiple of so many columns as onnxruntime computes at once.

    It computes what is left over in another way, with another last bit: a row would depend on its batch.
    """
    count = len(models)
    width = -(-4 * count // AT_ONCE) * AT_ONCE
    found = ["probability_0", "low_0", "high_0", "support", "left_over"]
    sizes = [count] * 4 + [width - 4 * count]
    nodes = [
        helper.make_node("Concat", _LOG_ODDS, ["all_log_odds"], axis=1),
        helper.make_node("Gather", ["all_log_odds", "filled_columns"], ["filled"], axis=1),
        helper.make_node("Sigmoid", ["filled"], ["all_probabilities"]),
        helper.make_node("Split", ["all_probabilities", "sizes"], found, axis=1),
    ]
    constants = [integers("filled_columns", np.resize(np.arange(4 * count), width)), integers("sizes", sizes)]
    return Part(nodes, constants)


def _consistent(models: Sequence[TargetModel], implications: Sequence[tuple[str, str]]) -> Part:
    """Whoever meets the narrower outcome meets the broader: round by round, the maximum of the two."""
    rounds = _rounds([model.name for model in models], implications)
    constants = [integers(f"narrower_{turn}", columns) for turn, columns in enumerate(rounds)]
    nodes = []
    for name in ("probability", "low", "high"):
        for turn in range(len(rounds)):
            before, found = f"{name}_{turn}", f"{name}_{turn}_narrower"
            nodes.append(helper.make_node("Gather", [before, f"narrower_{turn}"], [found], axis=1))
            nodes.append(helper.make_node("Max", [before, found], [f"{name}_{turn + 1}"]))
        nodes.append(helper.make_node("Identity", [f"{name}_{len(rounds)}"], [name]))
    said = ("probability", "low", "high", "support")
    outputs = [_output(name, TensorProto.DOUBLE, models) for name in said]
    return Part(nodes, constants, outputs)


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


def _contributions(models: Sequence[TargetModel], n_features: int) -> Part:
    return explaining({model.name: trees(model.booster) for model in models}, width=n_features)


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
