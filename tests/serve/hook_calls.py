"""Calls of CDS Hooks about patients who do not exist, at the instant they are made."""

from datetime import datetime, timedelta
from typing import Any

import httpx

from painresponse_serve.hooks.examples import examples
from tests.serve.conftest import Server
from tests.serve.resources import coded, collection, observation, procedure

SELECT, SIGN, VIEW = (
    f"/cds-services/painresponse-{hook}" for hook in ("order-select", "order-sign", "patient-view")
)
SYSTEMS = {"CPT": "http://www.ama-assn.org/go/cpt", "HCPCS": "urn:oid:2.16.840.1.113883.6.285"}
WHOM = {"subject": {"reference": "Patient/example"}}

Call = dict[str, Any]


def order(code: str, kind: str = "ServiceRequest", **more: Any) -> Call:
    """A draft order of something by its code, as we write codes."""
    system, _, own = code.partition("//")
    concept = {"coding": [{"system": SYSTEMS.get(system, f"http://clinic.example/{system}"), "code": own}]}
    field = {"ServiceRequest": "code", "DeviceRequest": "codeCodeableConcept"}.get(
        kind, "medicationCodeableConcept"
    )
    return {
        "resourceType": kind,
        "id": own,
        "status": "draft",
        "intent": "order",
        field: concept,
        **WHOM,
        **more,
    }


def call(path: str, *orders: Call, now: datetime | None = None, **other: Any) -> Call:
    """What a hook is called with: for an ablation, unless other orders are given; ``other`` members."""
    name = {SELECT: "OrderSelectCall", SIGN: "OrderSignCall", VIEW: "PatientViewCall"}[path]
    made = examples(now or datetime.now())[name]
    if path != VIEW:
        drafts = orders or (order("CPT//64635"),)
        made["context"]["draftOrders"] = collection(*drafts)
    if path == SELECT:
        made["context"]["selections"] = [f"{one['resourceType']}/{one['id']}" for one in drafts]
    return {**made, **other}


def fetched(
    path: str = SIGN, *, now: datetime | None = None, without: tuple[str, ...] = (), **keys: Any
) -> Call:
    """The prefetch of a call with other keys, and without some."""
    prefetch = {**call(path, now=now)["prefetch"], **keys}
    return {key: one for key, one in prefetch.items() if key not in without}


def ago(days: float, now: datetime | None = None) -> str:
    """A FHIR instant so many days ago; a clinic an hour east of Greenwich wrote it."""
    return f"{(now or datetime.now()) - timedelta(days=days):%Y-%m-%dT%H:%M:%S}+01:00"


def measured(code: str, value: float, at: str) -> Call:
    """An Observation of the patient."""
    return observation(value, at, code, **WHOM)


def done(code: str, at: str) -> Call:
    """A Procedure of the patient."""
    return {**procedure(code, at), "code": coded(code), **WHOM}


def post(server: Server, path: str, body: Any, **headers: str) -> httpx.Response:
    """The answer of a server."""
    with server.client() as client:
        if isinstance(body, bytes):
            return client.post(path, content=body, headers={"content-type": "application/json", **headers})
        return client.post(path, json=body, headers=headers)


def shown(server: Server, path: str, body: Any) -> list[Call]:
    """The cards of an answer."""
    answer = post(server, path, body)
    assert answer.status_code == 200, answer.text
    found: list[Call] = answer.json()["cards"]
    return found
