"""Bodies and paths that mean no good: refused soon, by whichever interface, and never a fault."""

import gzip
import json
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from painresponse_serve.inference.messages import example
from painresponse_serve.shelf import Served
from tests.attack.mutations import places
from tests.attack.readers import READERS, ROUTES, in_json, served_from
from tests.serve.conftest import PATIENCE, Server
from tests.serve.hook_calls import SELECT, SIGN, VIEW, call
from tests.serve.patients import event, patient
from tests.serve.resources import SUBJECT, ann, coded, collection, observation
from tests.serve.resources import told as as_resources

pytestmark = pytest.mark.slow

MEGABYTE = 2**20
(FHIR, HISTORY), (INFER,) = ROUTES["fhir"], ROUTES["inference"]
KINDS = {FHIR: "application/fhir+json", HISTORY: "application/fhir+json"}
REFUSED = {400, 413, 415, 422}


@pytest.fixture(scope="module")
def client(clinic: Server) -> Iterator[httpx.Client]:
    with clinic.client() as client:
        yield client


@pytest.fixture(scope="module")
def served(tiny_bundle: Any) -> Served:
    return served_from(tiny_bundle)


def sent(client: httpx.Client, route: str, body: Any, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = {"content-type": KINDS.get(route, "application/json")}
    return client.post(route, content=content, headers=kind | headers)


def good(route: str, served: Served) -> dict[str, Any]:
    """A request that a route answers."""
    feedback = {"feedback": [{"card": "0b5a4c0e-5d1b-4f5e-9c2a-7f0c1d2e3a4b", "outcome": "overridden"}]}
    feedback["feedback"][0]["outcomeTimestamp"] = "2026-03-01T09:00:00Z"
    told: dict[str, dict[str, Any]] = {
        "/v1/score": patient(event("PR//odi", 3, 40)),
        FHIR: as_resources(patient(event("PR//odi", 3, 40))),
        INFER: example(served.bundle),
        **{path: call(path) for path in (SELECT, SIGN, VIEW)},
        f"{SIGN}/feedback": feedback,
    }
    return told.get(route) or told[FHIR]


EVERY = tuple(route for routes in ROUTES.values() for route in routes)
ZEROS = bytes(50 * MEGABYTE)
BOMBS = {
    "gzip": gzip.compress(ZEROS),
    "deflate": zlib.compress(ZEROS),
    "br": b"\x00" * 100,
    "gzip, gzip": b"",
}
SPOILED: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda text: b"",
    "a packed body that does not say so": lambda text: gzip.compress(text),
    "UTF-16": lambda text: text.decode().encode("utf-16"),
    "a mark of byte order": lambda text: b"\xef\xbb\xbf" + text,
    "bytes that are no UTF-8": lambda text: text.replace(b'"', b'"\xc0\xaf', 3),
    "half a surrogate": lambda text: text.replace(b'": "', b'": "\\ud800'),
    "half a surrogate in bytes": lambda text: text.replace(b'": "', b'": "\xed\xa0\x80'),
    "NUL behind it": lambda text: text + b"\x00",
    "NUL within": lambda text: text.replace(b"{", b"{\x00", 1),
    "NaN": lambda text: b'{"x": NaN, ' + text[1:],
    "Infinity": lambda text: b'{"x": -Infinity, ' + text[1:],
    "a comment": lambda text: b"/* */" + text,
    "single quotes": lambda text: text.replace(b'"', b"'"),
    "deep lists": lambda text: b'{"x": ' + b"[" * 500_000 + b"]" * 500_000 + b", " + text[1:],
    "deep objects": lambda text: b'{"x": ' + b'{"a":' * 200_000 + b"1" + b"}" * 200_000 + b", " + text[1:],
    "lists without end": lambda text: b"[" * MEGABYTE,
    "the same twice": lambda text: text + text,
    "a member twice": lambda text: text[:-1] + b", " + text[1:],
    "3 MB of spaces": lambda text: text + b" " * (3 * MEGABYTE),
    "a form": lambda text: b"a=1&b=2",
    "a document of XML": lambda text: b'<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/hostname">]><x>&y;</x>',
}


@pytest.mark.parametrize("route", EVERY)
def test_what_begins_whole_is_answered_before_it_is_spoiled(client: httpx.Client, served: Served, route: str):
    assert sent(client, route, good(route, served)).status_code == 200


@pytest.mark.parametrize("route", EVERY)
@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_body_is_refused(client: httpx.Client, served: Served, route: str, name: str):
    body = SPOILED[name](json.dumps(good(route, served)).encode())
    answer = sent(client, route, body)
    assert answer.status_code in {400, 413, 422}
    assert {*answer.json()} in ({"error"}, {"resourceType", "issue"})
    assert "etc/hostname" not in answer.text


