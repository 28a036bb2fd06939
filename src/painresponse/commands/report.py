"""The command that tells how good the models are, on one page: report."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from painresponse.commands import screen
from painresponse.commands.options import STORE, AllowSynthetic, Config, Json, Store


def report(
    source: Annotated[
        str, typer.Argument(metavar="RUN|BUNDLE", help="A bundle, or the id of a training run in the store.")
    ],
    out: Annotated[Path, typer.Option("--out", help="HTML file to write.")],
    data: Annotated[
        Path | None, typer.Option("--data", help="Another clinic's MEDS folder to judge the models on.")
    ] = None,
    config: Config = None,
    allow_synthetic: AllowSynthetic = False,
    authors: Annotated[
        Path | None, typer.Option("--authors", help="TOML with what the authors say to TRIPOD+AI items.")
    ] = None,
    store: Store = STORE,
    json: Json = False,
) -> None:
    """One HTML page: what the models are for, how good they are, TRIPOD+AI items; the model card beside it.

    Example: painresponse report models/clinic.onnx --out report.html
    Example: painresponse report models/clinic.onnx --data other_clinic --out elsewhere.html
    """
    from painresponse.report.page import write_card, write_report
    from painresponse.report.reading import authors_of, judged_on, record_of
    from painresponse.scoring.opening import open_bundle

    said = authors_of(authors) if authors else {}
    with _bundle(source, store) as bundle:
        record = {**record_of(open_bundle(bundle)), "authors": said}
        if data:
            found = _external(bundle, data, config, allow_synthetic=allow_synthetic, quiet=json)
            record = judged_on(record, found)
    card = out.with_name(f"{out.stem}.card.md")
    write_report(out, record)
    write_card(card, record)
    if json:
        screen.machine({"report": str(out), "card": str(card), "targets": len(record["targets"])})
    else:
        screen.say(f"{len(record['targets'])} targets: {out}, and the model card {card}")


@contextmanager
def _bundle(source: str, store: str) -> Iterator[Path]:
    """The file of a bundle, or of the one that a run in the store made."""
    if Path(source).exists() or source.endswith(".onnx"):
        yield Path(source)
        return
    from painresponse.tracking import bundle_of_run

    with TemporaryDirectory() as folder:
        yield bundle_of_run(store, source, Path(folder))


def _external(
    bundle: Path, data: Path, config: Path | None, *, allow_synthetic: bool, quiet: bool
) -> dict[str, Any]:
    from painresponse.readers import shards
    from painresponse.validation.external import external

    with screen.progress("judge", 2 * len(shards(data)), quiet=quiet) as step:
        return external(bundle, data, config=config, allow_synthetic=allow_synthetic, progress=step)
