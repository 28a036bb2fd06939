"""A small simulated clinic, on disk and in memory."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from painresponse.audit.folder import episode_asks
from painresponse.clinic import Catalogue
from painresponse.readers import histories
from painresponse.records import Asks, Records
from painresponse.simulate import simulate


@dataclass(frozen=True)
class Shard:
    """Histories, and training episodes to ask about."""

    records: Records
    asks: Asks


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 simulated patients in three shards."""
    made = tmp_path_factory.mktemp("audit") / "clinic"
    simulate(made, subjects=600, seed=7, shard_size=200)
    return made


@pytest.fixture(scope="session")
def shard(folder: Path, catalogue: Catalogue) -> Shard:
    """The first shard, and the first sixty of its episodes."""
    records, _ = next(histories(folder, catalogue.concepts))
    return Shard(records, episode_asks(records, catalogue).part(0, 60))
