"""The server as a process: how it starts, what it loads, how it ends, and how long it waits."""

import json
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from painresponse_serve.connections import HEAD_BYTES
from tests.serve.conftest import PATIENCE, Server, eventually, running
from tests.serve.patients import patient

GOOD = json.dumps(patient()).encode()


def started(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "painresponse_serve", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)


def connected(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)


def head(length: int) -> bytes:
    lines = ("POST /v1/score HTTP/1.1", "host: here", "content-type: application/json")
    return "\r\n".join([*lines, f"content-length: {length}", "", ""]).encode()


def everything(client: socket.socket) -> bytes:
    """All that is sent until the other side hangs up."""
    received = b""
    while part := client.recv(65_536):
        received += part
    return received


def test_a_server_that_has_scored_never_loaded_the_training_stack(tiny_bundle: Path, tmp_path: Path):
    with running(tiny_bundle, tmp_path, "-X", "importtime") as server:
        assert server.post(patient()).status_code == 200
    loaded = set(re.findall(r"import time:[\s\d|]+([\w.]+)", server.output.read_text()))
    assert {"numpy", "onnxruntime", "msgspec", "fastapi", "painresponse.scoring.scorer"} <= loaded
    heavy = {
        "lightgbm",
        "matplotlib",
        "mlflow",
        "onnx",
        "pandas",
        "pickle5",
        "pyarrow",
        "scipy",
        "sklearn",
        "typer",
    }
    assert heavy.isdisjoint({name.partition(".")[0] for name in loaded})