@pytest.mark.parametrize("route", EVERY)
@pytest.mark.parametrize("name", BOMBS)
def test_a_packed_body_is_never_unpacked(client: httpx.Client, clinic: Server, route: str, name: str):
    answer = sent(client, route, BOMBS[name], **{"content-encoding": name})
    assert answer.status_code == 415


OTHER_KINDS = (
    *("text/plain", "text/html", "application/xml", "application/fhir+xml", "application/jsonp", "*/*"),
    *("multipart/form-data; boundary=x", "application/x-www-form-urlencoded"),
    *("application/json; charset=utf-16", "application/json;charset=utf-8;charset=utf-7"),
    "application/json, application/json",
)


@pytest.mark.parametrize("route", EVERY)
@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_a_body_of_another_kind_is_not_looked_at(client: httpx.Client, served: Served, route: str, kind: str):
    assert sent(client, route, good(route, served), **{"content-type": kind}).status_code == 415


# ---- a long text anywhere ----


def stretched(body: bytes, length: int) -> Iterator[bytes]:
    """A request with each of its texts, and each name of a member, so much longer."""
    for number, (holder, where) in enumerate(places(json.loads(body))):
        if isinstance(holder, dict) or isinstance(holder[where], str):
            made = json.loads(body)
            inside, place = list(places(made))[number]
            if isinstance(inside[place], str):
                inside[place] += "x" * length
            else:
                inside[f"{place}{'x' * length}"] = inside.pop(place)
            yield json.dumps(made).encode()


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_a_text_of_2_megabytes_anywhere_is_read_or_refused(client: httpx.Client, served: Served, name: str):
    for body, routes in in_json(name, served):
        for one in stretched(body, 2_000_000):
            for route in routes:
                assert sent(client, route, one).status_code in {200, 412, *REFUSED}


# ---- what takes long ----


def much(number: int = 9_900, **members: Callable[[int], Any]) -> dict[str, Any]:
    """A patient of so many events, with members made from the number of each."""
    told = [
        event("PR//pain", 5 + one / 100, 5.0) | {name: make(one) for name, make in members.items()}
        for one in range(number)
    ]
    return patient(*told)


def resources(number: int, **members: Callable[[int], Any]) -> dict[str, Any]:
    """A bundle of so many observations, with members made from the number of each."""
    told = [observation(at=f"20{10 + one % 15}-02-03T09:00:00+01:00") for one in range(number)]
    return collection(
        ann(), *({**one, **{name: make(n) for name, make in members.items()}} for n, one in enumerate(told))
    )


def prescription(words: str) -> dict[str, Any]:
    said = {"medicationCodeableConcept": {"text": words}, "authoredOn": "2026-01-01"}
    return {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "subject": SUBJECT,
    } | said


def ordering(*codings: dict[str, Any]) -> dict[str, Any]:
    order = {
        "resourceType": "ServiceRequest",
        "id": "1",
        "status": "draft",
        "code": {"coding": list(codings)},
    }
    made = call(SIGN)
    made["context"]["draftOrders"] = collection({**order, "intent": "order"})
    return made


def everybody(unit: str, code: str = "PR//pain") -> list[dict[str, Any]]:
    """A hundred patients of many units or codes."""
    return [
        patient(
            *[
                event(code.format(who, one), 5 + one / 10, 5.0, unit=unit.format(who, one))
                for one in range(150)
            ]
        )
        for who in range(100)
    ]


PLAIN: dict[str, Callable[[], Any]] = {
    "/v1/score": much,
    FHIR: lambda: resources(5_000),
    SIGN: lambda: ordering(*[{"system": "http://x.example", "code": "1"}] * 30_000),
}
"""By route what is as large as the others, and means well."""

