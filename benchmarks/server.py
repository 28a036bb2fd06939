"""The scoring server as a client sees it: start, memory, the time of one answer, and what overload does.

A plain client over loopback, another history of 200 events each time.
"""

import asyncio
import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from painresponse_serve.pages import FOLDER

REQUESTS, EVENTS = 2_000, 200
GOALS = {
    "p50 ms": 2.0,
    "p99 ms": 10.0,
    "explained p50 ms": 4.0,
    "start s": 1.0,
    "memory MB": 120.0,
    "overload p99 / p99": 5.0,
}
CROWD, CROWD_SECONDS = 128, 5.0
"""Connections of the overload, each of which asks again as soon as it is answered, or told to come back."""


def main(bundle: Path = Path("models/synthetic.onnx")) -> None:
    """Print the figures, each beside its goal."""
    print(f"scoring server, {bundle.name}, {REQUESTS} histories of {EVENTS} events, one connection")
    for name, value in measure(bundle).items():
        goal = f"  (goal: under {GOALS[name]:g})" if name in GOALS else ""
        print(f"{name:>24} {value:9.2f}{goal}")


def measure(bundle: Path) -> dict[str, float]:
    """Figures by name."""
    bodies, explained = histories(REQUESTS), histories(REQUESTS // 4, explain=True)
    with _server(bundle, bodies[0]) as (process, port, started):
        _times(port, bodies[:50])
        times, with_reasons = _times(port, bodies), _times(port, explained)
        memory = _resident_mb(process.pid)
        rate, refused, crowded = _crowd(port, bodies[:200])
    p99 = float(np.quantile(times, 0.99))
    return {
        "p50 ms": float(np.quantile(times, 0.5)),
        "p99 ms": p99,
        "explained p50 ms": float(np.quantile(with_reasons, 0.5)),
        "explained p99 ms": float(np.quantile(with_reasons, 0.99)),
        "start s": started,
        "memory MB": memory,
        "overload answers/s": rate,
        "overload told to wait": refused,
        "overload p99 ms": crowded,
        "overload p99 / p99": crowded / p99,
    }


def histories(count: int, *, explain: bool = False) -> list[bytes]:
    """Bodies for /v1/score: the page's first example, each with other measurements of its kinds added."""
    example = json.loads((FOLDER / "examples" / "after-trial.json").read_text())
    index, events = np.datetime64(example["index"]), example["events"]
    measured = [one for one in events if one.get("value") is not None and one["time"]]
    rng = np.random.default_rng(1)
    return [
        json.dumps(
            {"index": str(index), "events": events + _more(rng, index, measured, EVENTS - len(events))}
            | {"explain": explain}
        ).encode()
        for _ in range(count)
    ]


def _more(
    rng: np.random.Generator, index: np.datetime64, measured: list[dict[str, object]], count: int
) -> list[dict[str, object]]:
    """Half pain scores, the rest what was measured in the example, at other times of two years."""
    ago = rng.integers(3_600, 2 * 365 * 86_400, count)
    pain = {"code": "PR//pain", "unit": "{score}"}
    return [
        {**(pain | {"value": int(rng.integers(5, 10))} if is_pain else measured[other])}
        | {"time": str(index - np.timedelta64(int(seconds), "s"))}
        for seconds, is_pain, other in zip(
            ago, rng.random(count) < 0.5, rng.integers(0, len(measured), count), strict=True
        )
    ]


@contextmanager
def _server(bundle: Path, body: bytes) -> Iterator[tuple[subprocess.Popen[bytes], int, float]]:
    """A server process, its port, and the seconds it took to its first answer."""
    port = _free_port()
    command = [sys.executable, "-m", "painresponse_serve", str(bundle), "--port", str(port)]
    begun = time.perf_counter()
    process = subprocess.Popen([*command, "--allow-synthetic"], stdout=subprocess.DEVNULL)
    try:
        _first_answer(process, port, body)
        yield process, port, time.perf_counter() - begun
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def _first_answer(process: subprocess.Popen[bytes], port: int, body: bytes) -> None:
    while process.poll() is None:
        try:
            _times(port, [body])
        except ConnectionRefusedError:
            time.sleep(0.005)
        else:
            return
    raise SystemExit("The server ended before it answered.")


def _times(port: int, bodies: Sequence[bytes]) -> np.ndarray:
    """Milliseconds of each answer, over one connection."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    times = []
    for body in bodies:
        begun = time.perf_counter()
        status, answer = _ask(client, body)
        times.append((time.perf_counter() - begun) * 1e3)
        if status != 200:
            raise SystemExit(f"The server answered {status}: {answer.decode()}")
    return np.array(times)


def _ask(client: http.client.HTTPConnection, body: bytes) -> tuple[int, bytes]:
    client.request("POST", "/v1/score", body, {"content-type": "application/json"})
    response = client.getresponse()
    return response.status, response.read()


def _crowd(port: int, bodies: Sequence[bytes]) -> tuple[float, float, float]:
    """Answers a second, the share told to come back, and the p99 of the answers, from another process."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_crowded, (port, bodies))


def _crowded(port: int, bodies: Sequence[bytes]) -> tuple[float, float, float]:
    heads = [
        b"POST /v1/score HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\n\r\n" % len(body) + body
        for body in bodies
    ]
    times: list[float] = []
    told_to_wait = 0

    async def one(place: int, until: float) -> None:
        nonlocal told_to_wait
        streams = None
        while time.monotonic() < until:
            streams = streams or await asyncio.open_connection("127.0.0.1", port)
            begun = time.perf_counter()
            streams[1].write(heads[place % len(heads)])
            status, closing = await _answered(streams[0])
            if status == 503:
                told_to_wait += 1
                await asyncio.sleep(0.02)
            else:
                times.append((time.perf_counter() - begun) * 1e3)
            if closing:
                streams[1].close()
                streams = None
            place += CROWD

    async def everybody() -> None:
        until = time.monotonic() + CROWD_SECONDS
        await asyncio.gather(*(one(place, until) for place in range(CROWD)))

    asyncio.run(everybody())
    share = told_to_wait / (told_to_wait + len(times))
    return len(times) / CROWD_SECONDS, share, float(np.quantile(times, 0.99))


async def _answered(reader: asyncio.StreamReader) -> tuple[int, bool]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r")[0]))
    return int(head.split(b" ")[1]), b"connection: close" in head


def _resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
