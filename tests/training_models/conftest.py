from dataclasses import replace

import pytest

from painresponse.training.fitting import Fitted, fit
from painresponse.training.settings import TrainingSettings, training_settings
from tests.training_models.patients import Simulated, simulate


@pytest.fixture(scope="session")
def settings() -> TrainingSettings:
    """The packaged settings with fewer trees, so that tests stay quick."""
    return replace(training_settings(), most_trees=120, twin_strengths=(0.001, 0.01))


@pytest.fixture(scope="session")
def simulated() -> Simulated:
    return simulate(700, seed=1)


@pytest.fixture(scope="session")
def fitted(simulated: Simulated, settings: TrainingSettings) -> Fitted:
    return fit(simulated.examples, settings, better=["pain_mean_30d"], worse=["column_1"])
