"""Stopped or killed under load: no answer comes in part, and none that the audit log does not hold."""

import json
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest

from painresponse_serve.chain import check_audit
from tests.serve.conftest import PATIENCE, Server, running
from tests.serve.patients import patient
from tests.serve.test_process import connected, head

pytestmark = pytest.mark.slow

CLIENTS = 12


@dataclass
class Heard:
    """What a client was scored, by what it sent, and the part of an answer that came at last, if any.

    More clients ask than are worked on at once: who is told to come back was not scored.
    """

    whole: list[bytes] = field(default_factory=list)
    part: bytes = b""


def ask_until_the_end(server: Server, number: int) -> Heard:
    """Ask again and again on one connection, each time something else, until the server hangs up."""
    heard = Heard()
    with connected(server) as client, suppress(ConnectionError):
        for turn in count():
            body = json.dumps(patient(pain=4 + number / 4, age=20 + turn / 100)).encode()
            client.sendall(head(len(body)) + body)
            answer = _answer(client)
            if not _is_whole(answer):
                heard.part = answer
                break
            if answer.startswith(b"HTTP/1.1 200"):
                heard.whole.append(body)
    return heard


def _answer(client: socket.socket) -> bytes:
    """What comes until an answer is whole or the other side hangs up."""
    received = b""
    while not _is_whole(received):
        try:
            part = client.recv(65_536)
        except ConnectionResetError:
            part = b""
        if not part:
            break
        received += part
    return received


def _is_whole(answer: bytes) -> bool:
    top, _, body = answer.partition(b"\r\n\r\n")
    lengths = [line for line in top.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(lengths) and len(body) == int(lengths[0].partition(b":")[2])


@contextmanager
def load(server: Server) -> Iterator[list[Future[Heard]]]:
    """Many clients that ask until the server is gone."""
    with ThreadPoolExecutor(CLIENTS) as clients:
        asking = [clients.submit(ask_until_the_end, server, number) for number in range(CLIENTS)]
        time.sleep(0.7)
        yield asking


def recorded(audit: Path) -> list[str]:
    """The hashes of the requests in an audit log; a line that was begun and not ended is left out."""
    whole = audit.read_bytes().rpartition(b"\n")[0]
    return [json.loads(line)["input"] for line in whole.splitlines() if b'"input"' in line]


def hashes(asking: list[Future[Heard]]) -> list[str]:
    return [sha256(body).hexdigest() for one in asking for body in one.result(PATIENCE).whole]


def test_told_to_stop_under_load_it_gives_every_answer_it_has_recorded(tiny_bundle: Path, tmp_path: Path):
    audit = tmp_path / "audit"
    with running(tiny_bundle, tmp_path, tables={"audit": {"path": str(audit)}}) as server:
        with load(server) as asking:
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(PATIENCE) == 0
        output = server.output.read_text()
        with pytest.raises(ConnectionRefusedError):
            connected(server)
    assert [one.result().part for one in asking] == [b""] * CLIENTS
    assert len(hashes(asking)) > CLIENTS
    assert sorted(hashes(asking)) == sorted(recorded(audit))
    assert json.loads(output.splitlines()[-1])["event"] == "stopped"
    assert "Traceback" not in output
    verdict = check_audit(audit)
    assert (verdict.broken, verdict.torn) == (None, False)


def test_once_told_to_stop_nobody_new_is_let_in_while_an_answer_is_finished(
    tiny_bundle: Path, tmp_path: Path
):
    body = json.dumps(patient()).encode()
    with running(tiny_bundle, tmp_path) as server, connected(server) as client, connected(server) as idle:
        client.sendall(head(len(body)) + body[:100])
        assert server.post(patient()).status_code == 200
        server.process.send_signal(signal.SIGTERM)
        assert idle.recv(10) == b""  # by now it is stopping
        with pytest.raises(ConnectionRefusedError):
            connected(server)
        client.sendall(body[100:])
        answer = _answer(client)
        assert answer.startswith(b"HTTP/1.1 200")
        assert _is_whole(answer)
        assert b"connection: close" in answer.lower()
        assert server.process.wait(PATIENCE) == 0


def test_killed_under_load_every_answer_given_is_in_the_log_and_the_next_server_goes_on(
    tiny_bundle: Path, tmp_path: Path
):
    audit = tmp_path / "audit"
    tables = {"audit": {"path": str(audit)}}
    for _ in range(2):
        with running(tiny_bundle, tmp_path, tables=tables) as server:
            with load(server) as asking:
                server.process.kill()
                server.process.wait(PATIENCE)
            with socket.create_server(("127.0.0.1", server.port)):
                pass
        assert len(hashes(asking)) > CLIENTS
        assert set(hashes(asking)) <= set(recorded(audit))
    with running(tiny_bundle, tmp_path, tables=tables) as server:
        assert server.post(patient()).status_code == 200
    assert check_audit(audit).broken is None
