"""The champion of an MLflow server comes into service by itself; one that is wrong changes nothing."""

import json
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from painresponse.errors import DefinitionError, WorkError
from painresponse_serve import load_settings
from painresponse_serve.registry import Registry, Version
from tests.lib.tampering import edited
from tests.serve.conftest import eventually
from tests.serve.renewals import answer, hang_up, lines, replacements, serving

pytestmark = pytest.mark.slow

ALIAS = "/api/2.0/mlflow/registered-models/alias"
PLACE = "/api/2.0/mlflow/model-versions/get-download-uri"
FILES = "/api/2.0/mlflow-artifacts/artifacts"


@contextmanager
def answering(answers: dict[str, Any], *, to: str = "") -> Iterator[str]:
    """An address that answers paths with JSON or bytes, and whoever does not show ``to`` with 401."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path.partition("?")[0])
            allowed = not to or self.headers.get("authorization") == to
            self.send_response(401 if not allowed else 200 if found is not None else 404)
            self.end_headers()
            if allowed and found is not None:
                self.wfile.write(found if isinstance(found, bytes) else json.dumps(found).encode())

        def log_message(self, *words: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def aliased(*tags: dict[str, str]) -> dict[str, Any]:
    return {ALIAS: {"model_version": {"name": "painresponse", "version": "3", "tags": list(tags)}}}


TAGGED = aliased({"key": "sha256", "value": "d" * 64}, {"key": "other", "value": "x"})
VERSION = Version("painresponse", "3", "d" * 64)


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({"TOKEN": "t0ken"}, "Bearer t0ken"),
        ({"USERNAME": "me", "PASSWORD": "secret"}, "Basic " + b64encode(b"me:secret").decode()),
        ({"USERNAME": "me", "PASSWORD": "secret", "TOKEN": "t"}, "Basic " + b64encode(b"me:secret").decode()),
    ],
)
def test_it_is_asked_as_whom_mlflows_own_clients_would_ask(environment: dict[str, str], shown: str):
    variables = {f"MLFLOW_TRACKING_{name}": value for name, value in environment.items()}
    with answering(TAGGED, to=shown) as address:
        registry = Registry(address + "/", environment=variables)
        assert registry.version("painresponse", "champion") == VERSION
        with pytest.raises(WorkError, match="401"):
            Registry(address, environment={}).version("painresponse", "champion")


@pytest.mark.parametrize("tag", [{"key": "other", "value": "x"}, {"key": "sha256", "value": "../../x"}])
def test_a_version_without_the_hash_of_its_bundle_is_refused(tag: dict[str, str]):
    words = "Version 3 of painresponse has no tag sha256"
    with answering(aliased(tag)) as address, pytest.raises(WorkError, match=words):
        Registry(address).version("painresponse", "champion")


@pytest.mark.parametrize("uri", ["s3://somewhere/else", "file:///etc", "mlflow-artifacts://elsewhere/1"])
def test_artifacts_that_do_not_lie_behind_the_server_are_refused_with_a_cure(uri: str):
    with (
        answering({PLACE: {"artifact_uri": uri}}) as address,
        pytest.raises(WorkError, match="--serve-artifacts"),
    ):
        Registry(address).bundle(VERSION)


def test_artifacts_behind_the_server_are_read_from_it():
    files = {
        PLACE: {"artifact_uri": "mlflow-artifacts:/1/models/m 1"},
        f"{FILES}/1/models/m%201/model.onnx": b"x",
    }
    with answering(files) as address:
        assert Registry(address).bundle(VERSION) == b"x"


@pytest.mark.parametrize("said", [b"<html>", b"[]", {"other": 1}, {"model_version": []}])
def test_what_is_no_mlflow_server_is_named(said: Any):
    with answering({ALIAS: said}) as address, pytest.raises(WorkError, match="no MLflow server"):
        Registry(address).version("painresponse", "champion")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"mlflow": "sqlite:///mlflow.db"}, "http"),
        ({"mlflow": "http://me:secret@here:5000"}, "environment"),
        ({"mlflow": "http://here:5000"}, "mlflow_folder"),
        ({"watch_seconds": -1}, "watch_seconds"),
        ({"mlflow_seconds": 0}, "mlflow_seconds"),
    ],
)
def test_strange_settings_are_refused_with_a_cure(said: dict[str, Any], words: str):
    with pytest.raises(DefinitionError, match=words) as refused:
        load_settings(said={f"renewal.{name}": value for name, value in said.items()})
    assert "secret" not in str(refused.value)


# With a real MLflow server, and bundles registered as painresponse train does it.


class Store:
    """A running MLflow server, into which bundles are registered."""

    def __init__(self, address: str, folder: Path):
        from mlflow import MlflowClient

        self.address, self.client, self._folder = address, MlflowClient(address, address), folder

    def register(self, bundle: Path, *, data: str) -> str:
        """Register a bundle, as the training on some data would, and make it champion."""
        from painresponse.tracking import training_run
        from tests.tracking.targets import account, facts, told

        with training_run(self.address, facts(kind="synthetic", data=data)) as run:
            run.target(told("rfa"), account())
            version = run.finish(bundle).version
        self.name(version)
        return version

    def name(self, version: str) -> None:
        """Make a version champion."""
        self.client.set_registered_model_alias("painresponse", "champion", version)

    def file(self, version: str) -> Path:
        """Where the server keeps the bundle of a version."""
        place = self.client.get_model_version_download_uri("painresponse", version)
        return self._folder / "artifacts" / place.removeprefix("mlflow-artifacts:/") / "model.onnx"

    def settings(self, folder: Path, **said: Any) -> dict[str, Any]:
        """Of a server that asks here, often."""
        return {
            "renewal": {"mlflow": self.address, "mlflow_seconds": 0.1, "mlflow_folder": str(folder), **said}
        }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    from tests.tracking.server import running_over

    folder = tmp_path_factory.mktemp("mlflow")
    with running_over(f"sqlite:///{folder}/mlflow.db", folder) as address:
        yield Store(address, folder)


@pytest.mark.slow
def test_a_new_champion_comes_into_service_is_kept_and_survives_a_restart_without_mlflow(
    store: Store, tiny_bundle: Path, newer: Path, tmp_path: Path
):
    kept = tmp_path / "kept"
    store.register(tiny_bundle, data="a")
    with serving(tiny_bundle, tmp_path, tables=store.settings(kept)) as server:
        before = answer(server)
        assert not kept.exists()  # the champion is already in service
        version = store.register(newer, data="b")
        eventually(lambda: lines(server, "renewed"))
        champion = answer(server)
        assert champion[0] != before[0]
        assert champion[1] != before[1]
    assert replacements(tmp_path)[-1]["source"] == f"painresponse, version {version}"
    assert {one.name for one in kept.iterdir()} == {f"{champion[0]}.onnx", "latest.onnx"}
    assert (kept / "latest.onnx").read_bytes() == newer.read_bytes()
    gone = store.settings(kept, mlflow="http://127.0.0.1:9", mlflow_seconds=300)
    with serving(tiny_bundle, tmp_path, tables=gone) as server:
        assert answer(server) == champion
        refused = eventually(lambda: lines(server, "not_renewed"))[0]
        assert "127.0.0.1:9 does not give" in refused["reason"]
        assert answer(server) == champion


@pytest.mark.slow
def test_the_champion_before_comes_back_when_it_is_named_again(
    store: Store, tiny_bundle: Path, newer: Path, tmp_path: Path
):
    old, new = store.register(tiny_bundle, data="c"), store.register(newer, data="d")
    with serving(tiny_bundle, tmp_path, tables=store.settings(tmp_path / "kept")) as server:
        eventually(lambda: lines(server, "renewed"))
        champion = answer(server)
        store.name(old)
        eventually(lambda: len(lines(server, "renewed")) == 2)
        assert answer(server)[0] != champion[0]
        store.name(new)
        eventually(lambda: len(lines(server, "renewed")) == 3)
        assert answer(server) == champion


def _drifted(metadata: dict[str, Any]) -> None:
    metadata["golden"]["probability"][0][0] += 1e-6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoilt", "words"),
    [("cut", "no seal"), ("another", "another bundle than its tag says"), ("drifted", "golden patients")],
)
def test_a_champion_that_may_not_be_served_is_refused_once_and_not_kept(
    store: Store,
    tiny_bundle: Path,
    newer: Path,
    tmp_path: Path,
    spoilt: str,
    words: str,
):
    artifact, kept = store.file(store.register(newer, data="e")), tmp_path / "kept"
    sound = artifact.read_bytes()
    assert sound == newer.read_bytes()
    drifted = edited(sound, _drifted)
    artifact.write_bytes({"cut": sound[:-1], "another": tiny_bundle.read_bytes(), "drifted": drifted}[spoilt])
    with serving(tiny_bundle, tmp_path, tables=store.settings(kept)) as server:
        before = answer(server)
        assert words in eventually(lambda: lines(server, "not_renewed"))[0]["reason"]
        time.sleep(0.5)
        assert len(lines(server, "not_renewed")) == 1
        hang_up(server)  # asked for, it is tried again
        assert len(lines(server, "not_renewed")) == 2
        assert answer(server) == before
        assert list(kept.iterdir()) == []
        artifact.write_bytes(sound)
        hang_up(server)
        assert answer(server)[0] != before[0]
