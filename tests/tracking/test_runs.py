"""What a training leaves in the store."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import mlflow
import mlflow.data
import numpy as np
import pytest
from matplotlib.figure import Figure
from mlflow import MlflowClient
from mlflow.models import Model

from painresponse.errors import BundleError, WorkError
from painresponse.scoring.opening import open_bundle
from painresponse.tracking import RunFacts, promote, training_run
from tests.lib.bundles import TARGETS
from tests.tracking.targets import account, facts, told


@pytest.fixture
def client(store: str) -> MlflowClient:
    return MlflowClient(store, store)


def children(client: MlflowClient, parent: str) -> dict[str, mlflow.entities.Run]:
    experiment = client.get_run(parent).info.experiment_id
    found = client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{parent}'")
    return {one.data.tags["target"]: one for one in found}


def the_model(client: MlflowClient, version: str) -> mlflow.entities.LoggedModel:
    return client.get_logged_model(client.get_model_version("painresponse", version).tags["model_id"])


def test_the_targets_of_a_training_have_the_same_names_for_all_they_say(store, client):
    """Otherwise the store's page for comparing runs shows gaps."""
    with training_run(store, facts()) as run:
        run.target(told("rfa"), account(kind="boosted"))
        run.target(told("cbt"), account(kind="prevalence"))
    one, other = children(client, run.id).values()
    assert set(one.data.metrics) == set(other.data.metrics)
    assert set(one.data.params) == set(other.data.params)
    assert set(one.data.params) == {"folds", "seed", "model.kind", "model.trees", "model.recipes.rate"}
    assert {one.data.params["model.trees"], other.data.params["model.trees"]} == {"40", "none"}


def test_every_metric_stands_with_both_ends_of_its_interval(store, client):
    with training_run(store, facts()) as run:
        run.target(told("rfa", auc=0.7), account())
    metrics = children(client, run.id)["rfa"].data.metrics
    assert (metrics["auc_low"], metrics["auc"], metrics["auc_high"]) == (0.70 - 0.02, 0.70, 0.70 + 0.02)
    assert (metrics["episodes"], metrics["events"], metrics["subjects"]) == (400, 150, 300)


def test_a_metric_that_is_no_number_is_left_out(store, client):
    """The store's page does not open for a run that has one."""
    with training_run(store, facts()) as run:
        run.target(told("rfa", slope=float("nan")), account())
    metrics = children(client, run.id)["rfa"].data.metrics
    assert "calibration_slope" not in metrics
    assert "auc" in metrics


def test_the_account_is_kept_as_it_is_and_figures_beside_it(store, client, tmp_path):
    with training_run(store, facts()) as run:
        run.target(told("rfa"), account(), figures={"roc": Figure()})
    child = children(client, run.id)["rfa"].info.run_id
    held = Path(client.download_artifacts(child, "account.json", str(tmp_path)))
    assert json.loads(held.read_text()) == account()
    assert [one.path for one in client.list_artifacts(child, "figures")] == ["figures/roc.png"]


def test_every_run_says_where_its_data_came_from_and_what_made_it(store, client):
    with training_run(store, facts(kind="synthetic")) as run:
        run.target(told("rfa"), account())
    for one in (client.get_run(run.id), children(client, run.id)["rfa"]):
        said = {
            "provenance": "synthetic",
            "data": "small",
            "data_fingerprint": "a" * 64,
            "catalogue_fingerprint": "c" * 64,
            "version.lightgbm": "4.7.0",
            "mlflow.source.git.commit": "0" * 40,
        }
        assert said.items() <= one.data.tags.items()
    assert client.get_run(run.id).data.tags["training_key"] == facts(kind="synthetic").key


def test_the_data_are_named_with_their_columns_and_counts(store, client):
    with training_run(store, facts()) as run:
        run.target(told("rfa"), account())
    (histories,) = client.get_run(run.id).inputs.dataset_inputs
    assert (histories.dataset.name, histories.dataset.digest) == ("small", "a" * 36)
    assert json.loads(histories.dataset.profile) == {"subjects": 300, "events": 9000}
    (examples,) = children(client, run.id)["rfa"].inputs.dataset_inputs
    assert examples.dataset.name == "small: rfa"
    assert json.loads(examples.dataset.profile) == {"episodes": 400, "responders": 150, "subjects": 300}
    columns = [one["name"] for one in json.loads(examples.dataset.schema)["mlflow_colspec"]]
    assert columns == ["pain_mean_30d", "age", "response"]
    assert mlflow.data.get_source(examples).to_dict()["tags"]["provenance"] == "clinic"


