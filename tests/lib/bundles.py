"""A small bundle over the packaged catalogue: boosters fitted to noise, so its scores mean nothing."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

from painresponse.clinic import load_catalogue
from painresponse.clinic.groups import declared_groups
from painresponse.export.bundling import make_bundle
from painresponse.export.graph import TargetModel
from painresponse.export.snapping import snap

TARGETS = ("scs_permanent", "rfa", "cbt")
MADE_FROM = {"data": "noise", "data_fingerprint": "0" * 64, "versions": {"painresponse": "0.1.0"}}


def write_tiny_bundle(
    path: Path,
    *,
    kind: str = "synthetic",
    noise: int = 0,
    targets: Iterable[str] = TARGETS,
    cards: Mapping[str, dict[str, Any]] | None = None,
    **more: Any,
) -> str:
    """Write a bundle of three targets, fitted to this noise, or of others, with other ``cards`` too.

    Returns its SHA-256.
    """
    catalogue = load_catalogue()
    models = [_model(name, len(catalogue.features), seed) for seed, name in enumerate(targets, noise)]
    numbers = {
        "episodes": 400,
        "responders": 150,
        "kind": "boosted",
        "why": "Made for tests.",
        "least_support": None,
        "leans_on": [],
        "diagnoses": list(declared_groups()["diagnosis"]),
        "metrics": {"auc": [0.5, 0.45, 0.55]},
    }
    return make_bundle(
        path,
        catalogue,
        models,
        cards={model.name: {**numbers, **(cards or {}).get(model.name, {})} for model in models},
        provenance={"kind": kind, **MADE_FROM},
        reference={},
        **more,
    )


def _model(name: str, width: int, seed: int) -> TargetModel:
    rng = np.random.default_rng(seed)
    x = np.abs(rng.normal(5, 4, (400, width))).astype(np.float32)
    x[rng.random(x.shape) < 0.4] = np.nan
    # an old pain score, so that answers differ between patients
    y = (np.nan_to_num(x[:, 1]) + rng.normal(0, 3, 400) > 5).astype(float)
    params = {"objective": "binary", "max_depth": 4, "num_leaves": 8, "num_threads": 1, "verbose": -1}
    booster = lightgbm.train(params, lightgbm.Dataset(x, y), num_boost_round=20)
    return TargetModel(name, snap(booster), slope=0.9, intercept=-0.1, spread=(0.04, 0.0, 0.01))
