"""The command that tries whether anything sees the future: audit."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from painresponse.commands import screen
from painresponse.commands.options import Config, Folder, Json, Seed

if TYPE_CHECKING:  # the real import is heavy and waits until the command runs
    from painresponse.audit import Audit, Proof
    from painresponse.audit.suspicions import Hint

Line = tuple[object, ...]

MOST_MOVED = 20
"""Moved columns shown to people; --json has them all."""

_HINTS = {
    "value predicts alone": "Features whose value alone predicts the outcome too well",
    "being known predicts alone": "Features of which merely being known predicts the outcome too well",
    "code of one outcome": "Codes before the index that almost only one outcome carries",
}


def audit(
    folder: Folder,
    asks: Annotated[
        Path | None,
        typer.Option(
            "--asks",
            help="Parquet or CSV with subject_id and prediction_time; default: the training episodes.",
        ),
    ] = None,
    config: Config = None,
    subjects: Annotated[
        int, typer.Option("--subjects", min=1, help="How many patients to try, drawn at random.")
    ] = 2000,
    seed: Seed = 1,
    json: Json = False,
) -> None:
    """Try on your own data whether anything after the index moves a feature. Exit code 0: passed, 2: not.

    Example: painresponse audit clinic
    """
    from painresponse.audit import audit_folder
    from painresponse.audit.proof import PASSED
    from painresponse.clinic import load_catalogue
    from painresponse.readers import read_asks, shards

    catalogue = load_catalogue(config, data=folder)
    with screen.progress("audit", 2 * len(shards(folder)), quiet=json) as step:
        found = audit_folder(
            folder,
            catalogue,
            asks=read_asks(asks) if asks else None,
            subjects=subjects,
            seed=seed,
            progress=step,
        )
    screen.machine(found.to_plain()) if json else _tell(found)
    if found.proof.verdict != PASSED:
        raise typer.Exit(2)


def _tell(found: "Audit") -> None:
    from painresponse.audit.proof import TRIALS

    proof = found.proof
    screen.say(_verdict(proof))
    screen.say(
        f"\n{proof.asks:,} asks ({found.source}) about {found.audited:,} of {found.subjects:,} subjects, "
        f"{proof.with_future:,} of them with a future to hide; "
        + ", ".join(f"{count:,} {kind} columns" for kind, count in proof.columns.items())
    )
    screen.heading("Trials")
    screen.table(
        ("trial", "what is done", "events", "cells compared", "moved"),
        [(name, TRIALS[name], one.events, one.cells, one.moved) for name, one in proof.trials.items()],
    )
    if proof.moved:
        screen.heading("Moved")
        screen.table(
            ("kind", "column", "which says", "moved by (asks)"),
            [
                (one.kind, one.name, one.sentence, ", ".join(f"{t} {n:,}" for t, n in one.trials.items()))
                for one in list(proof.moved.values())[:MOST_MOVED]
            ],
        )
    _suspect(found)


def _verdict(proof: "Proof") -> str:
    if proof.moved:
        return (
            f"FAILED: {proof.cells_moved:,} of {proof.cells:,} cells moved, in {len(proof.moved):,} columns. "
            "Do not train or score until it is understood."
        )
    if not proof.with_future:
        return (
            f"NOTHING TO AUDIT: none of the {proof.asks:,} asks has an event at or after its index, or known "
            "only then. Ask about earlier instants with --asks."
        )
    return (
        "PASSED: nothing that happened, or became known, at or after the index moved any of "
        f"{proof.cells:,} cells."
    )


def _suspect(found: "Audit") -> None:
    from painresponse.audit.oddities import ODD

    screen.heading("Suspicions: hints, not proof")
    if not found.hints:
        screen.say(f"None, among the episodes of {found.suspects:,} subjects.")
    for kind, words in _HINTS.items():
        of_kind = [hint for hint in found.hints if hint.kind == kind]
        if of_kind:
            screen.say(f"\n{words}:")
            screen.table(*_lines(of_kind, found.sentences))
    odd = [hint for hint in found.hints if hint.kind in ODD]
    if odd:
        screen.say()
        screen.table(
            ("what is odd", "concept", "events"),
            [(ODD[hint.kind], hint.name, hint.counts["events"]) for hint in odd],
        )


def _lines(hints: "list[Hint]", sentences: dict[str, str]) -> tuple[tuple[str, ...], list[Line]]:
    """The head and the lines of one kind's table."""
    if "auc" in hints[0].counts:
        return ("target", "feature", "which says", "AUC alone", "at least", "episodes"), [
            (
                one.target,
                one.name,
                sentences[one.name],
                *(one.counts[each] for each in ("auc", "low", "episodes")),
            )
            for one in hints
        ]
    return ("target", "code", "failed", "responded", "dated the index day or the day before"), [
        (one.target, one.name, *(one.counts[each] for each in ("failed", "responded", "near")))
        for one in hints
    ]
