"""A long load of everything at once: python -m tests.attack.soak SECONDS starts a server and reports.

First the server's capacity is measured by clients that ask as fast as they are answered; then requests leave
at 70 % of it, at instants fixed beforehand, from which latencies count: a server that stalls cannot hide it.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import numpy as np

from painresponse.scoring.bundle import Bundle
from tests.attack.processes import resident_megabytes
from tests.attack.readers import served_from
from tests.lib.bundles import write_tiny_bundle
from tests.serve.conftest import Server, running
from tests.serve.hook_calls import SELECT, SIGN, VIEW, call
from tests.serve.patients import INDEX, patient, somebody
from tests.serve.resources import told

CLIENTS = 8
"""At once; fewer than the server works on at once, so that it turns none away."""

SHARE = 0.7
MEASURED = 5.0
"""Seconds for which the capacity is measured."""

Wanted = tuple[str, frozenset[int], bytes]
"""A kind of request, the statuses it may be answered with, and the request."""


@dataclass
class Report:
    """How it went: milliseconds by kind (median, 99th in 100, largest), and megabytes resident over time."""

    capacity: float
    planned: float
    seconds: float = 0.0
    answered: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    latencies: dict[str, tuple[int, float, float, float]] = field(default_factory=dict)
    memory: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds

    @property
    def ends(self) -> tuple[float, float]:
        """Median megabytes in the first and the last minute after a warm-up; less of a shorter run."""
        after = self.memory[len(self.memory) // 5 :]
        window = min(60, max(1, len(after) // 4))
        return median(after[:window]), median(after[-window:])

    @property
    def growth(self) -> float:
        """By how much the memory grew, as a share."""
        first, last = self.ends
        return last / first - 1

    def told(self) -> dict[str, Any]:
        """As plain values."""
        plain = {**asdict(self), "rate": self.rate, "ends": self.ends, "growth": self.growth}
        return {name: value for name, value in plain.items() if name != "memory"}


def request(method: str, path: str, body: bytes = b"", *lines: str) -> bytes:
    kind = "content-type: application/json"
    head = (f"{method} {path} HTTP/1.1", "host: here", f"content-length: {len(body)}", *(lines or (kind,)))
    return "\r\n".join((*head, "", "")).encode() + body


def posted(path: str, body: Any, *lines: str) -> bytes:
    return request("POST", path, json.dumps(body).encode(), *lines)


def kinds(bundle: Bundle) -> dict[str, tuple[int, set[int], list[bytes]]]:
    """By name its share in a hundred, the statuses it is answered with, and different requests of it."""
    some = [somebody(seed) for seed in range(40)]
    infer = f"/v2/models/{bundle.name}/infer"
    page = ("/", "/page/page.js", "/page/style.css", "/docs", "/openapi.json", "/v1/models", "/v1/catalogue")
    bad = (
        request("GET", "/nowhere"),
        posted("/v1/score", {"index": "x"}),
        request("POST", "/v1/score", b"{"),
    )
    return {
        "one patient": (38, {200}, [posted("/v1/score", one) for one in some]),
        "explained": (10, {200}, [posted("/v1/score", {**one, "explain": True}) for one in some]),
        "ten patients": (4, {200}, [posted("/v1/score", some[at : at + 10]) for at in range(0, 40, 10)]),
        "FHIR": (8, {200}, [posted(f"/v1/fhir/score?index={INDEX}", told(one)) for one in some]),
        "FHIR as a history": (2, {200}, [posted("/v1/fhir/history", told(one)) for one in some]),
        "hooks": (10, {200}, [posted(path, call(path)) for path in (SELECT, SIGN, VIEW)]),
        "rows": (8, {200}, [posted(infer, rows(bundle, seed)) for seed in range(9)]),
        "rows in bytes": (6, {200}, [in_bytes(infer, bundle, seed) for seed in range(9)]),
        "pages": (5, {200}, [request("GET", path) for path in page]),
        "probes": (3, {200}, [request("GET", path) for path in ("/healthz", "/readyz", "/v2/health/live")]),
        "metrics": (1, {200}, [request("GET", "/metrics")]),
        "refused": (2, {422}, [posted("/v1/score", patient(age=9)), posted("/v1/score", [])]),
        "wrong": (3, {400, 404, 422}, list(bad)),
    }


def rows(bundle: Bundle, seed: int) -> dict[str, Any]:
    """Rows of features in JSON."""
    drawn = _drawn(bundle, seed).round(3)
    data = [None if np.isnan(one) else float(one) for one in drawn.ravel()]
    return {"inputs": [{"name": "features", "datatype": "FP32", "shape": list(drawn.shape), "data": data}]}


def in_bytes(path: str, bundle: Bundle, seed: int) -> bytes:
    """Rows of features behind the JSON."""
    drawn = _drawn(bundle, seed)
    size = {"binary_data_size": drawn.nbytes}
    features = {"name": "features", "datatype": "FP32", "shape": list(drawn.shape), "parameters": size}
    text = json.dumps({"inputs": [features], "parameters": {"binary_data_output": True}}).encode()
    return request("POST", path, text + drawn.tobytes(), f"Inference-Header-Content-Length: {len(text)}")


def _drawn(bundle: Bundle, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    drawn = np.abs(rng.normal(5, 4, (1 + seed, len(bundle.features)))).astype(np.float32)
    drawn[rng.random(drawn.shape) < 0.4] = np.nan
    return drawn


def mixed(bundle: Bundle) -> Iterator[Wanted]:
    """Requests of all kinds by their shares, in a shuffled order that comes again."""
    every = kinds(bundle)
    order = [name for name, (share, _, _) in every.items() for _ in range(share)]
    assert len(order) == 100
    Random(0).shuffle(order)
    for turn in count():
        for name in order:
            _, statuses, requests = every[name]
            yield name, frozenset(statuses), requests[turn % len(requests)]


class Client:
    """One connection, opened anew where the server closes it."""

    def __init__(self, port: int):
        self._port = port
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, sent: bytes) -> int:
        """The status of the answer, once it is there as a whole."""
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(sent)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = next(one for one in head.split(b"\r\n") if one.startswith(b"content-length:"))
        await self._reader.readexactly(int(length.partition(b":")[2]))
        if b"connection: close" in head:
            self.close()
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


async def load(
    port: int, wanted: Iterator[Wanted], seconds: float, rate: float, report: Report
) -> dict[str, list[float]]:
    """Ask for so many seconds; returns milliseconds by kind."""
    taken: dict[str, list[float]] = defaultdict(list)
    begun, number = time.perf_counter(), count()

    async def one_client() -> None:
        client = Client(port)
        while (due := next(number) / rate) < seconds and time.perf_counter() - begun < seconds:
            name, statuses, sent = next(wanted)
            await asyncio.sleep(max(0.0, begun + due - time.perf_counter()))
            left = begun + due if rate < FAST else time.perf_counter()
            status = await client.ask(sent)
            taken[name].append((time.perf_counter() - left) * 1e3)
            if status not in statuses:
                wrong = f"{name}: {status}"
                report.errors[wrong] = report.errors.get(wrong, 0) + 1
        client.close()

    async with asyncio.TaskGroup() as clients:
        for _ in range(CLIENTS):
            clients.create_task(one_client())
    report.seconds, report.answered = time.perf_counter() - begun, sum(map(len, taken.values()))
    return taken


FAST = 1e9
"""Requests a second, when they are to come as fast as they are answered."""


async def watch(process: int, memory: list[float]) -> None:
    """Once a second, megabytes of the server."""
    while True:
        memory.append(resident_megabytes(process))
        await asyncio.sleep(1)


async def soak(port: int, process: int, bundle: Bundle, seconds: float) -> Report:
    """A load of so many seconds at 70 % of the capacity found right before."""
    wanted = mixed(bundle)
    measured = Report(0, 0)
    await load(port, wanted, MEASURED, FAST, measured)
    report = Report(measured.rate, SHARE * measured.rate, errors=measured.errors)
    watching = asyncio.create_task(watch(process, report.memory))
    taken = await load(port, wanted, seconds, report.planned, report)
    watching.cancel()
    report.latencies = {name: _summary(found) for name, found in sorted(taken.items())}
    return report


def _summary(found: list[float]) -> tuple[int, float, float, float]:
    return len(found), *(round(float(one), 2) for one in (*np.quantile(found, (0.5, 0.99)), max(found)))


def soaked(server: Server, bundle: Bundle, seconds: float) -> Report:
    """The report of a running server."""
    return asyncio.run(soak(server.port, server.process.pid, bundle, seconds))


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        bundle = folder / "tiny.onnx"
        write_tiny_bundle(bundle)
        with running(bundle, folder) as server:
            report = soaked(server, served_from(bundle).bundle, float(sys.argv[1]))
    print(json.dumps(report.told(), indent=1))


if __name__ == "__main__":
    main()
