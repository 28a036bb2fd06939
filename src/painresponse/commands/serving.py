"""The command that serves."""

from pathlib import Path
from typing import Annotated

import typer

from painresponse.commands.options import AllowSynthetic, TrustedKey


def serve(
    bundles: Annotated[
        list[Path], typer.Argument(metavar="BUNDLE", help="Bundles to serve; unnamed, the first answers.")
    ],
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0 picks a free one.")] = None,
    settings: Annotated[Path | None, typer.Option(help="What differs from configs/serving.toml.")] = None,
    allow_synthetic: AllowSynthetic = False,
    trusted_key: TrustedKey = None,
    access_keys: Annotated[
        Path | None, typer.Option(help="File of API keys; see painresponse api-key.")
    ] = None,
    audit_path: Annotated[Path | None, typer.Option(help="Audit log: who asked what of which model.")] = None,
    tls_certificate: Annotated[
        Path | None, typer.Option(help="Certificate of the server, with its chain (PEM).")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Private key of the certificate (PEM).")] = None,
    tls_client_ca: Annotated[
        Path | None, typer.Option(help="Authority (PEM) of the certificates clients must show.")
    ] = None,
) -> None:
    """The HTTP service: raw histories in, predicted responses out. API description at /docs.

    Example: painresponse serve models/synthetic.onnx --allow-synthetic
    """
    from painresponse_serve import load_settings
    from painresponse_serve import serve as serve_bundles

    said = {
        "host": host,
        "port": port,
        "safety.trusted_key": trusted_key,
        "access.keys": access_keys,
        "audit.path": audit_path,
        "tls.certificate": tls_certificate,
        "tls.key": tls_key,
        "tls.client_ca": tls_client_ca,
    }
    serve_bundles(bundles, settings=load_settings(settings, said=said), allow_synthetic=allow_synthetic)
