"""The scoring server as a client sees it: start, memory, and the time of one answer over loopback.

One keep-alive connection, a plain client, a different 200-event history each time.
"""

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

REQUESTS, EVENTS = 2_000, 200
GOALS = {"p50 ms": 3.0, "start s": 1.5, "memory MB": 150.0}
_INDEX = np.datetime64("2026-03-01T09:00:00")


def main(bundle: Path = Path("models/synthetic.onnx")) -> None:
    """Print the figures, each beside its goal."""
    print(f"scoring server, {bundle.name}, {REQUESTS} histories of {EVENTS} events, one connection")
    for name, value in measure(bundle).items():
        goal = f"  (goal: under {GOALS[name]:g})" if name in GOALS else ""
        print(f"{name:>18} {value:9.2f}{goal}")


def measure(bundle: Path) -> dict[str, float]:
    """Figures by name."""
    with _server(bundle) as (process, port, started):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        bodies = _bodies(client)
        for body in bodies[:50]:
            _answer(client, body)
        times = np.array([_timed(client, body) for body in bodies])
        memory = _resident_mb(process.pid)
    return {
        "p50 ms": float(np.quantile(times, 0.5)),
        "p99 ms": float(np.quantile(times, 0.99)),
        "start s": started,
        "memory MB": memory,
    }


@contextmanager
def _server(bundle: Path) -> Iterator[tuple[subprocess.Popen[bytes], int, float]]:
    """A server process, its port, and the seconds it took to its first answer."""
    port = _free_port()
    command = [sys.executable, "-m", "painresponse_serve", str(bundle), "--port", str(port)]
    begun = time.perf_counter()
    process = subprocess.Popen([*command, "--allow-synthetic"], stdout=subprocess.DEVNULL)
    try:
        _first_answer(process, port)
        yield process, port, time.perf_counter() - begun
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def _first_answer(process: subprocess.Popen[bytes], port: int) -> None:
    body = json.dumps(_history(np.random.default_rng(0), ["PR//pain"])).encode()
    while process.poll() is None:
        try:
            return _answer(http.client.HTTPConnection("127.0.0.1", port, timeout=10), body)
        except ConnectionRefusedError:
            time.sleep(0.005)
    raise SystemExit("The server ended before it answered.")


def _bodies(client: http.client.HTTPConnection) -> list[bytes]:
    client.request("GET", "/v1/catalogue")
    known = json.loads(client.getresponse().read())
    codes = [one["codes"][0].rstrip("*") for one in known["concepts"] if one["limits"]]
    rng = np.random.default_rng(1)
    return [json.dumps(_history(rng, codes)).encode() for _ in range(REQUESTS)]


def _history(rng: np.random.Generator, codes: list[str]) -> dict[str, object]:
    """A patient of invented values: half of them pain scores, the rest anything the bundle can read."""
    days = np.sort(rng.integers(1, 2 * 365 * 86_400, EVENTS - 1))
    pain = rng.random(len(days)) < 0.5
    other = rng.choice(codes, len(days))
    events = [
        {
            "time": str(_INDEX - np.timedelta64(int(ago), "s")),
            "code": "PR//pain" if is_pain else str(code),
            "value": round(float(rng.uniform(4, 10)), 1),
        }
        for ago, is_pain, code in zip(days, pain, other, strict=True)
    ]
    return {"index": str(_INDEX), "events": [{"time": "1970-05-17", "code": "MEDS_BIRTH"}, *events]}


def _answer(client: http.client.HTTPConnection, body: bytes) -> None:
    client.request("POST", "/v1/score", body, {"content-type": "application/json"})
    response = client.getresponse()
    read = response.read()
    if response.status != 200:
        raise SystemExit(f"The server answered {response.status}: {read.decode()}")


def _timed(client: http.client.HTTPConnection, body: bytes) -> float:
    begun = time.perf_counter()
    _answer(client, body)
    return (time.perf_counter() - begun) * 1e3


def _resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
