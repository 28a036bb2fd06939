"""FHIR's shape for what cannot be answered, and for what should be known beside an answer."""

from collections.abc import Iterable
from typing import Any

from starlette.responses import Response

from painresponse_serve.complaints import RequestError, json_response

MEDIA_TYPE = "application/fhir+json"
PROBLEM = "urn:painresponse:problem"
"""The code system of everything that has a stable name here: problems, refusals, what was left out."""

_KINDS = {
    400: "structure",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    408: "timeout",
    413: "too-long",
    415: "not-supported",
    422: "invalid",
    503: "transient",
}


def issue(severity: str, kind: str, code: str, words: str, *, about: str = "") -> dict[str, Any]:
    """One issue: FHIR's severity and kind, our code and words, and what it is about."""
    details = {"coding": [{"system": PROBLEM, "code": code}], "text": words}
    told = {"severity": severity, "code": kind, "details": details}
    return {**told, "diagnostics": about} if about else told


def outcome(issues: Iterable[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """An OperationOutcome."""
    return {"resourceType": "OperationOutcome", **more, "issue": list(issues)}


def failed(error: RequestError) -> Response:
    """An error as an OperationOutcome."""
    kind = _KINDS.get(error.status, "exception")
    told = outcome([issue("error", kind, error.code, error.message)])
    return fhir_response(told, error.status, headers=error.headers)


def fhir_response(resource: Any, status: int = 200, *, headers: dict[str, str] | None = None) -> Response:
    """A resource as a response."""
    response = json_response(resource, status, headers=headers)
    response.headers["content-type"] = MEDIA_TYPE
    return response
