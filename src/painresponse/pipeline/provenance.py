"""Where training data came from and what was done with them."""

import hashlib
import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from painresponse.clinic import Catalogue
from painresponse.readers import shards
from painresponse.training.settings import TrainingSettings


def is_synthetic(data: Path) -> bool:
    """Whether a MEDS folder says of itself that its patients are simulated."""
    facts = data / "metadata" / "dataset.json"
    return facts.is_file() and json.loads(facts.read_text()).get("data_provenance") == "synthetic"


def provenance_of(data: Path, settings: TrainingSettings, catalogue: Catalogue) -> dict[str, Any]:
    """Where the training data came from and what was done with them; no time stamp: equal runs are equal."""
    packages = ("painresponse", "lightgbm", "numpy", "scikit-learn", "onnx", "onnxruntime")
    return {
        "kind": "synthetic" if is_synthetic(data) else "clinic",
        "data": data.resolve().name,
        "data_fingerprint": data_fingerprint(data),
        "catalogue_fingerprint": catalogue_fingerprint(catalogue),
        "settings": asdict(settings),
        "versions": {name: version(name) for name in packages},
    }


def data_fingerprint(data: Path) -> str:
    """The SHA-256 of all events of a MEDS folder, shard by shard."""
    fingerprint = hashlib.sha256()
    for shard in shards(data):
        fingerprint.update(hashlib.sha256(shard.read_bytes()).digest())
    return fingerprint.hexdigest()


def catalogue_fingerprint(catalogue: Catalogue) -> str:
    """The SHA-256 of all that a clinic declares: features, concepts, targets, outcomes, cohort, safety."""
    declared = (
        catalogue.features.to_plain(),
        catalogue.concepts.to_plain(),
        {name: asdict(one) for name, one in catalogue.targets.items()},
        {name: asdict(one) for name, one in catalogue.outcomes.items()},
        {name: asdict(one) for name, one in catalogue.interventions.items()},
        asdict(catalogue.cohort),
        {code: asdict(one) for code, one in catalogue.flags.items()},
        asdict(catalogue.safety),
    )
    return hashlib.sha256(json.dumps(declared, sort_keys=True, default=str).encode()).hexdigest()
