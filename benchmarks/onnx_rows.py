"""Feature rows through one bundle against the same boosters through LightGBM, with and without reasons.

Nine targets, one thread each, process CPU time; other rows at every call, as a repeated row would flatter
both: the processor learns its branches. Both start from one float32 array. The bundle also calibrates and
gives intervals; where a target has a support, both give that too.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import lightgbm
import numpy as np
import onnxruntime

from benchmarks.forests import KINDS, bundled, models, names, rows_like_a_clinic
from painresponse.export.graph import TargetModel, build_graph
from painresponse.scoring.bundle import Bundle
from painresponse.scoring.opening import open_bundle

PATIENTS = 4_000
Score = Callable[[np.ndarray], object]
Sides = dict[str, Score]
LINE = "{:>8} {:24} {:>13} {:>13} {:>8} {:>6}"
NOTHING, ONE, ALL = "no explanation", "one target explained", "all targets explained"
PLAN = (
    (1, NOTHING, 200, 10, 3.0),
    (1, ONE, 200, 10, 4.0),
    (1, ALL, 100, 10, 4.0),
    (100, NOTHING, 5, 5, None),
    (100, ALL, 2, 3, None),
    (10_000, NOTHING, 1, 3, 1.4),
    (10_000, ALL, 1, 1, None),
)
"""Rows a call, what is asked, calls a round, rounds, the goal."""


def main(kinds: Sequence[str] = tuple(KINDS)) -> None:
    for kind in kinds:
        rows = rows_like_a_clinic(PATIENTS, seed=100)
        made = models(KINDS[kind], rows, names())
        with tempfile.TemporaryDirectory() as room:
            bundle = open_bundle(bundled(Path(room) / "rows.onnx", made, rows))
        print(f"{len(made)} targets, {KINDS[kind].words}; {rows.shape[1]} features; CPU time a call")
        print(LINE.format("rows", "asked", "LightGBM", "bundle", "ratio", "goal"))
        questions = _questions(made, bundle)
        for batch, asked, calls, rounds, goal in PLAN:
            _print(batch, asked, compared(questions[asked], batch=batch, calls=calls, rounds=rounds), goal)
        _print_unasked(made, bundle)


def _questions(made: Sequence[TargetModel], bundle: Bundle) -> dict[str, Sides]:
    """The same to both. LightGBM's contributions add up to the margin, which then needs no run of its own."""
    own = [model.booster for model in made]
    supports = [model.support.booster for model in made if model.support]
    everything = range(len(made))
    return {
        NOTHING: {"theirs": predicted(own + supports), "ours": bundle.run},
        ONE: {
            "theirs": _both(predicted(own[1:] + supports), _explained(own[:1])),
            "ours": lambda rows: bundle.run(rows, explain=[0]),
        },
        ALL: {
            "theirs": _both(predicted(supports), _explained(own)),
            "ours": lambda rows: bundle.run(rows, explain=everything),
        },
    }


def predicted(boosters: Sequence[lightgbm.Booster]) -> Score:
    return lambda rows: [booster.predict(rows, num_threads=1) for booster in boosters]


def _explained(boosters: Sequence[lightgbm.Booster]) -> Score:
    return lambda rows: [booster.predict(rows, pred_contrib=True, num_threads=1) for booster in boosters]


def _both(first: Score, second: Score) -> Score:
    return lambda rows: (first(rows), second(rows))


def _print_unasked(made: Sequence[TargetModel], bundle: Bundle) -> None:
    """What it costs to be able to explain where nothing is asked."""
    without = _without_explanations(made, bundle)
    for batch, calls, rounds in ((1, 500, 20), (10_000, 1, 3)):
        sides = {"theirs": without, "ours": bundle.run}
        least, ours = compared(sides, batch=batch, calls=calls, rounds=rounds)
        print(
            f"{batch:>8,} a graph that cannot explain: {least * 1e3:.3f} ms; "
            f"one that can and is not asked: {ours / least:.2f} times that (goal: at most 1.3)"
        )


def _without_explanations(made: Sequence[TargetModel], bundle: Bundle) -> Score:
    graph = build_graph(made, len(bundle.features), explained=False).SerializeToString()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    outputs = [one.name for one in session.get_outputs()]
    return lambda rows: session.run(outputs, {"features": rows})


def compared(sides: Sides, *, batch: int, calls: int, rounds: int) -> tuple[float, float]:
    """CPU seconds a call, theirs then ours: medians over rounds in which each goes first in turn."""
    spent: dict[str, list[float]] = {side: [] for side in sides}
    for number in range(rounds + 1):
        batches = np.split(rows_like_a_clinic(batch * calls, seed=number), calls)
        for side in sorted(sides, reverse=number % 2 == 1):
            spent[side].append(cpu_seconds_a_call(sides[side], batches))
    theirs, ours = (statistics.median(spent[side][1:]) for side in ("theirs", "ours"))
    return theirs, ours


def cpu_seconds_a_call(score: Score, batches: Sequence[np.ndarray]) -> float:
    start = time.process_time()
    for rows in batches:
        score(rows)
    return (time.process_time() - start) / len(batches)


def _print(batch: int, asked: str, spent: tuple[float, float], goal: float | None) -> None:
    theirs, ours = spent
    numbers = (f"{theirs * 1e3:.3f} ms", f"{ours * 1e3:.3f} ms", f"{theirs / ours:.2f}", goal or "")
    print(LINE.format(f"{batch:,}", asked, *numbers), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or tuple(KINDS))
