"""A small simulated clinic, trained through the command line, for every journey."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SITE = """
predict = ["scs_permanent", "pt_specialised"]

[training]
resamples = 100
most_trees = 60
"""


@dataclass(frozen=True)
class Run:
    """What a command did."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Clinic:
    """A folder of histories, the site file it is trained with, the bundle, the store, what train said."""

    folder: Path
    site: Path
    bundle: Path
    store: str
    said: Any


def command(*words: object, cwd: Path | None = None) -> Run:
    """Run painresponse as a person would."""
    done = subprocess.run(
        [sys.executable, "-m", "painresponse", *map(str, words)], capture_output=True, text=True, cwd=cwd
    )
    return Run(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def run() -> Callable[..., Run]:
    return command


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    """4,000 simulated patients and the bundle trained on them."""
    room = tmp_path_factory.mktemp("clinic")
    folder, site, bundle = room / "clinic", room / "site.toml", room / "models" / "clinic.onnx"
    site.write_text(SITE)
    store = f"sqlite:///{room / 'mlflow.db'}"
    made = command("simulate", "--subjects", 4000, "--seed", 3, "--preset", "registry", "--out", folder)
    assert made.code == 0, made.err
    trained = command(
        "train", folder, "--config", site, "--out", bundle, "--store", store, "--json",
        "--predictions", room / "predictions.parquet",
    )  # fmt: skip
    assert trained.code == 0, trained.err
    return Clinic(folder, site, bundle, store, trained.json())
