"""Connections that mean no good: what is not plain HTTP/1.1 is refused, and nobody is waited for long."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median

import pytest

from tests.attack.processes import PROC, open_files, resident_megabytes
from tests.serve.conftest import PATIENCE, Server, eventually, running
from tests.serve.test_process import connected

pytestmark = pytest.mark.slow

RECEIVE = 0.8
LONGEST = 4.0
"""Seconds after which the slowest of these connections must be over, by the limits and a busy machine."""

END = b"connection: close\r\n\r\n"
GET = b"GET /healthz HTTP/1.1\r\nhost: here\r\n"
POST = b"POST /v1/score HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n"
CHUNKED = POST + b"transfer-encoding: chunked\r\n" + END
NOTHING: tuple[int, ...] = ()


def get(target: bytes) -> bytes:
    return GET.replace(b"/healthz", target) + END


def with_header(line: bytes) -> bytes:
    return GET + line + b"\r\n" + END


def posted(*lines: bytes, body: bytes = b"{}") -> bytes:
    return POST + b"".join(line + b"\r\n" for line in lines) + END + body


ENDED = b"0\r\n\r\n"
RAW: dict[str, tuple[bytes, tuple[int, ...]]] = {
    # versions and protocols
    "a line of HTTP/0.9": (b"GET /healthz\r\n", NOTHING),
    "HTTP/0.9 and an empty line": (b"GET /healthz\r\n\r\n", (400,)),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(40), (400,)),
    "HTTP/1.2": (get(b"/").replace(b"1.1", b"1.2"), (400,)),
    "HTTP/3.0": (get(b"/").replace(b"1.1", b"3.0"), (400,)),
    "the hello of TLS": (bytes.fromhex("16030100f8010000f40303") + bytes(240), (400,)),
    "another protocol": (b"EHLO here\r\n", (400,)),
    "zeros": (bytes(100_000), (400,)),
    "nothing but ones": (b"\xff" * 100_000, (400,)),
    "empty lines without end": (b"\r\n" * 300_000, (400,)),
    "an upgrade to websockets": (with_header(b"connection: upgrade\r\nupgrade: websocket"), (200,)),
    # methods and targets
    "TRACE": (get(b"/healthz").replace(b"GET", b"TRACE"), (405,)),
    "CONNECT": (b"CONNECT here:443 HTTP/1.1\r\nhost: here\r\n\r\n", (400,)),
    "a method that there is not": (get(b"/healthz").replace(b"GET", b"FROB"), (400,)),
    "a method in small letters": (get(b"/healthz").replace(b"GET", b"get"), (400,)),
    "OPTIONS of everything": (get(b"*").replace(b"GET", b"OPTIONS"), (404,)),
    "an absolute target": (get(b"http://here/healthz"), (200,)),
    "an absolute target with a strange port": (get(b"http://here:999999/healthz"), (400,)),
    "an absolute target without a host": (get(b"http://[/healthz"), (400,)),
    "no target": (GET.replace(b"/healthz", b"") + END, (400,)),
    "a target without a slash": (get(b"healthz"), (400,)),
    "two slashes": (get(b"//elsewhere/healthz"), (404,)),
    "NUL in the target": (get(b"/heal\x00thz"), (400,)),
    "CR in the target": (get(b"/heal\rthz"), (400,)),
    "LF in the target": (get(b"/heal\nthz"), (400,)),
    "a header in the target": (get(b"/healthz\r\nx: y\r\n"), (400,)),
    "a space in the target": (get(b"/heal thz"), (400,)),
    "letters beyond ASCII in the target": (get(b"/healthz\xff"), (400,)),
    "NUL as %00": (get(b"/healthz%00"), (404,)),
    "a header as %0d%0a": (get(b"/healthz%0d%0aset-cookie:%20a=b"), (404,)),
    "no UTF-8 as %ff": (get(b"/%ff"), (404,)),
    "a broken %": (get(b"/%zz%"), (404,)),
    "backslashes": (get(b"/..\\..\\healthz"), (404,)),
    "a target of 1 MB": (get(b"/" + b"a" * 1_000_000), (400,)),
    "a query of 1 MB": (get(b"/healthz?" + b"a=1&" * 250_000), (400,)),
    # headers
    "NUL in a header": (with_header(b"x: a\x00b"), (400,)),
    "CR in a header": (with_header(b"x: a\rb"), (400,)),
    "LF in a header": (with_header(b"x: a\nb: c"), (400,)),
    "a space before the colon": (with_header(b"x : a"), (400,)),
    "no name": (with_header(b": a"), (400,)),
    "no colon": (with_header(b"xyz"), (400,)),
    "a folded header": (with_header(b"x: a\r\n b"), (400,)),
    "a fold at the beginning": (b"GET /healthz HTTP/1.1\r\n host: here\r\n\r\n", (400,)),
    "lines that end with LF": (GET.replace(b"\r", b"") + END.replace(b"\r", b""), (400,)),
    "no host": (b"GET /healthz HTTP/1.1\r\n" + END, (400,)),
    "two hosts": (with_header(b"host: elsewhere"), (400,)),
    "a header of 1 MB": (with_header(b"x: " + b"a" * 1_000_000), (400,)),
    "a name of 1 MB": (with_header(b"a" * 1_000_000 + b": x"), (400,)),
    "10,000 headers": (with_header(b"\r\n".join(b"x%d: y" % n for n in range(10_000))), (400,)),
    # lengths
    "two lengths": (posted(b"content-length: 2", b"content-length: 3"), (400,)),
    "the same length twice": (posted(b"content-length: 2", b"content-length: 2"), (400,)),
    "a list of lengths": (posted(b"content-length: 2, 2"), (400,)),
    "a negative length": (posted(b"content-length: -2"), (400,)),
    "a length with a sign": (posted(b"content-length: +2"), (400,)),
    "a hexadecimal length": (posted(b"content-length: 0x2"), (400,)),
    "a length in other digits": (posted("content-length: ٢".encode()), (400,)),
    "a length beyond all": (posted(b"content-length: " + b"9" * 30), (400,)),
    "an empty length": (posted(b"content-length:"), (400,)),
    "a length, and chunks": (
        posted(b"content-length: 2", b"transfer-encoding: chunked", body=ENDED),
        (400,),
    ),
    "chunks, and a length": (
        posted(b"transfer-encoding: chunked", b"content-length: 2", body=ENDED),
        (400,),
    ),
    "more than its length": (posted(b"content-length: 2", body=b"{}" + GET + END), (422,)),
    # encodings of transfer, and chunks
    "gzip for the way": (posted(b"transfer-encoding: gzip"), (400,)),
    "gzip and chunks": (posted(b"transfer-encoding: gzip, chunked", body=ENDED), (400,)),
    "chunks and gzip": (posted(b"transfer-encoding: chunked, gzip", body=ENDED), (400,)),
    "chunks twice": (
        posted(b"transfer-encoding: chunked", b"transfer-encoding: chunked", body=ENDED),
        (400,),
    ),
    "chunks by another name": (posted(b"transfer-encoding: xchunked", body=ENDED), (400,)),
    "chunks after a vertical tab": (posted(b"transfer-encoding:\x0bchunked", body=ENDED), (400,)),
    "chunks before a colon apart": (posted(b"transfer-encoding : chunked", body=ENDED), (400,)),
    "chunks of HTTP/1.0": (
        posted(b"transfer-encoding: chunked", body=ENDED).replace(b"/1.1", b"/1.0"),
        (400,),
    ),
    "chunks in capitals": (posted(b"TRANSFER-ENCODING: CHUNKED", body=b"2\r\n{}\r\n" + ENDED), (422,)),
    "a size that is no number": (CHUNKED + b"zz\r\n", (400,)),
    "a negative size": (CHUNKED + b"-1\r\n", (400,)),
    "a size with a sign": (CHUNKED + b"+2\r\n{}\r\n" + ENDED, (400,)),
    "a size with 0x": (CHUNKED + b"0x2\r\n{}\r\n" + ENDED, (400,)),
    "a size beyond 64 bits": (CHUNKED + b"f" * 17 + b"\r\n", (400,)),
    "a size of 8 exabytes": (CHUNKED + b"7fffffffffffffff\r\n{}", (408,)),
    "a space after the size": (CHUNKED + b"2 \r\n{}\r\n" + ENDED, (400,)),
    "no size": (CHUNKED + b"\r\n{}\r\n", (400,)),
    "more than its size": (CHUNKED + b"2\r\n{}}\r\n" + ENDED, (400,)),
    "chunks whose lines end with LF": (CHUNKED + b"2\n{}\n0\n\n", (400,)),
    "an extension of 1 MB": (CHUNKED + b"2;" + b"a" * 1_000_000 + b"\r\n{}\r\n" + ENDED, (422,)),
    "a size with 100,000 zeros": (CHUNKED + b"0" * 100_000 + b"2\r\n{}\r\n" + ENDED, (422,)),
    "trailers of 600 kB": (CHUNKED + b"2\r\n{}\r\n0\r\n" + b"x: y\r\n" * 100_000 + b"\r\n", (400,)),
    "a length among the trailers": (CHUNKED + b"2\r\n{}\r\n0\r\ncontent-length: 5\r\n\r\n", (400,)),
    "a request after the last": ((GET + END) * 2, (200,)),
}


@pytest.fixture(scope="module")
def impatient(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that waits little."""
    limits = {"request_seconds": RECEIVE / 2, "receive_seconds": RECEIVE, "keep_alive_seconds": 1}
    with running(tiny_bundle, tmp_path_factory.mktemp("impatient"), **limits) as server:
        yield server


