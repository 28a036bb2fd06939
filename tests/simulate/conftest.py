"""One small synthetic clinic, with and without flaws, for the whole folder."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from painresponse.clinic.catalogue import packaged
from painresponse.settings import load
from painresponse.simulate import Simulated, sealed_beside, simulate
from painresponse.simulate.oracle import read_truth

SUBJECTS = 3000


@dataclass(frozen=True)
class Clinic:
    """A data set on disk, its events and its truth as tables."""

    folder: Path
    made: Simulated
    events: pd.DataFrame
    truth: pd.DataFrame

    def coded(self, *codes: str) -> pd.DataFrame:
        """The events of these codes."""
        return self.events[self.events["code"].isin(codes)]

    def given(self, target: str) -> pd.Series:
        """When each patient given the target was given it, by patient."""
        rows = self.truth[self.truth["given"] & (self.truth["target"] == target)]
        return rows.set_index("subject_id")["time"]


def _clinic(folder: Path, *, flaws: bool) -> Clinic:
    made = simulate(folder, subjects=SUBJECTS, seed=11, flaws=flaws, shard_size=1500)
    shards = [pq.read_table(path) for path in sorted((folder / "data").iterdir())]
    return Clinic(folder, made, pa.concat_tables(shards).to_pandas(), read_truth(sealed_beside(folder)))


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    return _clinic(tmp_path_factory.mktemp("simulate") / "clinic", flaws=False)


@pytest.fixture(scope="session")
def flawed(tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    return _clinic(tmp_path_factory.mktemp("simulate") / "flawed", flaws=True)


@pytest.fixture
def raw_plan() -> dict:
    """The plan of the clinic as a plain table, free to be spoiled."""
    return load(packaged() / "simulation.toml")
