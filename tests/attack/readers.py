"""What reads requests, each from bytes to an answer in this process, unless it complains of the client."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from painresponse.errors import RecordError
from painresponse.records.rows import ask
from painresponse_serve.answering import check_units, put, tell
from painresponse_serve.charts import chart, check_size, json_of
from painresponse_serve.complaints import RequestError
from painresponse_serve.fhir import EXAMPLE as CHART
from painresponse_serve.fhir import understood
from painresponse_serve.histories import EXAMPLE as HISTORY
from painresponse_serve.histories import decode
from painresponse_serve.hooks.cards import cards
from painresponse_serve.hooks.examples import examples
from painresponse_serve.hooks.feedback import Feedback
from painresponse_serve.hooks.orders import asked, ordered
from painresponse_serve.hooks.prefetched import fetched
from painresponse_serve.hooks.requests import OrderSelectCall, OrderSignCall, PatientViewCall, read
from painresponse_serve.hooks.site import interventions
from painresponse_serve.inference.messages import example
from painresponse_serve.inference.replies import reply
from painresponse_serve.questions import Choice, Question
from painresponse_serve.settings import load_settings
from painresponse_serve.shelf import Served

LIMITS = load_settings().limits
NOW = datetime(2026, 3, 1, 9)
DECLARED = interventions()
HOOKS = ("patient-view", "order-select", "order-sign")
CALLS: tuple[type[Struct], ...] = (PatientViewCall, OrderSelectCall, OrderSignCall, Feedback)

Reader = Callable[[Served, bytes], object]


def native(served: Served, body: bytes) -> object:
    """A history, or a list of them, answered."""
    given = decode(body, events=LIMITS.events, patients=LIMITS.patients)
    several = given if isinstance(given, list) else [given]
    return _told(served, [one.question() for one in several])


def fhir(served: Served, body: bytes) -> object:
    """Resources as a history, and answered."""
    found = chart(
        json_of(body), served.bundle.concepts, measures=served.scorer.measures, zone="Europe/Madrid"
    )
    check_size(found, LIMITS.events)
    return understood(found), _told(served, [Question(found.raw, ask(NOW))])


def hooks(served: Served, body: bytes) -> object:
    """A call of whichever hook it is, as cards; or feedback."""
    complaints = []
    for kind in CALLS:
        try:
            return _heard(served, read(body, kind))
        except RequestError as error:
            complaints.append(error)
    raise complaints[0]


def _heard(served: Served, call: Any) -> object:
    if isinstance(call, Feedback):
        return call
    if isinstance(call, OrderSignCall):
        asked(ordered(call.context.draft_orders), DECLARED, served.bundle.concepts)
    asks = ask(NOW)
    found = fetched(call.prefetch or {}, call.context.patient_id, served.scorer, asks=asks, zone="")
    (one,) = _told(served, [Question(found.chart.raw, asks, Choice(explain=True))])
    return cards(one.answer, found, address="")


def inference(served: Served, body: bytes) -> object:
    """Tensors in JSON; or, behind a number and a line's end, so many bytes of JSON and tensors after it."""
    head, end, rest = body[:8].partition(b"\n")
    if end and head.isdigit():
        return reply(served, rest + body[8:], int(head), LIMITS)
    return reply(served, body, None, LIMITS)


def _told(served: Served, questions: Sequence[Question]) -> Any:
    check_units(questions)
    return tell([put(served, one) for one in questions])


def read_or_complained(reader: Reader, served: Served, body: bytes) -> None:
    """Read it. Whatever it is, nothing but a complaint of the client may come of it, if no answer."""
    with suppress(RecordError):
        try:
            reader(served, body)
        except RequestError as error:
            assert 400 <= error.status < 500


BY_NAME: dict[str, Reader] = {"native": native, "fhir": fhir, "hooks": hooks, "inference": inference}
READERS = tuple(BY_NAME)
_HOOKS = "/cds-services/painresponse-"
ROUTES: dict[str, tuple[str, ...]] = {
    "native": ("/v1/score",),
    "fhir": ("/v1/fhir/score?index=2026-03-01T09:00:00", "/v1/fhir/history"),
    "hooks": (*(f"{_HOOKS}{hook}" for hook in HOOKS), f"{_HOOKS}order-sign/feedback"),
    "inference": ("/v2/models/tiny/infer",),
}
"""Where a reader's requests are sent; those of hooks each to its own."""


def served_from(path: Path) -> Served:
    """A bundle, ready to be asked."""
    return Served.open(path, allow_synthetic=True)


def seeds(name: str, served: Served) -> Iterator[bytes]:
    """Requests that a reader answers, to begin from."""
    called = examples(NOW)
    row = example(served.bundle)
    plain: dict[str, list[Any]] = {
        "native": [HISTORY, [HISTORY, {**HISTORY, "explain": True, "targets": ["rfa"]}]],
        "fhir": [CHART, [one["resource"] for one in CHART["entry"]]],
        "hooks": list(called.values()),
        "inference": [row],
    }
    yield from (json.dumps(one).encode() for one in plain[name])
    if name == "inference":
        yield _in_bytes(row)


def in_json(name: str, served: Served) -> Iterator[tuple[bytes, tuple[str, ...]]]:
    """Those requests that are JSON alone, each with the routes that answer it."""
    plain = [one for one in seeds(name, served) if one.startswith((b"{", b"["))]
    for place, one in enumerate(plain):
        yield one, ROUTES[name] if name != "hooks" else (ROUTES[name][place],)


def _in_bytes(row: dict[str, Any]) -> bytes:
    """The request of an example with its row behind the JSON."""
    shape = row["inputs"][0]["shape"]
    size = 4 * shape[0] * shape[1]
    features = {
        "name": "features",
        "datatype": "FP32",
        "shape": shape,
        "parameters": {"binary_data_size": size},
    }
    text = json.dumps({"inputs": [features]}).encode()
    return b"%d\n" % len(text) + text + bytes(size)
