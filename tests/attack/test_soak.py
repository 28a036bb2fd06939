"""A long load of everything at 70 % of the capacity: no error, and memory stays what it was."""

import json
import os
from pathlib import Path

import pytest

from tests.attack.conftest import EVERYTHING
from tests.attack.processes import PROC
from tests.attack.readers import served_from
from tests.attack.soak import kinds, soaked
from tests.serve.conftest import running

SECONDS = float(os.environ.get("SOAK_SECONDS", "60"))


@pytest.mark.slow
@pytest.mark.skipif(not PROC.exists(), reason="needs /proc to see the memory of a process")
def test_a_long_load_of_everything_brings_no_error_and_no_growth(tiny_bundle: Path, tmp_path: Path):
    tables = {**EVERYTHING, "audit": {"path": str(tmp_path / "audit")}}
    with running(tiny_bundle, tmp_path, tables=tables) as server:
        bundle = served_from(tiny_bundle).bundle
        report = soaked(server, bundle, SECONDS)
        print(json.dumps(report.told(), indent=1))
        assert '"event":"failed"' not in server.output.read_text()
    assert report.errors == {}
    assert report.latencies.keys() == kinds(bundle).keys()
    assert report.rate > 0.9 * report.planned  # it was a load
    assert len(report.memory) > 0.8 * SECONDS
    assert report.growth <= 0.05
