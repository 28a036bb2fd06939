"""The figures of a leaflet as pictures: what moves the predictions, how, and whether a probability holds."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from painresponse.errors import BundleError, DefinitionError
from painresponse.markup import SYNTHETIC
from painresponse.publishing import complaints, publish_folder
from painresponse.report.figures import figures_of
from painresponse.report.record import at

Plain = Mapping[str, Any]

SHOWN = ("importance", "dependence", "calibration")

_KIND = ".png"
_DOTS_AN_INCH = 150


def write_pictures(folder: Path, leaflet: Plain, *, overwrite: bool = False) -> list[str]:
    """Fill a folder with ``<target>-<figure>.png``, whole or not at all; returns the names.

    Each says on its face what it is of. Raises DefinitionError where something is already there that may not
    be replaced, BundleError where there is nothing to draw, WorkError where it cannot be written.
    """
    if overwrite:
        _refuse_foreign(folder)
    written: list[str] = []
    publish_folder(folder, lambda draft: written.extend(_filled(draft, leaflet)), overwrite=overwrite)
    return written


def _filled(draft: Path, leaflet: Plain) -> list[str]:
    names = []
    for name, figure in pictures_of(leaflet):
        figure.savefig(draft / name, dpi=_DOTS_AN_INCH, metadata={"Software": None})
        names.append(name)
    if not names:
        raise BundleError(
            "There is nothing to draw: this bundle holds no account of how its models were judged. "
            "Give one that painresponse train wrote."
        )
    return names


def pictures_of(leaflet: Plain) -> Iterator[tuple[str, Figure]]:
    """The pictures of every target by the name of their file, drawn as they are asked for."""
    for account in leaflet["targets"]:
        title = str(account.get("label") or account["target"]).replace(": ", "\n", 1)
        marked = f"{title}\n{SYNTHETIC}" if leaflet["synthetic"] else title
        for name, figure in figures_of(_in_words(account), SHOWN).items():
            figure.suptitle(marked, fontsize="small")
            yield f"{account['target']}-{name}{_KIND}", figure


def _in_words(account: Plain) -> Plain:
    """A picture stands alone: its features are called in words, with their units where values are shown."""
    learnt = account.get("importance") or {}
    features = [{**one, "name": _words(one)} for one in learnt.get("features") or ()]
    lines = [
        {**one, "name": ", ".join(filter(None, (_words(one), one.get("unit"))))}
        for one in at(learnt, "dependence") or ()
    ]
    return {**account, "importance": {"features": features, "dependence": lines}}


def _words(feature: Plain) -> str:
    return str(feature.get("words") or feature["name"])


def _refuse_foreign(folder: Path) -> None:
    """A folder that holds anything but pictures is not one this wrote, and would be lost."""
    with complaints(folder):
        foreign = folder.is_file() or (folder.is_dir() and any(_is_foreign(one) for one in folder.iterdir()))
    if foreign:
        raise DefinitionError(
            f"{folder} holds more than pictures, which --overwrite would delete. Choose another name."
        )


def _is_foreign(path: Path) -> bool:
    return path.suffix != _KIND or not path.is_file()
