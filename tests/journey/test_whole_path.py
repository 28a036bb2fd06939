"""From a simulated clinic to a bundle, by the commands a person types."""

import pandas as pd
import pyarrow.parquet as pq
import pytest
from mlflow import MlflowClient

from painresponse.simulate import sealed_beside
from painresponse.simulate.oracle import compare, read_truth

pytestmark = pytest.mark.slow  # a training


def test_check_says_what_is_there_and_what_can_be_trained(clinic, run):
    said = run("check", clinic.folder, "--config", clinic.site, "--json").json()
    assert said["subjects"] == 4000
    assert said["targets"] == {"scs_permanent": "yes", "pt_specialised": "yes"}
    assert said["concepts"]["pain"]["subjects"] > 3500
    steps = list(said["attrition"]["pt_specialised"].values())
    assert steps == sorted(steps, reverse=True), "no step may add anybody"


def test_training_gives_a_marked_bundle_and_figures_for_every_target(clinic):
    assert clinic.said["synthetic"] is True
    assert set(clinic.said["targets"]) == {"scs_permanent", "pt_specialised"}
    for target in clinic.said["targets"].values():
        low, high = target["metrics"]["auc"][1:]
        assert 0.4 < low < high < 0.85
        assert {"twin_auc", "baseline_auc", "calibration_slope", "brier"} <= set(target["metrics"])


def test_the_run_in_mlflow_has_a_child_a_target_figures_and_the_bundle(clinic):
    client = MlflowClient(clinic.store)
    parent = client.get_run(clinic.said["run"])
    children = client.search_runs(
        [parent.info.experiment_id], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    )
    assert {child.data.tags["target"] for child in children} == set(clinic.said["targets"])
    for child in children:
        assert (
            child.data.metrics["auc"]
            == clinic.said["targets"][child.data.tags["target"]]["metrics"]["auc"][0]
        )
        figures = {one.path for one in client.list_artifacts(child.info.run_id, "figures")}
        assert {
            f"figures/{name}.png" for name in ("calibration", "roc", "importance", "decisions")
        } <= figures
    assert parent.data.tags["provenance"] == "synthetic"
    assert client.get_logged_model(parent.data.tags["model_id"]).status == "READY"


def test_out_of_fold_predictions_stay_below_the_sealed_oracle(clinic):
    predictions = pd.read_parquet(clinic.bundle.parents[1] / "predictions.parquet")
    judged = compare(predictions, read_truth(sealed_beside(clinic.folder)))
    assert (judged["difference_low"] < 0.01).all(), "better than the best possible is a leak"


def test_the_feature_matrix_carries_the_lineage_of_every_column(clinic, run, tmp_path):
    assert run("features", clinic.folder, "--out", tmp_path / "features.parquet").code == 0
    file = pq.ParquetFile(tmp_path / "features.parquet")
    assert file.metadata.num_rows == 4000
    assert b'"pain_mean_30d": "mean of pain in 30 d"' in file.schema_arrow.metadata[b"features"]


@pytest.mark.slow
def test_the_same_data_and_settings_give_the_same_bundle_to_the_byte(clinic, run, tmp_path):
    again = run(
        "train", clinic.folder, "--config", clinic.site, "--out", tmp_path / "clinic.onnx",
        "--store", f"sqlite:///{tmp_path / 'mlflow.db'}", "--json",
    )  # fmt: skip
    assert again.json()["sha256"] == clinic.said["sha256"]
    assert (tmp_path / "clinic.onnx").read_bytes() == clinic.bundle.read_bytes()


def test_show_tells_what_a_bundle_predicts_and_that_it_is_synthetic(clinic, run):
    said = run("show", clinic.bundle)
    assert "golden patients replayed" in said.out
    assert "spinal cord stimulation (permanent implant)" in said.out
    assert "SYNTHETIC" in said.out
