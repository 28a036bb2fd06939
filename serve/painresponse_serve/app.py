"""The application: its routes, and the one place where errors become statuses."""

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

from painresponse.errors import RecordError
from painresponse.scoring.scorer import MEANING, NOTICE
from painresponse_serve.access import Door, Guard, Wording, wording
from painresponse_serve.answers import Answer
from painresponse_serve.complaints import Failure, RequestError
from painresponse_serve.descriptions import Catalogue, Models
from painresponse_serve.documents import document_routes
from painresponse_serve.fhir import FhirReading, fhir_routes
from painresponse_serve.histories import EXAMPLE, History
from painresponse_serve.hooks.examples import examples
from painresponse_serve.hooks.origins import CrossOrigin
from painresponse_serve.hooks.routes import MESSAGES as HOOK_MESSAGES
from painresponse_serve.hooks.routes import hook_routes
from painresponse_serve.hooks.site import Site, clinic_clock
from painresponse_serve.inference import MESSAGES, complained, example, inference_routes
from painresponse_serve.logs import Logged, note
from painresponse_serve.metrics import metrics_routes
from painresponse_serve.operation_outcomes import failed
from painresponse_serve.pages import page_routes
from painresponse_serve.routes import description_routes, health_routes, score_routes
from painresponse_serve.service import Service
from painresponse_serve.shortcuts import Shortcut, ways

KINDS = (History, Answer, FhirReading, Models, Catalogue, Failure, *MESSAGES, *HOOK_MESSAGES)
EXAMPLES = {"History": EXAMPLE}
WORDINGS: dict[str, Wording] = {"/v1/fhir": failed, "/v2": complained}
"""By the beginning of a path, how its interface words an error; ours elsewhere."""


def create_app(service: Service, door: Door, *, site: Site | None = None) -> ASGIApp:
    """The service behind its door, as an ASGI application; ``site``: how CDS Hooks are answered."""
    site = site or Site(clinic_clock(service.zone))
    app = FastAPI(
        title="painresponse",
        version="1",
        description=f"{NOTICE} {MEANING}",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    routers = (
        score_routes(service),
        fhir_routes(service),
        inference_routes(service),
        hook_routes(service, site),
        description_routes(service.shelf),
        health_routes(service.shelf),
        metrics_routes(service.metrics),
        page_routes(service.shelf),
    )
    for router in routers:
        app.include_router(router)
    sendable = {**examples(site.clock()), "InferRequest": example(service.shelf.pick().bundle)}
    app.include_router(document_routes(app, KINDS, EXAMPLES | sendable, needed=door.needed))
    for kind in (RequestError, RecordError, HTTPException):
        app.add_exception_handler(kind, _respond)
    inner = Shortcut(app, ways=ways(routers, service.shelf.names), respond=_respond)
    guarded = Guard(inner, door=door, wordings=WORDINGS)
    shared = CrossOrigin(guarded, origins=site.hooks.origins)
    return Logged(shared, count=service.metrics.requested)


async def _respond(request: Request, error: Exception) -> Response:
    worded = error if isinstance(error, RequestError) else _worded(error)
    note(request, error=worded.code)
    return wording(request.scope["path"], WORDINGS)(worded)


def _worded(error: Exception) -> RequestError:
    if isinstance(error, RecordError):
        return RequestError(422, "unreadable", str(error))
    status = error.status_code if isinstance(error, HTTPException) else 500
    code, words = _ROUTES.get(status, ("refused", "This cannot be answered."))
    allowed = dict(getattr(error, "headers", None) or {})
    return RequestError(status, code, f"{words} /docs shows what there is.", headers=allowed)


_ROUTES = {404: ("not_found", "There is nothing here."), 405: ("wrong_method", "Not with this method.")}
