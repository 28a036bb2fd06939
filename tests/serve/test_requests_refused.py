"""Requests that are not answered: which status, which words, and nothing of what was sent."""

import json
import socket
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from painresponse_serve.complaints import RequestError
from painresponse_serve.histories import decode
from tests.serve.conftest import Server
from tests.serve.patients import event, patient

CANARY = "Zyxwvut Canary 19680517"
GOOD = json.dumps(patient()).encode()


def with_event(**changed: Any) -> dict[str, Any]:
    """A good request whose fourth event is changed."""
    return patient({**event("PR//odi", 3, 40), **changed})


def spelled(value: str) -> bytes:
    """A good request with one more event whose value is spelled like this."""
    return GOOD[:-2] + b', {"time": null, "code": "PR//odi", "value": %s}]}' % value.encode()


BODIES = {
    "nothing": (b"", 400, "bad_json", "not JSON"),
    "words": (b"hello", 400, "bad_json", "not JSON"),
    "half of it": (GOOD[: len(GOOD) // 2], 400, "bad_json", "not JSON"),
    "something behind it": (GOOD + b"{}", 400, "bad_json", "byte"),
    "not UTF-8": (GOOD.replace(b"PR//pain", b"PR//p\xffin"), 400, "bad_json", "UTF-8"),
    "half a surrogate": (GOOD.replace(b"PR//pain", b"PR//\\ud800"), 400, "bad_json", "not JSON"),
    "NaN": (spelled("NaN"), 400, "bad_json", "send null"),
    "Infinity": (spelled("-Infinity"), 400, "bad_json", "send null"),
    "a member twice": (spelled('1, "value": 2'), 400, "duplicate_member", "twice"),
    "index twice": (b'{"index": "2020",' + GOOD[1:], 400, "duplicate_member", "twice"),
    "1e999": (spelled("1e999"), 422, "wrong_shape", "events[5].value: number out of range"),
    "a word": (b'"history"', 422, "wrong_shape", "expected `object | array`"),
    "nobody": (b"[]", 422, "no_patients", "at least one"),
    "somebody among others": (
        [patient(), patient({**event("PR//odi"), "value": CANARY})],
        422,
        "wrong_shape",
        "[1].events[3].value",
    ),
    "too many patients": ([patient()] * 5, 413, "too_many_patients", "4 patients"),
    "a strange model": (patient(model=CANARY), 404, "unknown_model", "Served: tiny"),
    "a strange intervention": (
        patient(interventions=[CANARY]),
        422,
        "unknown_intervention",
        "Known: scs, rfa, cbt",
    ),
    "a strange outcome": (patient(outcomes=[CANARY]), 422, "unknown_outcome", "Known: "),
    "nothing in common": (
        patient(targets=["rfa"], interventions=["cbt"]),
        422,
        "no_targets",
        "all that is asked",
    ),
    "very deep": (b'{"events": ' + b"[" * 90_000, 422, "wrong_shape", "events[0]"),
    "deep and unknown": (b'{"events": [], "x": ' + b"[" * 90_000, 422, "wrong_shape", "Known: index, events"),
    "no index": ({"events": [event("PR//pain")]}, 422, "wrong_shape", "index"),
    "no events at all": ({"index": "2026-03-01"}, 422, "wrong_shape", "events"),
    "no events": (patient() | {"events": []}, 422, "no_events", "history"),
    "an index that is no time": (patient() | {"index": CANARY}, 422, "unreadable", "index is not a date"),
    "an index with a zone": (patient() | {"index": "2026-03-01T09:00Z"}, 422, "unreadable", "time zone"),
    "an index that is a number": (
        patient() | {"index": 20260301},
        422,
        "wrong_shape",
        "index: expected `str`",
    ),
    "a time that is none": (with_event(time=CANARY), 422, "unreadable", "events[3].time is not a date"),
    "a time with a zone": (
        with_event(available_time="2026-01-01T00:00+01:00"),
        422,
        "unreadable",
        "[3].avail",
    ),
    "a long time": (with_event(time=CANARY * 3), 422, "wrong_shape", "events[3].time"),
    "no code": (with_event(code=None), 422, "wrong_shape", "events[3].code"),
    "an empty code": (with_event(code=""), 422, "wrong_shape", "events[3].code"),
    "a long code": (with_event(code=CANARY * 20), 422, "wrong_shape", "events[3].code"),
    "a long unit": (with_event(unit=CANARY * 20), 422, "wrong_shape", "events[3].unit"),
    "a value in words": (
        with_event(value=CANARY),
        422,
        "wrong_shape",
        "events[3].value: expected `float | null`",
    ),
    "a value of true": (with_event(value=True), 422, "wrong_shape", "events[3].value"),
    "a huge whole number": (with_event(value=10**400), 422, "wrong_shape", "events[3].value"),
    "an unknown member": (
        patient() | {CANARY: 1},
        422,
        "wrong_shape",
        "Known: index, events, model, targets",
    ),
    "an unknown member of an event": (
        with_event(**{CANARY: 1}),
        422,
        "wrong_shape",
        "Known: time, code, value",
    ),
    "a member that looks like a place": (
        patient() | {f"x` - at `$.{CANARY}": 1},
        422,
        "wrong_shape",
        "Known: index, events, model, targets",
    ),
    "a strange target": (
        patient(targets=["rfa", CANARY]),
        422,
        "unknown_target",
        "targets[1] is not predicted",
    ),
    "no target": (patient(targets=[]), 422, "no_targets", "Known: scs_permanent, rfa, cbt"),
    "too many events": (patient(*[event("PR//odi")] * 298), 413, "too_many_events", "300"),
    "a large body": (b" " * 100_001, 413, "too_large", "100000 bytes"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_no_history_is_refused_with_its_reason(server: Server, name: str):
    body, status, code, words = BODIES[name]
    response, line = server.post_and_log(body)
    assert response.status_code == status
    error = response.json()["error"]
    assert list(response.json()) == ["error"]
    assert error["code"] == code
    assert words in error["message"]
    assert "canary" not in response.text.lower()
    assert (line["status"], line["error"]) == (status, code)


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-encoding": "gzip"},
    ],
)
def test_anything_but_plain_json_is_not_unpacked(server: Server, headers: dict[str, str]):
    with server.client() as client:
        response = client.post(
            "/v1/score", content=GOOD, headers={"content-type": "application/json"} | headers
        )
    assert response.status_code == 415
    assert "application/json" in response.json()["error"]["message"]


def test_a_body_that_announces_too_much_is_refused_before_it_is_sent(server: Server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall(_head("content-length: 10000000000"))
        assert client.recv(1000).startswith(b"HTTP/1.1 413")
        assert _closed(client)


def test_a_body_that_never_ends_is_refused_where_it_grows_too_large(server: Server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall(_head("transfer-encoding: chunked"))
        chunk = b"2710\r\n" + b" " * 10_000 + b"\r\n"
        for _ in range(11):
            client.sendall(chunk)
        assert client.recv(1000).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/score", 405, "wrong_method"),
        ("POST", "/v1/models", 405, "wrong_method"),
        ("GET", f"/patients/{CANARY}", 404, "not_found"),
        ("POST", "/v1/score/", 404, "not_found"),
        ("GET", "/docs/files/../../app.py", 404, "not_found"),
        ("GET", "/docs/files/%2e%2e/%2e%2e/__init__.py", 404, "not_found"),
    ],
)
def test_other_routes_and_methods_answer_in_the_same_shape(
    server: Server, method: str, path: str, status: int, code: str
):
    with server.client() as client:
        response = client.request(method, path)
    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert "canary" not in response.text.lower()


@pytest.mark.parametrize(
    "sent",
    [
        b"hello\r\n\r\n",
        b"POST /v1/score HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        b"POST /v1/score HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n",
        b"POST /v1/score HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused_and_the_connection_closed(server: Server, sent: bytes):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall(sent)
        assert client.recv(1000).startswith(b"HTTP/1.1 400")
        assert _closed(client)


def test_after_all_this_the_server_still_scores(server: Server):
    assert server.post(b"hello").status_code == 400
    assert server.post(patient()).status_code == 200


def _head(*lines: str) -> bytes:
    fixed = ("POST /v1/score HTTP/1.1", "host: here", "content-type: application/json")
    return "\r\n".join([*fixed, *lines, "", ""]).encode()


def _closed(client: socket.socket) -> bool:
    """Whether the other side has hung up, whatever it may still have sent."""
    while client.recv(65_536):
        pass
    return True


_MEMBERS: dict[str, dict[str, list[object]]] = {
    "event": {
        "time": ["2026-02-01T08:00:00", None],
        "code": ["PR//pain", ':"', '""""', "a\\b", "\u00b5"],
        "value": [7.5, 0, -0.0, None],
        "unit": ["mg/L", "", '"', None],
        "available_time": ["2026-02-02", None],
    },
    "history": {
        "index": ["2026-03-01"],
        "model": ["one", None],
        "targets": [["rfa"], [], None],
        "interventions": [None],
        "outcomes": [["pain50"], None],
        "explain": [True, False, None],
    },
}
_ASKED = {"event": {"time", "code"}, "history": {"index"}}


@st.composite
def objects(draw: st.DrawFn, kind: str, *, twin: bool, more: Sequence[tuple[str, str]] = ()) -> str:
    """An object of this kind as text, in any order and spacing; with a ``twin``, a member is there twice."""
    members = _MEMBERS[kind]
    named = [one for one in members if one in _ASKED[kind] or draw(st.booleans())]
    named += [draw(st.sampled_from(named))] if twin else []
    texts = [json.dumps(draw(st.sampled_from(members[name]))) for name in named]
    pairs = zip(named, (text.replace('\\"', "\\u0022") for text in texts), strict=True)
    space = draw(st.sampled_from(["", " ", "\n\t"]))
    written = [
        f'"{_written(draw, name)}"{space}:{space}{value}'
        for name, value in draw(st.permutations([*pairs, *more]))
    ]
    return "{" + f"{space},{space}".join(written) + "}"


def _written(draw: st.DrawFn, name: str) -> str:
    """A name, perhaps with its first letter escaped, which is the same name."""
    return f"\\u{ord(name[0]):04x}{name[1:]}" if draw(st.integers(0, 9)) == 9 else name


@given(st.data(), st.sampled_from(["nowhere", "event", "history"]), st.booleans())
def test_a_member_named_twice_is_found_whatever_its_object_holds(
    data: st.DataObject, twin: str, several: bool
):
    """Also where escapes, white space, nulls or what a text holds could hide it from whoever only counts."""
    events = [objects("event", twin=twin == "event" and place == 1) for place in range(3)]
    listed = "[" + ",".join(data.draw(one) for one in events) + "]"
    body = data.draw(objects("history", twin=twin == "history", more=[("events", listed)]))
    sent = (f"[{body}]" if several else body).encode()
    if twin == "nowhere":
        decode(sent, events=3, patients=1)
    else:
        with pytest.raises(RequestError, match="same member twice"):
            decode(sent, events=3, patients=1)
