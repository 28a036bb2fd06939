"""Scoring rows through one ONNX session against the same boosters through LightGBM.

Nine targets of 150 trees with 8 to 15 leaves on 300 features, one thread each, process CPU time. The rows
vary from call to call: one row repeated would flatter both, as the processor learns its branches. The ONNX
side also calibrates; both start from one float32 array.
"""

import statistics
import time
from collections.abc import Callable

import lightgbm
import numpy as np
import onnxruntime

from painresponse.export.graph import TargetModel, build_graph
from painresponse.export.snapping import snap

TARGETS, TREES, FEATURES = 9, 150, 300
ROUNDS = 10
Score = Callable[[np.ndarray], object]


def rows_like_a_clinic(count: int, *, seed: int) -> np.ndarray:
    """Columns of several scales and grids, most with missing values."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, FEATURES))
    rows[:, 60:120] = np.exp(rows[:, 60:120] * 2)
    rows[:, 120:160] *= 1e5
    rows[:, 200:260] = np.round(rows[:, 200:260] * 5, 1)
    rows[rng.random(rows.shape) < np.linspace(0, 0.6, FEATURES)] = np.nan
    return rows.astype(np.float32)


def train(target: int) -> lightgbm.Booster:
    rng = np.random.default_rng(target)
    rows = rows_like_a_clinic(4_000, seed=100 + target)
    signal = np.tanh(np.nan_to_num(rows)) @ rng.standard_normal(FEATURES) + 4 * rng.standard_normal(len(rows))
    params = {
        "objective": "binary",
        "num_leaves": 8 + target * 7 // (TARGETS - 1),
        "max_depth": 5,
        "learning_rate": 0.05,
        "feature_fraction": 0.5,
        "num_threads": 1,
        "verbose": -1,
    }
    return snap(lightgbm.train(params, lightgbm.Dataset(rows, (signal > 0).astype(int)), TREES))


def through_lightgbm(boosters: list[lightgbm.Booster]) -> Score:
    return lambda rows: [booster.predict(rows, num_threads=1) for booster in boosters]


def through_onnx(boosters: list[lightgbm.Booster]) -> Score:
    models = [TargetModel(str(number), booster, 1.0, 0.0) for number, booster in enumerate(boosters)]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    graph = build_graph(models, FEATURES).SerializeToString()
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return lambda rows: session.run(["probability"], {"features": rows})[0]


def cpu_seconds_a_call(score: Score, batches: list[np.ndarray]) -> float:
    start = time.process_time()
    for rows in batches:
        score(rows)
    return (time.process_time() - start) / len(batches)


def compare(boosters: list[lightgbm.Booster], *, batch: int, calls: int) -> tuple[float, float]:
    """CPU seconds a call, LightGBM then ONNX: medians over rounds in which each goes first in turn."""
    sides = {"lightgbm": through_lightgbm(boosters), "onnx": through_onnx(boosters)}
    spent: dict[str, list[float]] = {side: [] for side in sides}
    for number in range(ROUNDS + 1):
        batches = np.split(rows_like_a_clinic(batch * calls, seed=number), calls)
        for side in sorted(sides, reverse=number % 2 == 1):
            spent[side].append(cpu_seconds_a_call(sides[side], batches))
    return statistics.median(spent["lightgbm"][1:]), statistics.median(spent["onnx"][1:])


def main() -> None:
    boosters = [train(target) for target in range(TARGETS)]
    print(f"{TARGETS} targets x {TREES} trees x 8-15 leaves x {FEATURES} features; CPU time a call, 1 thread")
    print(f"{'rows':>8} {'LightGBM':>12} {'one ONNX':>12} {'ratio':>7} {'goal':>7}")
    for batch, calls, goal in ((1, 500, "3.0x"), (100, 20, ""), (10_000, 1, "")):
        theirs, ours = compare(boosters, batch=batch, calls=calls)
        print(
            f"{batch:>8} {theirs * 1e3:>9.3f} ms {ours * 1e3:>9.3f} ms {theirs / ours:>6.2f}x {goal:>7}",
            flush=True,
        )


if __name__ == "__main__":
    main()
