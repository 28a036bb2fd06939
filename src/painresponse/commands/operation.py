"""Commands for whoever runs a server: api-key, audit-log."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from painresponse.commands import completion, screen
from painresponse.commands.options import Json

if TYPE_CHECKING:
    from painresponse_serve.chain import Verdict

_HASH = re.compile(r"[0-9a-f]{64}")


def api_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose key it is; stands in the audit log.")],
    scope: Annotated[
        list[str],
        typer.Option(
            help="What it may ask: score, infer, describe, metrics, hooks (may repeat).",
            autocompletion=completion.scopes,
        ),
    ],
    keys: Annotated[Path | None, typer.Option(help="Keys file of the server to add its line to.")] = None,
    json: Json = False,
) -> None:
    """A new API key, shown once: the keys file holds only its SHA-256. A line taken out revokes its key.

    Example: painresponse api-key ward-3 --scope score --scope describe --keys keys
    """
    from painresponse_serve.api_keys import add_key, new_key

    key, line = new_key(name, scope)
    if keys is not None:
        add_key(keys, line)
    if json:
        screen.machine({"name": name, "key": key, "line": line, "file": str(keys) if keys else None})
        return
    screen.say(key)
    screen.say("This is the key. It is shown now and never again; clients send it as Authorization: Bearer …")
    if keys is not None:
        screen.say(f"{keys} admits it from now on.")
    else:
        screen.say("The line of the keys file that admits it:")
        screen.out.print(line, markup=False, soft_wrap=True)  # one line, however long


def audit_log(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An audit log that a server wrote.")],
    after: Annotated[
        str | None, typer.Option(metavar="HASH", help="The last hash of the file that it goes on from.")
    ] = None,
    json: Json = False,
) -> None:
    """Follow the chain of an audit log from line to line. Exit code 1: lines were changed or are gone.

    Example: painresponse audit-log audit.log
    """
    from dataclasses import asdict

    from painresponse.errors import DefinitionError
    from painresponse_serve.chain import check_audit

    if after is not None and not _HASH.fullmatch(after):
        raise DefinitionError("Give --after a hash: the 64 digits (0-9, a-f) that audit-log says under last.")
    verdict = check_audit(file, after=after)
    if json:
        screen.machine({"file": str(file), **asdict(verdict)})
    else:
        _say(file, verdict)
    if verdict.broken:
        raise typer.Exit(1)


def _say(file: Path, verdict: "Verdict") -> None:
    if verdict.broken:
        before = f"line {verdict.broken - 1:,}" if verdict.broken > 1 else "what is before it"
        screen.say(
            f"{file}: BROKEN. Line {verdict.broken:,} does not follow from {before}: "
            "one of the two was changed, or lines between them are gone."
        )
        return
    screen.say(f"{file}: {verdict.lines:,} lines, each of which follows from the one before it.")
    screen.say(f"after  {verdict.after}")
    screen.say(f"last   {verdict.last}")
    screen.say("Keep the last hash elsewhere: only it shows whether lines are taken away from the end.")
    if verdict.torn:
        screen.say("The last line was begun and not ended; a server closes it off when it starts.")
