"""A folder of histories for tests that only read it."""

import pytest

from tests.sizes.clinic import write_shards


@pytest.fixture(scope="session")
def clinic(tmp_path_factory):
    """Three shards of 20 subjects with 40 events each."""
    return write_shards(tmp_path_factory.mktemp("sizes") / "clinic")
