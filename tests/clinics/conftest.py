import pytest

from painresponse.scoring.bundle import TargetCard
from painresponse.scoring.opening import open_bundle


@pytest.fixture(scope="session")
def card(tiny_bundle) -> TargetCard:
    """Of radiofrequency ablation, in the tiny bundle."""
    return next(one for one in open_bundle(tiny_bundle).targets if one.name == "rfa")