def test_the_bundle_is_registered_as_a_candidate_that_says_what_it_is(train, client, clinic_bundle):
    version = client.get_model_version("painresponse", train())
    digest = open_bundle(clinic_bundle).digest
    assert version.aliases == ["candidate"]
    assert version.description == "# A card"
    assert {"sha256": digest, "provenance": "clinic", "data_fingerprint": "a" * 64}.items() <= dict(
        version.tags
    ).items()


def test_a_model_of_simulated_patients_says_so_first(train, client):
    version = client.get_model_version("painresponse", train(kind="synthetic"))
    assert version.description.startswith("SYNTHETIC — NOT FOR CLINICAL USE")


def test_the_newest_training_is_the_candidate(train, client):
    versions = [train(), train(data="b")]
    assert versions == ["1", "2"]
    assert str(client.get_model_version_by_alias("painresponse", "candidate").version) == "2"
    assert client.get_model_version("painresponse", "1").aliases == []


def test_the_figures_hang_on_the_model_and_name_their_data(train, client):
    model = the_model(client, train())
    named = {(one.key, one.dataset_name) for one in model.metrics}
    assert {(f"{target}/auc", f"small: {target}") for target in TARGETS} <= named
    assert client.get_run(model.source_run_id).data.metrics["rfa/auc"] == 0.70


def test_the_input_example_is_the_golden_patients_and_no_others(train, client, store, clinic_bundle):
    """They never lived; what the model answers for them is known."""
    folder = Path(the_model(client, train()).artifact_location.removeprefix("file://"))
    bundle = open_bundle(clinic_bundle)
    saved = Model.load(folder).load_input_example(str(folder))["features"]
    golden = np.array(bundle.metadata["golden"]["rows"], np.float32)
    assert np.array_equal(np.asarray(saved, np.float32), golden, equal_nan=True)


def test_nobody_is_telephoned():
    """In a process of its own: whoever tests MLflow is not telephoned either."""
    code = (
        "import painresponse.tracking; from mlflow import telemetry; print(telemetry.get_telemetry_client())"
    )
    tests = ("PYTEST_CURRENT_TEST", "CI", "DO_NOT_TRACK", "MLFLOW_DISABLE_TELEMETRY")
    bare = {name: value for name, value in os.environ.items() if name not in tests}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=bare)
    assert done.stdout.strip() == "None"


def test_nothing_in_the_store_names_the_machine(train, store):
    train()
    database = sqlite3.connect(store.removeprefix("sqlite:///"))
    assert socket.gethostname() not in "\n".join(database.iterdump())


def test_no_other_store_is_touched(train, store, tmp_path_factory, monkeypatch):
    """MLflow makes an empty one in the folder it is called from, if it is not told which to use."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    before = mlflow.get_tracking_uri()
    train()
    promote(store, "painresponse", to="champion")
    assert list(elsewhere.iterdir()) == []
    assert (mlflow.active_run(), mlflow.get_tracking_uri()) == (None, before)


def test_a_file_that_is_no_bundle_is_not_registered(store, client, tmp_path):
    (tmp_path / "other.onnx").write_bytes(b"something else")
    with pytest.raises(BundleError, match="not a painresponse bundle"), training_run(store, facts()) as run:
        run.finish(tmp_path / "other.onnx")
    assert client.get_run(run.id).info.status == "FAILED"
    assert client.search_registered_models() == []


def test_a_report_can_be_kept_with_the_training(store, client, tmp_path):
    (tmp_path / "report.html").write_text("<p>fine")
    with training_run(store, facts()) as run:
        run.keep(tmp_path / "report.html")
    assert "report.html" in [one.path for one in client.list_artifacts(run.id)]


def test_the_commit_is_that_of_the_source_that_runs():
    given = RunFacts("pain clinic", facts().provenance).commit
    assert given == "" or len(given.removesuffix("-dirty")) == 40


def test_a_password_in_the_address_is_not_repeated():
    address = "http+clinic://clinic:s3cret@db/mlflow"
    with pytest.raises(WorkError, match=r"clinic:\*\*\*@db") as caught, training_run(address, facts()):
        raise AssertionError("nothing speaks to such an address")
    assert "s3cret" not in str(caught.value)
