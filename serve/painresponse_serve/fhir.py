"""FHIR R4: a patient's resources in; out a history to look at, or RiskAssessments."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Request
from msgspec import Meta, Struct
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from painresponse.schema import STATIC
from painresponse_serve.answers import Answer, Rejection
from painresponse_serve.assessments import bundle, silence
from painresponse_serve.charts import Chart, Counts, chart, check_size, json_of
from painresponse_serve.complaints import json_response
from painresponse_serve.documents import body
from painresponse_serve.fhir_queries import HISTORY, SCORE, check_names, parameters, query
from painresponse_serve.histories import Event
from painresponse_serve.operation_outcomes import MEDIA_TYPE, fhir_response
from painresponse_serve.questions import Question
from painresponse_serve.service import Service

KINDS = (MEDIA_TYPE, "application/json")

_EPOCH = datetime(1970, 1, 1)


class Events(Struct, frozen=True):
    """A history that does not say yet at which instant a prediction is asked."""

    events: list[Event]


class FhirReading(Struct, frozen=True):
    """FHIR resources as a history."""

    history: Events
    left_out: Annotated[list[Rejection], Meta(description="resources, or parts of them, that were not read")]
    doubtful: Annotated[list[Rejection], Meta(description="what was read in spite of a doubt")]


def understood(found: Chart) -> FhirReading:
    """A chart as a history: scored, it gives what the chart gives."""
    raw = found.raw
    columns = zip(
        raw.time.tolist(),
        raw.available.tolist(),
        raw.code.tolist(),
        [float(str(one)) for one in raw.value],  # 6.2 as it was written, not 6.199999809265137
        raw.unit.tolist(),
        strict=True,
    )
    events = [
        Event(
            _written(time),
            raw.codes[code],
            value if value == value else None,  # NaN: there is none
            raw.units[unit] or None if unit >= 0 else None,
            _written(available) if available != time else None,
        )
        for time, available, code, value, unit in columns
    ]
    return FhirReading(Events(events), _rejections(found.left_out), _rejections(found.doubtful))


def fhir_routes(service: Service) -> APIRouter:
    """A patient's resources in."""
    router = APIRouter(tags=["fhir"])

    @router.post(
        "/v1/fhir/history",
        summary="A patient's FHIR resources as a history",
        openapi_extra=_asked(*HISTORY),
        responses={200: body("The history, without an index", FhirReading), **_FAILURES},
    )
    async def history(request: Request) -> Response:
        async with service.desk.received(request, kinds=KINDS) as sent:
            check_names(request.query_params, HISTORY)
            return json_response(understood(await _charted(service, sent, request.query_params.get("model"))))

    @router.post(
        "/v1/fhir/score",
        summary="Predicted response of one patient, from FHIR resources",
        openapi_extra=_asked(*SCORE),
        responses={**_FAILURES, 200: _SCORED, 422: _REFUSED},
    )
    async def score(request: Request) -> Response:
        async with service.desk.received(request, kinds=KINDS) as sent:
            asked = query(request.query_params, zone=service.zone)
            found = await _charted(service, sent, asked.choice.model)
            question = Question(found.raw, asked.asks, asked.choice)
            (answer,) = await service.answers(request, sent, [question])
        status = 422 if answer.refused == len(answer.scores) else 200
        if asked.native:
            return json_response(answer, status)
        told = bundle(answer, found, at=asked.at) if status == 200 else silence(answer, found)
        return fhir_response(told, status)

    return router


async def _charted(service: Service, sent: bytes, model: str | None) -> Chart:
    """What was sent as a chart, read in a thread: a large bundle takes its time."""
    scorer = service.shelf.pick(model).scorer

    def read() -> Chart:
        given = json_of(sent)
        found = chart(given, scorer.bundle.concepts, measures=scorer.measures, zone=service.zone)
        check_size(found, service.desk.limits.events)
        return found

    return await run_in_threadpool(read)


def _written(time: int) -> str | None:
    return None if time == STATIC else (_EPOCH + timedelta(microseconds=time)).isoformat()


def _rejections(found: Counts) -> list[Rejection]:
    return [Rejection(*one) for one in found]


def _observed(code: str, value: float, unit: str, *, at: str, number: int) -> dict[str, Any]:
    return {
        "resource": {
            "resourceType": "Observation",
            "id": f"observation-{number}",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "subject": {"reference": "Patient/example"},
            "effectiveDateTime": at,
            "valueQuantity": {"value": value, "system": "http://unitsofmeasure.org", "code": unit},
        }
    }


_PATIENT = {"resourceType": "Patient", "id": "example", "gender": "female", "birthDate": "1968-05-17"}
EXAMPLE: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {"resource": _PATIENT},
        _observed("72514-3", 7, "{score}", at="2025-03-10T10:00:00+01:00", number=1),
        _observed("72514-3", 8, "{score}", at="2026-02-03T10:30:00+01:00", number=2),
        _observed("72514-3", 8, "{score}", at="2026-02-24T09:15:00+01:00", number=3),
        _observed("1988-5", 6.2, "mg/L", at="2026-02-17T08:05:00+01:00", number=4),
    ],
}
"""A bundle that can be sent as it stands (the patient does not exist)."""

_FREE = {"type": "object", "description": "a FHIR R4 resource", "additionalProperties": True}


def _asked(*names: str) -> dict[str, Any]:
    """The query and the body of a route, as OpenAPI describes them."""
    content = {kind: {"schema": {**_FREE, "example": EXAMPLE}} for kind in KINDS}
    words = "A Bundle of one patient's resources"
    sent = {"description": words, "required": True, "content": content}
    return {"parameters": parameters(names), "requestBody": sent}


def _resource(words: str) -> dict[str, Any]:
    return {"description": words, "content": {MEDIA_TYPE: {"schema": _FREE}}}


_SCORED = {
    "description": "A Bundle: a RiskAssessment for each model that speaks, else an OperationOutcome",
    "content": {MEDIA_TYPE: {"schema": _FREE}, **body("", Answer)["content"]},
}
_REFUSED = {
    "description": "Not one patient's resources (OperationOutcome), or every asked model refuses",
    "content": _SCORED["content"],
}
_FAILURES: dict[int | str, dict[str, Any]] = {
    400: _resource("Not JSON (OperationOutcome)"),
    401: _resource("No key or token that is known here (OperationOutcome)"),
    403: _resource("The key or token lacks the scope that is needed (OperationOutcome)"),
    404: _resource("No such model is served (OperationOutcome)"),
    408: _resource("The body came too slowly (OperationOutcome)"),
    413: _resource("Too large (OperationOutcome)"),
    415: _resource("Not the right content type (OperationOutcome)"),
    422: _resource("Not one patient's resources (OperationOutcome)"),
    503: _resource("Too busy, or the answer cannot be recorded; see Retry-After (OperationOutcome)"),
}
