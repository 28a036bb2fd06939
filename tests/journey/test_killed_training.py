"""A training that is killed goes on where it was; what it made can be reported and promoted if sound."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

pytestmark = pytest.mark.slow


def killed_after_the_first_target(folder: Path, site: Path, bundle: Path, store: str) -> list[Path]:
    """Train, and SIGKILL as soon as one target is kept."""
    words = ["train", folder, "--config", site, "--out", bundle, "--store", store]
    process = subprocess.Popen(
        [sys.executable, "-m", "painresponse", *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    kept: list[Path] = []
    while not kept and process.poll() is None and time.monotonic() < deadline:
        kept = list(bundle.parent.glob(f".{bundle.stem}.*.unfinished/*.pickle"))
        time.sleep(0.05)
    assert process.poll() is None, "it ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.wait()
    return kept


@pytest.fixture(scope="module")
def resumed(clinic, run, tmp_path_factory):
    """The store, the bundle, and what was kept when the first training died."""
    room = tmp_path_factory.mktemp("killed")
    bundle, store = room / "clinic.onnx", f"sqlite:///{room / 'mlflow.db'}"
    kept = killed_after_the_first_target(clinic.folder, clinic.site, bundle, store)
    before = [path.stat().st_mtime_ns for path in kept]
    again = run("train", clinic.folder, "--config", clinic.site, "--out", bundle, "--store", store, "--json")
    assert again.code == 0, again.err
    return store, bundle, kept, before, again.json()


def test_the_bundle_is_the_one_an_undisturbed_training_writes(resumed, clinic):
    assert resumed[4]["sha256"] == clinic.said["sha256"]


def test_nothing_unfinished_is_left(resumed):
    assert not list(resumed[1].parent.glob(".*unfinished"))


def test_the_store_has_one_training_with_each_target_once(resumed):
    client = MlflowClient(resumed[0])
    experiment = client.get_experiment_by_name("painresponse")
    runs = client.search_runs([experiment.experiment_id])
    parents = [one for one in runs if "mlflow.parentRunId" not in one.data.tags]
    assert len(parents) == 1
    assert parents[0].info.status == "FINISHED"
    children = [one.data.tags["target"] for one in runs if one not in parents]
    assert sorted(children) == ["pt_specialised", "scs_permanent"]


def test_its_report_is_the_same_from_the_bundle_and_from_the_run(resumed, run, tmp_path):
    store, bundle, _, _, said = resumed
    for source, out in ((bundle, "bundle.html"), (said["run"], "run.html")):
        done = run("report", source, "--store", store, "--out", tmp_path / out)
        assert done.code == 0, done.err
    page = (tmp_path / "bundle.html").read_text()
    assert page == (tmp_path / "run.html").read_text()
    assert "lost to follow-up" in page.lower()


def test_a_model_of_simulated_patients_is_not_promoted_unawares(resumed, run):
    done = run("promote", "painresponse", "--to", "champion", "--store", resumed[0])
    assert done.code == 1
    assert "simulated" in (done.out + done.err).lower()
