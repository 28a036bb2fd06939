"""Models against the oracle on the simulated base cohort: distance in AUC, Brier score, calibration, time.

``python -m benchmarks.models --seeds 10`` goes on where it was killed; results are in benchmarks/results.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing import get_context, parent_process
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks import ledger
from benchmarks.base_cohort import PATIENTS, Base, catalogue, made, read, room
from painresponse.clinic import Catalogue
from painresponse.simulate import simulate
from painresponse.simulate.oracle import auc, compare
from painresponse.training.borrowing import lender_for
from painresponse.training.examples import Examples
from painresponse.training.fitting import fit
from painresponse.training.lessons import Lesson, lesson
from painresponse.training.settings import TrainingSettings, training_settings

MANY, NEAR, NEAR_FOR_PUMPS = 3_000, 0.02, 0.04
"""Episodes from which the mean distance to the oracle's AUC must be at most so much."""

BRIER = 0.005
"""How far the mean Brier score may be from the oracle's."""


class Ours(NamedTuple):
    """The package's own out-of-fold probabilities of labelled examples, their folds, the kind of model.

    ``others``: those of the models it was chosen from.
    """

    probability: NDArray[np.float64]
    fold: NDArray[np.int64]
    kind: str
    others: dict[str, NDArray[np.float64]]


def out_of_fold(
    lessons: Mapping[str, Lesson],
    examples: Examples,
    target: str,
    declared: Catalogue,
    settings: TrainingSettings,
) -> Ours:
    """What the package's own procedure, tuning and calibration inside, says of people it never saw."""
    asked = declared.targets[target]
    lender = lender_for(target, lessons, settings)
    fitted = fit(examples, settings, better=asked.better, worse=asked.worse, lender=lender)
    table = fitted.out_of_fold
    others = {"boosted": table.boosted, "logistic": table.twin}
    if lender is not None:
        alone = fit(examples, settings, better=asked.better, worse=asked.worse)
        others["alone"] = alone.out_of_fold.probability
    return Ours(table.probability, table.fold, fitted.learnt.kind, others)


def lessons_of(bases: Mapping[str, Base], declared: Catalogue) -> dict[str, Lesson]:
    """Of every target, for the others to borrow from."""
    return {
        name: lesson(base.examples, better=declared.targets[name].better, worse=declared.targets[name].worse)
        for name, base in bases.items()
    }


def main(words: Sequence[str] = ()) -> None:
    """Fit what is not known yet, each seed in a process of its own, and print the table."""
    parser = arguments("models.json", seeds=10, targets=list(catalogue().targets))
    parser.add_argument("--command", action="store_true", help="time painresponse train as well")
    asked = parser.parse_args(words)
    keys = list(each(asked))
    with room() as folder:
        for seed in dict.fromkeys(key["seed"] for key in keys):
            wanted = [key for key in keys if key["seed"] == seed and not ledger.has(asked.results, key)]
            if wanted:
                path = made(folder, seed, preset=asked.preset, patients=asked.patients)
                _alone(path, wanted, asked.results)
    show([row for row in ledger.rows(asked.results) if any(key.items() <= row.items() for key in keys)])
    if asked.command:
        print(whole_command(asked.patients, asked.preset))


def arguments(results: str, *, seeds: int, targets: list[str]) -> argparse.ArgumentParser:
    """What every benchmark of models can be asked."""
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--seeds", type=int, default=seeds, help="from 1 to this")
    parser.add_argument("--targets", nargs="+", default=targets)
    parser.add_argument("--patients", type=int, default=PATIENTS, help="fewer for a try")
    parser.add_argument("--preset", default="registry", help="of the simulator")
    parser.add_argument("--results", type=Path, default=ledger.RESULTS / results)
    return parser


def each(asked: argparse.Namespace) -> Iterator[ledger.Row]:
    """What tells one result from another."""
    for seed in range(1, asked.seeds + 1):
        for target in asked.targets:
            yield {"preset": asked.preset, "patients": asked.patients, "seed": seed, "target": target}


def _alone(cohort: Path, keys: list[ledger.Row], results: Path) -> None:
    """In a new process: its peak memory is of nothing but training."""
    process = get_context("spawn").Process(target=_fit_all, args=(cohort, keys, results))
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(f"training stopped with {process.exitcode}; what was finished is in {results}")


