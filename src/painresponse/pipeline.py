"""The whole of training: histories to examples to models to one bundle, tracked in MLflow."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from painresponse.clinic import Catalogue, load_catalogue
from painresponse.errors import CohortError
from painresponse.export.bundling import make_bundle
from painresponse.export.graph import TargetModel
from painresponse.readers import histories, shards
from painresponse.report.figures import all_figures
from painresponse.tracking import RunFacts, track
from painresponse.training.cohorts import Cohort, gather
from painresponse.training.examples import Examples
from painresponse.training.fitting import Fitted, fit
from painresponse.training.settings import TrainingSettings, training_settings

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
DEFAULT_STORE = "sqlite:///mlflow.db"


@dataclass(frozen=True)
class Trained:
    """What a training run made: the bundle, the fitted targets, why others were left out, the MLflow run."""

    bundle: Path
    digest: str
    synthetic: bool
    fitted: tuple[Fitted, ...]
    skipped: dict[str, str]
    cohort: Cohort
    run: str
    store: str

    def predictions(self) -> pd.DataFrame:
        """Out-of-fold predictions and those of the comparators, a line for each episode and its outcome."""
        return pd.concat([_predictions(self.cohort, one) for one in self.fitted], ignore_index=True)


def train(
    data: Path,
    out: Path,
    *,
    config: Path | None = None,
    store: str = DEFAULT_STORE,
    experiment: str = "painresponse",
    progress: Callable[[], None] = lambda: None,
) -> Trained:
    """Train every target of the catalogue on a MEDS folder and write one bundle.

    ``progress`` is called once a shard and once a target. Raises CohortError when no target at all has enough
    outcomes; targets with too few are left out and named in ``skipped``.
    """
    catalogue = load_catalogue(config, data=data)
    settings = training_settings(catalogue.training)
    cohort = gather(histories(data, catalogue.concepts), catalogue, progress=progress)
    fitted, skipped = _fit_all(cohort, catalogue, settings, progress)
    provenance = _provenance(data, settings)
    models = [TargetModel(one.target, one.booster, one.slope, one.intercept) for one in fitted]
    digest = make_bundle(
        out,
        catalogue,
        models,
        cards={one.target: _card(one) for one in fitted},
        provenance=provenance,
        reference=_reference([cohort.examples[one.target] for one in fitted]),
    )
    facts = RunFacts(experiment, provenance, {name: one.steps for name, one in cohort.attrition.items()})
    figures = {one.target: all_figures(one, title=catalogue.label(one.target)) for one in fitted}
    run = track(store, facts, fitted, figures=figures, bundle=out)
    synthetic = provenance["kind"] == "synthetic"
    return Trained(out, digest, synthetic, tuple(fitted), skipped, cohort, run, store)


def _fit_all(
    cohort: Cohort, catalogue: Catalogue, settings: TrainingSettings, progress: Callable[[], None]
) -> tuple[list[Fitted], dict[str, str]]:
    fitted, skipped = [], {}
    for name, target in catalogue.targets.items():
        try:
            fitted.append(fit(cohort.examples[name], settings, better=target.better, worse=target.worse))
        except CohortError as error:
            skipped[name] = str(error)
        progress()
    if not fitted:
        reasons = " ".join(skipped.values())
        raise CohortError(f"No target can be trained on these data. {reasons}")
    return fitted, skipped


def is_synthetic(data: Path) -> bool:
    """Whether a MEDS folder says of itself that its patients are simulated."""
    facts = data / "metadata" / "dataset.json"
    return facts.is_file() and json.loads(facts.read_text()).get("data_provenance") == "synthetic"


def _provenance(data: Path, settings: TrainingSettings) -> dict[str, Any]:
    """Where the training data came from and what was done with them; no time stamp: equal runs are equal."""
    fingerprint = hashlib.sha256()
    for shard in shards(data):
        fingerprint.update(hashlib.sha256(shard.read_bytes()).digest())
    packages = ("painresponse", "lightgbm", "numpy", "scikit-learn", "onnx", "onnxruntime")
    return {
        "kind": "synthetic" if is_synthetic(data) else "clinic",
        "data": data.resolve().name,
        "data_fingerprint": fingerprint.hexdigest(),
        "settings": asdict(settings),
        "versions": {name: version(name) for name in packages},
    }


def _card(fitted: Fitted) -> dict[str, Any]:
    return {
        "episodes": int(fitted.episodes),
        "responders": int(fitted.events),
        "metrics": {name: [round(float(one), 6) for one in value] for name, value in fitted.metrics.items()},
    }


def _reference(examples: list[Examples]) -> dict[str, list[float | None]]:
    """Quantiles of every feature over all trained episodes, then the share that was known."""
    x = np.concatenate([one.x for one in examples])
    known = ~np.isnan(x)
    table = {}
    for place, name in enumerate(examples[0].names):
        values = x[known[:, place], place].astype(np.float64)
        marks = np.quantile(values, QUANTILES) if len(values) else np.full(len(QUANTILES), np.nan)
        share = float(known[:, place].mean())
        table[name] = [None if np.isnan(one) else round(float(one), 6) for one in (*marks, share)]
    return table


def _predictions(cohort: Cohort, fitted: Fitted) -> pd.DataFrame:
    labelled = cohort.examples[fitted.target].labelled()
    return pd.DataFrame(
        {
            "subject_id": labelled.subject,
            "prediction_time": labelled.index.astype("datetime64[us]"),
            "target": fitted.target,
            "outcome": labelled.y,
            "probability": fitted.out_of_fold.probability,
            "twin": fitted.out_of_fold.twin,
            "baseline": fitted.out_of_fold.baseline,
        }
    )
