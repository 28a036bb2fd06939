"""What the server writes about requests: how they went, never what was in them."""

import json
from pathlib import Path

from tests.serve.conftest import Server, eventually, running
from tests.serve.patients import event, patient

CANARY = "Zyxwvut-Canary-19680517"


def requests_with_canaries() -> list:
    marked = event("PR//odi", 3, 40)
    return [
        patient(event(CANARY, 3, 46.13751)),
        patient(event("PR//crp", 3, 46.13751, unit=CANARY)),
        patient(event("PR//pain", 3, 46.13751)),
        patient(event("PR//pain", 3, 4.613751e300)),
        patient({**marked, "time": CANARY}),
        patient({**marked, "value": CANARY}),
        patient({**marked, CANARY: CANARY}),
        patient(targets=[CANARY]),
        patient() | {"index": CANARY},
        patient() | {CANARY: CANARY},
        CANARY.encode(),
        json.dumps(patient(event(CANARY))).encode()[:-20],
    ]


def test_nothing_sent_comes_back_or_is_written_down(tiny_bundle: Path, tmp_path: Path):
    with running(tiny_bundle, tmp_path) as server:
        answers = [server.post(body).text for body in requests_with_canaries()]
        with server.client() as client:
            answers.append(
                client.get(f"/v1/{CANARY}", params={"name": CANARY}, headers={"x-name": CANARY}).text
            )
            answers.append(client.request("PUT", f"/{CANARY}").text)
        expected = len(answers)
        eventually(lambda: len(server.requests()) == expected)
        for said in (*answers, server.output.read_text()):
            for part in ("Canary", "46.13", "4.613751"):
                assert part not in said


def test_a_request_leaves_one_line_of_json(server: Server):
    response, line = server.post_and_log(patient(targets=["rfa", "cbt"]))
    assert response.status_code == 200
    assert line.pop("time")
    assert line.pop("ms") > 0
    assert line == {
        "level": "info",
        "event": "request",
        "method": "POST",
        "route": "/v1/score",
        "status": 200,
        "targets": 2,
        "refused": 0,
    }


def test_refusals_are_counted(server: Server):
    _, line = server.post_and_log(patient(age=9))
    assert (line["status"], line["targets"], line["refused"]) == (422, 3, 3)


def test_the_first_line_says_what_is_served_and_where(server: Server, scorer):
    first = json.loads(server.output.read_text().splitlines()[0])
    assert first["event"] == "listening"
    assert first["url"] == server.url
    assert first["models"] == [{"model": "tiny", "digest": scorer.bundle.digest, "synthetic": True}]
