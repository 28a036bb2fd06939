"""The page for people: static files read once, and above them what must be said of the bundles in service."""

from hashlib import sha256
from html import escape
from pathlib import Path
from types import MappingProxyType

from fastapi import APIRouter, Request
from starlette.responses import Response

from painresponse.scoring.scorer import NOTICE, SYNTHETIC_NOTICE
from painresponse_serve.complaints import RequestError
from painresponse_serve.shelf import Shelf

FOLDER = Path(__file__).parent / "page"
START = "index.html"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = MappingProxyType(
    {
        "cache-control": "no-cache",
        "content-security-policy": POLICY,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
)
_KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_BANNER = "<!-- banner -->"


def page_routes(shelf: Shelf) -> APIRouter:
    """The page at ``/`` and its files below ``/page``. They hold nothing secret and need no key."""
    router = APIRouter(include_in_schema=False)
    files = read_files()
    start = files.pop(START).decode()

    @router.get("/")
    async def page(request: Request) -> Response:
        return _respond(request, START, start.replace(_BANNER, _banner(shelf)).encode())

    @router.get("/page/{name:path}")
    async def file(request: Request, name: str) -> Response:
        if name not in files:
            raise RequestError(404, "not_found", "There is no such file of the page.")
        return _respond(request, name, files[name])

    return router


def read_files() -> dict[str, bytes]:
    """Every file of the page, by its path below the folder."""
    found = sorted(path for path in FOLDER.rglob("*") if path.suffix in _KINDS)
    return {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in found}


def _banner(shelf: Shelf) -> str:
    """In the page itself, so that it is there before any script runs and any key is given."""
    hidden = "" if any(one.bundle.synthetic for one in shelf) else " hidden"
    return f'<p class="synthetic"{hidden}>{escape(SYNTHETIC_NOTICE)}</p><p>{escape(NOTICE)}</p>'


def _respond(request: Request, name: str, content: bytes) -> Response:
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {**HEADERS, "etag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=_KINDS[Path(name).suffix])
