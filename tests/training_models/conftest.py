from dataclasses import replace

import pytest

from painresponse.training.fitting import Fitted, fit
from painresponse.training.settings import TrainingSettings, training_settings
from tests.training_models.patients import Simulated, simulate


@pytest.fixture(scope="session")
def settings() -> TrainingSettings:
    """The packaged settings with a shorter search, and trees allowed on what a test can simulate."""
    shipped = training_settings()
    gate = replace(shipped.sample_size, boosted_multiple=1.5)
    return replace(shipped, most_trees=60, points_trials=3, trees_trials=2, inner_folds=3, sample_size=gate)


@pytest.fixture(scope="session")
def simulated() -> Simulated:
    return simulate(700, seed=1)


@pytest.fixture(scope="session")
def fitted(simulated: Simulated, settings: TrainingSettings) -> Fitted:
    return fit(simulated.examples, settings, better=["pain_mean_30d"], worse=["column_1"])
