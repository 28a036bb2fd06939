"""The command that watches a model age: monitor."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from painresponse.commands import screen
from painresponse.commands.data import MOST_SHOWN
from painresponse.commands.options import AllowSynthetic, BundleFile, Config, Folder, Json

if TYPE_CHECKING:  # the real import is heavy and waits until the command runs
    from painresponse.monitoring import Monitoring


def monitor(
    bundle: BundleFile,
    folder: Folder,
    asks: Annotated[
        Path | None,
        typer.Option(
            "--asks", help="Parquet or CSV with subject_id and prediction_time; default: the episodes found."
        ),
    ] = None,
    scores: Annotated[
        list[Path] | None,
        typer.Option(
            "--scores", help="Past scores of painresponse score (may repeat); default: asked again."
        ),
    ] = None,
    audit_log: Annotated[
        Path | None, typer.Option("--audit-log", help="A server's audit log, with --requests.")
    ] = None,
    requests: Annotated[
        Path | None,
        typer.Option("--requests", help="The requests it answered, as sent: SUBJECT.json or SUBJECT-….json."),
    ] = None,
    config: Config = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DAY", help="Leave out whoever was asked about before.")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="DAY", help="The data are complete so far; default: the newest event."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="HTML page to write.")] = None,
    store: Annotated[
        str | None, typer.Option("--store", help="MLflow tracking store to write metrics to, a step a month.")
    ] = None,
    allow_synthetic: AllowSynthetic = False,
    json: Json = False,
) -> None:
    """Whether new patients still look like those of training, and outcomes come as predicted.

    Exit code 1: an alarm was raised.

    Example: painresponse monitor models/clinic.onnx clinic --since 2022-01-01 --out ageing.html
    Example: painresponse monitor models/clinic.onnx clinic --scores scores/ --store sqlite:///mlflow.db
    """
    from painresponse.monitoring import monitor as watch
    from painresponse.readers import read_asks, shards

    if audit_log is not None:
        _check(audit_log)
    with screen.progress("monitor", 2 * len(shards(folder)), quiet=json) as step:
        found = watch(
            bundle,
            folder,
            asks=read_asks(asks) if asks else None,
            scores=scores or None,
            audit_log=audit_log,
            requests=requests,
            config=config,
            since=since,
            until=until,
            allow_synthetic=allow_synthetic,
            progress=step,
        )
    if out:
        from painresponse.monitoring.page import write_page

        write_page(out, found)
    if store:
        from painresponse.tracking.ageing import track_monitoring

        track_monitoring(store, found.to_plain(), page=out)
    screen.machine(found.to_plain()) if json else _say(found, out)
    if found.alarms:
        raise typer.Exit(1)


def _check(audit_log: Path) -> None:
    """An audit log that was changed tells nothing."""
    from painresponse.errors import WorkError
    from painresponse_serve.chain import check_audit

    broken = check_audit(audit_log).broken
    if broken:
        raise WorkError(
            f"{audit_log} was changed: line {broken:,} does not follow from the one before it. Find the file "
            "as the server wrote it; painresponse audit-log says more."
        )


def _say(found: "Monitoring", out: Path | None) -> None:
    screen.heading("ALARM" if found.alarms else "Nothing to report")
    for sentence in found.alarms:
        screen.say(sentence)
    moved = found.features[found.features["moved"]].head(MOST_SHOWN)
    if len(moved):
        screen.heading("What moved most certainly")
        screen.table(
            ("feature", "compared", "PSI", "by chance", "known", "in training"),
            [
                (one.feature, one.compared, one.psi, one.chance, one.known, one.known_in_training)
                for one in moved.itertuples()
            ],
        )
    screen.heading("By target")
    screen.table(
        ("target", "asks", "refused", "moved", "AUC", "outcomes", "observed", "predicted", "owned", "alarm"),
        [_line(one) for one in found.overview.itertuples()],
    )
    screen.say(
        "Moved: the mean prediction, in percentage points. AUC: to expect if predictions hold. Owned: at "
        "most, by who bet against them."
    )
    screen.say()
    for sentence in (*found.sentences, *found.about.notices):
        screen.say(sentence)
    if out:
        screen.say(f"The page: {out}")


def _line(one: Any) -> tuple[object, ...]:
    from painresponse.monitoring.findings import amount

    return (
        one.target,
        _count(one.asks),
        one.refused,
        one.points,
        one.expected_auc,
        _count(one.episodes),
        one.observed,
        one.predicted,
        amount(one.most),
        f"{one.needed:,.0f}",
    )


def _count(value: float) -> int | str:
    return "–" if value != value else int(value)
