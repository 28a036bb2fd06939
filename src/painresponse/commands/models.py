"""Commands about models: train, score, show."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from painresponse.commands import screen
from painresponse.commands.data import AsksFile, Config, Folder, Json

if TYPE_CHECKING:  # the real import is heavy and waits until the command runs
    from painresponse.pipeline import Trained
    from painresponse.training.fitting import Fitted

BundleFile = Annotated[Path, typer.Argument(metavar="BUNDLE", help="A bundle written by painresponse train.")]
AllowSynthetic = Annotated[
    bool, typer.Option("--allow-synthetic", help="Accept a bundle trained on simulated patients.")
]


def train(
    folder: Folder,
    out: Annotated[Path, typer.Option("--out", help="Bundle to write.")] = Path("models/model.onnx"),
    config: Config = None,
    store: Annotated[
        str, typer.Option("--store", envvar="MLFLOW_TRACKING_URI", help="MLflow tracking store.")
    ] = "sqlite:///mlflow.db",
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


def score(
    bundle: BundleFile,
    folder: Folder,
    out: Annotated[Path, typer.Option("--out", help="Parquet file to write.")],
    asks: AsksFile = None,
    target: Annotated[
        list[str] | None, typer.Option("--target", help="Only this target (may repeat).")
    ] = None,
    allow_synthetic: AllowSynthetic = False,
    json: Json = False,
) -> None:
    """Score a cohort: Parquet in, Parquet out; refusals stay as lines with their reason.

    Example: painresponse score models/clinic.onnx clinic --out scores.parquet
    """
    from painresponse.batch import score_folder
    from painresponse.readers import read_asks, shards
    from painresponse.scoring.scorer import Scorer

    scorer = Scorer.load(bundle, allow_synthetic=allow_synthetic)
    with screen.progress("score", len(shards(folder)), quiet=json) as step:
        done = score_folder(
            scorer,
            folder,
            out,
            asks=read_asks(asks) if asks else None,
            targets=tuple(target) if target else None,
            progress=step,
        )
    if json:
        screen.machine({"out": str(out), "asks": done.asks, "scores": done.scores, "refused": done.refused})
        return
    screen.say(f"{done.asks:,} asks, {done.scores:,} scores: {out}")
    if done.refused:
        screen.table(("refused because", "lines"), sorted(done.refused.items()))
    for notice in scorer.notices:
        screen.say(notice)


def show(
    bundle: BundleFile,
    explain: Annotated[str, typer.Option("--explain", help="The lineage of one of its features.")] = "",
    json: Json = False,
) -> None:
    """What a bundle predicts, from what, how well, and whether it still gives its golden scores.

    Example: painresponse show models/synthetic.onnx
    Example: painresponse show models/synthetic.onnx --explain opioid_mme_per_day
    """
    from painresponse.scoring.opening import open_bundle
    from painresponse.scoring.scorer import Scorer

    opened = open_bundle(bundle)
    if explain:
        screen.lineage(opened.lineage(explain), json=json)
        return
    if json:
        screen.machine({key: value for key, value in opened.metadata.items() if key != "golden"})
        return
    screen.say(f"{opened.name}: {len(opened.features)} features, SHA-256 {opened.digest}")
    screen.say("Seal intact; golden patients replayed to the bit.")
    screen.table(
        ("target", "predicts", "model", "episodes", "responded", "AUC"),
        [
            (one.name, one.label, one.kind, one.episodes, one.responders, float(one.metrics["auc"][0]))
            for one in opened.targets
        ],
    )
    for notice in Scorer(opened).notices:
        screen.say(notice)
