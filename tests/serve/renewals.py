"""A server of a bundle that may be replaced, and what it says of that."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.serve.conftest import Server, eventually, running
from tests.serve.patients import patient


@contextmanager
def serving(bundle: Path, folder: Path, **said: Any) -> Iterator[Server]:
    """A server of a copy of a bundle, ``folder/tiny.onnx``, with an audit log, ``folder/audit``."""
    replace(folder / "tiny.onnx", bundle.read_bytes())
    tables = {"audit": {"path": str(folder / "audit")}, **said.pop("tables", {})}
    with running(folder / "tiny.onnx", folder, tables=tables, **said) as server:
        yield server


def replace(path: Path, data: bytes) -> None:
    """Put a file in place in one step."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(data)
    draft.replace(path)


def lines(server: Server, event: str) -> list[dict[str, Any]]:
    whole = server.output.read_text().rpartition("\n")[0]
    return [one for one in map(json.loads, whole.splitlines()) if one["event"] == event]


def hang_up(server: Server) -> None:
    """Ask for the bundles to be read again, and wait until they were."""
    before = len(lines(server, "bundles_reread"))
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: len(lines(server, "bundles_reread")) > before)


def answer(server: Server) -> tuple[str, tuple[float, ...]]:
    """By which bundle a patient is answered, and what."""
    response = server.post(patient())
    assert response.status_code == 200, response.text
    return told(response.json())


def told(body: dict[str, Any]) -> tuple[str, tuple[float, ...]]:
    return body["model"]["digest"], tuple(one["probability"] for one in body["scores"])


def ready(server: Server) -> list[str]:
    with server.client() as client:
        response = client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "ready")
    return list(response.json()["models"].values())


def replacements(folder: Path) -> list[dict[str, Any]]:
    entries = map(json.loads, (folder / "audit").read_text().splitlines())
    return [one for one in entries if "replaced" in one]
