"""The graph as a whole: ordinary ONNX, calibrated in double precision."""

import math

import numpy as np
import onnx
import pytest

from painresponse.errors import DefinitionError
from painresponse.export.graph import Sigmoid, TargetModel, build_graph
from painresponse.export.snapping import snap
from painresponse.export.trees import trees

from .adversaries import adversarial_rows
from .boosters import N_FEATURES, booster_of, ordinary_rows
from .runtime import graph_of, raw_margin, run, run_in_batches, session_of

CALIBRATIONS = [(1.0, 0.0), (0.83, -0.4), (-1.7, 2.5), (0.0, -0.25), (40.0, 3.0)]


def unexplained(models: list[TargetModel], **more) -> onnx.ModelProto:
    return build_graph(models, N_FEATURES, explained=False, **more)


def reference(margin: float, slope: float, intercept: float) -> float:
    """The sigmoid, without overflow."""
    log_odds = slope * margin + intercept
    small = math.exp(-abs(log_odds))
    return 1 / (1 + small) if log_odds >= 0 else small / (1 + small)


@pytest.mark.parametrize("shape", ["shallow", "deep", "huge leaves", "everyone responds"])
def test_probabilities_are_those_of_double_precision(shape):
    snapped = snap(booster_of(shape))
    models = [TargetModel(f"{pair}", snapped, *pair) for pair in CALIBRATIONS]
    hostile = adversarial_rows(trees(snapped), 2_000, n_features=N_FEATURES, seed=31)
    rows = np.concatenate([ordinary_rows(2_000, seed=30), hostile])
    found = run(session_of(unexplained(models)), "probability", rows)
    expected = [[reference(margin, *pair) for pair in CALIBRATIONS] for margin in raw_margin(snapped, rows)]
    assert np.abs(found - np.array(expected)).max() <= 1e-12


def test_without_calibration_the_probability_is_that_of_lightgbm():
    snapped = snap(booster_of("shallow"))
    rows = ordinary_rows(5_000, seed=32)
    found = run(session_of(graph_of(snapped)), "probability", rows)[:, 0]
    assert np.abs(found - snapped.predict(rows, num_threads=1)).max() <= 1e-12


@pytest.fixture(scope="module")
def graph() -> onnx.ModelProto:
    return graph_of(snap(booster_of("shallow")), snap(booster_of("one leaf")), explained=True)


def test_it_passes_the_full_check_of_onnx(graph):
    onnx.checker.check_model(graph, full_check=True)


def test_it_speaks_the_dialect_every_runtime_since_1_18_knows(graph):
    spoken = {opset.domain: opset.version for opset in graph.opset_import}
    assert spoken == {"": 18, "ai.onnx.ml": 3}
    assert graph.ir_version == 10


def test_its_doors_are_features_and_whom_to_explain_in_and_all_that_is_said_out(graph):
    session = session_of(graph)
    doors = [(door.name, door.type, door.shape) for door in session.get_inputs() + session.get_outputs()]
    assert doors == [
        ("features", "tensor(float)", ["N", N_FEATURES]),
        ("explain", "tensor(bool)", [2]),
        ("margin", "tensor(float)", ["N", 2]),
        *((name, "tensor(double)", ["N", 2]) for name in ("probability", "low", "high", "support")),
        ("contributions", "tensor(float)", ["asked", "N", N_FEATURES]),
    ]


def test_its_outputs_name_their_columns(graph):
    *columns, layers = [output.doc_string for output in graph.graph.output]
    assert set(columns) == {"one column a target: target-0, target-1"}
    assert layers == "one layer a target asked for, of: target-0, target-1"


def test_the_same_models_give_the_same_bytes(graph):
    again = graph_of(snap(booster_of("shallow")), snap(booster_of("one leaf")), explained=True)
    assert again.SerializeToString(deterministic=True) == graph.SerializeToString(deterministic=True)


