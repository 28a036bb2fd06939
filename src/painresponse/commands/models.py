"""The command that makes models: train."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from painresponse.commands import screen
from painresponse.commands.options import STORE, Config, Folder, Json, Store

if TYPE_CHECKING:  # the real import is heavy and waits until the command runs
    from painresponse.pipeline import Trained
    from painresponse.training.fitting import Fitted


def train(
    folder: Folder,
    out: Annotated[Path, typer.Option("--out", help="Bundle to write.")] = Path("models/model.onnx"),
    config: Config = None,
    store: Store = STORE,
    predictions: Annotated[
        Path | None, typer.Option("--predictions", help="Write out-of-fold predictions (Parquet).")
    ] = None,
    json: Json = False,
) -> None:
    """Train every target, track the run in MLflow, write one bundle.

    Example: painresponse train clinic --out models/clinic.onnx
    """
    from painresponse.clinic import load_catalogue
    from painresponse.pipeline import train as train_all
    from painresponse.publishing import publish
    from painresponse.readers import shards

    steps = len(shards(folder)) + len(load_catalogue(config, data=folder).targets)
    with screen.progress("train", steps, quiet=json) as step:
        trained = train_all(folder, out, config=config, store=store, progress=step)
    if predictions:
        publish(predictions, lambda draft: trained.predictions().to_parquet(draft))
    if json:
        screen.machine(_plain(trained))
    else:
        show_trained(trained)


def show_trained(trained: "Trained") -> None:
    """What a training run made, for people."""
    screen.table(
        (
            "target",
            "episodes",
            "responded",
            "model",
            "AUC",
            "95 % interval",
            "calibration slope",
            "twin AUC",
            "pain-only AUC",
        ),
        [_line(one) for one in trained.fitted],
    )
    for target, reason in trained.skipped.items():
        screen.say(f"Not trained: {target}. {reason}")
    for one in trained.fitted:
        for note in one.notes:
            screen.say(f"{one.target}: {note}")
    screen.say(f"Bundle: {trained.bundle} (SHA-256 {trained.digest[:12]}…)")
    screen.say(f"MLflow run {trained.run} in {trained.store}, registered as {trained.registered}")
    screen.say(f"Report: painresponse report {trained.bundle} --out report.html")
    if trained.synthetic:
        screen.say("SYNTHETIC — NOT FOR CLINICAL USE: trained on simulated patients.")


def _line(fitted: "Fitted") -> tuple[object, ...]:
    auc, low, high = fitted.metrics["auc"]
    return (
        fitted.target,
        fitted.episodes,
        fitted.events,
        fitted.learnt.kind,
        auc,
        f"{low:.3f}–{high:.3f}",
        fitted.metrics["calibration_slope"].value,
        fitted.metrics["twin_auc"].value,
        fitted.metrics["baseline_auc"].value,
    )


def _plain(trained: "Trained") -> dict[str, object]:
    return {
        "bundle": str(trained.bundle),
        "sha256": trained.digest,
        "synthetic": trained.synthetic,
        "run": trained.run,
        "store": trained.store,
        "registered": trained.registered,
        "targets": {
            one.target: {
                "episodes": one.episodes,
                "responders": one.events,
                "kind": one.learnt.kind,
                "metrics": {name: list(value) for name, value in one.metrics.items()},
                "notes": list(one.notes),
            }
            for one in trained.fitted
        },
        "skipped": trained.skipped,
    }
