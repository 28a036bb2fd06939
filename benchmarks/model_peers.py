"""Against a tuned HistGradientBoosting and AutoGluon: same rows, same folds, equal time.

AutoGluon has an environment of its own (`make benchmarks-models`). They get the time we took for a target,
but never less than ``--least`` seconds a fold. ``--targets all`` is long.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedGroupKFold

from benchmarks import ledger
from benchmarks.base_cohort import catalogue, made, read, room
from benchmarks.models import arguments, each, lessons_of, out_of_fold
from painresponse.evaluation.bootstrap import estimated, subject_weights
from painresponse.evaluation.measures import auc, brier, calibration_slope
from painresponse.training.examples import Examples
from painresponse.training.lessons import Lesson
from painresponse.training.settings import training_settings
from painresponse.training.splits import Rows, each_fold

AUTOGLUON = Path(__file__).parents[1] / ".venv-autogluon" / "bin" / "python"
FEW = ["idd_permanent", "nerve_block_therapeutic"]
RESAMPLES, INNER = 1000, 3

Numbers = NDArray[np.float64]
Peer = Callable[[Examples, NDArray[np.int64], float], tuple[Numbers, ledger.Row]]
"""Examples, their folds and seconds a fold into out-of-fold probabilities and how they were made."""


def main(words: Sequence[str] = ()) -> None:
    """Compare what is not known yet and print the table."""
    everything = list(catalogue().targets)
    parser = arguments("model_peers.json", seeds=1, targets=FEW)
    parser.add_argument("--least", type=float, default=60, help="seconds a fold for the others, at least")
    asked = parser.parse_args(words)
    asked.targets = everything if asked.targets == ["all"] else asked.targets
    keys = list(each(asked))
    with room() as folder:
        for key in keys:
            if not ledger.has(asked.results, key):
                path = made(folder, key["seed"], preset=asked.preset, patients=asked.patients)
                bases = read(path)
                lessons = lessons_of(bases, catalogue())
                examples = bases[key["target"]].labelled().examples
                ledger.add(asked.results, key | compared(lessons, examples, asked.least))
    show([row for row in ledger.rows(asked.results) if any(key.items() <= row.items() for key in keys)])


def compared(lessons: Mapping[str, Lesson], examples: Examples, least: float) -> ledger.Row:
    """Everybody's figures, and ours less theirs, each with its 95 % interval from resampled subjects."""
    declared, start = catalogue(), time.perf_counter()
    ours = out_of_fold(lessons, examples, examples.target, declared, training_settings(declared.training))
    seconds, probabilities = {"ours": time.perf_counter() - start}, {"ours": ours.probability}
    facts: ledger.Row = {"ours": {"kind": ours.kind}}
    share = max(seconds["ours"] / (ours.fold.max() + 1), least)
    for name, peer in peers().items():
        start = time.perf_counter()
        probabilities[name], facts[name] = peer(examples, ours.fold, share)
        seconds[name] = time.perf_counter() - start
        print(f"{examples.target} {name}: {seconds[name]:.0f} s", file=sys.stderr, flush=True)
    made = {"seconds": seconds, "facts": facts, "made_with": ledger.made_with()}
    return {"n": len(examples), "figures": figures(examples, probabilities)} | made


def peers() -> dict[str, Peer]:
    """Those that are installed."""
    if AUTOGLUON.is_file():
        return {"histgb": histgb, "autogluon": autogluon}
    print(f"without AutoGluon: {AUTOGLUON} is not there, see make benchmarks-models", file=sys.stderr)
    return {"histgb": histgb}


def figures(examples: Examples, probabilities: dict[str, Numbers]) -> dict[str, dict[str, Sequence[float]]]:
    """By predictor: AUC, Brier score, slope and, for the others, how far we are ahead; value, low, high."""
    weights = subject_weights(examples.subject, RESAMPLES, seed=0)
    drawn = {name: _drawn(examples.y, p, weights) for name, p in probabilities.items()}
    for name in set(drawn) - {"ours"}:
        ahead = {
            "auc_ahead": drawn["ours"]["auc"] - drawn[name]["auc"],
            "slope_nearer": drawn[name]["slope_off"] - drawn["ours"]["slope_off"],
        }
        drawn[name] |= ahead
    return {name: {what: list(estimated(d)) for what, d in own.items()} for name, own in drawn.items()}


def _drawn(y: Numbers, p: Numbers, weights: Numbers) -> dict[str, Numbers]:
    slope = calibration_slope(y, p, weights)
    own = {"auc": auc(y, p, weights), "brier": brier(y, p, weights)}
    return {**own, "slope": slope, "slope_off": np.abs(slope - 1)}


