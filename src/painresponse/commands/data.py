"""Commands about data: simulate, import, check, features."""

from pathlib import Path
from typing import Annotated

import typer

from painresponse.commands import screen
from painresponse.errors import CohortError

Config = Annotated[
    Path | None, typer.Option("--config", help="Site configuration (TOML) laid over the packaged one.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is already there.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A MEDS folder.")]
AsksFile = Annotated[
    Path | None,
    typer.Option(
        "--asks",
        help="Parquet or CSV with subject_id and prediction_time; default: a day after the last event.",
    ),
]

MOST_SHOWN = 10
"""Codes shown to people; --json has them all."""


def simulate(
    out: Annotated[
        Path, typer.Option("--out", help="Folder to write; the truth goes to <out>.sealed beside it.")
    ],
    subjects: Annotated[int, typer.Option("--subjects", min=1, help="How many patients.")] = 6000,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same bytes.")] = 1,
    preset: Annotated[str, typer.Option("--preset", help="See configs/simulation.toml.")] = "rct_like",
    flaws: Annotated[
        bool, typer.Option("--flaws", help="Add duplicates, unit errors, swapped dates, traps.")
    ] = False,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write a synthetic clinic (MEDS) and its sealed truth. Never for real patients.

    Example: painresponse simulate --subjects 6000 --seed 1 --out clinic
    """
    from painresponse.simulate import sealed_beside
    from painresponse.simulate import simulate as simulate_clinic

    made = simulate_clinic(out, subjects=subjects, seed=seed, preset=preset, flaws=flaws, overwrite=overwrite)
    if json:
        screen.machine(
            {"out": str(out), "subjects": made.subjects, "events": made.events, "treated": made.treated}
        )
        return
    screen.say(f"{made.subjects:,} simulated patients, {made.events:,} events: {out}")
    screen.say(f"Their sealed truth, which no model may see: {sealed_beside(out)}")
    screen.table(("treated", "patients"), made.treated.items())


def check(folder: Folder, config: Config = None, json: Json = False) -> None:
    """What is in a data set, what was rejected, and which targets can be trained.

    Example: painresponse check clinic
    """
    from painresponse.inventory import take_inventory

    inventory = take_inventory(folder, config)
    if json:
        screen.machine(inventory.to_plain())
        return
    intake = inventory.intake
    screen.say(f"{inventory.subjects:,} subjects, {intake.given:,} events, {intake.kept:,} kept")
    if intake.rejected:
        screen.table(("rejected because", "events"), inventory.reasons())
        screen.table(("rejected most often", "because", "events"), inventory.rejected()[:MOST_SHOWN])
    else:
        screen.say("No event was rejected.")
    if intake.unmapped:
        worst = sorted(intake.unmapped.items(), key=lambda one: -one[1])[:MOST_SHOWN]
        screen.table(("code no concept knows", "events"), worst)
    screen.heading("Concepts found")
    screen.table(
        ("concept", "events", "subjects"), [(name, *counts) for name, counts in inventory.found.items()]
    )
    missing = ", ".join(inventory.missing())
    screen.say(f"\nNot found: {missing or 'none'}")
    screen.heading("Episodes left after each step")
    steps = list(dict.fromkeys(step for one in inventory.attrition.values() for step in one.steps))
    for target, one in inventory.attrition.items():
        left = " → ".join(f"{step} {one.steps[step]:,}" for step in steps if step in one.steps)
        screen.say(f"{target}: {left}")
    screen.heading("Targets")
    screen.table(("target", "can be trained"), inventory.verdicts().items())


def features(
    folder: Folder,
    out: Annotated[Path, typer.Option("--out", help="Parquet file to write.")],
    asks: AsksFile = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """The feature matrix, with each column's lineage in the file.

    Example: painresponse features clinic --out features.parquet
    """
    from painresponse.batch import features_folder
    from painresponse.clinic import load_catalogue
    from painresponse.readers import read_asks, shards

    catalogue = load_catalogue(config, data=folder)
    with screen.progress("features", len(shards(folder)), quiet=json) as step:
        rows = features_folder(catalogue, folder, out, asks=read_asks(asks) if asks else None, progress=step)
    if not rows:
        raise CohortError(f"{folder} holds no subject with a dated event.")
    summary = {"rows": rows, "features": len(catalogue.features), "out": str(out)}
    screen.machine(summary) if json else screen.say(
        f"{rows:,} rows of {len(catalogue.features)} features: {out}"
    )
