"""MLflow, imported here only: a run for each training, a child run for each target, the bundle as ONNX model.

Everything goes through a client of the store named, so that nobody's active run or tracking URI is touched.
Nothing about single patients is written.
"""

import logging
import os
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

# Both are read while mlflow is imported. Clinics do not want their tools to telephone home.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import mlflow.onnx
import numpy as np
import onnx
from matplotlib.figure import Figure
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, LoggedModelOutput, LoggedModelStatus, Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.types import Schema, TensorSpec
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from painresponse.errors import WorkError
from painresponse.training.fitting import Fitted

_SQLITE = "sqlite:///"
_LONGEST_DIGEST = 36


@dataclass(frozen=True)
class RunFacts:
    """What is known of a training besides its models.

    ``provenance`` says where the data came from (``kind``, ``data``, ``data_fingerprint``)
    and may hold ``settings`` and ``versions``; ``attrition`` how many episodes each rule left, by target.
    """

    experiment: str
    provenance: Mapping[str, Any]
    attrition: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def tags(self) -> dict[str, str]:
        """On every run of this training."""
        known = {"provenance": "kind", "data": "data", "data_fingerprint": "data_fingerprint"}
        return {tag: str(self.provenance[key]) for tag, key in known.items()}

    def parameters(self) -> dict[str, object]:
        """Of the training as a whole."""
        versions = self.provenance.get("versions", {})
        named = {f"version.{name}": version for name, version in versions.items()}
        return {**self.provenance.get("settings", {}), **named}


@dataclass(frozen=True)
class _Place:
    """Where runs are written."""

    client: MlflowClient
    experiment: str


def track(
    store: str,
    run: RunFacts,
    fitted: Sequence[Fitted],
    *,
    figures: Mapping[str, Mapping[str, Figure]] | None = None,
    bundle: Path | None = None,
) -> str:
    """Write a training to the MLflow store at this URI and give the id of its run.

    ``figures`` are by target and name. The id of the logged bundle is the run's tag ``model_id``. Raises
    WorkError if the store cannot be written.
    """
    try:
        with _quiet():
            place = _place(store, run.experiment)
            with _open_run(place, str(run.provenance["data"]), run.tags()) as parent:
                _log_training(place, parent, run, fitted=fitted, bundle=bundle)
                for one in fitted:
                    _log_target(place, parent, run, one=one, figures=(figures or {}).get(one.target, {}))
            return parent
    except (MlflowException, OSError) as error:
        raise WorkError(f"Cannot write to the MLflow store {store}: {error}") from error


def _log_training(
    place: _Place, parent: str, run: RunFacts, *, fitted: Sequence[Fitted], bundle: Path | None
) -> None:
    tags = run.tags()
    digest = tags["data_fingerprint"][:_LONGEST_DIGEST]
    data = Dataset(tags["data"], digest, "painresponse", tags["provenance"])
    place.client.log_inputs(parent, [DatasetInput(data)])
    place.client.log_dict(parent, dict(run.attrition), "attrition.json")
    model = _log_bundle(place, parent, tags["provenance"], bundle) if bundle else None
    metrics = {f"{one.target}/{name}": number for one in fitted for name, number in _numbers(one).items()}
    _log(place, parent, metrics, parameters=run.parameters(), model=model)


def _log_target(
    place: _Place, parent: str, run: RunFacts, *, one: Fitted, figures: Mapping[str, Figure]
) -> None:
    own = {MLFLOW_PARENT_RUN_ID: parent, "target": one.target, "mlflow.note.content": "\n\n".join(one.notes)}
    with _open_run(place, one.target, {**run.tags(), **own}) as child:
        _log(place, child, _numbers(one), parameters={**asdict(one.settings), "trees": one.trees})
        place.client.log_dict(child, one.importance, "importance.json")
        for name, figure in figures.items():
            place.client.log_figure(child, figure, f"figures/{name}.png")


