"""The command that scores a cohort, and what it says of it afterwards."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from painresponse.commands import screen
from painresponse.commands.data import MOST_SHOWN, engine_of, say_made
from painresponse.commands.options import (
    AllowSynthetic,
    AsksFile,
    BundleFile,
    EngineName,
    Folder,
    Jobs,
    Json,
    Master,
    Overwrite,
    Targets,
    TrustedKey,
)

if TYPE_CHECKING:  # the real import is heavy and waits until the command runs
    from painresponse.batch import Scored


def score(
    bundle: BundleFile,
    folder: Folder,
    out: Annotated[
        Path,
        typer.Option("--out", help="One file if it ends in .parquet, else a folder of one part a shard."),
    ],
    asks: AsksFile = None,
    target: Targets = None,
    reasons: Annotated[
        int, typer.Option("--reasons", min=0, help="How many of the largest reasons each score carries.")
    ] = 3,
    jobs: Jobs = None,
    engine: EngineName = "local",
    master: Master = None,
    allow_synthetic: AllowSynthetic = False,
    trusted_key: TrustedKey = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Score a cohort: Parquet in, Parquet out; refusals stay as lines with their reason.

    Run it again to go on with a run that broke off.

    Example: painresponse score models/clinic.onnx clinic --out scores.parquet
    """
    from painresponse.batch import score_folder
    from painresponse.readers import read_asks

    work = engine_of(engine, jobs, master)
    with screen.progress("score", None, quiet=json) as step:
        done = score_folder(
            bundle,
            folder,
            out,
            asks=read_asks(asks) if asks else None,
            targets=tuple(target) if target else None,
            reasons=reasons,
            allow_synthetic=allow_synthetic,
            trusted_key=trusted_key,
            engine=work,
            overwrite=overwrite,
            progress=step,
        )
    if json:
        screen.machine({"out": str(out), **done.to_plain()})
        return
    _say(done, out)


def _say(done: "Scored", out: Path) -> None:
    screen.say(f"{done.asks:,} asks, {done.scores:,} scores: {out}")
    if done.refused:
        screen.table(("refused", "because", "lines"), done.refused)
    say_made(done.made)
    _say_drift(done)
    for notice in done.notices:
        screen.say(notice)


def _say_drift(done: "Scored") -> None:
    from painresponse.scoring.drift import MANY_TIMES, MOVED, MOVED_MUCH, MUCH, SOME

    screen.heading("Drift against training")
    if not done.drift:
        screen.say("The bundle does not say what its features looked like in training.")
        return
    read = [one.reading for one in done.drift]
    counts = ", ".join(f"{read.count(one):,} {one}" for one in dict.fromkeys(reversed(read)))
    screen.say(f"{len(read):,} features compared: {counts}.")
    moved = [one for one in done.drift if one.reading in (MOVED, MOVED_MUCH)][:MOST_SHOWN]
    if moved:
        screen.table(
            ("moved most", "PSI", "by chance", "known", "in training", "PSI of that", "reading"),
            [
                (
                    one.name,
                    one.values.value,
                    one.values.chance,
                    one.known,
                    one.before,
                    one.presence.value,
                    one.reading,
                )
                for one in moved
            ],
        )
    screen.say(
        f"PSI, the population stability index, is read as little below {SOME} and much from {MUCH} on "
        f"(Siddiqi 2006). Chance alone makes it about {done.chance:.2g} in so many asks."
    )
    if done.chance >= SOME:
        screen.say(
            f"The cohort is too small to tell: only what lies above {MANY_TIMES} times its chance is called "
            "moved."
        )
