"""The routes: a history in and an answer out, what can be asked and sent, and the probes."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from painresponse.scoring.scorer import Scorer
from painresponse_serve.answers import Answer, answer
from painresponse_serve.complaints import Failure, json_response
from painresponse_serve.descriptions import Catalogue, Models, catalogue, models
from painresponse_serve.documents import body
from painresponse_serve.histories import History, decode
from painresponse_serve.intake import Desk
from painresponse_serve.logs import note
from painresponse_serve.settings import Settings

_SCORE_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: body("At least one asked model speaks", Answer),
    400: body("Not JSON", Failure),
    408: body("The body came too slowly", Failure),
    413: body("Too large", Failure),
    415: body("Not application/json", Failure),
    422: body("Every asked model refuses (Answer), or this is not a history (Failure)", Answer, Failure),
    503: body("Too many requests at once; the header Retry-After says when to come back", Failure),
}


def score_routes(scorer: Scorer, settings: Settings) -> APIRouter:
    """A history in, predicted responses out."""
    router = APIRouter(tags=["score"])
    desk = Desk(settings)

    @router.post(
        "/v1/score",
        summary="Predicted response of one patient",
        openapi_extra={"requestBody": {"required": True, **body("One patient", History)}},
        responses=_SCORE_ANSWERS,
    )
    async def score(request: Request) -> Response:
        async with desk.received(request) as sent:
            # inline: handing the work to a thread would take longer than the work
            answered = answer(scorer, decode(sent, events=settings.events))
        note(request, targets=len(answered.scores), refused=answered.refused)
        return json_response(answered, 422 if answered.refused == len(answered.scores) else 200)

    return router


def description_routes(scorer: Scorer) -> APIRouter:
    """What is predicted and what can be sent; both are fixed while the server runs."""
    router = APIRouter(tags=["describe"])
    predicted, readable = models(scorer), catalogue(scorer.bundle.concepts)

    @router.get("/v1/models", summary="What is predicted", responses={200: body("The bundle", Models)})
    async def what_is_predicted() -> Response:
        return json_response(predicted)

    @router.get("/v1/catalogue", summary="What can be sent", responses={200: body("Codes", Catalogue)})
    async def what_can_be_sent() -> Response:
        return json_response(readable)

    return router


def health_routes(scorer: Scorer) -> APIRouter:
    """Probes. A server that answers is ready: it listens only once its bundle gave its golden scores."""
    router = APIRouter(tags=["health"])
    ready = b'{"status":"ready","digest":"%s"}' % scorer.bundle.digest.encode()

    @router.get("/healthz", summary="Whether the process answers")
    async def healthz() -> Response:
        return json_response(b'{"status":"alive"}')

    @router.get("/readyz", summary="Whether it can score, and with which bundle")
    async def readyz() -> Response:
        return json_response(ready)

    return router
