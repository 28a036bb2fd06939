"""Boosters of the kinds that the package trains, nine targets each, and bundles of them.

They are fitted to made-up outcomes, so what they say means nothing; how they are built is what counts.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import lightgbm
import numpy as np
from numpy.typing import NDArray

from benchmarks.histories import catalogue
from painresponse.clinic.groups import declared_groups
from painresponse.errors import BundleError
from painresponse.export.bundling import make_bundle
from painresponse.export.graph import Sigmoid, TargetModel
from painresponse.export.snapping import snap
from painresponse.scoring.opening import open_bundle
from painresponse.training.points import Sheet, cut, regress

Rows = NDArray[np.float32]
Outcomes = NDArray[np.float64]

TREES = 150
CUTS, BINS = 60, (28, 2)
"""Of the shipped bundle's models: so many features, every other one a yes or no."""

SHIPPED = Path("models/synthetic.onnx")
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


@dataclass(frozen=True)
class Kind:
    """How a booster is learnt, and whether every target has a second one, of its support."""

    words: str
    learn: Callable[[Rows, Outcomes], lightgbm.Booster]
    supported: bool


def names() -> tuple[str, ...]:
    return tuple(catalogue().targets)


def rows_like_a_clinic(count: int, *, seed: int) -> Rows:
    """Columns of several scales and grids, most with missing values."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, len(catalogue().features)))
    rows[:, 60:120] = np.exp(rows[:, 60:120] * 2)
    rows[:, 120:160] *= 1e5
    rows[:, 200:260] = np.round(rows[:, 200:260] * 5, 1)
    rows[rng.random(rows.shape) < np.linspace(0, 0.6, rows.shape[1])] = np.nan
    return rows.astype(np.float32)


def grown(rows: Rows, outcomes: Outcomes, *, leaves: int, depth: int, trees: int = TREES) -> lightgbm.Booster:
    params = {
        "objective": "binary",
        "num_leaves": leaves,
        "max_depth": depth,
        "learning_rate": 0.05,
        "feature_fraction": 0.5,
        "num_threads": 1,
        "verbose": -1,
    }
    return snap(lightgbm.train(params, lightgbm.Dataset(rows, outcomes), trees))


def weighed(rows: Rows, outcomes: Outcomes) -> lightgbm.Booster:
    """The package's own regression on features cut into bins: one tree a feature."""
    cuts = [cut(rows, place, BINS[place % 2]) for place in _varying(rows, outcomes)]
    sheet = Sheet.of([one for one in cuts if one], rows)
    free = np.zeros(len(sheet.cuts), np.int64)
    points = regress(sheet, outcomes, trust=np.ones(len(free)), ways=free, strength=100.0)
    return snap(points.booster(catalogue().features.names))


def _varying(rows: Rows, outcomes: Outcomes) -> list[int]:
    """Places of features that are not the same in everybody, other ones for other outcomes."""
    spread = np.nanmax(rows, axis=0, initial=-np.inf) > np.nanmin(rows, axis=0, initial=np.inf)
    turned = np.random.default_rng(int(outcomes.sum())).permutation(np.flatnonzero(spread))
    return sorted(turned[:CUTS].tolist())


KINDS = {
    "trees": Kind(f"{TREES} trees of 15 leaves", partial(grown, leaves=15, depth=5), supported=False),
    "small": Kind(f"{TREES} trees of 8 leaves", partial(grown, leaves=8, depth=3), supported=False),
    "points": Kind(f"{CUTS} trees of one feature, and of the support as many", weighed, supported=True),
}
"""The largest trees there are goals for, the largest the packaged settings grow, and what ships."""


def models(kind: Kind, rows: Rows, targets: Sequence[str]) -> list[TargetModel]:
    """One a target, each learnt from other outcomes of the same rows."""
    made = []
    for seed, name in enumerate(targets):
        booster = kind.learn(rows, _outcomes(rows, seed))
        support = kind.learn(rows, _outcomes(rows, 100 + seed)) if kind.supported else None
        calibrated = Sigmoid(support, 1.0, 0.0) if support else None
        made.append(TargetModel(name, booster, 0.9, -0.1, spread=(0.04, 0.0, 0.01), support=calibrated))
    return made


def _outcomes(rows: Rows, seed: int) -> Outcomes:
    rng = np.random.default_rng(seed)
    signal = np.tanh(np.nan_to_num(rows)) @ rng.standard_normal(rows.shape[1])
    noise = signal.std() * rng.standard_normal(len(rows))
    return (signal + noise > np.median(signal)).astype(float)


def bundled(path: Path, made: Sequence[TargetModel], rows: Rows) -> Path:
    """A bundle over the packaged catalogue that refuses nobody for want of support."""
    numbers = {
        "episodes": len(rows),
        "responders": len(rows) // 2,
        "kind": "boosted",
        "why": "Made to be measured.",
        "least_support": None,
        "leans_on": [],
        "diagnoses": list(declared_groups()["diagnosis"]),
        "metrics": {"auc": [0.5, 0.45, 0.55]},
    }
    make_bundle(
        path,
        catalogue(),
        made,
        cards={model.name: numbers for model in made},
        provenance={"kind": "synthetic", "source": "random numbers"},
        reference=_reference(rows),
    )
    return path


def shipped() -> Iterator[Path]:
    """The bundle that ships, if this version reads it; else its complaint is printed."""
    try:
        open_bundle(SHIPPED)
        yield SHIPPED
    except BundleError as complaint:
        print(complaint, file=sys.stderr)


def _reference(rows: Rows) -> dict[str, list[float | None]]:
    """Quantiles of each feature's known values, then the share known."""
    table = {}
    for name, column in zip(catalogue().features.names, rows.T.astype(np.float64), strict=True):
        known = column[~np.isnan(column)]
        marks = np.quantile(known, QUANTILES) if len(known) else np.full(len(QUANTILES), np.nan)
        table[name] = [None if np.isnan(one) else float(one) for one in (*marks, len(known) / len(column))]
    return table
