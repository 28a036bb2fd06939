"""Fitted targets and the catalogue they were made with become a bundle that can prove itself."""

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from painresponse.clinic import Catalogue
from painresponse.clinic.flags import flags
from painresponse.clinic.requirements import requirements
from painresponse.engine import Plan, rows
from painresponse.export.contributions import expected_margin
from painresponse.export.golden import golden_patients
from painresponse.export.graph import TargetModel, build_graph
from painresponse.export.trees import trees
from painresponse.export.writing import write_bundle
from painresponse.records import collect
from painresponse.scoring.bundle import SCHEMA, Outputs, TargetCard
from painresponse.scoring.golden import golden_answers, golden_histories
from painresponse.scoring.opening import open_bundle


def make_bundle(
    path: Path,
    catalogue: Catalogue,
    models: Sequence[TargetModel],
    *,
    cards: dict[str, dict[str, Any]],
    provenance: dict[str, Any],
    reference: dict[str, list[float | None]],
    accounts: dict[str, Any] | None = None,
    skipped: dict[str, str] | None = None,
    review_by: str | None = None,
) -> str:
    """Write the bundle, read it back as a server would, and return its SHA-256.

    ``cards`` holds episodes, responders, metrics, what the model leans on (``leans_on``) and the diagnosis
    groups it learnt from (``diagnoses``) by target; ``provenance`` says where the training data
    came from (``kind``: synthetic or clinic); ``reference`` holds quantiles of each feature in training;
    ``accounts``, by target, all that a report says; ``review_by`` is the last day (ISO date) it may speak of.
    """
    trained = [model.name for model in models]
    implied = [pair for pair in catalogue.implications() if set(pair) <= set(trained)]
    graph = build_graph(models, len(catalogue.features), implications=implied)
    metadata = {
        "schema": SCHEMA,
        "name": path.stem,
        "provenance": provenance,
        "review_by": review_by,
        "features": catalogue.features.to_plain(),
        "fingerprint": catalogue.features.fingerprint(),
        **catalogue.concepts.to_plain(),
        "targets": [_card(catalogue, model, cards[model.name]) for model in models],
        "requirements": _requirements(catalogue, {name: cards[name]["diagnoses"] for name in trained}),
        "flags": flags(catalogue, cards={name: cards[name] for name in trained}, accounts=accounts or {}),
        "reference": reference,
        "accounts": accounts or {},
        "skipped": skipped or {},
        "golden": _golden(catalogue, graph.SerializeToString()),
    }
    digest = write_bundle(path, graph, metadata)
    open_bundle(path)
    return digest


def _card(catalogue: Catalogue, model: TargetModel, numbers: dict[str, Any]) -> dict[str, Any]:
    target = catalogue.targets[model.name]
    named = {key: getattr(target, key) for key in ("intervention", "stage", "outcome", "horizon")}
    scale = {
        "slope": float(model.slope),
        "intercept": float(model.intercept),
        "base": expected_margin(trees(model.booster)),
    }
    least = {"least_known": ceil(catalogue.safety.known_share * len(numbers["leans_on"]))}
    card = {"name": model.name, "label": catalogue.label(model.name), **named, **scale, **numbers, **least}
    return {key: card[key] for key in TargetCard.__dataclass_fields__}


def _requirements(catalogue: Catalogue, diagnoses: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The catalogue's requirements, without those of targets that were not trained."""
    kept = []
    for requirement in requirements(catalogue, diagnoses=diagnoses):
        targets = requirement.get("targets")
        if targets is None:
            kept.append(requirement)
        elif chosen := [one for one in targets if one in diagnoses]:
            kept.append({**requirement, "targets": chosen})
    return kept


def _golden(catalogue: Catalogue, graph: bytes) -> dict[str, Any]:
    """Golden patients with their feature rows and what the graph says of them, as plain JSON."""
    golden: dict[str, Any] = {"patients": golden_patients(catalogue.concepts)}
    raw, asks = golden_histories(golden)
    records, _ = collect(raw, catalogue.concepts)
    matrix = rows(Plan(catalogue.features, catalogue.concepts), records, asks)
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    everything = np.ones(session.get_inputs()[1].shape, bool)
    outputs = Outputs(*session.run(Outputs._fields, {"features": matrix, "explain": everything}))
    numbers = {"rows": matrix, **golden_answers(outputs)}
    return golden | {key: _plain(table) for key, table in numbers.items()}


def _plain(table: NDArray[Any]) -> list[list[float | None]]:
    return [[None if np.isnan(one) else float(one) for one in line] for line in table]
