"""The command that explains one patient's predictions."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from painresponse.commands import screen
from painresponse.commands.options import AllowSynthetic, BundleFile, Folder, Json, Targets
from painresponse.errors import DefinitionError, RecordError, unknown

if TYPE_CHECKING:  # the real import is heavy and waits until the command runs
    from painresponse.records import Asks, Records
    from painresponse.records.coding import Measures
    from painresponse.scoring.explanation import Explanation

PICTURES = (".png", ".svg", ".pdf")
_SHARP = 150
_BEYOND = 2**63


def explain(
    bundle: BundleFile,
    folder: Folder,
    subject: Annotated[int, typer.Option("--subject", help="Whose prediction: a subject_id of DIR.")],
    at: Annotated[
        str, typer.Option("--at", help="As of when (2026-03-01T08:30); default: a day after the last event.")
    ] = "",
    target: Targets = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Draw the way to each prediction: a .png, .svg or .pdf file.")
    ] = None,
    allow_synthetic: AllowSynthetic = False,
    json: Json = False,
) -> None:
    """One patient in words: what is predicted, from where it starts, and what moves it how far.

    Example: painresponse explain models/clinic.onnx clinic --subject 12 --target rfa
    Example: painresponse explain models/clinic.onnx clinic --subject 12 --out waterfall.svg
    """
    from painresponse.scoring.scorer import Scorer

    if out and out.suffix.lower() not in PICTURES:
        raise DefinitionError(unknown("kind of picture", out.suffix, PICTURES))
    scorer = Scorer.load(bundle, allow_synthetic=allow_synthetic)
    records = _records(folder, subject, scorer.measures)
    told = scorer.explain(records, _ask(records, subject, at), targets=tuple(target) if target else None)
    if out:
        _draw(told, out)
    if json:
        screen.machine([one.to_plain() for one in told])
        return
    _say(told)
    if out:
        screen.say(f"\nDrawn: {out}")


def _records(folder: Path, subject: int, measures: "Measures") -> "Records":
    """The history of one subject; of the other shards no more than the subjects is read."""
    from painresponse.readers import shards
    from painresponse.readers.meds import refuse_divided, shard_histories

    found = shards(folder)
    refuse_divided(found)
    for shard in (one for one in found if _may_hold(one, subject)):
        for records, _ in shard_histories(shard, measures):
            if len(mine := records.of(subject)):
                return mine
    raise RecordError(
        f"{folder} has no events of subject {subject} that the bundle can read. Give one of the numbers in "
        "its column subject_id."
    )


def _may_hold(shard: Path, subject: int) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from painresponse.schema import SUBJECT

    if abs(subject) >= _BEYOND:
        return False
    try:
        return len(pq.read_table(shard, columns=[SUBJECT], filters=[(SUBJECT, "=", subject)])) > 0
    except pa.ArrowException:
        return True  # who reads it whole says what is wrong with it


def _ask(records: "Records", subject: int, at: str) -> "Asks":
    import numpy as np

    from painresponse.readers import last_known
    from painresponse.records import Asks
    from painresponse.records.rows import instant

    if at:
        return Asks(np.array([subject], np.int64), np.array([instant(at, "--at")], np.int64))
    asks = last_known(records)
    if not len(asks):
        raise RecordError(f"No event of subject {subject} has a date. Say with --at as of when to predict.")
    return asks


def _draw(told: "list[Explanation]", out: Path) -> None:
    from painresponse.publishing import publish
    from painresponse.scoring.waterfall import axes_for

    sheet = axes_for([one.steps for one in told])
    for one, axes in zip(told, sheet, strict=True):
        one.plot(axes)
    kind = out.suffix.lower().removeprefix(".")
    publish(out, lambda draft: sheet[0].figure.savefig(draft, format=kind, dpi=_SHARP))


def _say(told: "list[Explanation]") -> None:
    for one in told:
        screen.heading(one.heading)
        for sentence in one.sentences():
            screen.say(f"- {sentence}")
    screen.say()
    for notice in dict.fromkeys(notice for one in told for notice in (*one.notes, *one.notices)):
        screen.say(notice)
