"""The process: a bundle proven, a port taken, requests served until it is told to stop."""

import socket
import sys
from pathlib import Path

import uvicorn

from painresponse.errors import WorkError
from painresponse.scoring.opening import open_to_score
from painresponse.scoring.scorer import Scorer
from painresponse_serve.app import create_app
from painresponse_serve.connections import connections
from painresponse_serve.logs import log, log_to_stdout
from painresponse_serve.settings import Settings, load_settings


def serve(
    bundle: Path,
    *,
    host: str | None = None,
    port: int | None = None,
    allow_synthetic: bool = False,
    trusted_key: Path | None = None,
    settings: Settings | None = None,
) -> None:
    """Serve a bundle until SIGINT or SIGTERM; host and port override the settings; port 0 is any free one.

    ``trusted_key``, here or in the settings: serve only what was signed with the private half of this key.
    Raises BundleError, before anything listens, and WorkError if the port cannot be taken.
    """
    settings = settings or load_settings()
    key = trusted_key or (Path(settings.trusted_key) if settings.trusted_key else None)
    scorer = Scorer(open_to_score(bundle, allow_synthetic=allow_synthetic, trusted_key=key))
    listening = _listen(host or settings.host, settings.port if port is None else port)
    log_to_stdout()
    _allow_connections()
    server = uvicorn.Server(_config(scorer, settings))
    log.info("listening", extra={"fields": _facts(scorer, listening)})
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        log.info("stopped")


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise WorkError(
            f"Cannot listen on {host}:{port}: {reason}. Another program may use the port: "
            "choose one with --port (0: any free one), or an address of this machine with --host."
        ) from None


def _config(scorer: Scorer, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(scorer, settings),
        http=connections(settings.receive_seconds),
        loop="auto",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )


def _allow_connections() -> None:
    """As many open connections as the system lets us have: idle ones must not shut out new clients."""
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _facts(scorer: Scorer, listening: socket.socket) -> dict[str, object]:
    host, port, *_ = listening.getsockname()
    bundle = scorer.bundle
    return {
        "url": f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}",
        "model": bundle.name,
        "digest": bundle.digest,
        "synthetic": bundle.synthetic,
    }
