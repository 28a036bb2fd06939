"""What is said of a wrong call, and of a fault of our own: in words, with what to do, never a traceback."""

import traceback
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from painresponse.errors import DefinitionError, unknown

SHOW_ALL = "PAINRESPONSE_TRACEBACK"
"""The environment variable that asks for the whole traceback of a fault."""

_HERE = Path(__file__).parents[1]


class Commands(TyperGroup):
    """Commands of which a wrong word is said as every other wrong word is."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command so named. Raises DefinitionError with the nearest known name."""
        if args[0] not in self.commands and not ctx.resilient_parsing:
            raise DefinitionError(f"{unknown('command', args[0], self.commands)} {_help(ctx)}")
        return super().resolve_command(ctx, args)


def wrong_call(error: TyperException) -> str:
    """What typer says of a call that it cannot read, in our words; nothing where it showed the help."""
    ctx: typer.Context | None = getattr(error, "ctx", None)
    said = str(error.format_message())
    if ctx is None or not said:
        return said
    return f"{_wrong(error, ctx)} {_help(ctx)}"


def _wrong(error: Any, ctx: typer.Context) -> str:
    if hasattr(error, "possibilities"):
        options = [name for one in ctx.command.params for name in one.opts if name.startswith("--")]
        return unknown("option", error.option_name, options)
    if hasattr(error, "param_type"):  # only what is missing has a kind
        return f"{_name(error.param)} is missing. {error.param.help or ''}".rstrip()
    if param := getattr(error, "param", None):
        return f"{_name(param)}: {error.message.rstrip('.')}."
    return f"{error.format_message().rstrip('.')}."


def _name(param: Any) -> str:
    """An option as it is typed, an argument as the usage line shows it."""
    typed = (name for name in param.opts if name.startswith("-"))
    return str(next(typed, param.metavar or param.name.upper()))


def _help(ctx: typer.Context) -> str:
    return f"See {ctx.command_path} --help."


def fault(error: Exception) -> str:
    """Where painresponse itself failed; not the error's own words, which may hold a patient's value."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [one for one in frames if Path(one.filename).is_relative_to(_HERE)]
    place = f"{Path(ours[-1].filename).relative_to(_HERE)}, line {ours[-1].lineno}" if ours else "a library"
    return (
        f"This is a fault of painresponse, not of your call: {type(error).__name__} in {place}. Report it, "
        f"please. {SHOW_ALL}=1 shows the whole traceback, which may hold values of patients."
    )
