"""Connections that must deliver: uvicorn alone would wait for ever for the end of a header."""

import math
from asyncio import BaseTransport, TimerHandle

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 65_536


class Connection(HttpToolsProtocol):
    """Closed when a request does not arrive whole in ``receive_seconds``, or its head is too large."""

    receive_seconds: float
    _deadline: TimerHandle | None = None
    _head = 0.0  # bytes of an unfinished head, beyond the read it began in

    def connection_made(self, transport: BaseTransport) -> None:
        """A client has connected."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._expect()

    def data_received(self, data: bytes) -> None:
        """A client has sent something."""
        self._expect()
        self._head += len(data)
        super().data_received(data)
        if self._head > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("Request header too large.")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._expect()
        self._head = 0

    def on_headers_complete(self) -> None:
        """Its head is there."""
        super().on_headers_complete()
        self._head = -math.inf

    def on_message_complete(self) -> None:
        """It is there as a whole."""
        super().on_message_complete()
        self._relax()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._relax()
        super().connection_lost(exc)

    def _expect(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.receive_seconds, self.transport.close)

    def _relax(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def connections(receive_seconds: float) -> type[Connection]:
    """The class of connections that are given so many seconds."""
    return type("TimedConnection", (Connection,), {"receive_seconds": receive_seconds})
