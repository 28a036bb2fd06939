"""A training that was killed is taken up where it stood."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric

from painresponse.tracking import training_run
from tests.lib.bundles import TARGETS
from tests.tracking.targets import account, facts, told

TRAINING = """
import os, signal, sys
from matplotlib.figure import Figure
from painresponse.tracking import training_run
from tests.tracking.targets import account, facts, told

def die(*words, **named):
    os.kill(os.getpid(), signal.SIGKILL)

with training_run(sys.argv[1], facts(), key="one training") as run:
    run.target(told("scs_permanent"), account())
    run.target(told("rfa"), account())
    print(run.id, flush=True)
    DEATH
"""
BETWEEN_TARGETS = "die()"
AMID_A_TARGET = """
    figure = Figure()
    figure.savefig = die
    run.target(told("cbt", auc=0.1), account(), figures={"roc": figure})
"""
BEFORE_THE_VERSION = """
    run.target(told("cbt"), account())
    run.place.client.create_model_version = die
    run.finish(Path(sys.argv[2]))
"""


def killed(store: str, death: str, bundle: Path = Path()) -> str:
    """A training in a process of its own that dies after two targets at least; gives its run."""
    code = "from pathlib import Path" + TRAINING.replace("DEATH", death.strip())
    done = subprocess.run(
        [sys.executable, "-c", code, store, str(bundle)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    return done.stdout.split()[0]


pytestmark = pytest.mark.slow


def runs_of(client: MlflowClient, parent: str) -> dict[str, str]:
    """The child runs of a training by target, with their ids."""
    experiment = client.get_run(parent).info.experiment_id
    found = client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{parent}'")
    targets = [one.data.tags["target"] for one in found]
    assert len(targets) == len(set(targets)), "no target is there twice"
    return {one.data.tags["target"]: one.info.run_id for one in found}


@pytest.fixture
def client(store: str) -> MlflowClient:
    return MlflowClient(store, store)


def test_what_was_written_before_the_kill_stays_readable(store, client):
    parent = killed(store, BETWEEN_TARGETS)
    assert client.get_run(parent).info.status == "RUNNING"
    for name, child in runs_of(client, parent).items():
        run = client.get_run(child)
        assert (run.info.status, run.data.metrics["auc"]) == ("FINISHED", 0.70), name
        assert "account.json" in [one.path for one in client.list_artifacts(child)]


@pytest.mark.parametrize("death", [BETWEEN_TARGETS, AMID_A_TARGET])
def test_it_goes_on_under_the_same_run_and_writes_no_target_twice(store, client, clinic_bundle, death):
    parent = killed(store, death)
    before = runs_of(client, parent)
    with training_run(store, facts(), key="one training") as run:
        assert run.id == parent
        assert set(run.written) == {"scs_permanent", "rfa"}
        for name in TARGETS:
            run.target(told(name), account())
        made = run.finish(clinic_bundle)
    after = runs_of(client, parent)
    assert set(after) == set(TARGETS)
    assert {name: after[name] for name in ("scs_permanent", "rfa")} == {
        name: before[name] for name in ("scs_permanent", "rfa")
    }
    assert client.get_run(after["cbt"]).data.metrics["auc"] == 0.70
    assert client.get_run(parent).info.status == "FINISHED"
    assert made.version == "1"


def test_killed_between_model_and_version_it_registers_the_model_it_has(store, client, clinic_bundle):
    parent = killed(store, BEFORE_THE_VERSION, clinic_bundle)
    experiment = client.get_run(parent).info.experiment_id
    (model,) = client.search_logged_models([experiment])
    with training_run(store, facts(), key="one training") as run:
        assert set(run.written) == set(TARGETS)
        made = run.finish(clinic_bundle)
    assert (made.version, made.model_id) == ("1", model.model_id)
    assert [one.model_id for one in client.search_logged_models([experiment])] == [model.model_id]
    assert client.get_run(parent).data.metrics["cbt/auc"] == 0.70


def test_another_key_is_another_training(store, client):
    parent = killed(store, BETWEEN_TARGETS)
    with training_run(store, facts(), key="another training") as run:
        assert run.id != parent
        assert run.written == {}


def test_a_finished_training_is_not_taken_up(store):
    with training_run(store, facts()) as first:
        first.target(told("rfa"), account())
    with training_run(store, facts()) as second:
        assert second.written == {}
    assert first.id != second.id


@pytest.mark.parametrize(("error", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED")])
def test_a_training_that_breaks_off_says_how_and_can_go_on(store, client, error, status):
    with pytest.raises(error), training_run(store, facts()) as run:
        run.target(told("rfa"), account())
        raise error
    assert client.get_run(run.id).info.status == status
    with training_run(store, facts()) as again:
        assert (again.id, set(again.written)) == (run.id, {"rfa"})
        assert client.get_run(run.id).info.status == "RUNNING"


def test_finishing_again_after_an_interruption_changes_nothing(store, client, clinic_bundle):
    with pytest.raises(KeyboardInterrupt), training_run(store, facts()) as run:
        run.target(told("rfa"), account())
        first = run.finish(clinic_bundle)
        raise KeyboardInterrupt
    with training_run(store, facts()) as run:
        assert run.finish(clinic_bundle) == first
    (metric,) = client.get_metric_history(run.id, "rfa/auc")
    assert isinstance(metric, Metric)
    assert len(client.search_logged_models([client.get_run(run.id).info.experiment_id])) == 1


def test_a_model_that_was_half_written_is_put_away(store, client, clinic_bundle):
    with pytest.raises(KeyboardInterrupt), training_run(store, facts()) as run:
        half = client.create_logged_model(run.place.experiment, "bundle", source_run_id=run.id)
        raise KeyboardInterrupt
    with training_run(store, facts()) as run:
        made = run.finish(clinic_bundle)
    (whole,) = client.search_logged_models([run.place.experiment])
    assert whole.model_id == made.model_id != half.model_id


def test_the_key_changes_with_what_goes_into_a_training():
    assert facts().key == facts().key
    assert len({facts().key, facts(data="b").key, facts(kind="synthetic").key}) == 3
