"""Bodies in: their type, their size, the time they take, and how many are at work at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from painresponse_serve.complaints import HANG_UP, RequestError
from painresponse_serve.settings import Limits

Kinds = tuple[str, ...]
JSON: Kinds = ("application/json",)


class Desk:
    """Admits requests as the settings allow, and receives their bodies."""

    def __init__(self, limits: Limits):
        self.limits = limits
        self._at_work = 0

    @property
    def at_work(self) -> int:
        """How many requests are being received or answered."""
        return self._at_work

    @asynccontextmanager
    async def received(self, request: Request, *, kinds: Kinds = JSON) -> AsyncIterator[bytes]:
        """A request's body of one of these kinds, while it is worked on.

        Raises RequestError where a limit is broken.
        """
        if self._at_work >= self.limits.concurrent:
            raise self._busy()
        self._at_work += 1
        try:
            yield await self._body(request, kinds)
        finally:
            self._at_work -= 1

    def _busy(self) -> RequestError:
        later = {"retry-after": str(self.limits.retry_after_seconds)}
        return RequestError(503, "busy", "Too many requests at once. Try again.", headers=later | HANG_UP)

    async def _body(self, request: Request, kinds: Kinds) -> bytes:
        _check_type(request, kinds)
        seconds = self.limits.request_seconds
        try:
            async with asyncio.timeout(seconds):
                return await _read(request, self.limits.body_bytes)
        except TimeoutError:
            raise RequestError(
                408, "too_slow", f"The body did not arrive within {seconds:g} seconds.", headers=HANG_UP
            ) from None


def _check_type(request: Request, kinds: Kinds) -> None:
    kind, _, rest = request.headers.get("content-type", "").lower().partition(";")
    encoding = request.headers.get("content-encoding", "identity").lower()
    plain = rest.strip() in ("", "charset=utf-8", 'charset="utf-8"')
    if kind.strip() not in kinds or not plain or encoding != "identity":
        wanted = " or ".join(filter(None, kinds))
        raise RequestError(
            415,
            "wrong_content_type",
            f"Send the body uncompressed, text in UTF-8, with the header Content-Type: {wanted}.",
            headers=HANG_UP,
        )


async def _read(request: Request, limit: int) -> bytes:
    body = bytearray()
    size = int(request.headers.get("content-length", 0))
    if size <= limit:
        async for chunk in request.stream():
            body += chunk
            size = len(body)
            if size > limit:
                break
    if size > limit:
        raise RequestError(413, "too_large", f"A body may have at most {limit} bytes.", headers=HANG_UP)
    return bytes(body)
