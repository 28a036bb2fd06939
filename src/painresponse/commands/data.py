"""Commands about data: simulate, check, features."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from painresponse.commands import completion, screen
from painresponse.commands.options import (
    AsksFile,
    Config,
    EngineName,
    Folder,
    Jobs,
    Json,
    Master,
    Overwrite,
    Preset,
    Seed,
)
from painresponse.errors import DefinitionError, unknown

if TYPE_CHECKING:  # the real import is heavy and waits until the command runs
    from painresponse.batch import Engine, Made
    from painresponse.inventory import Inventory

MOST_SHOWN = 10
"""Codes shown to people; --json has them all."""


def simulate(
    out: Annotated[
        Path, typer.Option("--out", help="Folder to write; the truth goes to <out>.sealed beside it.")
    ],
    subjects: Annotated[int, typer.Option("--subjects", min=1, help="How many patients.")] = 6000,
    seed: Seed = 1,
    preset: Preset = "rct_like",
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
    _say_events(inventory)
    _say_episodes(inventory)
    if inventory.own:
        screen.heading("Your own entries")
        screen.table(
            ("section", "entry", "found"), [(one.section, one.name, one.words()) for one in inventory.own]
        )


def _say_events(inventory: "Inventory") -> None:
    intake = inventory.intake
    screen.say(f"{inventory.subjects:,} subjects, {intake.given:,} events, {intake.kept:,} kept")
    if intake.rejected:
        screen.table(("rejected because", "events"), inventory.reasons())
        screen.table(("rejected most often", "because", "events"), inventory.rejected()[:MOST_SHOWN])
    else:
        screen.say("No event was rejected.")
    for title, counts in (
        ("code no concept knows", intake.unmapped),
        ("kept, unit told by the size of the value", intake.inferred),
        ("kept, value unusual", intake.unusual),
    ):
        if counts:
            worst = sorted(counts.items(), key=lambda one: -one[1])[:MOST_SHOWN]
            screen.table((title, "events"), worst)
    screen.heading("Concepts found")
    screen.table(
        ("concept", "events", "subjects"), [(name, *counts) for name, counts in inventory.found.items()]
    )
    missing = ", ".join(inventory.missing())
    screen.say(f"\nNot found: {missing or 'none'}")


def _say_episodes(inventory: "Inventory") -> None:
    screen.heading("Episodes left after each step")
    steps = list(dict.fromkeys(step for one in inventory.attrition.values() for step in one.steps))
    for target, one in inventory.attrition.items():
        left = " → ".join(f"{step} {one.steps[step]:,}" for step in steps if step in one.steps)
        screen.say(f"{target}: {left}")
    if levels := inventory.levels():
        screen.heading("Intractable pain, of those not excluded")
        names = list(dict.fromkeys(name for counts in levels.values() for name in counts))
        rows = [(target, *(counts.get(name, 0) for name in names)) for target, counts in levels.items()]
        screen.table(("target", *names), rows)
    screen.heading("Targets")
    screen.table(("target", "can be trained"), inventory.verdicts().items())


def features(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="A MEDS folder.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="One file if it ends in .parquet, else a folder of one part a shard."),
    ] = None,
    explain: Annotated[
        str,
        typer.Option(
            "--explain", help="Only say where this feature comes from.", autocompletion=completion.features
        ),
    ] = "",
    asks: AsksFile = None,
    config: Config = None,
    jobs: Jobs = None,
    engine: EngineName = "local",
    master: Master = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """The feature matrix, with each column's lineage. Run it again to go on with a run that broke off.

    Example: painresponse features clinic --out features.parquet --jobs 2
    Example: painresponse features --explain opioid_mme_per_day
    """
    from painresponse.batch import features_folder
    from painresponse.clinic import load_catalogue
    from painresponse.language.lineage import lineage
    from painresponse.readers import read_asks

    catalogue = load_catalogue(config, data=folder)
    if explain:
        screen.lineage(lineage(explain, catalogue.features, catalogue.concepts), json=json)
        return
    if folder is None or out is None:
        raise DefinitionError("Say which MEDS folder to read, and with --out where the features go.")
    work = engine_of(engine, jobs, master)
    with screen.progress("features", None, quiet=json) as step:
        made = features_folder(
            catalogue,
            folder,
            out,
            asks=read_asks(asks) if asks else None,
            engine=work,
            overwrite=overwrite,
            progress=step,
        )
    if json:
        plain = {key: value for key, value in asdict(made).items() if key != "counts"}
        screen.machine({"out": str(out), "features": len(catalogue.features), **plain})
        return
    screen.say(f"{made.rows:,} rows of {len(catalogue.features)} features: {out}")
    say_made(made)


def say_made(made: "Made") -> None:
    """What a run found done already, and what was rejected on intake."""
    from painresponse.records.intake import REASONS

    if made.kept:
        screen.say(f"{made.kept:,} of {made.shards:,} shards were finished by an earlier run.")
    if made.rejected:
        worst = sorted(made.rejected.items(), key=lambda one: -one[1])
        screen.table(("rejected because", "events"), [(REASONS[name], n) for name, n in worst])


def engine_of(name: str, jobs: int | None, master: str | None) -> "Engine":
    """The engine asked for, with so many processes or all cores. Only for spark is pyspark loaded."""
    from painresponse.batch import in_processes

    if name == "local":
        return in_processes(jobs or _cores())
    if name != "spark":
        raise DefinitionError(unknown("engine", name, completion.ENGINES))
    if jobs:
        raise DefinitionError("How many work with Spark is for the cluster to say: leave out --jobs.")
    from painresponse.spark import on_spark

    return on_spark(master)


def _cores() -> int:
    """Those this process may use, where the system tells."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1
