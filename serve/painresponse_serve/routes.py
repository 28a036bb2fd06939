"""Our own interface: histories in and answers out, what can be asked and sent, and the probes."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from painresponse_serve.answers import Answer
from painresponse_serve.complaints import Failure, json_response
from painresponse_serve.descriptions import Catalogue, Models, catalogue, predicted
from painresponse_serve.documents import body
from painresponse_serve.histories import History, decode
from painresponse_serve.service import Service
from painresponse_serve.shelf import Shelf

REFUSED_BODIES: dict[int | str, dict[str, Any]] = {
    400: body("Not JSON", Failure),
    401: body("No key or token that is known here", Failure),
    403: body("The key or token lacks the scope that is needed", Failure),
    408: body("The body came too slowly", Failure),
    413: body("Too large", Failure),
    415: body("Not the right content type", Failure),
    503: body(
        "Too busy, or the answer cannot be recorded; the header Retry-After says when to come back", Failure
    ),
}
_SCORE_ANSWERS: dict[int | str, dict[str, Any]] = {
    **REFUSED_BODIES,
    200: body("At least one asked model speaks; a list where a list was sent", Answer, list[Answer]),
    404: body("No such model is served", Failure),
    422: body(
        "Every asked model refuses (Answer), or this is not a history (Failure)",
        Answer,
        list[Answer],
        Failure,
    ),
}

_MODEL = {
    "name": "model",
    "in": "query",
    "description": "from /v1/models; without it, the first",
    "schema": {"type": "string"},
}


def score_routes(service: Service) -> APIRouter:
    """Histories in, predicted responses out."""
    router = APIRouter(tags=["score"])
    limits = service.desk.limits

    @router.post(
        "/v1/score",
        summary="Predicted response of one patient, or of several",
        openapi_extra={
            "requestBody": {"required": True, **body("One patient, or a list", History, list[History])}
        },
        responses=_SCORE_ANSWERS,
    )
    async def score(request: Request) -> Response:
        async with service.desk.received(request) as sent:
            asked = decode(sent, events=limits.events, patients=limits.patients)
            several = asked if isinstance(asked, list) else [asked]
            answers = await service.answers(request, sent, [one.question() for one in several])
        silent = all(one.refused == len(one.scores) for one in answers)
        return json_response(answers if isinstance(asked, list) else answers[0], 422 if silent else 200)

    return router


def description_routes(shelf: Shelf) -> APIRouter:
    """What is predicted and what can be sent."""
    router = APIRouter(tags=["describe"])

    @router.get("/v1/models", summary="What is predicted", responses={200: body("The bundles", Models)})
    async def what_is_predicted() -> Response:
        return json_response(Models([predicted(one.scorer) for one in shelf]))

    @router.get(
        "/v1/catalogue",
        summary="What can be sent",
        openapi_extra={"parameters": [_MODEL]},
        responses={200: body("Codes", Catalogue), 404: body("No such model is served", Failure)},
    )
    async def what_can_be_sent(request: Request) -> Response:
        return json_response(catalogue(shelf.pick(request.query_params.get("model")).bundle.concepts))

    return router


def health_routes(shelf: Shelf) -> APIRouter:
    """Probes. A server that answers is ready: it listens only once its bundles gave their golden scores."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz", summary="Whether the process answers")
    async def healthz() -> Response:
        return json_response(b'{"status":"alive"}')

    @router.get("/readyz", summary="Whether it can score, and with which bundles")
    async def readyz() -> Response:
        return json_response({"status": "ready", "models": {one.name: one.bundle.digest for one in shelf}})

    return router
