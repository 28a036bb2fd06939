"""Real servers to be attacked."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve.conftest import Server, running

EVERYTHING = {"hooks": {"patient_view": ["scs", "rfa", "cbt"]}}
"""Settings of a server that has something to say of every opened chart."""


@pytest.fixture(scope="session")
def clinic(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the limits that are packaged."""
    with running(tiny_bundle, tmp_path_factory.mktemp("clinic"), tables=EVERYTHING) as server:
        yield server
