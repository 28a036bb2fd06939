import json
from pathlib import Path

import mlflow
import numpy as np
import pytest
from matplotlib.figure import Figure
from mlflow import MlflowClient
from mlflow.models import Model

from painresponse.errors import BundleError, WorkError
from painresponse.scoring.opening import open_bundle
from painresponse.tracking import RunFacts, track
from painresponse.training.fitting import Fitted

FACTS = RunFacts(
    "pain clinic",
    {
        "kind": "synthetic",
        "data": "small",
        "data_fingerprint": "0123456789abcdef" * 4,
        "settings": {"seed": 2026},
        "versions": {"lightgbm": "4.7.0"},
    },
    {"simulated_target": {"begin events": 900, "adults": 800}},
)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A real SQLite store; its folder is made by the first run."""
    return f"sqlite:///{tmp_path_factory.mktemp('tracking')}/new/mlflow.db"


@pytest.fixture(scope="session")
def run(store: str, fitted: Fitted, tiny_bundle: Path) -> str:
    figures = {fitted.target: {name: Figure() for name in ("calibration", "roc", "importance")}}
    return track(store, FACTS, [fitted], figures=figures, bundle=tiny_bundle)


@pytest.fixture
def client(store: str) -> MlflowClient:
    return MlflowClient(tracking_uri=store)


def the_child(client: MlflowClient, parent: str):
    experiment = client.get_run(parent).info.experiment_id
    found = client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{parent}'")
    assert len(found) == 1
    return found[0]


def test_a_training_is_one_finished_run_that_says_where_its_data_came_from(
    client: MlflowClient, run: str
) -> None:
    written = client.get_run(run)
    assert written.info.status == "FINISHED"
    assert written.data.tags["provenance"] == "synthetic"
    assert written.data.tags["data_fingerprint"] == FACTS.provenance["data_fingerprint"]
    assert written.data.tags["version.lightgbm"] == "4.7.0"
    assert written.data.params == {"seed": "2026"}
    (data,) = written.inputs.dataset_inputs
    assert data.dataset.name == "small"
    assert FACTS.provenance["data_fingerprint"].startswith(data.dataset.digest)


def test_every_metric_of_a_target_can_be_read_back_with_its_interval(
    client: MlflowClient, run: str, fitted: Fitted
) -> None:
    child = the_child(client, run)
    assert child.data.tags["target"] == fitted.target
    assert child.data.params["folds"] == str(fitted.settings.folds)
    for name, (value, low, high) in fitted.metrics.items():
        assert child.data.metrics[name] == pytest.approx(value)
        assert child.data.metrics[f"{name}_low"] == pytest.approx(low)
        assert child.data.metrics[f"{name}_high"] == pytest.approx(high)
    assert client.get_run(run).data.metrics["simulated_target/auc"] == fitted.metrics["auc"].value


def test_figures_and_tables_lie_beside_the_store(
    client: MlflowClient, run: str, store: str, tmp_path: Path
) -> None:
    child = the_child(client, run).info.run_id
    shown = {item.path for item in client.list_artifacts(child, "figures")}
    assert shown == {"figures/calibration.png", "figures/roc.png", "figures/importance.png"}
    assert (Path(store.removeprefix("sqlite:///")).parent / "mlartifacts").is_dir()
    attrition = Path(client.download_artifacts(run, "attrition.json", str(tmp_path)))
    assert json.loads(attrition.read_text()) == FACTS.attrition


def test_the_logged_model_is_the_bundle_byte_for_byte_and_predicts_the_same(
    client: MlflowClient, run: str, store: str, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged = client.get_logged_model(client.get_run(run).data.tags["model_id"])
    assert logged.status == "READY"
    assert logged.source_run_id == run
    folder = Path(logged.artifact_location.removeprefix("file://"))
    assert (folder / "model.onnx").read_bytes() == tiny_bundle.read_bytes()
    bundle = open_bundle(tiny_bundle)
    x = np.random.default_rng(0).normal(size=(20, len(bundle.features))).astype(np.float32)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    loaded = mlflow.pyfunc.load_model(f"models:/{logged.model_id}")
    given = {"features": x, "explain": np.ones(len(bundle.targets), bool)}
    whole = bundle.run(x, explain=range(len(bundle.targets)))
    answer = loaded.predict(given)
    assert (answer["probability"] == whole.probability).all()
    assert (answer["contributions"] == whole.contributions).all()


def test_the_signature_is_the_rows_and_which_targets_to_explain(
    client: MlflowClient, run: str, tiny_bundle: Path
) -> None:
    logged = client.get_logged_model(client.get_run(run).data.tags["model_id"])
    signature = Model.load(logged.artifact_location.removeprefix("file://")).signature
    bundle = open_bundle(tiny_bundle)
    assert [(one.name, one.shape, one.type) for one in signature.inputs.inputs] == [
        ("features", (-1, len(bundle.features)), np.float32),
        ("explain", (len(bundle.targets),), np.bool_),
    ]


def test_no_patient_is_in_the_store(client: MlflowClient, run: str) -> None:
    paths = [item.path for item in client.list_artifacts(the_child(client, run).info.run_id)]
    assert sorted(paths) == ["account.json", "figures", "importance.json"]


def test_tracking_leaves_the_users_own_mlflow_settings_alone(run: str) -> None:
    assert run
    assert mlflow.active_run() is None
    assert "new/mlflow.db" not in mlflow.get_tracking_uri()


def test_a_run_that_breaks_off_is_marked_as_failed(
    client: MlflowClient, run: str, store: str, fitted: Fitted, tmp_path: Path
) -> None:
    with pytest.raises(BundleError, match=r"missing\.onnx"):
        track(store, FACTS, [fitted], bundle=tmp_path / "missing.onnx")
    (failed,) = client.search_runs([client.get_run(run).info.experiment_id], "attributes.status = 'FAILED'")
    assert failed.info.run_id != run


def test_a_second_training_joins_the_same_experiment(
    client: MlflowClient, run: str, store: str, fitted: Fitted
) -> None:
    again = track(store, FACTS, [fitted])
    assert client.get_run(again).info.experiment_id == client.get_run(run).info.experiment_id
    assert "model_id" not in client.get_run(again).data.tags


def test_a_store_that_cannot_be_written_is_named(fitted: Fitted, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(WorkError, match="taken"):
        track(f"sqlite:///{tmp_path}/taken/mlflow.db", FACTS, [fitted])
