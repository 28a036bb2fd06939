"""Browser clients of other origins: for hooks alone, and only from the origins that the settings name."""

from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

BELOW = "/cds-services"


class CrossOrigin:
    """Lets pages of these origins call what lies at and below /cds-services; cookies are never asked for."""

    def __init__(self, app: ASGIApp, origins: Collection[str]):
        self._closed = app
        self._open = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=("GET", "POST"),
            allow_headers=("authorization", "content-type"),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the question of a browser, or mark the answer as one that the page may read."""
        hooks = scope["type"] == "http" and f"{scope['path']}/".startswith(f"{BELOW}/")
        await (self._open if hooks else self._closed)(scope, receive, send)
