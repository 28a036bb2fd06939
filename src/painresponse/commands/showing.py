"""The command that tells what a bundle is: show."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from painresponse.commands import completion, screen
from painresponse.commands.options import BundleFile, Json, Overwrite

if TYPE_CHECKING:  # the real import is heavy and waits until the command runs
    from painresponse.scoring.bundle import Bundle


def show(
    bundle: BundleFile,
    target: Annotated[
        str,
        typer.Option("--target", help="Only this target, in full.", autocompletion=completion.targets),
    ] = "",
    figures: Annotated[
        Path | None, typer.Option("--figures", help="Folder to write: top features and calibration (PNG).")
    ] = None,
    overwrite: Overwrite = False,
    explain: Annotated[
        str,
        typer.Option(
            "--explain",
            help="Only say where this feature comes from.",
            autocompletion=completion.bundle_features,
        ),
    ] = "",
    json: Json = False,
) -> None:
    """What a bundle predicts, from what, how well, on whom, and what it must not be used for.

    Example: painresponse show models/synthetic.onnx
    Example: painresponse show models/synthetic.onnx --target rfa --figures rfa_figures
    Example: painresponse show models/synthetic.onnx --explain opioid_mme_per_day
    """
    from painresponse.scoring.opening import open_bundle

    opened = open_bundle(bundle)
    if explain:
        screen.lineage(opened.lineage(explain), json=json)
        return
    leaflet = _leaflet(opened, target)
    drawn = _draw(figures, leaflet, overwrite=overwrite) if figures else {}
    if json:
        screen.machine({**leaflet, **drawn})
        return
    _say(leaflet, in_full=bool(target))
    if drawn:
        screen.heading("Figures written")
        for path in drawn["figures"]:
            screen.say(f"  {path}")


def _leaflet(opened: "Bundle", target: str) -> dict[str, Any]:
    from painresponse.report.leaflet import leaflet_of, of_target

    opened.places((target,) if target else None)
    leaflet = leaflet_of(opened)
    return of_target(leaflet, target) if target else leaflet


def _draw(folder: Path, leaflet: Mapping[str, Any], *, overwrite: bool) -> dict[str, list[str]]:
    from painresponse.report.pictures import write_pictures

    names = write_pictures(folder, leaflet, overwrite=overwrite)
    return {"figures": [str(folder / name) for name in names]}


def _say(leaflet: Mapping[str, Any], *, in_full: bool) -> None:
    from painresponse.report.overview import overview
    from painresponse.report.sheet import sheet

    for section in sheet(leaflet) if in_full else overview(leaflet):
        screen.heading(section.title)
        for line in section.lines:
            screen.say(line)
