"""Asking the server in FHIR, and reading what it answers."""

import json
from typing import Any

import httpx

from tests.serve.conftest import Server
from tests.serve.patients import INDEX, patient
from tests.serve.resources import told

AT = f"{INDEX}%2B01:00"
"""The index of the patients, as a FHIR dateTime in a URL."""


def post(
    server: Server, body: Any, query: str = "", *, route: str = "score", kind: str = "application/fhir+json"
) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with server.client() as client:
        return client.post(f"/v1/fhir/{route}?{query}", content=content, headers={"content-type": kind})


def scored(server: Server, body: Any, query: str = "", *, index: str = AT) -> httpx.Response:
    return post(server, body, f"index={index}&{query}")


def entries(response: httpx.Response, kind: str = "RiskAssessment") -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    found = [one["resource"] for one in response.json()["entry"]]
    return [one for one in found if one["resourceType"] == kind]


def extensions(node: dict[str, Any]) -> dict[str, Any]:
    return {
        one["url"].removeprefix("urn:painresponse:"): next(v for k, v in one.items() if k != "url")
        for one in node["extension"]
    }


def ready(pain: float = 7, **asked: Any) -> list[dict[str, Any]]:
    """The resources of a patient of whom enough is known to be scored."""
    return [one["resource"] for one in told(patient(pain=pain, **asked))["entry"]]


def event_of(time: str | None, code: str, value: float | None = None, available: str | None = None) -> Any:
    said = {"value": value, "available_time": available}
    return {"time": time, "code": code} | {name: one for name, one in said.items() if one is not None}
