"""The application: its routes, and the one place where errors become statuses."""

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from painresponse.errors import RecordError
from painresponse.scoring.scorer import MEANING, NOTICE
from painresponse_serve.access import Door, Guard
from painresponse_serve.answers import Answer
from painresponse_serve.complaints import Failure, RequestError
from painresponse_serve.descriptions import Catalogue, Models
from painresponse_serve.documents import document_routes
from painresponse_serve.histories import EXAMPLE, History
from painresponse_serve.logs import Logged, note
from painresponse_serve.metrics import metrics_routes
from painresponse_serve.pages import page_routes
from painresponse_serve.routes import description_routes, health_routes, score_routes
from painresponse_serve.service import Service

KINDS = (History, Answer, Models, Catalogue, Failure)
EXAMPLES = {"History": EXAMPLE}


def create_app(service: Service, door: Door) -> FastAPI:
    """The service behind its door, as an ASGI application."""
    app = FastAPI(
        title="painresponse",
        version="1",
        description=f"{NOTICE} {MEANING}",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    for router in (
        score_routes(service),
        description_routes(service.shelf),
        health_routes(service.shelf),
        metrics_routes(service.metrics),
        page_routes(service.shelf),
    ):
        app.include_router(router)
    app.include_router(document_routes(app, KINDS, EXAMPLES))
    for kind in (RequestError, RecordError, HTTPException):
        app.add_exception_handler(kind, _respond)
    app.add_middleware(Guard, door=door)
    app.add_middleware(Logged, count=service.metrics.requested)
    return app


async def _respond(request: Request, error: Exception) -> Response:
    worded = error if isinstance(error, RequestError) else _worded(error)
    note(request, error=worded.code)
    return worded.response()


def _worded(error: Exception) -> RequestError:
    if isinstance(error, RecordError):
        return RequestError(422, "unreadable", str(error))
    status = error.status_code if isinstance(error, HTTPException) else 500
    code, words = _ROUTES.get(status, ("refused", "This cannot be answered."))
    allowed = dict(getattr(error, "headers", None) or {})
    return RequestError(status, code, f"{words} /docs shows what there is.", headers=allowed)


_ROUTES = {404: ("not_found", "There is nothing here."), 405: ("wrong_method", "Not with this method.")}
