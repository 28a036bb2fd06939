"""Notebook, command line and HTTP give the same numbers for the same patient, to the last bit."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

import painresponse as pr

pytestmark = pytest.mark.slow  # a training

PATIENTS = 60


@pytest.fixture(scope="module")
def histories(clinic) -> pd.DataFrame:
    frame = pd.read_parquet(clinic.folder / "data" / "0.parquet")
    return frame[frame["subject_id"] <= PATIENTS]


@pytest.fixture(scope="module")
def asks(histories) -> pd.DataFrame:
    """Everybody is asked about on a day in the middle of what is known of them."""
    middle = histories.dropna(subset=["time"]).groupby("subject_id")["time"].quantile(0.8)
    return middle.dt.floor("min").astype("datetime64[us]").rename("prediction_time").reset_index()


@pytest.fixture(scope="module")
def server(clinic) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "painresponse",
            "serve",
            str(clinic.bundle),
            "--port",
            str(port),
            "--allow-synthetic",
        ],
        stdout=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            httpx.get(f"{address}/readyz").raise_for_status()
            break
        except httpx.HTTPError:
            time.sleep(0.1)
    yield address
    process.terminate()
    assert process.wait(10) in (0, -15)


def test_the_three_ways_agree_to_the_bit(clinic, run, histories, asks, server, tmp_path):
    notebook = pr.score(clinic.bundle, histories, asks, allow_synthetic=True)
    commanded = _by_command(clinic, run, asks, tmp_path)
    served = _over_http(server, histories, asks)
    assert notebook["probability"].notna().sum() > PATIENTS / 2, "many patients must get scores"
    for other in (commanded, served):
        both = notebook.merge(other, on=["subject_id", "target"], suffixes=("", "_other"), validate="1:1")
        assert len(both) == len(notebook) == len(other)
        # the server answers nothing on a history with an impossible value, a cohort goes on without the value
        both = both[both["refusal_other"] != "R07_UNITS"]
        assert len(both) > len(other) / 2
        np.testing.assert_array_equal(both["probability"], both["probability_other"])
        assert both["refusal"].fillna("").tolist() == both["refusal_other"].fillna("").tolist()


def _by_command(clinic, run, asks: pd.DataFrame, room: Path) -> pd.DataFrame:
    asks.to_parquet(room / "asks.parquet")
    out = room / "scores.parquet"
    done = run(
        "score",
        clinic.bundle,
        clinic.folder,
        "--asks",
        room / "asks.parquet",
        "--out",
        out,
        "--allow-synthetic",
    )
    assert done.code == 0, done.err
    return pd.read_parquet(out).astype({"refusal": object})


def _over_http(server: str, histories: pd.DataFrame, asks: pd.DataFrame) -> pd.DataFrame:
    lines = []
    with httpx.Client(base_url=server) as client:
        for subject, index in asks.itertuples(index=False):
            own = histories[histories["subject_id"] == subject]
            known = own[["time", "available_time"]].max(axis=1)
            body = {"index": index.isoformat(), "events": _events(own[known.isna() | (known <= index)])}
            answer = client.post(
                "/v1/score", content=json.dumps(body), headers={"content-type": "application/json"}
            )
            assert answer.status_code in (200, 422), answer.text
            for score in answer.json()["scores"]:
                refusal = score.get("refused", {}).get("code")
                lines.append((subject, score["target"], score.get("probability", np.nan), refusal))
    return pd.DataFrame(lines, columns=["subject_id", "target", "probability", "refusal"])


def _events(history: pd.DataFrame) -> list[dict[str, Any]]:
    def text(time: pd.Timestamp) -> str | None:
        return None if pd.isna(time) else time.isoformat()

    return [
        {
            "time": text(event.time),
            "code": event.code,
            "value": None if pd.isna(event.numeric_value) else float(event.numeric_value),
            "unit": None if pd.isna(event.unit) else event.unit,
            "available_time": text(event.available_time),
        }
        for event in history.itertuples()
    ]
