"""What a naive comparison of scores across interventions gets wrong, and what the support gate removes.

Patients are simulated and their truth is known. Each is scored for every intervention at the one index they
have, by models that learnt from the other half of the patients.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.base_cohort import catalogue
from painresponse.clinic import Catalogue
from painresponse.clinic.declarations import Target
from painresponse.readers import histories
from painresponse.simulate import sealed_beside, simulate
from painresponse.simulate.comparison import Comparison, naive_comparison
from painresponse.simulate.oracle import read_truth
from painresponse.training.cohorts import gather
from painresponse.training.examples import Examples
from painresponse.training.lessons import lesson
from painresponse.training.response import learn
from painresponse.training.settings import TrainingSettings, training_settings
from painresponse.training.support import support_models


def main(words: Sequence[str] = ()) -> None:
    """Print sentences and biases: for the final stages, where the outcome is pain relief, and the first."""
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--patients", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--preset", default="registry", help="of the simulator")
    asked = parser.parse_args(words)
    declared = catalogue()
    with tempfile.TemporaryDirectory() as folder:
        clinic = Path(folder) / "clinic"
        simulate(clinic, subjects=asked.patients, seed=asked.seed, preset=asked.preset)
        examples = gather(histories(clinic, declared.concepts), declared).examples
        truth = read_truth(sealed_beside(clinic))
    show(compared(examples, truth, declared))


def compared(
    examples: Mapping[str, Examples], truth: pd.DataFrame, declared: Catalogue
) -> dict[str, Comparison]:
    """One target an intervention: its final stage, and its first."""
    scores = scored(examples, declared, training_settings(declared.training))
    chosen = {"final stages": _last(declared.targets), "first stages": _first(declared.targets)}
    return {
        name: naive_comparison(scores[scores["target"].isin(stages.values())], truth)
        for name, stages in chosen.items()
    }


def scored(examples: Mapping[str, Examples], declared: Catalogue, settings: TrainingSettings) -> pd.DataFrame:
    """Every target's score and support for every patient, by models of the half the patient is not in."""
    asks = _one_ask_each([examples[name] for name in _first(declared.targets).values()])
    parts = [part for half in (0, 1) for part in _half(half, asks, examples, declared, settings)]
    return pd.concat(parts, ignore_index=True)


def _half(
    half: int,
    asks: Examples,
    examples: Mapping[str, Examples],
    declared: Catalogue,
    settings: TrainingSettings,
) -> Iterator[pd.DataFrame]:
    learnt = {name: one.taken(np.flatnonzero(one.subject % 2 != half)) for name, one in examples.items()}
    others = asks.taken(np.flatnonzero(asks.subject % 2 == half))
    supports = support_models(learnt, declared.targets, settings)
    for name, target in declared.targets.items():
        model = learn(lesson(learnt[name], better=target.better, worse=target.worse), settings).chosen
        yield pd.DataFrame(
            {
                "subject_id": others.subject,
                "target": name,
                "probability": model.probability(others.x),
                "supported": supports[name].supported(others.x),
            }
        )


def _one_ask_each(several: Sequence[Examples]) -> Examples:
    """Of every patient the earliest ask, whatever they were then given."""
    columns = {name: np.concatenate([getattr(one, name) for one in several]) for name in _COLUMNS}
    pooled = Examples("", several[0].names, **columns)
    order = np.lexsort((pooled.index, pooled.subject))
    first: NDArray[np.int64] = np.unique(pooled.subject[order], return_index=True)[1]
    return pooled.taken(order[first])


_COLUMNS = ("x", "y", "subject", "index", "site")


def _last(targets: Mapping[str, Target]) -> dict[str, str]:
    """The last target of each intervention."""
    return {target.intervention: name for name, target in targets.items()}


def _first(targets: Mapping[str, Target]) -> dict[str, str]:
    return {target.intervention: name for name, target in reversed(targets.items())}


def show(found: Mapping[str, Comparison]) -> None:
    """Print it."""
    for name, comparison in found.items():
        print(f"\n{name}: {', '.join(comparison.targets)}")
        print("\n".join(comparison.sentences))
        table = comparison.table().pivot(
            index="target", columns="group", values=["patients", "bias", "error"]
        )
        print(table.loc[list(comparison.targets)].to_string(float_format=lambda value: f"{value:.3f}"))


if __name__ == "__main__":
    main(sys.argv[1:])
