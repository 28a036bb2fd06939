"""What the server cannot answer, and the one shape in which it says so.

No complaint holds anything the client sent: a code, a value or a misplaced name could identify a patient.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response


class Trouble(msgspec.Struct, frozen=True):
    """What is wrong, for a program and for a person."""

    code: Annotated[str, Meta(description="stable name of the problem")]
    message: Annotated[str, Meta(description="what is wrong and what to do; names places, never values")]


class Failure(msgspec.Struct, frozen=True):
    """The body of every answer that is not one."""

    error: Trouble


class RequestError(Exception):
    """A request that is not answered: its HTTP status, and the words."""

    def __init__(self, status: int, code: str, message: str, *, headers: dict[str, str] | None = None):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = headers or {}

    def response(self) -> Response:
        """As an HTTP response."""
        return json_response(Failure(Trouble(self.code, self.message)), self.status, headers=self.headers)


HANG_UP = {"connection": "close"}
"""For complaints made before the body was read: the rest of it must not be waited for."""


class _Json(Response):
    """JSON that no cache keeps; its headers are the same nearly every time."""

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        """These, and those of every answer."""
        said = {**_EVERY, **{name.encode(): value.encode() for name, value in (headers or {}).items()}}
        self.raw_headers = [*said.items(), (b"content-length", b"%d" % len(self.body))]


_EVERY = {
    b"content-type": b"application/json",
    b"cache-control": b"no-store",
    b"x-content-type-options": b"nosniff",
}


def json_response(content: Any, status: int = 200, *, headers: Mapping[str, str] | None = None) -> Response:
    """Structs and plain values, or JSON encoded before, as a response that no cache keeps."""
    return _Json(content if isinstance(content, bytes) else msgspec.json.encode(content), status, headers)
