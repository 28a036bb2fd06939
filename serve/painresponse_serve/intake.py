"""Bodies in: their type, their size, the time they take, and how many are at work at once."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from painresponse_serve.complaints import HANG_UP, RequestError
from painresponse_serve.settings import Limits

Kinds = tuple[str, ...]
JSON: Kinds = ("application/json",)


class Desk:
    """Receives bodies, and lets as many requests be worked on at once as the settings allow.

    While more come than that, half as many: where somebody waits in any case, the others are answered soon.
    """

    def __init__(self, limits: Limits):
        self.limits = limits
        self._at_work = self._held = self._too_many = 0

    @property
    def at_work(self) -> int:
        """How many requests are being answered."""
        return self._at_work

    def received(self, request: Request, *, kinds: Kinds = JSON) -> "Receipt":
        """A request's body of one of these kinds, while it is worked on (``async with``).

        Raises RequestError where a limit is broken. Whoever sends slowly keeps nobody waiting: only a request
        that is there as a whole counts as being worked on.
        """
        _check_head(request, kinds, self.limits.body_bytes)
        return Receipt(self, request)

    def hold(self, size: int) -> None:
        """So many bytes more of bodies are held; fewer, if negative. Raises RequestError beyond the limit."""
        self._held += size
        if self._held > self.limits.held_bytes and size > 0:
            raise self._busy(hang_up=True)

    async def begin(self) -> None:
        """One request more is worked on. Raises RequestError, after a while, where there is no room."""
        most = self.limits.concurrent
        if self._at_work >= (max(1, most // 2) if self._too_many else most):
            self._too_many += 1
            try:
                await asyncio.sleep(self.limits.busy_seconds)
            finally:
                self._too_many -= 1
            raise self._busy()
        self._at_work += 1

    def end(self) -> None:
        """One fewer is."""
        self._at_work -= 1

    def _busy(self, *, hang_up: bool = False) -> RequestError:
        headers = {"retry-after": str(self.limits.retry_after_seconds)} | (HANG_UP if hang_up else {})
        return RequestError(503, "busy", "Too many requests at once. Try again.", headers=headers)


class Receipt:
    """A request's body, held and worked on from the beginning of an ``async with`` to its end."""

    def __init__(self, desk: Desk, request: Request):
        self._desk, self._request, self._body = desk, request, bytearray()

    async def __aenter__(self) -> bytes:
        try:
            await self._receive()
            await self._desk.begin()
        except BaseException:
            self._desk.hold(-len(self._body))
            raise
        return bytes(self._body)

    async def __aexit__(self, *_: object) -> None:
        self._desk.end()
        self._desk.hold(-len(self._body))

    async def _receive(self) -> None:
        """The first part is mostly all there is, and without one the connection closes by itself."""
        if not await self._take():
            return
        seconds = self._desk.limits.request_seconds
        try:
            async with asyncio.timeout(seconds):
                while await self._take():
                    pass
        except TimeoutError:
            raise RequestError(
                408, "too_slow", f"The body did not arrive within {seconds:g} seconds.", headers=HANG_UP
            ) from None

    async def _take(self) -> bool:
        """One more part of the body; whether there is another."""
        message = await self._request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part: bytes = message.get("body", b"")
        self._body += part
        self._desk.hold(len(part))
        if len(self._body) > self._desk.limits.body_bytes:
            raise _too_large(self._desk.limits.body_bytes)
        return bool(message.get("more_body"))


def _check_head(request: Request, kinds: Kinds, most: int) -> None:
    sent: dict[bytes, bytes] = dict(reversed(request.scope["headers"]))  # of two of a name the first counts
    kind, _, rest = sent.get(b"content-type", b"").lower().partition(b";")
    encoding = sent.get(b"content-encoding", b"identity").lower()
    plain = rest.strip() in (b"", b"charset=utf-8", b'charset="utf-8"')
    if kind.strip().decode("latin-1") not in kinds or not plain or encoding != b"identity":
        wanted = " or ".join(filter(None, kinds))
        raise RequestError(
            415,
            "wrong_content_type",
            f"Send the body uncompressed, text in UTF-8, with the header Content-Type: {wanted}.",
            headers=HANG_UP,
        )
    if int(sent.get(b"content-length", 0)) > most:
        raise _too_large(most)


def _too_large(most: int) -> RequestError:
    return RequestError(413, "too_large", f"A body may have at most {most} bytes.", headers=HANG_UP)
