"""The command line, thin over the library. Exit codes: 0 done, 1 the work failed, 2 the input is wrong."""

import os
import sys
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from painresponse import __version__
from painresponse.commands import (
    audit,
    clinics,
    complaints,
    data,
    demo,
    explaining,
    imports,
    models,
    monitoring,
    operation,
    registry,
    report,
    scoring,
    screen,
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

EXITS = (
    "Exit codes: 0 done; 1 the work failed, or what was checked must not be used; 2 the input or the call is "
    "wrong; 130 stopped by Ctrl-C."
)

app = typer.Typer(
    cls=complaints.Commands,
    epilog=EXITS,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(asked: bool) -> None:
    if asked:
        screen.say(f"painresponse {__version__}")
        raise typer.Exit


@app.callback()
def _begin(
    version: Annotated[
        bool,
        typer.Option("--version", help="Which painresponse this is.", is_eager=True, callback=_tell_version),
    ] = False,
) -> None:
    """Predicted response to advanced interventions for intractable pain."""


app.command()(data.simulate)
app.add_typer(imports.imports, name="import")
app.command()(data.check)
app.command()(data.features)
app.command()(audit.audit)
app.command()(models.train)
app.command()(report.report)
app.command()(clinics.evaluate)
app.command()(clinics.pool)
app.command()(registry.promote)
app.command()(scoring.score)
app.command()(monitoring.monitor)
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
    """Run one command and end with its exit code; a complaint is one sentence, without a traceback."""
    try:
        sys.exit(app(prog_name="painresponse", standalone_mode=False))
    except PainResponseError as error:
        _complain(str(error), error.exit_code)
    except TyperException as error:
        _complain(complaints.wrong_call(error), error.exit_code)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("painresponse."):
            _fault(error)
        extra = next((extra for extra, names in _EXTRAS.items() if error.name in names), "train")
        _complain(f"This command needs {error.name}. Run: pip install 'painresponse[{extra}]'", 2)
    except OSError as error:
        _complain(f"{error.strerror or error}: {error.filename or ''}", 1)
    except Exception as error:
        _fault(error)


def _fault(error: Exception) -> NoReturn:
    if os.environ.get(complaints.SHOW_ALL):
        raise error
    _complain(complaints.fault(error), 1)


def _complain(words: str, code: int) -> NoReturn:
    if words:  # of a call without a word, its help was shown
        print(f"painresponse: {words}", file=sys.stderr)  # noqa: T201
    sys.exit(code)
