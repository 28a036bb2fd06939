"""Commands for several clinics that share no patients: evaluate at each, pool what they hand out."""

from pathlib import Path
from typing import Annotated, Any

import typer

from painresponse.commands import screen
from painresponse.commands.options import AllowSynthetic, BundleFile, Config, Folder, Json


def evaluate(
    bundle: BundleFile,
    folder: Folder,
    site: Annotated[str, typer.Option("--site", help="The clinic's name among those that pool.")],
    out: Annotated[Path, typer.Option("--out", help="Site summary to write (JSON): all that may leave.")],
    least: Annotated[
        int, typer.Option("--least", help="Counts below are withheld, others told to the nearest such step.")
    ] = 10,
    config: Config = None,
    allow_synthetic: AllowSynthetic = False,
    json: Json = False,
) -> None:
    """Judge a bundle on this clinic's patients and sum it up: no row, no small count leaves.

    Example: painresponse evaluate models/north.onnx clinic --site south --out north-at-south.json
    """
    from painresponse.clinics.evaluating import evaluate as sum_up
    from painresponse.clinics.files import write_summary
    from painresponse.readers import shards

    with screen.progress("evaluate", 2 * len(shards(folder)), quiet=json) as step:
        summary = sum_up(
            bundle,
            folder,
            site=site,
            least=least,
            config=config,
            allow_synthetic=allow_synthetic,
            progress=step,
        )
    write_summary(out, summary)
    judged = [one.target for one in summary.targets if one.figures]
    if json:
        screen.machine({"out": str(out), "targets": len(summary.targets), "judged": judged})
        return
    screen.say(f"{summary.bundle.name} at {site}: {len(judged)} of {len(summary.targets)} targets judged")
    screen.say(f"All that may leave, and worth reading first: {out}")


def pool(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Site summaries (evaluate).")],
    out: Annotated[Path | None, typer.Option("--out", help="HTML page to write, with forest plots.")] = None,
    json: Json = False,
) -> None:
    """Pool what several clinics found of the same bundles, and tell how much the clinics differ.

    Example: painresponse pool north-at-south.json north-at-east.json --out clinics.html
    """
    from painresponse.clinics.files import read_summary
    from painresponse.clinics.pooling import pool as pool_all

    found = pool_all([read_summary(one) for one in files])
    if out:
        from painresponse.clinics.page import write_page

        write_page(out, found)
    if json:
        screen.machine(found)
        return
    _say(found)
    if out:
        screen.say(f"\nThe page: {out}")


def _say(found: dict[str, Any]) -> None:
    from painresponse.clinics import tables
    from painresponse.clinics.page import question

    if found["synthetic"]:
        screen.say("SYNTHETIC — NOT FOR CLINICAL USE: simulated patients.")
    for target in found["targets"]:
        screen.heading(f"{target['target']}: {question(target)}")
        _table(tables.at_home_and_abroad(target, found["sites"]))
        for bundle in target["bundles"]:
            screen.heading(f"{target['target']}, {tables.name_of(bundle)}")
            for make in (tables.counted, tables.pooled):
                _table(make(bundle))
    for note in found["notes"]:
        screen.say(f"\n{note}")


def _table(made: Any) -> None:
    if made.lines:
        screen.table(made.head, made.lines)
        screen.say()
