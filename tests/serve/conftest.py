"""A real server in a process of its own, on a real socket."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from painresponse.scoring.scorer import Scorer
from tests.lib.bundles import write_tiny_bundle

PATIENCE = 30.0


@dataclass(frozen=True)
class Server:
    """A running server: its process, its address and everything it has written."""

    process: subprocess.Popen[bytes]
    url: str
    output: Path

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=PATIENCE)

    def post(self, body: Any, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        with self.client() as client:
            return client.post(
                "/v1/score", content=content, headers={"content-type": "application/json", **headers}
            )

    def post_and_log(self, body: Any) -> tuple[httpx.Response, dict[str, Any]]:
        """The answer to a request, and the line logged for it."""
        before = len(self.requests())
        response = self.post(body)
        return response, eventually(lambda: self.requests()[before:])[-1]

    def requests(self) -> list[dict[str, Any]]:
        """The lines of requests in the log; a line still being written is left out."""
        whole = self.output.read_text().rpartition("\n")[0]
        return [one for one in map(json.loads, whole.splitlines()) if one["event"] == "request"]


def eventually(found: Callable[[], Any]) -> Any:
    """What a question gives as soon as it gives anything."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if answer := found():
            return answer
        time.sleep(0.01)
    raise TimeoutError("it did not come to pass")


@contextmanager
def running(
    bundle: Path,
    folder: Path,
    *python: str,
    more: Sequence[str | Path] = (),
    tables: dict[str, Any] | None = None,
    **limits: Any,
) -> Iterator[Server]:
    """A server of a bundle, with other limits and tables of settings than usual, and ``more`` arguments."""
    settings, output = folder / "serving.toml", folder / "output"
    settings.write_text(settings_text(tables, **limits))
    command = [sys.executable, *python, "-m", "painresponse_serve", str(bundle), "--allow-synthetic"]
    command += map(str, more)
    with output.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--port", "0", "--settings", str(settings)], stdout=out, stderr=subprocess.STDOUT
        )
    try:
        yield Server(process, eventually(lambda: _url(process, output)), output)
    finally:
        process.kill()
        process.wait()


def settings_text(tables: dict[str, Any] | None = None, **limits: Any) -> str:
    """TOML that says other limits, and whatever else differs from the packaged settings, by table."""
    said = {"limits": limits, **(tables or {})}
    plain = {name: value for name, value in said.items() if not isinstance(value, dict)}
    named = {name: value for name, value in said.items() if isinstance(value, dict)}
    return _lines(plain) + "".join(f"[{name}]\n{_lines(values)}" for name, values in named.items())


def _lines(values: dict[str, Any]) -> str:
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())


def _url(process: subprocess.Popen[bytes], output: Path) -> str | None:
    written = output.read_text()
    if process.poll() is not None:
        raise RuntimeError(f"the server ended: {written}")
    line = next(
        (line for line in written.splitlines() if '"event":"listening"' in line and line.endswith("}")), "{}"
    )
    return json.loads(line).get("url")


@pytest.fixture(scope="session")
def server(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the tiny bundle, for every test that leaves it as it was."""
    with running(
        tiny_bundle, tmp_path_factory.mktemp("server"), body_bytes=100_000, events=300, patients=4
    ) as server:
        yield server


@pytest.fixture(scope="session")
def madrid(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a clinic in Madrid, on a machine whose own clock is at the other end of the world."""
    folder = tmp_path_factory.mktemp("madrid")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Pacific/Kiritimati")
        with running(tiny_bundle, folder, tables={"zone": "Europe/Madrid"}, body_bytes=5_000_000) as one:
            yield one


@pytest.fixture(scope="session")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of the same name as the tiny one, whose models answer otherwise."""
    path = tmp_path_factory.mktemp("newer") / "tiny.onnx"
    write_tiny_bundle(path, noise=10)
    return path


@pytest.fixture(scope="session")
def scorer(tiny_bundle: Path) -> Scorer:
    """The scorer of the same bundle, in this process."""
    return Scorer.load(tiny_bundle, allow_synthetic=True)
