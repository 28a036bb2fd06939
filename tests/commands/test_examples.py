"""Every example of every help text runs as it stands, and with --json says nothing but JSON."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.conftest import ROOT
from tests.docs.conftest import VISITS
from tests.lib.bundles import write_tiny_bundle
from tests.lib.commands import every_command
from tests.readers.omop import cdm, measured, write_csv
from tests.readers.test_fhir import bundle, observation, patient

EXAMPLES = [
    (name, line)
    for name, command in every_command().items()
    for line in re.findall(r"Example: (painresponse .*)", command.help)
]
FIRST = {
    "audit-log": "touch audit.log",
    "import csv": "rm -r clinic",
    "import fhir": "rm -r clinic",
    "import omop": "rm -r clinic",
    "monitor": "painresponse score models/clinic.onnx clinic --out scores",
    "pool": "painresponse evaluate models/north.onnx clinic --site south --out north-at-south.json && "
    "painresponse evaluate models/north.onnx other_clinic --site east --out north-at-east.json",
    "simulate": "rm -r clinic clinic.sealed",
    "sign": "painresponse keys clinic",
    "verify": "painresponse keys clinic && painresponse sign models/clinic.onnx --key clinic.private.pem",
}
"""What must have been done before."""

MAY_REFUSE = {"monitor", "promote"}
"""Models of noise and of simulated patients: an alarm is rightly raised, and no champion made."""

ENDLESS = {"demo", "serve"}
"""Minutes of work, and until it is stopped: tests/serve starts it as it stands."""

SITE = """
predict = ["scs_trial", "rfa"]

[training]
resamples = 100
ablate = false
points_trials = 4
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clinic whose own site file makes training short, a version in the registry, and bundles of noise."""
    room = tmp_path_factory.mktemp("furnished")
    (room / "models").mkdir()
    (room / "models" / "synthetic.onnx").symlink_to(ROOT / "models" / "synthetic.onnx")
    (room / "configs").symlink_to(ROOT / "configs")
    typed(room, "painresponse simulate --subjects 1500 --seed 1 --preset registry --out clinic")
    (room / "clinic" / "metadata" / "site.toml").write_text(SITE)
    typed(room, "painresponse simulate --subjects 1500 --seed 2 --preset registry --out other_clinic")
    typed(room, "painresponse train clinic --out models/trained.onnx")
    for name in ("clinic", "north"):
        write_tiny_bundle(room / "models" / f"{name}.onnx", kind="clinic")
    (room / "visits.csv").write_text(VISITS)
    write_csv(room / "cdm", cdm(measurement=[measured(), measured(value=5, at="2020-06-01 09:00:00")]))
    (room / "export").mkdir()
    (room / "export" / "ann.json").write_text(bundle(patient(), observation()))
    return room


@pytest.fixture
def room(furnished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(furnished, tmp_path / "room", symlinks=True))


def typed(room, line, codes=(0,)):
    """What a line typed in a folder says."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=room,
        env={**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode in codes, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(("name", "line"), EXAMPLES, ids=[line for _, line in EXAMPLES])
def test_an_example_runs_as_it_stands_and_for_machines(room, name, line):
    if name in ENDLESS:
        typed(room, f"{line} --help")
        return
    if name in FIRST:
        typed(room, FIRST[name])
    codes = (0, 1) if name in MAY_REFUSE else (0,)
    again = Path(shutil.copytree(room, room.with_name("again"), symlinks=True))
    assert typed(room, line, codes)
    assert json.loads(typed(again, f"{line} --json", codes), parse_constant=pytest.fail) is not None
