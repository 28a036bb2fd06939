"""Words that Tab can complete, looked up where the command itself will look, with nothing heavy loaded."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from painresponse.errors import PainResponseError

if TYPE_CHECKING:  # the real import waits until Tab is pressed
    from painresponse.clinic import Catalogue

ENGINES = ("local", "spark")
ALIASES = ("champion", "candidate")


def engines(incomplete: str) -> list[str]:
    """What may work on a cohort."""
    return _begun(ENGINES, incomplete)


def aliases(incomplete: str) -> list[str]:
    """What a version may become."""
    return _begun(ALIASES, incomplete)


def presets(incomplete: str) -> list[str]:
    """The presets of the simulated clinic."""
    from painresponse.clinic.catalogue import packaged
    from painresponse.settings import load

    return _begun(load(packaged() / "simulation.toml")["presets"], incomplete)


def scopes(incomplete: str) -> list[str]:
    """What a key may open."""
    return _begun(_known(_scopes), incomplete)


def _scopes() -> list[str]:
    from painresponse_serve.principals import SCOPES

    return list(SCOPES)


def targets(ctx: typer.Context, incomplete: str) -> list[str]:
    """Those of the bundle that was named."""
    return _begun(_of_bundle(ctx, "targets"), incomplete)


def bundle_features(ctx: typer.Context, incomplete: str) -> list[str]:
    """Those of the bundle that was named."""
    return _begun(_of_bundle(ctx, "features"), incomplete)


def features(ctx: typer.Context, incomplete: str) -> list[str]:
    """Those of the catalogue, with the site file that was named or that the folder keeps."""
    return _begun(_known(lambda: list(_catalogue(ctx).features.names)), incomplete)


def _catalogue(ctx: typer.Context) -> "Catalogue":
    from painresponse.clinic import load_catalogue

    return load_catalogue(_said(ctx, "config"), data=_said(ctx, "folder"))


def _of_bundle(ctx: typer.Context, part: str) -> list[str]:
    """Names from what a bundle says of itself, without loading its models or asking it to prove anything."""
    return _known(lambda: list(_names(Path(_said(ctx, "bundle") or ""), part)))


def _said(ctx: typer.Context, name: str) -> Path | str | None:
    """What stands on the line so far. While an option waits for its word, typer has not named arguments."""
    arguments = (one.name for one in ctx.command.params if one.param_type_name == "argument")
    return ctx.params.get(name) or dict(zip(arguments, ctx.args, strict=False)).get(name)


def _names(bundle: Path, part: str) -> Iterator[str]:
    from painresponse.scoring.bundle import METADATA
    from painresponse.scoring.signature import parted
    from painresponse.scoring.structure import checked_structure

    plain = json.loads(checked_structure(parted(bundle.read_bytes())[0])[METADATA])[part]
    return (one if isinstance(one, str) else one["name"] for one in plain)


def _known(look: Callable[[], list[str]]) -> list[str]:
    """Nothing where there is nothing to be known: the command will say why, Tab must not."""
    try:
        return look()
    except (PainResponseError, ImportError, OSError, ValueError, LookupError, TypeError):
        return []


def _begun(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
