"""The scoring server as a client sees it: start, memory, the time of one answer, and what overload does.

A plain client over loopback, another history of 200 events each time; the server on core 0, whoever asks on
core 1. On a busy machine the CPU time of the server says more than the clock.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import numpy as np

from benchmarks.load import CORE, Load, load
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
CROWD, CROWD_SECONDS = 128, 8.0
"""Connections of the overload, each of which asks again as soon as it is answered, or told to come back."""


def main(bundle: Path = Path("models/synthetic.onnx")) -> None:
    """Print the figures, each beside its goal."""
    os.sched_setaffinity(0, {CORE})
    print(f"scoring server, {bundle.name}, {REQUESTS} histories of {EVENTS} events, one connection")
    for name, value in measure(bundle).items():
        goal = f"  (goal: under {GOALS[name]:g})" if name in GOALS else ""
        print(f"{name:>24} {value:9.2f}{goal}")


def measure(bundle: Path) -> dict[str, float]:
    """Figures by name."""
    bodies, explained = histories(REQUESTS), histories(REQUESTS // 4, explain=True)
    with _server(bundle, bodies[0]) as (process, port, started):
        _times(port, bodies[:50])
        begun = _cpu_ms(process.pid)
        times = _times(port, bodies)
        between = _cpu_ms(process.pid)
        with_reasons = _times(port, explained)
        ended = _cpu_ms(process.pid)
        memory = _resident_mb(process.pid)
        crowd, crowded = _crowd(port, bodies)
    p99, at_worst = (float(np.quantile(one, 0.99)) for one in (times, crowded))
    return {
        "p50 ms": float(np.quantile(times, 0.5)),
        "p99 ms": p99,
        "CPU ms": (between - begun) / len(bodies),
        "explained p50 ms": float(np.quantile(with_reasons, 0.5)),
        "explained p99 ms": float(np.quantile(with_reasons, 0.99)),
        "explained CPU ms": (ended - between) / len(explained),
        "start s": started,
        "memory MB": memory,
        "overload answers/s": crowd.rate,
        "overload told to wait": crowd.failed,
        "overload answers timed": len(crowded),
        "overload p99 ms": at_worst,
        "overload p99 / p99": at_worst / p99,
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
    command = ["taskset", "-c", "0", sys.executable, "-m", "painresponse_serve", str(bundle)]
    command += ["--port", str(port)]
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


def _crowd(port: int, bodies: Sequence[bytes]) -> tuple[Load, np.ndarray]:
    """A crowd's load, and the milliseconds of answers to one more client among it."""
    with tempfile.TemporaryDirectory() as room, ThreadPoolExecutor(1) as beside:
        crowd = beside.submit(
            load,
            f"http://127.0.0.1:{port}/v1/score",
            bodies[:200],
            Path(room),
            connections=CROWD,
            seconds=CROWD_SECONDS,
            headers={"content-type": "application/json"},
        )
        time.sleep(1)
        times = np.array(list(_answered(port, bodies, crowd.done)))
        return crowd.result(), times


def _answered(port: int, bodies: Sequence[bytes], done: Callable[[], bool]) -> Iterator[float]:
    """One connection's answers until it is done; who is told to come back does."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for body in cycle(bodies):
        if done():
            return
        begun = time.perf_counter()
        status, _ = _ask(client, body)
        if status == 200:
            yield (time.perf_counter() - begun) * 1e3
        else:
            time.sleep(0.005)


def _cpu_ms(pid: int) -> float:
    """What a process has used so far, in its own name and the system's."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return 1e3 * (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
