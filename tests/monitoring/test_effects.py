"""By how much what moved moved the mean prediction: exactly, and what it promises."""

import numpy as np
import pytest
from scipy.special import expit

from painresponse.evaluation.measures import auc, brier
from painresponse.monitoring.effects import TOTAL, effects
from painresponse.monitoring.expected import expected
from painresponse.monitoring.settings import monitoring_settings
from painresponse.scoring.opening import open_bundle
from tests.lib.bundles import TARGETS
from tests.monitoring.test_movement import asked

SETTINGS = monitoring_settings()
N = 400


@pytest.fixture(scope="module")
def bundle(tiny_bundle):
    return open_bundle(tiny_bundle)


@pytest.fixture(scope="module")
def rows(bundle):
    rng = np.random.default_rng(1)
    made = np.abs(rng.normal(5, 4, (N, len(bundle.features)))).astype(np.float32)
    made[rng.random(made.shape) < 0.4] = np.nan
    return made


def points_of(table, target):
    own = table[table["target"] == target].set_index("feature")["points"]
    return own[TOTAL], own.drop(TOTAL)


@pytest.mark.parametrize("target", TARGETS)
def test_the_total_is_the_way_from_trainings_mean_log_odds_to_the_present(bundle, rows, target):
    (place,) = bundle.places((target,))
    card, margin = bundle.targets[place], bundle.run(rows).margin[:, place].astype(float).mean()
    before, now = (expit(card.intercept + card.slope * one) for one in (card.base, margin))
    total, _ = points_of(effects(bundle, asked(rows)), target)
    assert total == pytest.approx(100 * (now - before), abs=1e-3)


def test_features_add_up_to_the_total_but_for_those_too_small_to_tell(bundle, rows):
    total, each = points_of(effects(bundle, asked(rows)), "rfa")
    assert (each.abs() >= 0.05).all()
    assert each.sum() == pytest.approx(total, abs=0.05 * (len(bundle.features) - len(each)))


def test_a_feature_that_moved_is_what_the_mean_moved_by(bundle, rows):
    """An old pain score is what these models go by: raised for everybody, it alone raises the mean."""
    raised = rows.copy()
    raised[:, 1] = 12
    table = effects(bundle, asked(raised)).query("target == 'rfa'")
    first = table.iloc[1]
    assert first["feature"] == bundle.features.names[1]
    assert 0 < first["low"] < first["points"] < first["high"]


def test_an_interval_is_about_people_and_not_about_rows(bundle, rows):
    once = effects(bundle, asked(rows)).iloc[0]
    again = effects(bundle, asked(np.repeat(rows, 4, axis=0), subject=np.repeat(np.arange(N), 4))).iloc[0]
    assert again["points"] == pytest.approx(once["points"], abs=1e-3)
    assert again["high"] - again["low"] == pytest.approx(once["high"] - once["low"], rel=0.01)


def test_of_a_handful_of_asks_nothing_is_said(bundle, rows):
    assert effects(bundle, asked(rows[:5])).empty
    assert expected(bundle, asked(rows[:5]), SETTINGS).empty


def test_what_is_expected_is_what_outcomes_as_likely_as_predicted_show_on_average(bundle, rows):
    given = asked(rows)
    probability = np.random.default_rng(2).beta(2, 3, N)
    given.probability[:, :] = probability[:, None]
    table = expected(bundle, given, SETTINGS).query("target == 'rfa'").set_index("figure")["expected"]
    rng, once = np.random.default_rng(3), np.ones((1, N))
    drawn = [(rng.random(N) < probability).astype(float) for _ in range(400)]
    assert table["responders"] == pytest.approx(probability.mean())
    assert table["brier"] == pytest.approx(
        np.mean([brier(y, probability, once)[0] for y in drawn]), abs=0.002
    )
    assert table["auc"] == pytest.approx(np.mean([auc(y, probability, once)[0] for y in drawn]), abs=0.004)


def test_beside_it_stands_what_the_bundle_says_of_its_training(bundle, rows):
    given = asked(rows)
    given.probability[:, :] = 0.3
    table = expected(bundle, given, SETTINGS).query("target == 'rfa'").set_index("figure")
    assert table.loc["auc", ["training", "training_low", "training_high"]].tolist() == [0.5, 0.45, 0.55]
    assert table.loc["responders", "training"] == 150 / 400
    assert np.isnan(table.loc["brier", "training"])  # this bundle does not say
