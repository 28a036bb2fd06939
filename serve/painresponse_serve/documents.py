"""The description of the interface (OpenAPI), and a page to read and try it that needs no other host."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, get_args, get_origin

import msgspec
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from swagger_ui_bundle import swagger_ui_path

from painresponse_serve.complaints import json_response

OPENAPI = "3.0.3"
"""The packaged Swagger UI (4.15) does not read 3.1."""

_AT = "#/components/schemas/{name}"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FILES = "/docs/files"

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title>
<link rel="icon" href="{files}/favicon-32x32.png"><link rel="stylesheet" href="{files}/swagger-ui.css"></head>
<body><div id="page"></div>
<script src="{files}/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body>
</html>
"""

_START = """SwaggerUIBundle({url: "/openapi.json", dom_id: "#page", validatorUrl: null});
"""


Kind = type[msgspec.Struct] | Any
"""A struct, or a list of one (``list[Answer]``)."""

Needed = Callable[[str, str], str | None]
"""Method and path into the scope that a key or token must have; None where nothing need be shown."""


def body(description: str, *kinds: Kind, media_type: str = "application/json") -> dict[str, Any]:
    """An OpenAPI response (or request) whose body is one of these structs, or lists of them."""
    schemas = [_schema(kind) for kind in kinds]
    schema = schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _schema(kind: Kind) -> dict[str, Any]:
    if get_origin(kind) is list:
        return {"type": "array", "items": _schema(get_args(kind)[0])}
    return {"$ref": _AT.format(name=kind.__name__)}


def document_routes(
    app: FastAPI, kinds: Sequence[Kind], examples: Mapping[str, Any], *, needed: Needed
) -> APIRouter:
    """/openapi.json and /docs for an app whose other routes are all in place.

    ``kinds``: the structs of their bodies; ``examples``: by name of a struct, a body that can be sent.
    """
    router = APIRouter(include_in_schema=False)
    plain = _described(app, kinds, examples)
    _lock(plain, needed)
    described = msgspec.json.encode(plain)
    page = _PAGE.format(title=escape(app.title), files=_FILES)

    @router.get("/openapi.json")
    async def openapi() -> Response:
        return json_response(described)

    @router.get("/docs")
    async def docs() -> Response:
        return Response(page, media_type="text/html", headers={"content-security-policy": _POLICY})

    @router.get("/docs/start.js")
    async def start() -> Response:
        return Response(_START, media_type="text/javascript")

    app.mount(_FILES, StaticFiles(directory=swagger_ui_path))
    return router


def _described(app: FastAPI, kinds: Sequence[Kind], examples: Mapping[str, Any]) -> dict[str, Any]:
    described = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        openapi_version=OPENAPI,
        routes=app.routes,
    )
    _, schemas = msgspec.json.schema_components(kinds, ref_template=_AT)
    described["components"] = {"schemas": {name: _older(one) for name, one in schemas.items()}}
    for name, example in examples.items():
        described["components"]["schemas"][name]["example"] = example
    return described


def _lock(described: dict[str, Any], needed: Needed) -> None:
    """Say which operations need a key or token, so that the page offers to take one."""
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            if scope := needed(method.upper(), path):
                operation["security"] = [{"bearer": []}]
                words = f"Needs a key or token with the scope {scope}."
                operation["description"] = " ".join(filter(None, (operation.get("description"), words)))
                described["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}


def _older(schema: Any) -> Any:
    """A JSON schema in the words of OpenAPI 3.0: what may be null says so itself, pairs are lists of two."""
    if isinstance(schema, list):
        return [_older(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    told = {key: _older(value) for key, value in schema.items()}
    kinds = told.get("anyOf", [])
    if {"type": "null"} in kinds:
        del told["anyOf"]
        kind, *_ = [one for one in kinds if one != {"type": "null"}]
        told |= {**kind, "nullable": True}
    if "prefixItems" in told:
        told["items"] = told.pop("prefixItems")[0]
    return told
