"""Which version becomes champion, and what the command says when none does."""

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from mlflow import MlflowClient
from typer import Typer
from typer.testing import CliRunner

from painresponse.commands.registry import promote as promote_command
from painresponse.errors import DefinitionError, WorkError
from painresponse.tracking import promote, promotion
from painresponse.tracking.checks import findings
from tests.tracking.targets import account

MODEL = "painresponse"


@pytest.fixture
def client(store: str) -> MlflowClient:
    return MlflowClient(store, store)


def aliases(client: MlflowClient) -> dict[str, str]:
    return {name: str(version) for name, version in client.get_registered_model(MODEL).aliases.items()}


def failed(made) -> list[str]:
    return [one.check for one in made.findings if not one.passed]


def test_a_candidate_whose_checks_pass_becomes_champion(train, store, client):
    train()
    made = promote(store, MODEL, to="champion")
    assert (made.moved, made.version, made.before) == (True, "1", "")
    checks = ["calibration", "subgroups", "parity", "leak audit", "no regression", "real patients"]
    assert [one.check for one in made.findings] == checks
    assert aliases(client) == {"candidate": "1", "champion": "1"}


def test_the_champion_before_becomes_previous(train, store, client):
    for data in "ab":
        train(data=data)
        promote(store, MODEL, to="champion")
    assert aliases(client) == {"candidate": "2", "champion": "2", "previous": "1"}


def test_promoting_the_champion_again_changes_nothing(train, store, client):
    train()
    for _ in range(2):
        promote(store, MODEL, to="champion")
    assert aliases(client) == {"candidate": "1", "champion": "1"}


@pytest.mark.parametrize(
    ("training", "check"),
    [
        ({"figures": {"rfa": {"slope": 0.7}}}, "calibration"),
        ({"accounts": {"rfa": account(blocks=True)}}, "subgroups"),
        ({"leak_audit": ""}, "leak audit"),
        ({"kind": "synthetic"}, "real patients"),
    ],
)
def test_one_failed_check_keeps_a_model_from_becoming_champion(train, store, client, training, check):
    train(**training)
    made = promote(store, MODEL, to="champion")
    assert failed(made) == [check]
    assert aliases(client) == {"candidate": "1"}


def test_a_model_that_is_worse_than_the_champion_stays_a_candidate(train, store, client):
    train()
    promote(store, MODEL, to="champion")
    train(data="b", figures={"rfa": {"auc": 0.6}})
    assert failed(promote(store, MODEL, to="champion")) == ["no regression"]
    assert aliases(client) == {"candidate": "2", "champion": "1"}


def test_a_file_changed_in_the_store_is_not_promoted(train, store, client):
    train()
    version = client.get_model_version(MODEL, "1")
    file = Path(version.source.removeprefix("file://")) / "model.onnx"
    whole = file.read_bytes()
    file.write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
    made = promote(store, MODEL, to="champion")
    assert failed(made) == ["parity"]
    assert "damaged" in made.findings[2].figures[0]


def test_another_sound_bundle_in_its_place_is_not_promoted(train, store, client, tiny_bundle):
    train()
    version = client.get_model_version(MODEL, "1")
    (Path(version.source.removeprefix("file://")) / "model.onnx").write_bytes(tiny_bundle.read_bytes())
    assert failed(promote(store, MODEL, to="champion")) == ["parity", "real patients"]


def test_a_tag_does_not_make_simulated_patients_real(train, store, client):
    train(kind="synthetic")
    client.set_model_version_tag(MODEL, "1", "provenance", "clinic")
    assert failed(promote(store, MODEL, to="champion")) == ["real patients"]


def test_a_synthetic_champion_must_be_asked_for_and_keeps_its_mark(train, store, client):
    train(kind="synthetic")
    assert promote(store, MODEL, to="champion", allow_synthetic=True).moved
    champion = client.get_model_version_by_alias(MODEL, "champion")
    assert champion.tags["provenance"] == "synthetic"
    assert champion.description.startswith("SYNTHETIC — NOT FOR CLINICAL USE")


def test_an_earlier_version_can_be_made_candidate_or_champion_by_its_number(train, store, client):
    train()
    train(data="b")
    assert promote(store, MODEL, to="candidate", version="1").before == "2"
    assert promote(store, MODEL, to="champion", version="2").moved
    assert aliases(client) == {"candidate": "1", "champion": "2"}


def test_the_newest_version_is_the_one_that_becomes_candidate(train, store, client):
    train()
    train(data="b")
    client.set_registered_model_alias(MODEL, "candidate", "1")
    assert promote(store, MODEL, to="candidate").version == "2"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"model": "painrespons"}, "Did you mean 'painresponse'"),
        ({"version": "7"}, "Unknown version of painresponse '7'.*Known: 1"),
        ({"to": "champoin"}, "Did you mean 'champion'"),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(train, store, asked, said):
    train()
    with pytest.raises(DefinitionError, match=said):
        promote(store, asked.pop("model", MODEL), **{"to": "champion", **asked})


