"""A real MLflow server of our own over PostgreSQL, its artifacts behind a proxy."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.readers.postgres import server as postgres

STARTS_WITHIN = 180


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """Its address, for as long as a test needs it; in CI it fails where PostgreSQL is not installed."""
    with postgres() as database:
        database.execute("CREATE DATABASE mlflow", database="postgres")
        # SQLAlchemy 2.1 takes psycopg 3 unless the driver is named
        uri = database.uri(database="mlflow").replace("postgresql:", "postgresql+psycopg2:")
        with running_over(uri, folder) as address:
            yield address


@contextmanager
def running_over(uri: str, folder: Path) -> Iterator[str]:
    """Likewise over any database, such as ``sqlite:////path``."""
    words = ["--backend-store-uri", uri]
    words += ["--serve-artifacts", "--artifacts-destination", str(folder / "artifacts")]
    port = _free_port()
    where = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", *words, *where],
            stdout=log,
            stderr=log,
            cwd=folder,
            env={**os.environ, **quiet},
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address, process, folder / "log")
        yield address
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(STARTS_WITHIN * 4):
        if process.poll() is not None:
            break
        try:
            with urlopen(f"{address}/health") as answer:
                if answer.status == 200:
                    return
        except (URLError, ConnectionError):
            time.sleep(0.25)
    raise RuntimeError(f"the MLflow server did not start: {log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
