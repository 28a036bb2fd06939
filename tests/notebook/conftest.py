"""A small simulated clinic, its episodes and their features, made once."""

from dataclasses import replace

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

import painresponse as pr
from painresponse.frames.histories import Histories
from painresponse.readers import histories
from painresponse.simulate import simulate
from painresponse.training.cohorts import Cohort, gather

matplotlib.use("Agg")

TARGET = "nerve_block_therapeutic"
GATE = {"margin": 0.2, "boosted_multiple": 0.1, "criteria": {"shrinkage": 0.5, "r2_share": 0.5, "error": 0.2}}
QUICK = {"points_trials": 2, "trees_trials": 1, "inner_folds": 3, "most_trees": 20, "sample_size": GATE}
"""Trees allowed on what a test can simulate, and hardly any search."""


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("notebook") / "clinic"
    simulate(made, subjects=1200, seed=5, preset="registry", shard_size=500)
    return made


@pytest.fixture(scope="session")
def clinic(folder) -> Histories:
    return pr.histories(folder)


@pytest.fixture(scope="session")
def cohort(folder, catalogue) -> Cohort:
    """What training gathers of the folder, for the one target."""
    alone = replace(catalogue, targets={TARGET: catalogue.targets[TARGET]})
    return gather(histories(folder, catalogue.concepts), alone)


@pytest.fixture(scope="session")
def known(clinic) -> pd.DataFrame:
    """The episodes of one target whose outcome is known."""
    return pr.episodes(clinic, TARGET).dropna(subset="outcome")


@pytest.fixture(scope="session")
def matrix(clinic, known) -> pd.DataFrame:
    return pr.features(clinic, known)


@pytest.fixture(scope="session")
def columns(matrix) -> pd.DataFrame:
    """The features alone."""
    return matrix.drop(columns=["subject_id", "prediction_time"])


@pytest.fixture(scope="session")
def outcome(known) -> np.ndarray:
    return known["outcome"].to_numpy(int)


@pytest.fixture(scope="session")
def scorer(tiny_bundle) -> pr.Scorer:
    return pr.Scorer.load(tiny_bundle, allow_synthetic=True)


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    pyplot.close("all")
