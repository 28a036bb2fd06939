"""Marked words and numbers sent in every place: none is written down, counted or repeated in a complaint."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from painresponse_serve.chain import check_audit
from tests.attack.conftest import EVERYTHING
from tests.attack.mutations import places
from tests.attack.readers import ROUTES, in_json, served_from
from tests.serve.conftest import PATIENCE, Server, eventually, running
from tests.serve.hook_calls import SIGN, call
from tests.serve.patients import event, patient
from tests.serve.resources import ann, collection, observation

pytestmark = pytest.mark.slow

WORD, NUMBER = "Zyxwvut-Canary", 86.13751
MARKS = ("zyxwvut", "canary", "86.137", "8613751")
FHIR, HISTORY = ROUTES["fhir"]
MARKED = (WORD, f"PR//{WORD}", f"Patient/{WORD}", NUMBER, 8613751, [WORD], {WORD: WORD})


@dataclass
class Watched:
    """A server with an audit log, a client of it, and the complaints it got."""

    server: Server
    audit: Path
    client: httpx.Client
    answers: int = 0
    complaints: list[str] = field(default_factory=list)

    def send(self, method: str, path: str, content: bytes = b"", **headers: str) -> None:
        answer = self.client.request(method, path, content=content, headers=headers)
        self.answers += 1
        if answer.status_code >= 400:
            self.complaints.append(f"{answer.text} {dict(answer.headers)}")

    def post(self, path: str, body: Any) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send("POST", path, content, **{"content-type": "application/json"})


@pytest.fixture(scope="module")
def watched(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    tables = {**EVERYTHING, "audit": {"path": str(folder / "audit")}}
    with running(tiny_bundle, folder, tables=tables) as server, server.client() as client:
        yield Watched(server, folder / "audit", client)


def marked(body: bytes) -> Iterator[bytes]:
    """A request with each mark in each place, and as the name of each member."""
    whole = json.loads(body)
    for number in _few(list(places(whole))):
        for mark in MARKED:
            yield _with(whole, number, mark)


def _few(every: list[Any]) -> list[int]:
    """The places; of a long list of numbers only the beginning."""
    return [n for n, (holder, where) in enumerate(every) if not (isinstance(where, int) and where > 3)]


def _with(whole: Any, number: int, mark: Any) -> bytes:
    made = json.loads(json.dumps(whole))
    holder, where = list(places(made))[number]
    if isinstance(mark, dict) and isinstance(holder, dict):
        holder[WORD] = holder.pop(where)
    else:
        holder[where] = mark
    return json.dumps(made).encode()


@pytest.mark.parametrize("name", ROUTES)
def test_marks_in_every_place_of_a_body_are_sent(watched: Watched, tiny_bundle: Path, name: str):
    before = len(watched.complaints)
    for body, routes in in_json(name, served_from(tiny_bundle)):
        for route in routes:
            for one in marked(body):
                watched.post(route, one)
    assert len(watched.complaints) > before


def test_marks_that_are_answered_are_sent(watched: Watched):
    """Values of a patient in what is understood and scored, not only in what is refused."""
    said = patient(event("PR//pain", 3, NUMBER), event("PR//crp", 4, NUMBER), event(WORD, 5, 8613751))
    watched.post("/v1/score", said)
    watched.post("/v1/score", [said, patient(event("PR//crp", 3, NUMBER, unit=WORD), explain=True)])
    chart = collection(
        {**ann(), "id": WORD, "name": [{"family": WORD}], "telecom": [{"value": "8613751"}]},
        *[
            {**observation(value), "subject": {"reference": f"Patient/{WORD}"}, "note": [{"text": WORD}]}
            for value in (7, NUMBER, 8613751)
        ],
    )
    for route in (FHIR, HISTORY, f"{FHIR}&format=native&explain=true"):
        watched.post(route, chart)
    hook = call(SIGN, fhirServer=f"https://{WORD}.example", fhirAuthorization={"access_token": WORD})
    hook["context"]["userId"] = f"Practitioner/{WORD}"
    watched.post(SIGN, hook)
    comment = {"reason": {"code": WORD}, "userComment": f"{WORD} 8613751"}
    told = {"card": "0b5a4c0e-5d1b-4f5e-9c2a-7f0c1d2e3a4b", "outcomeTimestamp": "2026-03-01T09:00:00Z"}
    feedback = {"feedback": [{**told, "outcome": "overridden", "overrideReason": comment}]}
    watched.post(f"{SIGN}/feedback", feedback)


@pytest.mark.parametrize("name", [*ROUTES, "/healthz", "/metrics", "/page/page.js", "/docs", "/v2"])
def test_marks_beside_the_body_are_sent(watched: Watched, name: str):
    path = ROUTES.get(name, (name,))[0].partition("?")[0]
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
        for place in (f"{path}/{WORD}", f"{path}?{WORD}={WORD}&index=8613751&model={WORD}", f"/{WORD}{path}"):
            headers = {
                "x-patient": WORD,
                "user-agent": WORD,
                "referer": f"http://here/{WORD}",
                "cookie": f"a={WORD}",
            }
            more = {
                "authorization": f"Bearer {WORD}",
                "origin": f"https://{WORD}.example",
                "traceparent": WORD,
            }
            watched.send(method, place, b"{}", **headers, **more, **{"content-type": f"text/{WORD}"})


def test_marks_in_broken_requests_are_sent(watched: Watched):
    for line in (f"GET /{WORD}", f"{WORD} / HTTP/1.1", f"GET /{WORD} HTTP/1.1\r\nhost: {WORD}\r\n{WORD}"):
        with socket.create_connection(("127.0.0.1", watched.server.port), timeout=PATIENCE) as client:
            client.sendall(f"{line}\r\n\r\n".encode())
            watched.complaints.append(client.recv(65_536).decode())
    half = f"POST /v1/score?{WORD} HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", watched.server.port), timeout=PATIENCE) as client:
        client.sendall(f'{half}content-length: 999\r\n\r\n{{"{WORD}": {NUMBER}'.encode())


def test_no_mark_was_written_down_counted_or_complained_of(watched: Watched):
    """After all the others."""
    eventually(lambda: len(watched.server.requests()) >= watched.answers)
    written = watched.server.output.read_text()
    recorded = watched.audit.read_text()
    counted = watched.client.get("/metrics").text
    assert watched.answers > 1_000
    assert len(recorded.splitlines()) > 100
    assert check_audit(watched.audit).broken is None
    assert "painresponse_scores_total" in counted
    for said in (written, recorded, counted, *watched.complaints):
        assert not [mark for mark in MARKS if mark in said.lower()], said[:2_000]
    assert '"event":"failed"' not in written
