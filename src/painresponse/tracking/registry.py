"""The bundle as a logged ONNX model, byte for byte, and as a version of a registered model."""

import json
import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import mlflow.onnx
import numpy as np
import onnx
from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput, LoggedModelStatus, Metric, Run
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.types import Schema, TensorSpec
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS

from painresponse.scoring.bundle import Bundle
from painresponse.scoring.opening import open_bundle
from painresponse.tracking.facts import RunFacts
from painresponse.tracking.store import Place

CANDIDATE, CHAMPION, PREVIOUS = "candidate", "champion", "previous"
SHA256 = "sha256"
FILE = "model.onnx"
WARNING = "SYNTHETIC — NOT FOR CLINICAL USE: trained on simulated patients."


@dataclass(frozen=True)
class Registered:
    """A bundle in the store: version ``version`` of the registered model ``name``."""

    name: str
    version: str
    model_id: str
    digest: str


def register(place: Place, parent: str, facts: RunFacts, *, path: Path, card: str) -> Registered:
    """Log a bundle and make it the candidate; what an interrupted attempt finished is not done again.

    Model before version before alias: an alias never points at something half written. Raises BundleError
    if the file is no sound bundle.
    """
    bundle = open_bundle(path)
    tags = {**facts.tags(), SHA256: bundle.digest, "training_run": parent}
    model = _logged(place, parent, bundle.digest) or _log(place, parent, tags, path=path, bundle=bundle)
    version = _versioned(place.client, facts, parent, model=model, tags=tags, card=card)
    versions = json.dumps([{"name": facts.model, "version": version}])  # how a model's page finds them
    place.client.set_logged_model_tags(model, {MLFLOW_MODEL_VERSIONS: versions})
    place.client.set_registered_model_alias(facts.model, CANDIDATE, version)
    return Registered(facts.model, version, model, bundle.digest)


def judge_model(place: Place, parent: str, model: str, *, targets: Mapping[str, str]) -> None:
    """The figures of every target, from its child run, on the model and on the parent run, with their data.

    Their time is that of the child's end: said again, they are the same and the store keeps one.
    """
    entries = []
    for target, child in targets.items():
        run = place.client.get_run(child)
        data = run.inputs.dataset_inputs[0].dataset
        entries += [
            Metric(f"{target}/{name}", value, run.info.end_time, 0, model, data.name, data.digest)
            for name, value in run.data.metrics.items()
            if math.isfinite(value)
        ]
        _link(place.client, run, model)
    _link(place.client, place.client.get_run(parent), model)
    for start in range(0, len(entries), 1000):  # as many as a store takes at once
        place.client.log_batch(parent, entries[start : start + 1000])


def _link(client: MlflowClient, run: Run, model: str) -> None:
    """Say that a run made a model; said twice, a store takes offence."""
    if model not in [one.model_id for one in run.outputs.model_outputs]:
        client.log_outputs(run.info.run_id, [LoggedModelOutput(model, step=0)])
    client.set_tag(run.info.run_id, "model_id", model)


def _logged(place: Place, parent: str, digest: str) -> str | None:
    """A whole model of this bundle from an earlier attempt; half-written ones are put away."""
    found = place.client.search_logged_models([place.experiment], f"source_run_id = '{parent}'")
    for one in found:
        if one.status != LoggedModelStatus.READY:
            place.client.delete_logged_model(one.model_id)
        elif one.tags.get(SHA256) == digest:
            return str(one.model_id)
    return None


def _log(place: Place, parent: str, tags: Mapping[str, str], *, path: Path, bundle: Bundle) -> str:
    logged = place.client.create_logged_model(
        place.experiment, "bundle", source_run_id=parent, tags=dict(tags), model_type="onnx"
    )
    described = Model(artifact_path=logged.artifact_location, run_id=parent, model_id=logged.model_id)
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "model"
        _save(described, draft, onnx.load_model_from_string(path.read_bytes()), bundle)
        place.client.log_model_artifacts(logged.model_id, str(draft))
    place.client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
    return str(logged.model_id)


def _save(described: Model, draft: Path, graph: onnx.ModelProto, bundle: Bundle) -> None:
    mlflow.onnx.save_model(
        graph,
        draft,
        mlflow_model=described,
        signature=_signature(graph),
        input_example={"features": golden_rows(bundle), "explain": np.zeros(len(bundle.targets), bool)},
        pip_requirements=[f"onnx=={onnx.__version__}", "onnxruntime", "numpy"],
        onnx_execution_providers=["CPUExecutionProvider"],
        onnx_session_options={"intra_op_num_threads": 1},
        save_as_external_data=False,
    )


def golden_rows(bundle: Bundle) -> np.ndarray:
    """The feature rows of the bundle's golden patients, who never lived (patients x features, float32)."""
    return np.array(bundle.metadata["golden"]["rows"], np.float32)


def _signature(graph: onnx.ModelProto) -> ModelSignature:
    """As tensors: a signature by column would cost a hundred times as much with every request."""
    initial = {constant.name for constant in graph.graph.initializer}
    inputs = [_tensor(value) for value in graph.graph.input if value.name not in initial]
    return ModelSignature(Schema(inputs), Schema([_tensor(value) for value in graph.graph.output]))


def _tensor(value: onnx.ValueInfoProto) -> TensorSpec:
    kind = value.type.tensor_type
    shape = tuple(size.dim_value if size.HasField("dim_value") else -1 for size in kind.shape.dim)
    return TensorSpec(np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)), shape, value.name)


def _versioned(
    client: MlflowClient,
    facts: RunFacts,
    parent: str,
    *,
    model: str,
    tags: Mapping[str, str],
    card: str,
) -> str:
    """The version of this logged model, made if there is none yet."""
    _make_room(client, facts.model)
    found = client.search_model_versions(f"name = '{facts.model}' and run_id = '{parent}'")
    for one in found:
        if one.tags.get("model_id") == model:
            return str(one.version)
    described = f"{WARNING}\n\n{card}" if facts.kind != "clinic" else card
    made = client.create_model_version(
        facts.model,
        # The model's own address would be looked up in the default store, which is not ours to set.
        client.get_logged_model(model).artifact_location,
        parent,
        tags={**tags, "model_id": model},  # SQL stores forget the argument of this name
        description=described.strip(),
        model_id=model,
    )
    return str(made.version)


def _make_room(client: MlflowClient, name: str) -> None:
    """The registered model; another training may make it at the same time."""
    try:
        client.create_registered_model(name, description="Predicted response to interventions for pain.")
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
