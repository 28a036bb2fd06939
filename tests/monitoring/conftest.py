"""A small simulated clinic like that of the shipped bundle's training, watched once."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from painresponse.monitoring import Monitoring, monitor
from painresponse.monitoring.asked import gathered
from painresponse.scoring.scorer import Scorer
from painresponse.simulate import simulate
from painresponse.validation.external import episode_asks
from tests.lib.source import ROOT

BUNDLE = ROOT / "models" / "synthetic.onnx"


@pytest.fixture(scope="session")
def scorer() -> Scorer:
    return Scorer.load(BUNDLE, allow_synthetic=True)


@pytest.fixture(scope="session")
def clinic(tmp_path_factory) -> Path:
    """500 patients in two shards."""
    folder = tmp_path_factory.mktemp("ageing") / "clinic"
    simulate(folder, subjects=500, seed=11, preset="registry", shard_size=250)
    return folder


@pytest.fixture(scope="session")
def events(clinic):
    """The same as one frame."""
    return pq.read_table(clinic / "data").to_pandas()


@pytest.fixture(scope="session")
def asks(clinic, catalogue) -> pd.DataFrame:
    """The index of every episode, as the clinic would have asked."""
    cohort, _ = gathered(clinic, catalogue, progress=lambda: None)
    asked = episode_asks(cohort)
    return pd.DataFrame(
        {"subject_id": asked.subject, "prediction_time": asked.index.astype("datetime64[us]")}
    )


@pytest.fixture(scope="session")
def found(scorer, clinic) -> Monitoring:
    return monitor(scorer, clinic)
