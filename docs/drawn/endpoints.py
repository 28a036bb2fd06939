"""The HTTP interface: a line for every call, from the description the server gives of itself."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from painresponse_serve.access import Door, needed
from painresponse_serve.app import create_app
from painresponse_serve.service import open_service
from painresponse_serve.settings import load_settings
from painresponse_serve.shelf import Served, Shelf

SHIPPED = Path(__file__).parents[2] / "models" / "synthetic.onnx"
_METHODS = ("get", "post", "put", "delete")


def endpoints() -> str:
    """A table: call, what it is for, the scope it needs, its statuses."""
    head = "| call | what for | scope | statuses |\n|---|---|---|---|\n"
    return head + "".join(f"| {' | '.join(line)} |\n" for line in _lines(description()))


def description() -> dict[str, Any]:
    """The OpenAPI document of a server of the bundle that ships."""
    for talker in ("httpx", "painresponse_serve"):
        logging.getLogger(talker).setLevel(logging.WARNING)
    return asyncio.run(_asked())


async def _asked() -> dict[str, Any]:
    settings = load_settings()
    shelf = Shelf([Served.open(SHIPPED, allow_synthetic=True)])
    app = create_app(open_service(shelf, settings), Door(settings.access))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://site") as client:
        described: dict[str, Any] = (await client.get("/openapi.json")).raise_for_status().json()
        return described


def _lines(described: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for path, calls in described["paths"].items():
        for method in (one for one in _METHODS if one in calls):
            told = calls[method]
            scope = needed(method.upper(), path) or "none"
            yield (
                f"`{method.upper()} {path}`",
                told.get("summary", ""),
                scope,
                ", ".join(sorted(told["responses"])),
            )
