"""The stated rates and delays, on simulated clinics made by the benchmark, with the shipped bundle."""

import numpy as np
import pytest
from benchmarks.ageing import Watched, features_alarm, outcomes_alarm, watched

from painresponse.monitoring.movement import movement

pytestmark = pytest.mark.slow
SEEDS = 200


@pytest.fixture(scope="module")
def watch(scorer, catalogue, tmp_path_factory):
    room = tmp_path_factory.mktemp("ageing")

    def made(change: str, seed: int, patients: int) -> Watched:
        return watched(room, seed, change=change, patients=patients, scorer=scorer, catalogue=catalogue)

    return made


def test_without_a_change_it_is_silent_as_often_as_stated(watch):
    """Other patients at sites of their own: features at the last look, outcomes at every one of all days."""
    alarms = []
    for seed in range(SEEDS):
        clinic = watch("none", 2000 + seed, 400)
        alarms.append((clinic.moved()[0], clinic.outcomes()["alarm"].any()))
    features, outcomes = np.mean(alarms, axis=0)
    assert features <= 0.05
    assert outcomes <= 0.05


@pytest.mark.parametrize(("change", "people"), [("site", 100), ("case_mix", 250), ("assay", 1000)])
def test_patients_who_are_otherwise_are_noticed_within_the_stated_number(watch, change, people):
    for seed in (100, 101, 102):
        _, noticed = features_alarm(watch(change, seed, 2500), every=3)
        assert noticed is not None and noticed <= people


def test_a_response_that_is_otherwise_is_noticed_within_the_stated_number_of_outcomes(watch):
    for seed in (100, 101, 102):
        clinic = watch("concept", seed, 2500)
        _, outcomes = outcomes_alarm(clinic)
        assert outcomes is not None and outcomes <= 800
        assert set(clinic.outcomes().query("alarm")["says"]) == {"fewer respond than predicted"}
        moved = movement(clinic.scorer.bundle, clinic.asked, clinic.settings).moved
        assert all("trial_relief" in one for one in moved)  # the trial's own response, and nothing else
