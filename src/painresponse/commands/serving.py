"""The command that serves."""

from pathlib import Path
from typing import Annotated

import typer


def serve(
    bundle: Annotated[Path, typer.Argument(help="The bundle to serve.")],
    host: Annotated[str, typer.Option("--host")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 picks a free one.")] = 8000,
    allow_synthetic: Annotated[
        bool, typer.Option("--allow-synthetic", help="Serve a bundle trained on simulated patients.")
    ] = False,
    trusted_key: Annotated[
        Path | None,
        typer.Option("--trusted-key", help="Serve only if this public key (PEM) signed the bundle."),
    ] = None,
) -> None:
    """The HTTP service: raw histories in, predicted responses out. API description at /docs.

    Example: painresponse serve models/synthetic.onnx --allow-synthetic
    """
    from painresponse_serve import serve as serve_bundle

    serve_bundle(bundle, host=host, port=port, allow_synthetic=allow_synthetic, trusted_key=trusted_key)
