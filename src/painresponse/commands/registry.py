"""The command about the model registry: promote."""

from typing import TYPE_CHECKING, Annotated

import typer

from painresponse.commands import completion, screen
from painresponse.commands.options import STORE, AllowSynthetic, Json, Store

if TYPE_CHECKING:  # the real import is heavy and waits until the command runs
    from painresponse.tracking import Promotion


def promote(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A registered model, such as painresponse.")],
    to: Annotated[
        str, typer.Option("--to", help="champion or candidate.", autocompletion=completion.aliases)
    ],
    version: Annotated[
        str,
        typer.Option("--version", help="Default: the candidate (to champion), the newest (to candidate)."),
    ] = "",
    store: Store = STORE,
    allow_synthetic: AllowSynthetic = False,
    json: Json = False,
) -> None:
    """Move @champion or @candidate to a version whose checks all pass. Exit code 1: refused, nothing moved.

    Example: painresponse promote painresponse --to champion
    """
    from painresponse.tracking import promote as promote_version

    made = promote_version(store, name, to=to, version=version, allow_synthetic=allow_synthetic)
    screen.machine(_plain(made)) if json else _tell(made)
    if not made.moved:
        raise typer.Exit(1)


def _tell(made: "Promotion") -> None:
    screen.table(
        ("check", "verdict", "figures"),
        [(one.check, "passed" if one.passed else "FAILED", "\n".join(one.figures)) for one in made.findings],
    )
    screen.say()
    for one in made.findings:
        if not one.passed:
            screen.say(f"{one.check}: {one.cure}")
    screen.say(_verdict(made))


def _verdict(made: "Promotion") -> str:
    if not made.moved:
        return f"REFUSED: version {made.version} of {made.model} did not become @{made.alias}; nothing moved."
    before = f" Before it: version {made.before}." if made.before not in ("", made.version) else ""
    return f"Version {made.version} of {made.model} is @{made.alias}.{before}"


def _plain(made: "Promotion") -> dict[str, object]:
    return {
        "model": made.model,
        "version": made.version,
        "alias": made.alias,
        "moved": made.moved,
        "before": made.before,
        "checks": [
            {"check": one.check, "passed": one.passed, "figures": list(one.figures), "cure": one.cure}
            for one in made.findings
        ],
    }
