"""Connections that must deliver what can be read in one way only: stricter than uvicorn alone."""

import math
import sys
from asyncio import BaseTransport, TimerHandle

from httptools import HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 65_536
"""Largest head of a request, trailers included; each header counts 32 more than its length, as in HTTP/2."""
PIPELINED = 64
"""Most requests a client may send without waiting for an answer."""
SLOWEST = 4_096
"""Bytes a second at which a client must take its answers; one that does not could be owed them for ever."""


class Connection(HttpToolsProtocol):
    """Closed when a request does not come whole in ``receive_seconds``, or its head is large or doubtful, or
    its answer is not taken.
    """

    receive_seconds: float
    _deadline: TimerHandle | None = None
    _taking: TimerHandle | None = None
    _whole = False  # whether nothing of a request is owed
    _head = 0.0  # bytes of an unfinished head, beyond the read it began in
    _listed = 0  # bytes of its headers
    _read = b""

    def connection_made(self, transport: BaseTransport) -> None:
        """A client has connected."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._expect()

    def data_received(self, data: bytes) -> None:
        """A client has sent something."""
        self._whole = False
        self._head += len(data)
        self._read = data
        super().data_received(data)
        self._read = b""
        if not self._whole:  # as most are that come in one piece
            self._expect()
        if self._head > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("Request header too large.")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._whole = False
        self._head = self._listed = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header is there, or one trailer. Raises ValueError when there are too many."""
        super().on_header(name, value)
        self._listed += len(name) + len(value) + 32
        if self._listed > HEAD_BYTES:
            raise ValueError("head too large")

    def on_headers_complete(self) -> None:
        """The head is there. Raises ValueError when it is doubtful, or one too many."""
        self._head = -math.inf
        if len(self.pipeline) >= PIPELINED or not _clear(self.parser, self.headers):
            raise ValueError("doubtful head")
        if not self.parser.should_upgrade():
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """It is there as a whole."""
        if not self.parser.should_upgrade():
            super().on_message_complete()
            self._whole = True
            self._relax()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._relax()
        self._taken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Much of an answer waits for the client to take it."""
        super().pause_writing()
        self._await_taking()

    def resume_writing(self) -> None:
        """The client has taken most of it."""
        super().resume_writing()
        self._taken()

    def on_response_complete(self) -> None:
        """An answer is sent; the end of it may still wait."""
        super().on_response_complete()
        self._await_taking()

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be read: behind the answers still owed, not in the place of one of them."""
        owed = self.cycle and not self.cycle.response_complete
        if owed and (self.pipeline or not self.cycle.more_body):
            self.cycle.keep_alive = False
        else:
            super().send_400_response(msg)

    def _unsupported_upgrade_warning(self) -> None:
        """Read a request on as if it had not asked for another protocol; Java's client asks every time."""
        raised = sys.exc_info()[1]
        rest = self._read[raised.args[0] :] if raised else b""
        version = self.parser.get_http_version().encode()
        head = b"%s %s HTTP/%s\r\n" % (self.parser.get_method(), self.url, version)
        kept = b"".join(b"%s: %s\r\n" % one for one in self.headers if one[0] != b"upgrade")
        self.parser = HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.data_received(head + kept + b"\r\n" + rest)

    def _expect(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.receive_seconds, self.transport.close)

    def _relax(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _await_taking(self) -> None:
        self._taken()
        if waiting := self.transport.get_write_buffer_size():
            self._taking = self.loop.call_later(self.receive_seconds, self._check_taking, waiting)

    def _check_taking(self, waited: int) -> None:
        """Let go of a client that takes next to nothing: closing alone would wait for it."""
        waiting = self.transport.get_write_buffer_size()
        if waiting and waited - waiting < SLOWEST * self.receive_seconds:
            self.transport.abort()
        else:
            self._await_taking()

    def _taken(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None


def _clear(parser: HttpRequestParser, headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether any other reader, such as a proxy, would see the same request for the same host."""
    version, method = parser.get_http_version(), parser.get_method()
    hosts = sum(name == b"host" for name, _ in headers)
    codings = [value.lower() for name, value in headers if name == b"transfer-encoding"]
    if version == "1.1":
        return hosts == 1 and codings in ([], [b"chunked"]) and method != b"CONNECT"
    return version == "1.0" and hosts < 2 and not codings and method != b"CONNECT"


def connections(receive_seconds: float) -> type[Connection]:
    """The class of connections that are given so many seconds."""
    return type("TimedConnection", (Connection,), {"receive_seconds": receive_seconds})
