"""What is newer while the server runs: bundles in their files, the champion of MLflow, a certificate."""

import math
import signal
import ssl
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from painresponse.errors import BundleError
from painresponse.publishing import publish, publish_bytes
from painresponse_serve.exchange import Exchange, refused_aloud
from painresponse_serve.logs import log
from painresponse_serve.registry import Registry, Version
from painresponse_serve.shelf import Served
from painresponse_serve.states import State, state_of
from painresponse_serve.tls import Tls, check_files

_SECONDS_TO_STOP = 5.0


@dataclass(frozen=True, slots=True)
class Renewal:
    """How often the files of the bundles are looked at (0: never), and which model of an MLflow server.

    Its champions, downloaded and proven, are kept in ``mlflow_folder``, each under its SHA-256.
    """

    watch_seconds: float = 0
    mlflow: str = ""
    mlflow_model: str = "painresponse"
    mlflow_alias: str = "champion"
    mlflow_seconds: float = 300
    mlflow_folder: str = ""

    def __post_init__(self) -> None:
        if self.watch_seconds < 0 or self.mlflow_seconds <= 0:
            raise ValueError("watch_seconds must be 0 (never) or more, and mlflow_seconds more than 0")
        address = urlsplit(self.mlflow)
        if self.mlflow and (address.scheme not in ("http", "https") or not address.hostname):
            raise ValueError("mlflow must be an address, http(s)://host[:port]")
        if "@" in address.netloc:
            raise ValueError("mlflow must not hold a name or password: they belong in the environment")
        if self.mlflow and not self.mlflow_folder:
            raise ValueError("mlflow needs mlflow_folder, where the bundles it names are kept")


class Look(Protocol):
    """Somewhere newer bundles may come from."""

    seconds: float

    def look(self, *, asked: bool) -> None:
        """Offer what is newer; if somebody ``asked``, also what does not seem to be."""


class Files:
    """The files that the bundles in service were read from."""

    def __init__(self, exchange: Exchange, seconds: float):
        self.seconds, self._exchange = seconds or math.inf, exchange
        self._seen: dict[Path, State] = {}

    def look(self, *, asked: bool) -> None:
        """Read those again that changed, or all; a change that was refused is not tried twice."""
        for served in self._exchange.shelf:
            state = state_of(served.path)
            if asked or state != self._seen.get(served.path, served.state):
                self._seen[served.path] = state
                with refused_aloud(str(served.path)):
                    self._renew(served)
        if asked:
            log.info("bundles_reread")

    def _renew(self, served: Served) -> None:
        new = self._exchange.opened(served.path)
        if new.name != served.name:
            raise BundleError(
                f"{served.path} now holds a bundle named {new.name!r} instead of {served.name!r}. "
                "Give each a file of its own, and start the server anew with both."
            )
        self._exchange.put(new, str(served.path))


class Certificate:
    """The server's certificate and key: other files count from the next connection on."""

    def __init__(self, context: ssl.SSLContext, tls: Tls, seconds: float):
        self.seconds, self._context, self._tls = seconds or math.inf, context, tls
        self._seen = self._states()

    def look(self, *, asked: bool) -> None:
        """Read both again if one changed, or somebody asked; what does not belong together is not used."""
        states = self._states()
        if asked or states != self._seen:
            self._seen = states
            with refused_aloud(self._tls.certificate):
                check_files(self._tls)
                self._context.load_cert_chain(self._tls.certificate, self._tls.key)
                log.info("certificate_reread")

    def _states(self) -> tuple[State, State]:
        return state_of(Path(self._tls.certificate)), state_of(Path(self._tls.key))


class Champion:
    """The version of a registered model that has an alias, and the folder where its bundles are kept."""

    def __init__(self, exchange: Exchange, renewal: Renewal):
        self.seconds, self._exchange = renewal.mlflow_seconds, exchange
        self._model, self._alias = renewal.mlflow_model, renewal.mlflow_alias
        self._registry = Registry(renewal.mlflow)
        self._folder = Path(renewal.mlflow_folder)
        self._latest = self._folder / "latest.onnx"
        self._refused: Version | None = None

    def recall(self) -> None:
        """Offer the champion of an earlier run: a restart must not bring an older bundle back."""
        if self._latest.exists():
            with refused_aloud(str(self._latest)):
                self._exchange.put(self._exchange.opened(self._latest.resolve()), str(self._latest))

    def look(self, *, asked: bool) -> None:
        """Offer the bundle of the version that is champion now; one that was refused is not tried twice."""
        with refused_aloud(f"{self._model}@{self._alias}"):
            version = self._registry.version(self._model, self._alias)
            in_service = {one.bundle.digest for one in self._exchange.shelf}
            if version.digest not in in_service and (asked or version != self._refused):
                self._offer(version)

    def _offer(self, version: Version) -> None:
        path = self._folder / f"{version.digest}.onnx"
        if not path.exists():
            publish_bytes(path, self._registry.bundle(version))
        try:
            self._exchange.put(self._proven(path, version), f"{version.model}, version {version.number}")
        except BundleError:
            self._refused = version
            path.unlink(missing_ok=True)
            raise
        publish(self._latest, lambda draft: draft.symlink_to(path.name), durable=False)

    def _proven(self, path: Path, version: Version) -> Served:
        served = self._exchange.opened(path)
        if served.bundle.digest != version.digest:
            raise BundleError(
                f"Version {version.number} of {version.model} holds another bundle than its tag says: "
                f"{served.bundle.digest}. Register it again."
            )
        return served


def open_renewal(exchange: Exchange, renewal: Renewal) -> list[Look]:
    """Where the settings want to look; the champion of an earlier run is in service again."""
    looks: list[Look] = [Files(exchange, renewal.watch_seconds)]
    if renewal.mlflow:
        champion = Champion(exchange, renewal)
        champion.recall()
        looks.insert(0, champion)
    return looks


@contextmanager
def renewing(looks: Sequence[Look]) -> Iterator[None]:
    """Meanwhile look again and again, in a thread of its own, and at once at SIGHUP."""
    bell, ended = threading.Event(), threading.Event()
    if sys.platform != "win32":
        signal.signal(signal.SIGHUP, lambda *_: bell.set())
    thread = threading.Thread(target=_rounds, args=(looks, bell, ended), name="renewal", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        bell.set()
        thread.join(_SECONDS_TO_STOP)


def _rounds(looks: Sequence[Look], bell: threading.Event, ended: threading.Event) -> None:
    due = dict.fromkeys(looks, time.monotonic())
    asked = False
    while not ended.is_set():
        for look, at in due.items():
            if asked or time.monotonic() >= at:
                look.look(asked=asked)
                due[look] = time.monotonic() + look.seconds
        rest = max(0.0, min(due.values()) - time.monotonic())
        asked = bell.wait(min(rest, threading.TIMEOUT_MAX))
        if asked:
            bell.clear()