def heard(client: socket.socket) -> bytes:
    """All that comes until the other side hangs up, however it does."""
    received = b""
    with suppress(ConnectionResetError):
        while part := client.recv(65_536):
            received += part
    return received


def statuses(answers: bytes) -> tuple[int, ...]:
    return tuple(map(int, re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)))


@pytest.mark.parametrize("name", RAW)
def test_what_is_not_plain_http_is_refused_and_never_waited_for(impatient: Server, name: str):
    sent, expected = RAW[name]
    begun = time.monotonic()
    with connected(impatient) as client:
        with suppress(BrokenPipeError, ConnectionResetError):  # it need not listen to the end
            client.sendall(sent)
        answers = heard(client)
    assert time.monotonic() - begun < LONGEST
    assert statuses(answers) == expected
    with impatient.client() as other:
        assert other.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("one", "answer"), [(GET + b"\r\n", 200), (POST + b"content-length: 2\r\n\r\n{}", 422)]
)
def test_of_a_flood_that_waits_for_no_answer_some_are_answered_in_turn_and_then_it_ends(
    impatient: Server, one: bytes, answer: int
):
    with connected(impatient) as client:
        with suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(one * 10_000)
        *answered, last = statuses(heard(client))
    assert 0 < len(answered) < 10_000
    assert set(answered) == {answer}
    assert last in (answer, 400)
    with impatient.client() as other:
        assert other.get("/healthz").status_code == 200


