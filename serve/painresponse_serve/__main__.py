"""``python -m painresponse_serve BUNDLE``: the server without the rest of the command line."""

import argparse
import sys
from pathlib import Path

from painresponse.errors import PainResponseError
from painresponse_serve.server import serve
from painresponse_serve.settings import load_settings


def main() -> int:
    """Serve the bundle named on the command line; returns the exit code."""
    given = _parser().parse_args()
    try:
        serve(
            given.bundle,
            host=given.host,
            port=given.port,
            allow_synthetic=given.allow_synthetic,
            trusted_key=given.trusted_key,
            settings=load_settings(given.settings),
        )
    except PainResponseError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="painresponse_serve", description=__doc__)
    parser.add_argument("bundle", type=Path, help="a file written by painresponse train")
    parser.add_argument("--host", help="address to listen on")
    parser.add_argument("--port", type=int, help="port to listen on; 0 takes any free one")
    parser.add_argument("--settings", type=Path, help="limits, in place of the packaged serving.toml")
    parser.add_argument(
        "--allow-synthetic", action="store_true", help="serve a bundle trained on simulated patients"
    )
    parser.add_argument("--trusted-key", type=Path, help="public key (PEM) that must have signed the bundle")
    return parser


if __name__ == "__main__":
    sys.exit(main())
