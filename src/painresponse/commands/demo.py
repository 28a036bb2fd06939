"""The whole path on a simulated clinic: data, models, bundle, scores, one served answer."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from painresponse.commands import screen
from painresponse.commands.options import Preset, Seed
from painresponse.errors import WorkError

_START_SECONDS = 30


def demo(
    room: Annotated[Path, typer.Option("--room", help="Folder for the data and scores.")] = Path("demo"),
    bundle: Annotated[Path, typer.Option("--bundle", help="Bundle to write.")] = Path("models/demo.onnx"),
    subjects: Annotated[int, typer.Option("--subjects", min=2000, help="How many patients.")] = 20_000,
    preset: Preset = "registry",
    seed: Seed = 1,
) -> None:
    """Simulate a clinic, check it, train and track, write a bundle, score a cohort, serve one patient.

    Example: painresponse demo --room demo --bundle models/demo.onnx
    """
    clinic, scores = room / "clinic", room / "scores.parquet"
    store = f"sqlite:///{room / 'mlflow.db'}"
    _step(1, "A simulated clinic")
    _simulated(clinic, subjects, seed, preset)
    _step(2, "What is in it")
    _checked(clinic)
    _step(3, "Features")
    _featured(clinic, room / "features.parquet")
    _step(4, "A response model for every target")
    _trained(clinic, bundle, store, room)
    _step(5, "A cohort scored")
    _scored(bundle, clinic, scores)
    _step(6, "One patient, over HTTP")
    _served(bundle, clinic, room / "request.json")
    _step(7, "Where everything lies, and what to try next")
    screen.table(
        ("what", "where"),
        [
            ("simulated histories (MEDS)", f"{clinic}/"),
            ("their sealed truth", f"{clinic}.sealed/"),
            ("feature matrix", room / "features.parquet"),
            ("bundle", bundle),
            ("scores", scores),
            ("the request just sent", room / "request.json"),
            ("MLflow runs", store),
        ],
    )
    screen.say("\nTry next:")
    for line in (
        f".venv/bin/painresponse show {bundle}",
        f".venv/bin/painresponse serve {bundle} --allow-synthetic   # then open /docs on port 8000",
        f".venv/bin/mlflow ui --backend-store-uri {store}",
        f".venv/bin/painresponse check {clinic}",
    ):
        screen.say(f"  {line}")


def _step(number: int, title: str) -> None:
    screen.heading(f"{number}. {title}")


def _simulated(clinic: Path, subjects: int, seed: int, preset: str) -> None:
    from painresponse.commands.data import simulate

    simulate(clinic, subjects=subjects, seed=seed, preset=preset, overwrite=True)


def _checked(clinic: Path) -> None:
    from painresponse.inventory import take_inventory

    inventory = take_inventory(clinic)
    screen.say(
        f"{inventory.subjects:,} subjects, {inventory.intake.given:,} events, {inventory.intake.kept:,} kept"
    )
    screen.table(
        ("target", "begun", "intractable", "outcome known", "responded", "can be trained"),
        [
            (
                target,
                one.steps["new episode"],
                one.steps["intractable pain"],
                one.steps["outcome known"],
                one.steps["responded"],
                inventory.verdicts()[target].split(":")[0],
            )
            for target, one in inventory.attrition.items()
        ],
    )


def _featured(clinic: Path, out: Path) -> None:
    from painresponse.commands.data import features

    features(clinic, out)


def _trained(clinic: Path, bundle: Path, store: str, room: Path) -> None:
    from painresponse.commands.models import show_trained
    from painresponse.pipeline import train
    from painresponse.publishing import publish
    from painresponse.simulate import sealed_beside
    from painresponse.simulate.oracle import compare, read_truth

    with screen.progress("train", 9 + 4) as step:
        trained = train(clinic, bundle, store=store, progress=step)
    show_trained(trained)
    predictions = trained.predictions()
    publish(room / "predictions.parquet", lambda draft: predictions.to_parquet(draft))
    judged = compare(predictions, read_truth(sealed_beside(clinic)))
    screen.say("\nBecause these patients are simulated, the best any model could do on them is known:")
    screen.table(
        ("target", "AUC", "oracle AUC on the same patients", "difference, 99 % interval"),
        [
            (one.Index, one.auc, one.oracle_auc, f"{one.difference_low:+.3f} to {one.difference_high:+.3f}")
            for one in judged.loc[predictions["target"].unique()].itertuples()
        ],
    )


def _scored(bundle: Path, clinic: Path, scores: Path) -> None:
    from painresponse.commands.scoring import score

    score(bundle, clinic, scores, allow_synthetic=True)


def _served(bundle: Path, clinic: Path, request: Path) -> None:
    body = _one_patient(clinic)
    request.write_text(json.dumps(body, indent=1))
    with _server(bundle) as address:
        answer = _posted(f"{address}/v1/score", body)
    screen.say(f"POST {address}/v1/score with {len(body['events'])} events, index {body['index']}")
    screen.table(
        ("target", "predicted response", "what it means"),
        [
            (one["target"], one.get("probability", one.get("refused", {}).get("code")), one["label"])
            for one in answer["scores"]
        ],
    )
    for notice in answer["notices"]:
        screen.say(notice)


def _one_patient(clinic: Path) -> dict[str, Any]:
    """The first simulated patient who had a stimulation trial, asked about the day before it."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(clinic / "data" / "0.parquet")
    begun = (
        table.filter(pc.equal(table["code"], "CPT//63650")).sort_by("subject_id").slice(0, 1).to_pylist()[0]
    )
    mine = table.filter(pc.equal(table["subject_id"], begun["subject_id"])).to_pylist()
    index = begun["time"].isoformat()
    events = [
        {
            "time": one["time"] and one["time"].isoformat(),
            "code": one["code"],
            "value": one["numeric_value"],
            "unit": one["unit"],
            "available_time": one["available_time"] and one["available_time"].isoformat(),
        }
        for one in mine
        if one["time"] is None or one["time"] < begun["time"]
    ]
    return {"index": index, "events": events}


@contextmanager
def _server(bundle: Path) -> Iterator[str]:
    """A real server process on a free port, stopped afterwards."""
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "painresponse_serve",
        str(bundle),
        "--port",
        str(port),
        "--allow-synthetic",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/readyz", timeout=1).close()  # noqa: S310
            return
        except OSError:
            time.sleep(0.05)
    raise WorkError("The server did not start. Run painresponse serve to see why.")


def _posted(address: str, body: dict[str, Any]) -> dict[str, Any]:
    sent = urllib.request.Request(  # noqa: S310
        address, json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(sent, timeout=10) as response:  # noqa: S310
        return json.load(response)