def test_none_of_it_was_a_fault_or_was_written_down(impatient: Server):
    """After the others: a refused head leaves one line without a word of it."""
    written = impatient.output.read_text()
    assert '"event":"failed"' not in written
    assert "Traceback" not in written
    assert max(map(len, written.splitlines())) < 400


@pytest.mark.parametrize(
    ("begun", "expected"),
    [
        (b"GET /healthz HTTP/1.1\r\nhost: here\r\nx: ", NOTHING),
        (POST + b"content-length: 9999\r\n\r\n", (408,)),
    ],
    ids=["a head", "a body"],
)
def test_a_byte_now_and_then_buys_no_time(impatient: Server, begun: bytes, expected: tuple[int, ...]):
    at = time.monotonic()
    with connected(impatient) as client:
        client.sendall(begun)
        with suppress(BrokenPipeError, ConnectionResetError):
            while time.monotonic() - at < LONGEST:
                client.sendall(b"1")
                time.sleep(RECEIVE / 20)
        assert statuses(heard(client)) == expected
    assert time.monotonic() - at < LONGEST


def narrow(server: Server, room: int) -> socket.socket:
    """A client with so many bytes of room for what it is sent."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    client.settimeout(PATIENCE)
    client.connect(("127.0.0.1", server.port))
    return client


LARGE = b"GET /docs/files/swagger-ui-bundle.js HTTP/1.1\r\nhost: here\r\n"


@pytest.mark.skipif(not PROC.exists(), reason="needs /proc to see the sockets of a process")
@pytest.mark.parametrize("end", [END, b"\r\n"], ids=["closing", "keeping"])
def test_a_client_that_takes_no_answer_is_let_go(impatient: Server, end: bytes):
    process = impatient.process.pid
    before = eventually(lambda: _settled(process))
    clients = [narrow(impatient, 4096) for _ in range(5)]
    for client in clients:
        client.sendall((LARGE + end) * 20)
    eventually(lambda: open_files(process) >= before + 5)
    begun = time.monotonic()
    eventually(lambda: open_files(process) <= before)
    assert time.monotonic() - begun < LONGEST
    for client in clients:
        client.close()


def _settled(process: int) -> int:
    """How many files are open, once that stays as it is: earlier connections may still be closing."""
    count = open_files(process)
    time.sleep(0.2)
    return count if count == open_files(process) else 0


@pytest.mark.slow
def test_a_client_that_takes_its_answers_slowly_gets_them_whole(impatient: Server):
    with impatient.client() as other:
        size = len(other.get("/docs/files/swagger-ui-bundle.js").content)
    begun = time.monotonic()
    received = 0
    with narrow(impatient, 65_536) as client:
        client.sendall((LARGE + b"\r\n") * 9 + LARGE + END)
        while part := client.recv(65_536):
            received += len(part)
            time.sleep(0.01)
    assert time.monotonic() - begun > 2 * RECEIVE
    assert 10 * size < received < 10 * (size + 1_000)


# ---- very many ----

CLIENTS = 10_000


def _files_allowed() -> int:
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


@pytest.mark.slow
@pytest.mark.skipif(not PROC.exists(), reason="needs /proc to see the sockets of a process")
@pytest.mark.skipif(
    _files_allowed() < CLIENTS + 500, reason=f"the system allows fewer than {CLIENTS} sockets"
)
def test_ten_thousand_that_say_nothing_keep_nobody_waiting(tiny_bundle: Path, tmp_path: Path):
    with running(tiny_bundle, tmp_path, receive_seconds=8) as server:
        process = server.process.pid
        assert max(latencies(server)) < 1
        before, files = resident_megabytes(process), open_files(process)
        call = [sys.executable, "-m", "tests.attack.crowd", str(server.port), str(CLIENTS)]
        with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as crowd:
            assert crowd.stdin and crowd.stdout
            assert crowd.stdout.readline() == "connected\n"
            eventually(lambda: open_files(process) > CLIENTS)
            waited = latencies(server)
            assert median(waited) < 0.1
            assert resident_megabytes(process) - before < 100
            hung_up, _ = crowd.communicate("go on\n", timeout=60)
        assert int(hung_up) == CLIENTS
        eventually(lambda: open_files(process) <= files + 5)
        assert '"event":"failed"' not in server.output.read_text()


def latencies(server: Server, calls: int = 30) -> list[float]:
    """Seconds that a new client waits, each time on a connection of its own."""
    found = []
    for _ in range(calls):
        begun = time.monotonic()
        with connected(server) as client:
            client.sendall(GET + END)
            assert statuses(heard(client)) == (200,)
        found.append(time.monotonic() - begun)
    return found