def histgb(examples: Examples, fold: NDArray[np.int64], seconds: float) -> tuple[Numbers, ledger.Row]:
    """scikit-learn's boosted trees, tuned by Optuna inside each training fold."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    probability, trials = np.empty(len(fold)), []
    for rows, held_out in each_fold(fold):
        study = _tuned(examples.taken(rows), seconds)
        model = _grown(study.best_trial.user_attrs["given"], examples.x[rows], examples.y[rows])
        probability[held_out] = model.predict_proba(examples.x[held_out])[:, 1]
        trials.append(len(study.trials))
    return probability, {"version": version("scikit-learn"), "trials": trials}


def _grown(given: dict[str, float], x: NDArray[np.float32], y: Numbers) -> HistGradientBoostingClassifier:
    """What nobody has is made constant: with nothing to bin it stops."""
    return HistGradientBoostingClassifier(**given).fit(np.where(np.isnan(x).all(axis=0), 0, x), y)


def _tuned(examples: Examples, seconds: float) -> optuna.Study:
    """What was tried in so many seconds; the defaults are tried first."""
    splitter = StratifiedGroupKFold(INNER, shuffle=True, random_state=0)
    splits = list(splitter.split(examples.x, examples.y, examples.subject))
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=0), pruner=optuna.pruners.MedianPruner(n_startup_trials=5)
    )
    study.enqueue_trial(_as_shipped())
    end = time.perf_counter() + seconds
    study.optimize(lambda trial: _loss(trial, examples, splits, end), timeout=seconds)
    return study


def _as_shipped() -> dict[str, float]:
    shipped = {"learning_rate": 0.1, "max_iter": 100, "max_leaf_nodes": 31, "min_samples_leaf": 20}
    return {**shipped, "l2_regularization": 1e-3, "max_features": 1.0}


def _loss(trial: optuna.Trial, examples: Examples, splits: list[tuple[Rows, Rows]], end: float) -> float:
    given = {
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.2, log=True),
        "max_iter": trial.suggest_int("max_iter", 25, 400, log=True),
        "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 2, 31, log=True),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 5, 200, log=True),
        "l2_regularization": trial.suggest_float("l2_regularization", 1e-3, 100, log=True),
        "max_features": trial.suggest_float("max_features", 0.1, 1.0),
    }
    given |= {"early_stopping": False, "random_state": 0}
    trial.set_user_attr("given", given)
    losses = []
    for step, (rows, held_out) in enumerate(splits):
        model = _grown(given, examples.x[rows], examples.y[rows])
        losses.append(log_loss(examples.y[held_out], model.predict_proba(examples.x[held_out])))
        trial.report(float(np.mean(losses)), step)
        if trial.should_prune() or (trial.number and time.perf_counter() > end):
            raise optuna.TrialPruned
    return float(np.mean(losses))


def autogluon(examples: Examples, fold: NDArray[np.int64], seconds: float) -> tuple[Numbers, ledger.Row]:
    """AutoGluon Tabular's best_quality, in its own environment."""
    if len(np.unique(examples.subject)) < len(examples):
        sys.exit("a subject has two episodes of one target: AutoGluon's own folds would have to know")
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder) / "given.npz", Path(folder) / "answer.npz"
        np.savez(given, x=examples.x, y=examples.y, fold=fold)
        script = Path(__file__).with_name("with_autogluon.py")
        command = [str(AUTOGLUON), str(script), str(given), str(answer), str(seconds)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"AutoGluon stopped:\n{done.stderr[-2000:]}")
        with np.load(answer) as held:
            return held["probability"], json.loads(done.stdout.splitlines()[-1])


def show(known: list[ledger.Row]) -> None:
    """Print a line for each seed, target and predictor, then the means."""
    index = ["seed", "target", "n", "who"]
    lines = [
        {name: row.get(name, who) for name in index} | {"seconds": round(row["seconds"][who])} | own
        for row in known
        for who, own in row["figures"].items()
    ]
    table = pd.DataFrame(lines).set_index(index)
    print(table.map(_worded).fillna("").to_string())
    figures = table.drop(columns="seconds").map(lambda one: one[0], na_action="ignore")
    print(figures.groupby("who", sort=False).mean().to_string(float_format="%.3f", na_rep=""))
    print(ledger.provenance(known))


def _worded(cell: Sequence[float] | float) -> str:
    if isinstance(cell, Sequence):
        return "{:.3f} ({:.3f} to {:.3f})".format(*cell)
    return "" if np.isnan(cell) else f"{cell:.0f}"


if __name__ == "__main__":
    main(sys.argv[1:])
