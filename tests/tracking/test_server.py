"""The same through an MLflow server over PostgreSQL, whose artifacts lie behind a proxy."""

import threading
from collections.abc import Iterator

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient

from painresponse.errors import WorkError
from painresponse.scoring.opening import open_bundle
from painresponse.tracking import promote, training_run
from tests.lib.bundles import TARGETS
from tests.tracking.server import mlflow_server
from tests.tracking.targets import account, facts, told
from tests.tracking.test_resuming import AMID_A_TARGET, killed, runs_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mlflow_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def client(address: str) -> MlflowClient:
    return MlflowClient(address, address)


def trained(address: str, bundle, *, model: str, data: str = "a") -> str:
    with training_run(address, facts(model=model, data=data)) as run:
        for name in TARGETS:
            run.target(told(name), account())
        run.note(leak_audit="passed")
        return run.finish(bundle, card="# A card").version


def test_a_training_is_tracked_registered_and_promoted(address, client, clinic_bundle):
    for data in "ab":
        version = trained(address, clinic_bundle, model="ordinary", data=data)
        made = promote(address, "ordinary", to="champion")
        assert made.moved, made.findings
    assert (version, made.before) == ("2", "1")
    aliases = client.get_registered_model("ordinary").aliases
    assert {name: str(one) for name, one in aliases.items()} == {
        "candidate": "2",
        "champion": "2",
        "previous": "1",
    }


def test_the_champion_answers_as_the_bundle_does(address, client, clinic_bundle, monkeypatch):
    trained(address, clinic_bundle, model="answering")
    promote(address, "answering", to="champion")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    bundle = open_bundle(clinic_bundle)
    golden = np.array(bundle.metadata["golden"]["rows"], np.float32)
    loaded = mlflow.pyfunc.load_model("models:/answering@champion")
    nobody = np.zeros(len(bundle.targets), bool)
    given = loaded.predict({"features": golden, "explain": nobody})["probability"]
    assert np.array_equal(given, bundle.run(golden)[1])


def test_a_killed_training_goes_on(address, client, clinic_bundle):
    parent = killed(address, AMID_A_TARGET)
    before = runs_of(client, parent)
    with training_run(address, facts(model="killed"), key="one training") as run:
        assert (run.id, set(run.written)) == (parent, {"scs_permanent", "rfa"})
        run.target(told("cbt"), account())
        run.finish(clinic_bundle)
    after = runs_of(client, parent)
    assert after["rfa"] == before["rfa"]
    assert client.get_run(parent).info.status == "FINISHED"
    assert client.get_run(after["cbt"]).data.metrics["auc"] == 0.70


def test_two_promotions_at_once_leave_one_champion(address, client, clinic_bundle):
    for data in "abc":
        trained(address, clinic_bundle, model="raced", data=data)
    promote(address, "raced", to="champion", version="1")
    moved, start = {}, threading.Barrier(2)

    def race(version: str) -> None:
        start.wait()
        try:
            moved[version] = promote(address, "raced", to="champion", version=version).moved
        except WorkError as refused:
            moved[version] = str(refused)

    racers = [threading.Thread(target=race, args=(version,)) for version in "23"]
    for one in racers:
        one.start()
    for one in racers:
        one.join()
    aliases = client.get_registered_model("raced").aliases
    assert moved[str(aliases["champion"])] is True
    assert str(aliases["previous"]) != str(aliases["champion"])


def test_two_trainings_at_once_register_two_versions(address, client, clinic_bundle):
    """Both find that no such model is registered yet."""
    versions, start = [], threading.Barrier(2)

    def race(data: str) -> None:
        start.wait()
        versions.append(trained(address, clinic_bundle, model="twice", data=data))

    racers = [threading.Thread(target=race, args=(data,)) for data in "ab"]
    for one in racers:
        one.start()
    for one in racers:
        one.join()
    assert sorted(versions) == ["1", "2"]


def test_nothing_is_printed_amid_the_commands_own_answer(address, clinic_bundle, capfd):
    trained(address, clinic_bundle, model="silent")
    promote(address, "silent", to="champion")
    assert capfd.readouterr().out == ""


def test_a_server_that_is_gone_is_named(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    with pytest.raises(WorkError, match=r"MLflow store http://127\.0\.0\.1:9"):
        promote("http://127.0.0.1:9", "painresponse", to="champion")
