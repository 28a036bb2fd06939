"""The process: bundles proven, a port taken, requests served until it is told to stop."""

import signal
import socket
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from painresponse.errors import WorkError
from painresponse_serve.access import Door, check_open
from painresponse_serve.app import create_app
from painresponse_serve.connections import connections
from painresponse_serve.exchange import Exchange
from painresponse_serve.hooks.site import Site
from painresponse_serve.logs import log, log_to_stdout
from painresponse_serve.memory import settle
from painresponse_serve.renewal import Certificate, open_renewal, renewing
from painresponse_serve.service import open_service
from painresponse_serve.settings import Settings, load_settings
from painresponse_serve.shelf import Served, Shelf
from painresponse_serve.tls import tls_config


def serve(
    bundles: Sequence[Path],
    *,
    settings: Settings | None = None,
    allow_synthetic: bool = False,
) -> None:
    """Serve bundles until SIGINT or SIGTERM, as the settings say.

    Raises BundleError, DefinitionError and WorkError, before anything listens, where bundles, settings
    or the port do not allow it.
    """
    settings = settings or load_settings()
    check_open(settings.host, settings.access)
    encrypted = tls_config(settings.tls)
    key = Path(settings.safety.trusted_key) if settings.safety.trusted_key else None
    opened = partial(Served.open, allow_synthetic=allow_synthetic, trusted_key=key)
    shelf = Shelf(map(opened, bundles))
    log_to_stdout()
    service = open_service(shelf, settings)
    site = Site.of(settings.hooks, address=settings.access.address, zone=settings.zone)
    app = create_app(service, Door(settings.access), site=site)
    listening = _listen(settings.host, settings.port)
    _allow_connections()
    config = _config(app, settings, encrypted)
    looks = open_renewal(Exchange(shelf, service.audit, opened), settings.renewal)
    config.load()
    if config.ssl:
        looks.append(Certificate(config.ssl, settings.tls, settings.renewal.watch_seconds))
    settle()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as SIGINT does, not on the spot
    log.info("listening", extra={"fields": _facts(shelf, listening, tls=bool(encrypted))})
    try:
        with renewing(looks):
            uvicorn.Server(config).run(sockets=[listening])
    except KeyboardInterrupt:
        return  # uvicorn has finished the answers under way, and raises it once more
    finally:
        service.audit.close()
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


def _config(app: ASGIApp, settings: Settings, encrypted: dict[str, Any]) -> uvicorn.Config:
    limits = settings.limits
    return uvicorn.Config(
        app,
        http=connections(limits.receive_seconds),
        loop="auto",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=limits.keep_alive_seconds,
        timeout_graceful_shutdown=limits.shutdown_seconds,
        **encrypted,
    )


def _allow_connections() -> None:
    """As many open connections as the system lets us have: idle ones must not shut out new clients."""
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _facts(shelf: Shelf, listening: socket.socket, *, tls: bool) -> dict[str, object]:
    host, port, *_ = listening.getsockname()
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return {
        "url": f"{'https' if tls else 'http'}://{place}",
        "models": [
            {"model": one.name, "digest": one.bundle.digest, "synthetic": one.bundle.synthetic}
            for one in shelf
        ],
    }