@pytest.mark.parametrize("spread", [(0.0, 0.0, 0.0), (0.04, 0.0, 0.0), (0.02, -0.01, 0.03)])
def test_the_ends_of_the_interval_are_those_of_the_log_odds(spread):
    snapped = snap(booster_of("shallow"))
    rows = ordinary_rows(2_000, seed=33)
    session = session_of(unexplained([TargetModel("one", snapped, 0.9, -0.2, spread)]))
    log_odds = 0.9 * raw_margin(snapped, rows).astype(np.float64) - 0.2
    reach = np.sqrt(np.maximum(spread[0] + spread[1] * log_odds + spread[2] * log_odds**2, 0))
    for name, sign in (("low", -1), ("high", 1)):
        expected = 1 / (1 + np.exp(-(log_odds + sign * reach)))
        assert np.abs(run(session, name, rows)[:, 0] - expected).max() <= 1e-12


def test_support_is_a_forest_of_its_own_and_unknown_where_there_is_none():
    snapped, other = snap(booster_of("shallow")), snap(booster_of("deep"))
    models = [
        TargetModel("bare", snapped, 1.0, 0.0),
        TargetModel("supported", snapped, 1.0, 0.0, support=Sigmoid(other, 0.7, -1.0)),
    ]
    rows = ordinary_rows(2_000, seed=34)
    session = session_of(unexplained(models))
    found = run(session, "support", rows)
    expected = 1 / (1 + np.exp(-(0.7 * raw_margin(other, rows).astype(np.float64) - 1.0)))
    assert np.isnan(found[:, 0]).all()
    assert np.abs(found[:, 1] - expected).max() <= 1e-12
    assert (run(session, "margin", rows)[:, 1] == raw_margin(snapped, rows)).all()


@pytest.mark.parametrize("targets", [1, 2, 3, 7, 9])
def test_a_row_gets_the_same_bits_alone_and_in_a_batch_of_any_size(targets):
    """onnxruntime's sigmoid has another last bit for what does not fill its vectors."""
    snapped = snap(booster_of("shallow"))
    support = Sigmoid(snapped, 0.7, 0.1)
    models = [
        TargetModel(f"{one}", snapped, 1 - 0.1 * one, 0.03 * one, (0.04, 0.01, 0.02), support)
        for one in range(targets)
    ]
    session, rows = session_of(unexplained(models)), ordinary_rows(1_000, seed=35)
    for output in ("probability", "low", "high", "support"):
        whole = run(session, output, rows)
        for size in (1, 3, 7, 8, 25):
            parts = run_in_batches(session, output, rows, size=size)
            assert np.array_equal(parts.view(np.int64), whole.view(np.int64)), (output, size)


def test_a_broader_outcome_never_gets_less_than_a_narrower_one():
    """Through a chain, and from two narrower outcomes at once."""
    names = ["half", "stopped", "third", "any"]
    boosters = [snap(booster_of(shape)) for shape in ("shallow", "deep", "one leaf", "huge leaves")]
    models = [TargetModel(name, booster, 0.5, 0.0) for name, booster in zip(names, boosters, strict=True)]
    chain = [("third", "any"), ("half", "third"), ("stopped", "third")]
    rows = ordinary_rows(3_000, seed=35)
    free = run(session_of(unexplained(models)), "probability", rows)
    bound = run(session_of(unexplained(models, implications=chain)), "probability", rows)
    third = np.maximum(free[:, 2], np.maximum(free[:, 0], free[:, 1]))
    assert (bound[:, :2] == free[:, :2]).all()
    assert (bound[:, 2] == third).all()
    assert (bound[:, 3] == np.maximum(free[:, 3], third)).all()


def test_outcomes_that_imply_each_other_in_a_circle_are_refused():
    models = [TargetModel(name, snap(booster_of("shallow")), 1.0, 0.0) for name in ("one", "other")]
    with pytest.raises(DefinitionError, match="circle"):
        build_graph(models, N_FEATURES, implications=[("one", "other"), ("other", "one")])
