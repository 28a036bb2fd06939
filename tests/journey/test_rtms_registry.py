"""Real patients, no Python written for them: the rTMS registry through a site configuration alone."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[2]
REGISTRY = ROOT.parent / "shared" / "data" / "rtms_registry" / "rtms_visits.csv"
CONFIG = ROOT / "configs" / "examples" / "rtms.toml"

pytestmark = pytest.mark.skipif(not REGISTRY.is_file(), reason="the registry is not shipped; it is not here")


@pytest.fixture(scope="module")
def registry(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("registry") / "rtms"
    done = run("import", "csv", REGISTRY, "--config", CONFIG, "--out", folder, "--json")
    assert done.code == 0, done.err
    return folder, done.json()


def test_every_row_is_accounted_for(registry):
    _, said = registry
    assert said["rows"] == 2279
    assert said["subjects"] == 1063
    assert set(said["rejected"]) <= {"duplicate_row", "conflict", "impossible_value", "repeated"}
    assert said["warnings"]["conflict"] == {"Centro Médico": 10}


@pytest.mark.slow
def test_it_trains_and_scores_with_believable_figures(registry, run, tmp_path):
    folder, _ = registry
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    trained = run("train", folder, "--out", tmp_path / "rtms.onnx", "--store", store, "--json")
    assert trained.code == 0, trained.err
    said = trained.json()
    assert said["synthetic"] is False
    for name, responders in (("rtms_pain_30", 136), ("rtms_fiq_30", 128)):
        assert said["targets"][name]["episodes"] == 316
        assert said["targets"][name]["responders"] == responders
        # published models of this kind reach 0.6 to 0.76; above 0.8 something of the future has leaked
        assert 0.5 < said["targets"][name]["metrics"]["auc"][0] < 0.8
    scored = run("score", tmp_path / "rtms.onnx", folder, "--out", tmp_path / "scores.parquet")
    assert scored.code == 0, scored.err
    assert pq.read_metadata(tmp_path / "scores.parquet").num_rows == 1063 * 2
