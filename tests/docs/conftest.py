"""The rooms that pages are followed in: a small clinic, its bundle, and what else pages speak of."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from painresponse.commands.demo import _one_patient
from tests.docs.blocks import ROOT
from tests.readers.omop import cdm, measured, write_csv
from tests.readers.test_fhir import bundle, observation, patient

SITE = """
predict = ["scs_trial", "rfa"]

[training]
resamples = 100
ablate = false
points_trials = 4
folds = 3
inner_folds = 3
leak_audit = 100
"""
VISITS = """patient,seen,pain,substance P (pg/mL),energy,procedure
1,2024-03-01 09:00,8,31,2,
1,2024-03-15 10:00,,,,ketamine
2,2024-03-02 09:30,6,28,3,
"""


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room with everything the pages speak of; its clinic keeps a site file that makes training short."""
    room = _bare(tmp_path_factory.mktemp("furnished"))
    clinic = room / "clinic"
    for seed, name in enumerate(("clinic", "other_clinic"), start=1):
        _painresponse(
            room, "simulate", "--subjects", 2000, "--seed", seed, "--preset", "registry", "--out", name
        )
    (clinic / "metadata" / "site.toml").write_text(SITE)
    _painresponse(room, "train", "clinic", "--out", "models/clinic.onnx")
    (room / "demo").mkdir()
    (room / "demo" / "clinic").symlink_to("../clinic")
    (room / "demo" / "request.json").write_text(json.dumps(_one_patient(clinic)))
    (room / "visits.csv").write_text(VISITS)
    write_csv(room / "cdm", cdm(measurement=[measured(), measured(value=5, at="2020-06-01 09:00:00")]))
    (room / "export").mkdir()
    (room / "export" / "ann.json").write_text(bundle(patient(), observation()))
    return room


@pytest.fixture
def room(tmp_path: Path, furnished: Path) -> Callable[[bool], Path]:
    """A copy of the furnished room, or a bare one: a checkout and nothing done yet."""

    def made(bare: bool) -> Path:
        if bare:
            return _bare(tmp_path)
        return Path(shutil.copytree(furnished, tmp_path, symlinks=True, dirs_exist_ok=True))

    return made


def _bare(room: Path) -> Path:
    """The checkout's own bundle and configuration, and a ``make`` that only says what it would do."""
    (room / "models").mkdir()
    (room / "models" / "synthetic.onnx").symlink_to(ROOT / "models" / "synthetic.onnx")
    (room / "configs").symlink_to(ROOT / "configs")
    (room / "bin").mkdir()
    make = room / "bin" / "make"
    make.write_text(f'#!/bin/sh\nexec {shutil.which("make")} -C {ROOT} --dry-run "$@"\n')
    make.chmod(0o755)
    return room


def _painresponse(room: Path, *words: object) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "painresponse", *map(str, words)], cwd=room, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
