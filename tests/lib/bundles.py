"""A small bundle over the packaged catalogue: boosters fitted to noise, so its scores mean nothing."""

from pathlib import Path

import lightgbm
import numpy as np

from painresponse.clinic import load_catalogue
from painresponse.export.bundling import make_bundle
from painresponse.export.graph import TargetModel
from painresponse.export.snapping import snap

TARGETS = ("scs_permanent", "rfa", "cbt")
MADE_FROM = {"data": "noise", "data_fingerprint": "0" * 64, "versions": {"painresponse": "0.1.0"}}


def write_tiny_bundle(path: Path, *, kind: str = "synthetic") -> str:
    """Write a bundle of three targets; returns its SHA-256."""
    catalogue = load_catalogue()
    models = [_model(name, len(catalogue.features), seed) for seed, name in enumerate(TARGETS)]
    numbers = {
        "episodes": 400,
        "responders": 150,
        "kind": "boosted",
        "why": "Made for tests.",
        "least_support": None,
        "metrics": {"auc": [0.5, 0.45, 0.55]},
    }
    return make_bundle(
        path,
        catalogue,
        models,
        cards=dict.fromkeys(TARGETS, numbers),
        provenance={"kind": kind, **MADE_FROM},
        reference={},
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
