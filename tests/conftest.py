"""Fixtures every folder of tests may use."""

from pathlib import Path

import pytest

from painresponse.clinic import Catalogue, load_catalogue
from tests.lib.bundles import write_tiny_bundle


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The packaged catalogue."""
    return load_catalogue()


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small synthetic bundle."""
    path = tmp_path_factory.mktemp("bundle") / "tiny.onnx"
    write_tiny_bundle(path)
    return path
