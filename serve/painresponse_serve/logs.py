"""One JSON line a request: which route, which status, how long. Nothing a client sent is in it."""

import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from traceback import extract_tb
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from painresponse_serve.complaints import RequestError

log = logging.getLogger("painresponse_serve")

_CLIENT_LEFT = 499


class JsonLines(logging.Formatter):
    """Log records as JSON objects. Of an exception only its type and places: its words may hold values."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as one line."""
        fields = getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1]:
            fields = fields | _whereabouts(record.exc_info[1])
        return _json(record.created, record.levelname.lower(), record.getMessage(), fields)


def _json(seconds: float, level: str, event: str, fields: dict[str, Any]) -> str:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    return msgspec.json.encode({"time": at, "level": level, "event": event, **fields}).decode()


_LEVELS = {
    "painresponse_serve": logging.INFO,
    "uvicorn": logging.WARNING,
    "asyncio": logging.ERROR,
    "py.warnings": logging.WARNING,
}


def log_to_stdout() -> None:
    """Send our own lines, and the warnings of Python and uvicorn, to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logging.captureWarnings(True)
    # no line says where it was written, by which thread or process: looking that up takes longer than writing
    logging._srcfile = None  # as the documentation of logging gives it
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for name, level in _LEVELS.items():
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)


def _whereabouts(error: BaseException) -> dict[str, Any]:
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in extract_tb(error.__traceback__)]
    return {"error": type(error).__name__, "places": places}


class Logged:
    """The outermost layer: logs and counts every request, and answers for what fails without meaning to.

    ``count`` is told method, route, status, seconds and the error of each.
    """

    def __init__(self, app: ASGIApp, *, count: Callable[..., None]):
        self.app, self._count = app, count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what comes; of a request, write the line."""
        if scope["type"] == "http":
            await self._request(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, status = time.perf_counter(), 0
        scope.setdefault("state", {})["line"] = {}

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except ClientDisconnect:
            status = _CLIENT_LEFT
        except Exception as error:
            log.error("failed", exc_info=error)
            if not status:
                await _INTERNAL.response()(scope, receive, noted)
        seconds = time.perf_counter() - started
        _tell("request", _line(scope, status, seconds))
        self._count(
            method=scope["method"],
            route=_route(scope),
            status=status,
            seconds=seconds,
            error=scope["state"]["line"].get("error", ""),
        )


def _tell(event: str, fields: dict[str, Any]) -> None:
    """A line as ``log.info`` writes it, but without a record in between, which takes three times as long."""
    for handler in log.handlers:
        if isinstance(handler, logging.StreamHandler):
            try:
                handler.stream.write(_json(time.time(), "info", event, fields) + handler.terminator)
                handler.flush()
            except OSError:
                handler.handleError(log.makeRecord(log.name, logging.INFO, "", 0, event, (), None))


_INTERNAL = RequestError(500, "internal", "The server failed. Nothing was scored; its log says where.")


def _line(scope: Scope, status: int, seconds: float) -> dict[str, Any]:
    noted: dict[str, Any] = scope["state"]["line"]
    ms = round(seconds * 1e3, 2)
    return {"method": scope["method"], "route": _route(scope), "status": status, "ms": ms, **noted}


def _route(scope: Scope) -> str:
    """As it was declared: what a client put into the path is left out."""
    path: str = getattr(scope.get("route"), "path", "none")
    return path


def note(request: Request, **facts: int | str) -> None:
    """Add to the line of a request; never anything a client sent."""
    request.scope["state"]["line"].update(facts)
