"""Which features moved: beyond chance with all of them in mind, and by enough."""

from dataclasses import replace

import numpy as np
import pytest

from painresponse.monitoring.asked import EPISODES, GIVEN, Asked
from painresponse.monitoring.movement import movement
from painresponse.monitoring.settings import monitoring_settings
from painresponse.scoring.drift import LEVELS
from painresponse.scoring.opening import open_bundle
from tests.batch.conftest import write_bundle
from tests.lib.bundles import TARGETS

SETTINGS = monitoring_settings()


@pytest.fixture(scope="module")
def bundle(catalogue, tmp_path_factory):
    """One whose features were all spread evenly from 0 to 1, and known in half."""
    path = tmp_path_factory.mktemp("even") / "even.onnx"
    looks = [*LEVELS, 0.5]
    write_bundle(path, dict.fromkeys(catalogue.features.names, looks))
    return open_bundle(path)


def asked(features, *, subject=None, of=None):
    n = len(features)
    everybody = dict.fromkeys(TARGETS, np.arange(n)) if of is None else of
    nothing = np.full((n, len(TARGETS)), np.nan)
    return Asked(
        GIVEN if of is None else EPISODES,
        np.arange(n) if subject is None else subject,
        np.zeros(n, np.int64),
        TARGETS,
        nothing,
        np.zeros_like(nothing, np.int64),
        (("R", "No."),),
        features.astype(np.float32),
        everybody,
    )


def spread(n, width, seed=1):
    """Rows as in training: each feature evenly spread, and known in half."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random((n, width)) < 0.5, rng.random((n, width)), np.nan)


def test_those_of_training_have_not_moved(bundle):
    found = movement(bundle, asked(spread(1500, len(bundle.features))), SETTINGS)
    assert found.moved == []
    assert len(found.table) == 2 * len(bundle.features)


def test_a_feature_whose_values_moved_is_named_and_no_other(bundle):
    rows = spread(1500, len(bundle.features))
    rows[:, 7] **= 3
    found = movement(bundle, asked(rows), SETTINGS)
    assert found.moved == [bundle.features.names[7]]
    assert found.table.iloc[0]["compared"] == "values"


def test_a_feature_that_is_known_more_often_is_named(bundle):
    rows = spread(1500, len(bundle.features))
    rows[:, 3] = np.random.default_rng(2).random(1500)
    (line,) = movement(bundle, asked(rows), SETTINGS).table.query("moved").itertuples()
    assert (line.feature, line.compared, line.known) == (bundle.features.names[3], "share known", 1.0)


@pytest.mark.slow
def test_a_movement_beyond_chance_but_small_is_none(bundle):
    rows = spread(5000, len(bundle.features))
    rows[:, 7] **= 1.35
    found = movement(bundle, asked(rows), SETTINGS)
    (line,) = found.table[
        (found.table["feature"] == bundle.features.names[7]) & (found.table["compared"] == "values")
    ].itertuples()
    assert line.adjusted < 0.01 and line.psi < SETTINGS.least_index and not line.moved
    assert movement(bundle, asked(rows), replace(SETTINGS, least_index=0.0)).moved == [line.feature]


def test_a_large_index_in_a_few_patients_may_be_chance(bundle):
    found = movement(bundle, asked(spread(30, len(bundle.features))), SETTINGS)
    assert found.table["psi"].max() > 0.25
    assert found.moved == []


@pytest.mark.slow
def test_whoever_is_there_several_times_counts_once(bundle):
    rows = np.repeat(spread(50, len(bundle.features)), 8, axis=0)
    found = movement(bundle, asked(rows, subject=np.repeat(np.arange(50), 8)), SETTINGS)
    assert found.people == 50
    assert found.moved == []
    assert movement(bundle, asked(rows), SETTINGS).moved  # taken for 400 people


@pytest.mark.slow
def test_episodes_count_for_each_of_their_targets_as_in_training(bundle):
    rows = spread(300, len(bundle.features))
    of = {TARGETS[0]: np.arange(200), TARGETS[1]: np.arange(100, 300), TARGETS[2]: np.zeros(0, int)}
    found = movement(bundle, asked(rows, of=of), SETTINGS)
    # a hundred are there twice: (400 rows)² over 200 * 1² + 100 * 2²
    assert found.people == round(400**2 / 600)


@pytest.mark.slow
def test_training_is_worth_its_people_where_an_intervention_has_several_targets(catalogue, bundle):
    """Three interventions of 400 episodes each; then two targets more of the first, of the same people."""
    assert movement(bundle, asked(spread(50, len(bundle.features))), SETTINGS).people_in_training == 1200
    card = bundle.targets[0]
    several = replace(
        bundle, targets=(*bundle.targets, *(replace(card, name=f"{card.name}.{one}") for one in "ab"))
    )
    found = movement(several, asked(spread(50, len(bundle.features))), SETTINGS)
    assert found.people_in_training == round(2000**2 / (400 * 9 + 800))


def test_adjusting_only_raises_a_p_value_and_keeps_the_order(bundle):
    table = movement(bundle, asked(spread(200, len(bundle.features))), SETTINGS).table.sort_values("p")
    assert (table["adjusted"] >= table["p"]).all()
    assert table["adjusted"].is_monotonic_increasing