def _fit_all(cohort: Path, keys: list[ledger.Row], results: Path) -> None:
    declared = catalogue()
    settings = training_settings(declared.training)
    bases = read(cohort)
    lessons = lessons_of(bases, declared)
    for key in keys:
        base = bases[key["target"]]
        start, cpu = time.perf_counter(), time.process_time()
        ours = out_of_fold(lessons, base.examples, key["target"], declared, settings)
        spent = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu, "peak_mb": _peak()}
        figures = _figures(base.labelled(), ours)
        if not parent_process().is_alive():
            return  # whoever goes on may be at this target already
        ledger.add(results, key | figures | spent | {"made_with": ledger.made_with()})
        print(f"seed {key['seed']} {key['target']}: {spent['seconds']:.0f} s", file=sys.stderr, flush=True)


def _figures(base: Base, ours: Ours) -> ledger.Row:
    others = {f"auc_{name}": auc(base.examples.y, p) for name, p in ours.others.items()}
    return against_the_oracle(base, ours.probability) | others | {"kind": ours.kind}


def against_the_oracle(base: Base, probability: NDArray[np.float64]) -> dict[str, float]:
    """Ours and the oracle's figures of the same episodes with the same outcomes."""
    examples = base.examples
    columns = {"subject_id": examples.subject, "outcome": examples.y, "oracle": base.oracle}
    episodes = pd.DataFrame({**columns, "probability": probability, "target": examples.target})
    found = compare(episodes, episodes).iloc[0].to_dict()
    return found | {"n": len(examples), "responders": int(examples.y.sum())}


def _peak() -> float:
    """Megabytes of this process, and of the largest it started."""
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM"))
    return (int(line.split()[1]) + getrusage(RUSAGE_CHILDREN).ru_maxrss) / 1024


def show(known: list[ledger.Row]) -> None:
    """Print what is known, by target over the seeds, and what a seed took."""
    frame = pd.DataFrame(known)
    table = pd.DataFrame({target: _summary(rows) for target, rows in frame.groupby("target", sort=False)}).T
    print(table.to_string(float_format=lambda value: f"{value:.4f}"))
    seeds = frame.groupby("seed").agg({"seconds": "sum", "cpu": "sum", "peak_mb": "max", "n": "sum"})
    print(seeds.round().astype(int).to_string())
    print(ledger.provenance(known))


def _summary(rows: pd.DataFrame) -> dict[str, object]:
    distance, slope = rows["oracle_auc"] - rows["auc"], rows["slope"]
    brier = rows["brier"] - rows["oracle_brier"]
    goal = _goal(rows["target"].iloc[0], rows["n"].mean())
    return {
        "seeds": len(rows),
        "n": round(rows["n"].mean()),
        "responders": round(rows["responders"].mean()),
        "AUC": rows["auc"].mean(),
        **{name: rows[f"auc_{name}"].mean() for name in ("boosted", "logistic")},
        "oracle": rows["oracle_auc"].mean(),
        "distance": distance.mean(),
        "s.e.": distance.sem(),
        "largest": distance.max(),
        "goal": goal,
        "reached": "" if np.isnan(goal) else _yes(distance.mean() <= goal),
        "above": f"{(rows['difference_low'] > 0).sum()} of {len(rows)}",
        "Brier - oracle": brier.mean(),
        f"within {BRIER}": _yes(brier.mean() <= BRIER),
        "slope": slope.mean(),
        "slopes": f"{slope.min():.2f} to {slope.max():.2f}",
        "in the large": rows["in_the_large"].abs().max(),
        "models": ", ".join(f"{count} {kind}" for kind, count in Counter(rows["kind"]).items()),
    }


def _yes(reached: bool) -> str:
    return "yes" if reached else "no"


def _goal(target: str, episodes: float) -> float:
    if target.startswith("idd"):
        return NEAR_FOR_PUMPS
    return NEAR if episodes >= MANY else float("nan")


def whole_command(patients: int, preset: str) -> str:
    """Wall seconds and peak megabytes of ``painresponse train`` on a clinic of seed 1."""
    with tempfile.TemporaryDirectory() as folder:
        clinic = Path(folder) / "clinic"
        simulate(clinic, subjects=patients, seed=1, preset=preset)
        command = ["-m", "painresponse", "train", str(clinic), "--out", f"{folder}/model.onnx", "--json"]
        code = (
            "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, "
            "stdout=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        )
        command += ["--store", f"sqlite:///{folder}/mlflow.db"]
        line = [sys.executable, "-c", code, sys.executable, *command]
        start = time.perf_counter()
        done = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True, cwd=folder)
        seconds = time.perf_counter() - start
    return f"painresponse train: {seconds:.0f} s, {int(done.stdout) / 1024:.0f} MB in its largest process"


if __name__ == "__main__":
    main(sys.argv[1:])
