"""``python -m painresponse_serve BUNDLE …``: the server without the rest of the command line."""

import argparse
import sys
from pathlib import Path

from painresponse.errors import PainResponseError
from painresponse_serve.server import serve
from painresponse_serve.settings import load_settings

FLAGS: dict[str, tuple[type, str]] = {
    "host": (str, "address to listen on"),
    "port": (int, "port to listen on; 0 takes any free one"),
    "safety.trusted_key": (Path, "public key (PEM) that must have signed the bundles"),
    "access.keys": (Path, "file of API keys; see painresponse api-key"),
    "audit.path": (Path, "audit log: who asked what of which model, a line each"),
    "tls.certificate": (Path, "certificate with its chain (PEM)"),
    "tls.key": (Path, "its private key (PEM)"),
    "tls.client_ca": (Path, "authority (PEM) that must have signed the certificates of clients"),
}
"""Settings that the command line can say, by their names."""


def main() -> int:
    """Serve the bundle named on the command line; returns the exit code."""
    given = _parser().parse_intermixed_args()
    try:
        said = {name: getattr(given, name.replace(".", "_")) for name in FLAGS}
        settings = load_settings(given.settings, said=said)
        serve(given.bundles, settings=settings, allow_synthetic=given.allow_synthetic)
    except PainResponseError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="painresponse_serve", description=__doc__)
    parser.add_argument("bundles", type=Path, nargs="+", help="files written by painresponse train")
    parser.add_argument("--settings", type=Path, help="what differs from the packaged serving.toml")
    parser.add_argument(
        "--allow-synthetic", action="store_true", help="serve a bundle trained on simulated patients"
    )
    for name, (kind, words) in FLAGS.items():
        flag = name.rpartition(".")[2] if name.startswith("safety.") else name.replace(".", "-")
        parser.add_argument(f"--{flag.replace('_', '-')}", dest=name.replace(".", "_"), type=kind, help=words)
    return parser


if __name__ == "__main__":
    sys.exit(main())
