"""The server under 16 connections beside MLflow's and MLServer's, each on core 0, the load on core 1.

Peers get the easier job: a ready-made row into one model of 200 trees. We get that row through the Open
Inference Protocol, and histories of 200 events into everything the shipped bundle predicts. MLServer has an
environment of its own (`make benchmarks-others`); without it, it is left out.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import urljoin

import numpy as np
import onnx

from benchmarks.forests import SHIPPED, bundled, grown, names, rows_like_a_clinic
from benchmarks.load import Load, load
from benchmarks.server import histories
from painresponse.export.graph import TargetModel

TREES, LEAVES, DEPTH = 200, 31, 6
CONNECTIONS, SECONDS, ROUNDS, ROWS = 16, 4.0, 3, 200
MLSERVER = Path(__file__).parents[1] / ".venv-mlserver" / "bin" / "mlserver"
LINE = "{:34} {:>11} {:>9} {:>9} {:>8} {:>8}"


class Job(NamedTuple):
    """A server, and what it is asked."""

    command: Sequence[str | Path]
    ready: str
    path: str
    bodies: Sequence[bytes]
    more: Mapping[str, str] = {}


def main() -> None:
    """Print the table: rates in turn, their medians, and how many times the peer's ours is."""
    with tempfile.TemporaryDirectory() as room:
        jobs = _jobs(Path(room))
        found: dict[str, list[Load]] = {name: [] for name in jobs}
        for turn in range(ROUNDS):
            for name, job in jobs.items():
                found[name].append(_turn(job, Path(room) / f"{turn} {name}"))
                print(f"round {turn + 1}: {name}: {found[name][-1].rate:,.0f}", file=sys.stderr, flush=True)
    print(f"{CONNECTIONS} connections, {SECONDS:g} s, median of {ROUNDS} rounds")
    print(LINE.format("", "requests/s", "p50 ms", "p99 ms", "failed", "KB sent"))
    for name, loads in found.items():
        rate, failed, p50, p99 = (median(one) for one in zip(*loads, strict=True))
        size = np.mean([len(body) for body in jobs[name].bodies]) / 1e3
        print(LINE.format(name, f"{rate:,.0f}", f"{p50:.2f}", f"{p99:.2f}", f"{failed:.1%}", f"{size:.1f}"))


def _jobs(room: Path) -> dict[str, Job]:
    rows = rows_like_a_clinic(4_000, seed=100)
    outcomes = (np.nan_to_num(rows[:, 1]) > 0).astype(float)
    booster = grown(rows, outcomes, leaves=LEAVES, depth=DEPTH, trees=TREES)
    model = TargetModel(names()[0], booster, 0.9, -0.1, spread=(0.04, 0.0, 0.01))
    bundle = bundled(room / "one.onnx", [model], rows)
    plain = _plain(bundle, room / "plain.onnx")
    asked = [np.nan_to_num(row) for row in rows[:ROWS]]
    ours = partial(_ours, port=_free_port())
    protocol = [_protocol(row) for row in asked]
    jobs = {
        "histories of 200 events, all targets": ours(SHIPPED, "/v1/score", histories(500)),
        "one row, painresponse": ours(bundle, "/v2/models/one/infer", protocol),
        "one row, MLflow (ONNX)": _mlflow(plain, room / "mlflow", asked),
    }
    if MLSERVER.is_file():
        jobs["one row, MLServer (ONNX)"] = _mlserver(plain, room / "mlserver", protocol)
    else:
        print("without MLServer: make benchmarks-others", file=sys.stderr)
    return jobs


def _ours(bundle: Path, path: str, bodies: Sequence[bytes], *, port: int) -> Job:
    command = [sys.executable, "-m", "painresponse_serve", bundle, "--allow-synthetic", "--port", str(port)]
    return Job(command, f"http://127.0.0.1:{port}/readyz", path, bodies)


def _plain(bundle: Path, out: Path) -> Path:
    """Of a bundle only features in and a probability out: peers should do no more than they must."""
    model = onnx.load(bundle)
    silent = onnx.helper.make_tensor("explain", onnx.TensorProto.BOOL, [1], [False])
    model.graph.initializer.append(silent)
    for entries, kept in ((model.graph.input, "features"), (model.graph.output, "probability")):
        chosen = [one for one in entries if one.name == kept]
        del entries[:]
        entries.extend(chosen)
    del model.metadata_props[:]
    onnx.save(model, out)
    return out


def _protocol(row: np.ndarray) -> bytes:
    tensor = {"name": "features", "shape": [1, len(row)], "datatype": "FP32", "data": row.tolist()}
    return json.dumps({"inputs": [tensor], "outputs": [{"name": "probability"}]}).encode()


def _mlflow(model: Path, folder: Path, rows: Sequence[np.ndarray]) -> Job:
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    wide = TensorSpec(np.dtype(np.float32), (-1, len(rows[0])), "features")
    out = TensorSpec(np.dtype(np.float64), (-1, 1), "probability")
    mlflow.onnx.save_model(
        onnx.load(model),
        folder,
        signature=ModelSignature(Schema([wide]), Schema([out])),
        pip_requirements=[],
        onnx_execution_providers=["CPUExecutionProvider"],
        onnx_session_options={"intra_op_num_threads": 1},
        save_as_external_data=False,
    )
    port = _free_port()
    command = [Path(sys.executable).with_name("mlflow"), "models", "serve", "-m", folder, "-p", str(port)]
    bodies = [json.dumps({"inputs": {"features": [row.tolist()]}}).encode() for row in rows]
    return Job([*command, "--env-manager", "local"], f"http://127.0.0.1:{port}/ping", "/invocations", bodies)


def _mlserver(model: Path, folder: Path, bodies: Sequence[bytes]) -> Job:
    folder.mkdir()
    port, other = _free_port(), _free_port()
    script = Path(__file__).with_name("with_mlserver.py")
    (folder / script.name).write_text(script.read_text())
    settings = {"http_port": port, "grpc_port": other, "metrics_port": _free_port(), "parallel_workers": 0}
    named = {"name": "one", "implementation": "with_mlserver.OnnxModel", "parameters": {"uri": str(model)}}
    (folder / "settings.json").write_text(json.dumps(settings | {"host": "127.0.0.1", "debug": False}))
    (folder / "model-settings.json").write_text(json.dumps(named))
    ready = f"http://127.0.0.1:{port}/v2/health/ready"
    return Job([MLSERVER, "start", folder], ready, "/v2/models/one/infer", bodies)


def _turn(job: Job, folder: Path) -> Load:
    with _running(job):
        url = urljoin(job.ready, job.path)
        ask = partial(load, url, job.bodies, folder, headers={"content-type": "application/json"})
        ask(connections=CONNECTIONS, seconds=1)
        return ask(connections=CONNECTIONS, seconds=SECONDS)


@contextmanager
def _running(job: Job) -> Iterator[None]:
    command = ["taskset", "-c", "0", *map(str, job.command)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    # MLflow looks for uvicorn on the path
    found = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    process = subprocess.Popen(command, start_new_session=True, env=found, **quiet)
    try:
        _wait(process, job.ready)
        yield
    finally:
        subprocess.run(["pkill", "-TERM", "-g", str(process.pid)], check=False)
        process.wait(20)


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    sys.exit(f"{url} never answered")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


if __name__ == "__main__":
    main()