LABORIOUS: dict[str, tuple[str, Callable[[], Any], set[int]]] = {
    "each event of another code": ("/v1/score", lambda: much(code=lambda n: f"X//{n}"), {200}),
    "each event of nearly a known code": (
        "/v1/score",
        lambda: much(code=lambda n: f"LOINC//72514-3{n}"),
        {200},
    ),
    "each event of another unit": ("/v1/score", lambda: much(unit=lambda n: f"u{n}"), {422}),
    "as many units as may be": ("/v1/score", lambda: much(unit=lambda n: f"u{n % 190}"), {200, 422}),
    "all at one instant": ("/v1/score", lambda: much(time=lambda n: "2026-02-01", value=float), {200, 422}),
    "other codes at one instant": (
        "/v1/score",
        lambda: much(time=lambda n: "2026-02-01", code=lambda n: f"X//{n}"),
        {200, 422},
    ),
    "births only": ("/v1/score", lambda: much(code=lambda n: "MEDS_BIRTH"), {200, 422}),
    "nothing but an opioid": ("/v1/score", lambda: much(code=lambda n: "RxNorm//7804"), {200}),
    "known at the end of time": (
        "/v1/score",
        lambda: much(available_time=lambda n: "9999-12-31T23:59:59.999999"),
        {422},
    ),
    "a hundred patients of other units": ("/v1/score", lambda: everybody("{}u{}"), {422}),
    "a hundred patients of other codes": ("/v1/score", lambda: everybody("", "X//{}-{}"), {200}),
    "a hundred patients explained": ("/v1/score", lambda: [patient(explain=True)] * 100, {200}),
    "each resource of another unit": (
        FHIR,
        lambda: resources(5_000, valueQuantity=lambda n: {"value": 5, "unit": f"u{n}"}),
        {422},
    ),
    "each resource of another code": (
        FHIR,
        lambda: resources(5_000, code=lambda n: coded(f"X//{n}")),
        {200, 422},
    ),
    "a resource of very many codes": (
        FHIR,
        lambda: resources(
            1, code=lambda _: {"coding": [coded(f"LOINC//{n}")["coding"][0] for n in range(30_000)]}
        ),
        {200, 422},
    ),
    "each resource about somebody else": (
        FHIR,
        lambda: resources(5_000, subject=lambda n: {"reference": f"Patient/{n}"}),
        {422},
    ),
    "long names of drugs": (
        FHIR,
        lambda: collection(ann(), *[prescription(f"{n} " + "tablet 5 mg / " * 70) for n in range(1_500)]),
        {200, 422},
    ),
    "an order of very many codes": (
        SIGN,
        lambda: ordering(*[{"system": "x", "code": str(n)} for n in range(60_000)]),
        {422},
    ),
}
SLOWEST = 15
"""Times as long as what means well may hostile bodies of about the size take."""


def seconds(client: httpx.Client, route: str, body: bytes) -> tuple[float, int]:
    begun = time.perf_counter()
    status = sent(client, route, body).status_code
    return time.perf_counter() - begun, status


@pytest.fixture(scope="module")
def usual(client: httpx.Client) -> dict[str, float]:
    """By route, the seconds for what means well."""
    bodies = {route: json.dumps(make()).encode() for route, make in PLAIN.items()}
    return {route: max(seconds(client, route, body)[0] for _ in range(3)) for route, body in bodies.items()}


@pytest.mark.parametrize("name", LABORIOUS)
def test_no_body_is_much_more_work_than_others_of_its_size(
    client: httpx.Client, usual: dict[str, float], name: str
):
    route, make, statuses = LABORIOUS[name]
    body = json.dumps(make(), separators=(",", ":")).encode()
    assert len(body) < 2 * MEGABYTE
    took, status = min(seconds(client, route, body) for _ in range(2))
    assert status in statuses
    assert took < SLOWEST * usual[route]


# ---- paths ----

BELOW = ("/page/", "/docs/files/", "/cds-services/", "/v1/", "/v2/models/", "/v2/models/tiny/versions/")
STRANGE_NAMES = (
    *(
        "..",
        "../",
        "../../../../../../etc/passwd",
        "%2e%2e",
        "%2e%2e%2f%2e%2e%2fsettings.py",
        "..%2fpages.py",
    ),
    *("..%5c..%5cpages.py", "....//pages.py", "%252e%252e%252fpages.py", "..;/pages.py", "/etc/passwd"),
    *("//etc/passwd", "%2fetc%2fpasswd", "file:///etc/passwd", "%00", "page.js%00", "swagger-ui.css%00.js"),
    *(
        "%c0%ae%c0%ae/pages.py",
        "%ff%fe",
        "~root",
        "*",
        "a" * 5_000,
        "%u002e",
        "tiny/../tiny",
        "\\..\\pages.py",
    ),
)


def raw(server: Server, target: str) -> bytes:
    """The answer to a target just as it is spelt here."""
    lines = f"GET {target} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
        client.sendall(lines.encode())
        return b"".join(iter(lambda: client.recv(65_536), b""))


@pytest.mark.parametrize("below", BELOW)
@pytest.mark.parametrize("name", STRANGE_NAMES, ids=range(len(STRANGE_NAMES)))
def test_no_name_in_a_path_leads_out_of_where_it_belongs(clinic: Server, below: str, name: str):
    answer = raw(clinic, below + name)
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"root:" not in answer and b"def " not in answer and b"etc/passwd" not in answer


def test_nothing_of_this_was_a_fault_of_the_server(clinic: Server):
    """Last: no call of this module was a fault of ours."""
    assert '"event":"failed"' not in clinic.output.read_text()
