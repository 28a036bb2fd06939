"""The model under test, run as the product runs it."""

from collections.abc import Sequence

import lightgbm
import numpy as np
import onnx
import onnxruntime

from painresponse.export.graph import TargetModel, build_graph


def graph_of(
    *boosters: lightgbm.Booster, slope: float = 1.0, intercept: float = 0.0, explained: bool = False
) -> onnx.ModelProto:
    """Most of the shapes are too large for a graph that also explains them."""
    models = [
        TargetModel(f"target-{number}", booster, slope, intercept) for number, booster in enumerate(boosters)
    ]
    return build_graph(models, boosters[0].num_feature(), explained=explained)


def session_of(graph: onnx.ModelProto, *, threads: int = 1) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def run(session: onnxruntime.InferenceSession, output: str, rows: np.ndarray) -> np.ndarray:
    return session.run([output], {"features": rows})[0]


def contributions(
    session: onnxruntime.InferenceSession, rows: np.ndarray, *, asked: Sequence[bool]
) -> np.ndarray:
    """Targets asked for x rows x features."""
    return session.run(["contributions"], {"features": rows, "explain": np.array(asked, bool)})[0]


def run_in_batches(
    session: onnxruntime.InferenceSession, output: str, rows: np.ndarray, *, size: int
) -> np.ndarray:
    starts = range(0, len(rows), size)
    return np.concatenate([run(session, output, rows[start : start + size]) for start in starts])


def raw_margin(booster: lightgbm.Booster, rows: np.ndarray) -> np.ndarray:
    return booster.predict(rows, raw_score=True, num_threads=1)


def assert_same_bits(onnx_margins: np.ndarray, lightgbm_margins: np.ndarray) -> None:
    """Equal to the last bit, the sign of zero included."""
    np.testing.assert_array_equal(
        onnx_margins.astype(np.float64).view(np.int64), lightgbm_margins.view(np.int64)
    )
