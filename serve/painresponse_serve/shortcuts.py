"""Short ways to the busy routes: finding its way takes FastAPI as long as a short answer takes."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from painresponse.errors import RecordError
from painresponse_serve.complaints import RequestError

BUSY = ("/v1/score", "/v2/models/{model}/infer")
"""Routes that are posted to, as they were declared."""


@dataclass(frozen=True, slots=True)
class Way:
    """A route, and what its path holds where it is taken."""

    route: APIRoute
    held: dict[str, Any]


def ways(routers: Iterable[APIRouter], models: Iterable[str]) -> dict[str, Way]:
    """By path as it is sent, of the busy routes."""
    routes = [one for router in routers for one in router.routes if isinstance(one, APIRoute)]
    found = {}
    for route in routes:
        if route.path in BUSY and "{model}" in route.path:
            found.update({route.path.format(model=name): Way(route, {"model": name}) for name in models})
        elif route.path in BUSY:
            found[route.path] = Way(route, {})
    return found


class Shortcut:
    """Calls the endpoint of a busy route itself; everything else takes the long way.

    ``respond`` words the errors, as it does for the other routes.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        ways: Mapping[str, Way],
        respond: Callable[[Request, Exception], Awaitable[Response]],
    ):
        self.app, self._ways, self._respond = app, ways, respond

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what comes."""
        posted = scope["type"] == "http" and scope["method"] == "POST"
        way = self._ways.get(scope["path"]) if posted else None
        if way is None:
            await self.app(scope, receive, send)
            return
        scope.update(route=way.route, path_params=way.held)
        request = Request(scope, receive, send)
        try:
            response = await way.route.endpoint(request)
        except (RequestError, RecordError) as error:
            response = await self._respond(request, error)
        await response(scope, receive, send)