def test_a_model_without_a_candidate_needs_its_version_named(train, store, client):
    train()
    client.delete_registered_model_alias(MODEL, "candidate")
    with pytest.raises(DefinitionError, match="no @candidate"):
        promote(store, MODEL, to="champion")


def test_a_store_without_models_and_one_that_is_not_there_are_named(store, tmp_path):
    with pytest.raises(DefinitionError, match="No model is registered"):
        promote(store, MODEL, to="champion")
    with pytest.raises(DefinitionError, match="There is no MLflow store"):
        promote(f"sqlite:///{tmp_path}/none.db", MODEL, to="champion")
    assert not (tmp_path / "none.db").exists()


def test_a_file_that_is_no_store_is_named(tmp_path):
    (tmp_path / "mlflow.db").write_text("not a database at all")
    with pytest.raises(WorkError, match=r"MLflow store .*mlflow\.db"):
        promote(f"sqlite:///{tmp_path}/mlflow.db", MODEL, to="champion")


def test_two_promotions_at_once_leave_one_champion(train, store, client):
    """Whichever came last; the other one was told (also by a store that is locked), or is the one before."""
    train()
    promote(store, MODEL, to="champion")
    train(data="b")
    train(data="c")
    done, start = {}, threading.Barrier(2)

    def race(version: str) -> None:
        start.wait()
        try:
            done[version] = promote(store, MODEL, to="champion", version=version).moved
        except WorkError as refused:
            done[version] = str(refused)

    racers = [threading.Thread(target=race, args=(version,)) for version in "23"]
    for one in racers:
        one.start()
    for one in racers:
        one.join()
    left = aliases(client)
    assert done[left["champion"]] is True
    assert left["previous"] in {"1", "2", "3"} - {left["champion"]}
    other = {"2": "3", "3": "2"}[left["champion"]]
    assert done[other] is True or re.search("changed while|does not do its work", done[other]), done[other]


def test_a_champion_that_changes_during_the_checks_stops_the_promotion(train, store, client, monkeypatch):
    """What was compared is no longer what would be replaced."""
    train()
    train(data="b")

    def meanwhile(*evidence, **options):
        client.set_registered_model_alias(MODEL, "champion", "1")
        return findings(*evidence, **options)

    monkeypatch.setattr(promotion, "findings", meanwhile)
    with pytest.raises(WorkError, match="changed while version 2 was compared"):
        promote(store, MODEL, to="champion")
    assert aliases(client) == {"candidate": "2", "champion": "1"}


def test_a_promotion_broken_off_in_between_loses_no_champion(train, store, client, monkeypatch):
    train()
    promote(store, MODEL, to="champion")
    train(data="b")
    move = MlflowClient.set_registered_model_alias

    def interrupted(self, name, alias, version):
        if alias == "champion":
            raise KeyboardInterrupt
        move(self, name, alias, version)

    monkeypatch.setattr(MlflowClient, "set_registered_model_alias", interrupted)
    with pytest.raises(KeyboardInterrupt):
        promote(store, MODEL, to="champion")
    assert aliases(client) == {"candidate": "2", "champion": "1", "previous": "1"}


@pytest.fixture
def command():
    app = Typer()
    app.command()(promote_command)

    def run(*words: str):
        return CliRunner().invoke(app, words)

    return run


def test_the_command_shows_each_check_with_its_figures(train, store, command):
    train()
    done = command(MODEL, "--to", "champion", "--store", store, "--json")
    assert done.exit_code == 0
    said = json.loads(done.stdout)
    assert (said["moved"], said["alias"], said["version"]) == (True, "champion", "1")
    assert said["checks"][0]["figures"][0].startswith("cbt: slope 1.00") or "slope 1.00" in str(
        said["checks"]
    )


@pytest.mark.slow
def test_a_refusal_is_exit_code_1_and_says_what_failed_and_what_to_do(train, store):
    train(leak_audit="")
    done = subprocess.run(
        [
            *(sys.executable, "-c"),
            "import typer; from painresponse.commands.registry import promote; typer.run(promote)",
            *(MODEL, "--to", "champion", "--store", store),
        ],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    assert done.returncode == 1, done.stderr
    assert "FAILED" in done.stdout
    assert "painresponse audit" in done.stdout
    assert "REFUSED: version 1 of painresponse did not become @champion" in done.stdout


def test_no_check_can_be_forced(command):
    assert "--force" not in command("--help").stdout
