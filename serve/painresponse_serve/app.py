"""The application: its routes, and the one place where errors become statuses."""

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from painresponse.errors import RecordError
from painresponse.scoring.scorer import Scorer
from painresponse_serve.complaints import RequestError
from painresponse_serve.documents import document_routes
from painresponse_serve.logs import Logged, note
from painresponse_serve.routes import description_routes, health_routes, score_routes
from painresponse_serve.settings import Settings


def create_app(scorer: Scorer, settings: Settings) -> FastAPI:
    """The scoring service over one bundle, as an ASGI application."""
    app = FastAPI(
        title="painresponse",
        version="1",
        description=" ".join(scorer.notices),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    for router in (score_routes(scorer, settings), description_routes(scorer), health_routes(scorer)):
        app.include_router(router)
    app.include_router(document_routes(app))
    for kind in (RequestError, RecordError, HTTPException):
        app.add_exception_handler(kind, _respond)
    app.add_middleware(Logged)
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