def _numbers(one: Fitted) -> dict[str, float]:
    """Every metric with the ends of its interval, and the counts behind them."""
    found = {
        name + end: value
        for name, estimate in one.metrics.items()
        for end, value in zip(("", "_low", "_high"), estimate, strict=True)
    }
    counts = {"episodes": one.episodes, "events": one.events, "subjects": one.subjects}
    return {**found, **counts, "platt_slope": one.slope, "platt_intercept": one.intercept}


def _log(
    place: _Place,
    run: str,
    metrics: Mapping[str, float],
    *,
    parameters: Mapping[str, object],
    model: str | None = None,
) -> None:
    """All at once: a call for each is ten times slower."""
    now = int(time.time() * 1000)
    entries = [Metric(name, value, now, 0, model_id=model) for name, value in metrics.items()]
    place.client.log_batch(run, entries, [Param(name, str(value)) for name, value in parameters.items()])


def _log_bundle(place: _Place, parent: str, provenance: str, bundle: Path) -> str:
    """The bundle as a logged ONNX model, byte for byte. A server needs only that file, not MLflow."""
    graph = onnx.load_model_from_string(bundle.read_bytes())
    logged = place.client.create_logged_model(
        place.experiment, "bundle", source_run_id=parent, tags={"provenance": provenance}
    )
    described = Model(artifact_path=logged.artifact_location, run_id=parent, model_id=logged.model_id)
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "model"
        mlflow.onnx.save_model(
            graph,
            draft,
            mlflow_model=described,
            signature=_signature(graph),
            pip_requirements=[f"onnx=={onnx.__version__}", "onnxruntime", "numpy"],
            onnx_execution_providers=["CPUExecutionProvider"],
            onnx_session_options={"intra_op_num_threads": 1},
            save_as_external_data=False,
        )
        place.client.log_model_artifacts(logged.model_id, str(draft))
    place.client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
    place.client.log_outputs(parent, [LoggedModelOutput(logged.model_id, step=0)])
    place.client.set_tag(parent, "model_id", logged.model_id)
    return str(logged.model_id)


def _signature(graph: onnx.ModelProto) -> ModelSignature:
    """As tensors: a signature by column would cost a hundred times as much with every request."""
    initial = {constant.name for constant in graph.graph.initializer}
    inputs = [_tensor(value) for value in graph.graph.input if value.name not in initial]
    return ModelSignature(Schema(inputs), Schema([_tensor(value) for value in graph.graph.output]))


def _tensor(value: onnx.ValueInfoProto) -> TensorSpec:
    kind = value.type.tensor_type
    shape = tuple(size.dim_value if size.HasField("dim_value") else -1 for size in kind.shape.dim)
    return TensorSpec(np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)), shape, value.name)


def _place(store: str, experiment: str) -> _Place:
    """The store and the experiment of this name, made if need be; SQLite keeps its artifacts beside it."""
    beside = None
    if store.startswith(_SQLITE):
        folder = Path(store.removeprefix(_SQLITE)).absolute().parent
        folder.mkdir(parents=True, exist_ok=True)
        beside = (folder / "mlartifacts").as_uri()
    client = MlflowClient(tracking_uri=store, registry_uri=store)
    found = client.get_experiment_by_name(experiment)
    if found is None:
        return _Place(client, client.create_experiment(experiment, artifact_location=beside))
    return _Place(client, str(found.experiment_id))


@contextmanager
def _open_run(place: _Place, name: str, tags: Mapping[str, str]) -> Iterator[str]:
    client = place.client
    run = client.create_run(place.experiment, run_name=name, tags=dict(tags)).info.run_id
    try:
        yield run
    except BaseException:
        client.set_terminated(run, "FAILED")
        raise
    client.set_terminated(run)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what MLflow and its database layer say about themselves; our own warnings still show."""
    noisy = [logging.getLogger(name) for name in ("mlflow", "alembic")]
    levels = [logger.level for logger in noisy]
    with warnings.catch_warnings():
        for module in ("mlflow", "sqlalchemy", "alembic"):
            warnings.filterwarnings("ignore", module=rf"{module}(\.|$)")
        for logger in noisy:
            logger.setLevel(logging.WARNING)
        try:
            yield
        finally:
            for logger, level in zip(noisy, levels, strict=True):
                logger.setLevel(level)
