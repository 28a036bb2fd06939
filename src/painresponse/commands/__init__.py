"""The command line, thin over the library. Exit codes: 0 done, 1 the work failed, 2 the input is wrong."""

import os
import sys
from typing import NoReturn

import typer

from painresponse.commands import (
    audit,
    data,
    demo,
    explaining,
    imports,
    models,
    operation,
    registry,
    report,
    scoring,
    serving,
    showing,
    verifying,
)
from painresponse.errors import PainResponseError

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")

_EXTRAS = {
    "serve": (
        "fastapi",
        "httptools",
        "jwt",
        "msgspec",
        "prometheus_client",
        "swagger_ui_bundle",
        "uvicorn",
        "painresponse_serve",
    ),
    "omop": ("duckdb", "adbc_driver_manager", "adbc_driver_postgresql"),
    "sign": ("cryptography",),
    "spark": ("pyspark",),
}
"""Which extra brings a library that a command misses; the others come with train."""

app = typer.Typer(
    help="Predicted response to advanced interventions for intractable pain.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(data.simulate)
app.add_typer(imports.imports, name="import")
app.command()(data.check)
app.command()(data.features)
app.command()(audit.audit)
app.command()(models.train)
app.command()(report.report)
app.command()(registry.promote)
app.command()(scoring.score)
app.command()(explaining.explain)
app.command()(showing.show)
app.command()(verifying.verify)
app.command()(verifying.sign)
app.command()(verifying.keys)
app.command()(serving.serve)
app.command()(operation.api_key)
app.command()(operation.audit_log)
app.command()(demo.demo)


def main() -> None:
    """Run one command; a complaint made on purpose is printed without a traceback."""
    try:
        app()
    except PainResponseError as error:
        _complain(str(error), error.exit_code)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("painresponse."):
            raise
        extra = next((extra for extra, names in _EXTRAS.items() if error.name in names), "train")
        _complain(f"This command needs {error.name}. Run: pip install 'painresponse[{extra}]'", 2)
    except OSError as error:
        _complain(f"{error.strerror or error}: {error.filename or ''}", 1)


def _complain(words: str, code: int) -> NoReturn:
    print(f"painresponse: {words}", file=sys.stderr)  # noqa: T201
    sys.exit(code)