def test_a_synthetic_bundle_is_not_served_unless_that_is_said(tiny_bundle: Path):
    ended = started(tiny_bundle, "--port", "0")
    assert ended.returncode == 2
    assert "R08_MODEL_SYNTHETIC" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_damaged_bundle_is_never_listened_for(tiny_bundle: Path, tmp_path: Path):
    data = bytearray(tiny_bundle.read_bytes())
    data[len(data) // 2] ^= 1
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(data)
    ended = started(damaged, "--port", "0", "--allow-synthetic")
    assert ended.returncode == 2
    assert "damaged" in ended.stderr
    assert ended.stdout == ""


def test_a_port_that_cannot_be_taken_is_named_with_a_cure(server: Server, tiny_bundle: Path):
    ended = started(tiny_bundle, "--allow-synthetic", "--port", server.port)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Cannot listen on ")
    assert "--port" in ended.stderr


@pytest.mark.parametrize(
    ("where", "words"),
    [(("--port", "77777"), "port must lie between"), (("--host", "203.0.113.1"), "answer anybody")],
)
def test_a_place_it_may_not_listen_at_is_refused_with_a_cure(
    tiny_bundle: Path, where: tuple[str, ...], words: str
):
    ended = started(tiny_bundle, "--allow-synthetic", *where)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert words in ended.stderr


@pytest.mark.parametrize(("line", "words"), [("concurent = 3", "concurrent"), ("events = 0", "more than 0")])
def test_strange_settings_are_refused(tiny_bundle: Path, tmp_path: Path, line: str, words: str):
    settings = tmp_path / "serving.toml"
    settings.write_text(f"[limits]\n{line}\n")
    ended = started(tiny_bundle, "--allow-synthetic", "--settings", settings)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert words in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_finishes_the_answer_under_way(tiny_bundle: Path, tmp_path: Path, number: int):
    with running(tiny_bundle, tmp_path) as server, connected(server) as client, connected(server) as idle:
        client.sendall(head(len(GOOD)) + GOOD[:100])
        eventually(lambda: server.post(patient()).status_code == 200)
        server.process.send_signal(number)
        assert idle.recv(10) == b""
        client.sendall(GOOD[100:])
        assert everything(client).startswith(b"HTTP/1.1 200")
        assert server.process.wait(PATIENCE) in (0, -number)
        assert "Traceback" not in server.output.read_text()


def test_a_port_is_free_again_after_a_kill(tiny_bundle: Path, tmp_path: Path):
    with running(tiny_bundle, tmp_path) as server:
        assert server.post(patient()).status_code == 200
        server.process.kill()
        server.process.wait()
        port = server.port
    with running(tiny_bundle, tmp_path), socket.create_server(("127.0.0.1", port)):
        pass


def test_a_client_that_leaves_in_the_middle_is_noted_and_forgotten(tiny_bundle: Path, tmp_path: Path):
    with running(tiny_bundle, tmp_path, concurrent=1) as server:
        with connected(server) as client:
            client.sendall(head(len(GOOD)) + GOOD[:100])
        eventually(lambda: [one["status"] for one in server.requests()] == [499])
        assert server.post(patient()).status_code == 200
        assert "Traceback" not in server.output.read_text()


@pytest.fixture(scope="module")
def impatient(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server that waits little and does little at once."""
    folder = tmp_path_factory.mktemp("impatient")
    limits = {"request_seconds": 0.4, "receive_seconds": 0.8, "keep_alive_seconds": 1}
    limits |= {"concurrent": 2, "busy_seconds": 0.01, "patients": 20}
    with running(tiny_bundle, folder, **limits) as server:
        yield server


def test_a_body_that_comes_too_slowly_gets_408(impatient: Server):
    with connected(impatient) as client:
        client.sendall(head(len(GOOD)) + GOOD[:100])
        answer = everything(client)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"too_slow" in answer


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"POST /v1/score HTTP/1.1\r\nhost: he",
        b"\r\n",
        head(10_000_000).replace(b"/v1/score", b"/nowhere"),
    ],
    ids=["nothing", "half a head", "an empty line", "a body nobody waits for"],
)
def test_a_connection_that_does_not_deliver_is_closed(impatient: Server, begun: bytes):
    with connected(impatient) as client:
        client.sendall(begun)
        everything(client)


def test_a_second_request_must_be_delivered_as_the_first(impatient: Server):
    with connected(impatient) as client:
        client.sendall(head(len(GOOD)) + GOOD)
        answer = b""
        while not answer.endswith(b"}") or b"known_features" not in answer:
            answer += client.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 200")
        client.sendall(b"GET /healthz HTT")
        assert everything(client) == b""


def test_a_header_without_end_is_refused_where_it_grows_too_large(server: Server):
    with connected(server) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nx: ")
        assert server.post(patient()).status_code == 200  # by now the beginning has been read
        client.sendall(b"x" * (HEAD_BYTES + 10))
        assert everything(client).startswith(b"HTTP/1.1 400")


def test_a_large_body_in_one_piece_is_no_large_header(impatient: Server):
    body = GOOD + b" " * 300_000
    with connected(impatient) as client:
        client.sendall(head(len(body)) + body)
        assert client.recv(65_536).startswith(b"HTTP/1.1 200")


def test_too_many_at_once_are_asked_to_come_back_and_probes_still_answer(impatient: Server):
    answers = eventually(lambda: _crowded(impatient))
    refused = next(one for one in answers if one.status_code == 503)
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["error"]["code"] == "busy"
    assert {one.status_code for one in answers} <= {200, 503}
    with impatient.client() as client:
        assert client.get("/readyz").status_code == 200
    assert impatient.post(patient()).status_code == 200


def _crowded(server: Server) -> list[httpx.Response] | None:
    """What sixteen clients get who ask for several patients at once, where one of them is sent away."""
    with ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(server.post, [[patient()] * 20] * 16))
    return answers if any(one.status_code == 503 for one in answers) else None


def test_who_sends_slowly_keeps_nobody_waiting(impatient: Server):
    """A body that has not come yet takes no place."""
    with ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(connected(impatient)).sendall(head(len(GOOD)) + GOOD[:100])
        assert impatient.post(patient()).status_code == 200


def test_bodies_may_hold_so_much_memory_together_and_no_more(tiny_bundle: Path, tmp_path: Path):
    with running(tiny_bundle, tmp_path, held_bytes=len(GOOD) + 200) as server, connected(server) as slow:
        slow.sendall(head(len(GOOD)) + GOOD[:-10])
        refused = eventually(lambda: _busy(server))
        assert (refused.json()["error"]["code"], refused.headers["connection"]) == ("busy", "close")
        slow.sendall(GOOD[-10:])
        assert slow.recv(1000).startswith(b"HTTP/1.1 200")
        assert server.post(patient()).status_code == 200


def _busy(server: Server) -> httpx.Response | None:
    response = server.post(patient())
    return response if response.status_code == 503 else None


def test_many_clients_at_once_get_what_each_would_get_alone(server: Server):
    patients = [patient(pain=4 + number / 8) for number in range(40)]
    alone = [server.post(one).json() for one in patients]
    with ThreadPoolExecutor(8) as clients:
        together = list(clients.map(lambda one: server.post(one).json(), patients))
    assert together == alone
