import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import logit
from scipy.stats import chi2

from painresponse.errors import CohortError, DefinitionError
from painresponse.evaluation.recalibration import KINDS, closed_test, recalibrated, recalibration
from tests.evaluation.samples import sample


def log_odds_and_outcomes(**truth):
    found = sample(6_000, **truth)
    return logit(found.probability), found.y


def test_no_update_leaves_probabilities_as_they_are():
    x, y = log_odds_and_outcomes(slope=0.5)
    assert recalibrated(x, y, "none") == (1, 0)


def test_an_intercept_moves_everybody_alike_and_repairs_the_mean():
    x, y = log_odds_and_outcomes(shift=-0.7)
    found = recalibrated(x, y, "intercept")
    assert found.slope == 1
    assert found.intercept == pytest.approx(-0.7, abs=0.1)
    assert found.probability(x).mean() == pytest.approx(y.mean(), abs=1e-6)


def test_intercept_and_slope_find_what_was_distorted():
    x, y = log_odds_and_outcomes(slope=0.5, shift=0.4)
    assert recalibrated(x, y, "intercept and slope") == pytest.approx((0.5, 0.4), abs=0.1)


def test_an_update_that_is_none_is_refused():
    with pytest.raises(DefinitionError, match="Did you mean 'intercept'"):
        recalibrated(np.zeros(4), np.array([0.0, 1, 0, 1]), "intercpt")


def test_outcomes_all_alike_are_refused():
    with pytest.raises(CohortError, match="all outcomes here are alike"):
        recalibrated(np.zeros(4), np.ones(4), "intercept")


def test_nine_responders_are_too_few_to_learn_from():
    found = sample(200)
    few = found.taken(np.concatenate([np.flatnonzero(found.y == 1)[:9], np.flatnonzero(found.y == 0)]))
    with pytest.raises(CohortError, match="at least 10 responders and as many others, got 9 and"):
        recalibration(few, resamples=5, seed=1)


@pytest.mark.parametrize(
    ("truth", "kept"),
    [({}, "none"), ({"shift": 0.5}, "intercept"), ({"slope": 0.5}, "intercept and slope")],
)
def test_the_least_update_that_will_do_is_kept(truth, kept):
    x, y = log_odds_and_outcomes(**truth)
    assert closed_test(x, y)[0] == kept


def test_the_tests_are_likelihood_ratio_tests():
    x, y = log_odds_and_outcomes(slope=0.97, shift=0.03)
    once, both = np.ones((len(x), 1)), sm.add_constant(x)
    moved = sm.GLM(y, once, family=sm.families.Binomial(), offset=x)
    nothing, intercept = moved.loglike(np.zeros(1)), moved.fit().llf
    full = sm.GLM(y, both, family=sm.families.Binomial()).fit().llf
    _, p_any, p_slope = closed_test(x, y)
    assert p_any == pytest.approx(chi2.sf(2 * (full - nothing), 2), abs=1e-6)
    assert p_slope == pytest.approx(chi2.sf(2 * (full - intercept), 1), abs=1e-6)


def test_a_model_that_needs_nothing_is_updated_about_as_seldom_as_the_level_says():
    updated = 0
    for seed in range(300):
        found = sample(400, seed=seed)
        updated += closed_test(logit(found.probability), found.y)[0] != "none"
    assert 0.02 <= updated / 300 <= 0.09


def test_each_update_is_judged_on_subjects_it_has_not_seen():
    found = recalibration(sample(3_000, slope=0.5, shift=0.4), resamples=30, seed=1)
    assert tuple(one.kind for one in found.updates) == KINDS
    none, intercept, both = (one.figures for one in found.updates)
    assert found.chosen == "intercept and slope"
    assert none["brier"][0] > intercept["brier"][0] > both["brier"][0]
    assert both["calibration_slope"][0] == pytest.approx(1, abs=0.05)
    assert none["ici"][0] > 3 * both["ici"][0]


def test_noise_is_not_mended_by_learning_it():
    """Updates of few patients look better on those patients, and must not be judged so."""
    gains = []
    for seed in range(30):
        found = recalibration(sample(60, seed=seed), resamples=2, seed=seed)
        gains.append(found.updates[0].figures["logloss"][0] - found.updates[2].figures["logloss"][0])
    assert np.mean(gains) < 0


def test_the_subjects_of_a_tenth_stay_together():
    predictions = sample(900, episodes_each=3)
    shuffled = replace(predictions, subject=np.arange(900))
    one, other = (recalibration(each, resamples=2, seed=1) for each in (predictions, shuffled))
    assert one.updates[2].figures["brier"] != other.updates[2].figures["brier"]


def test_it_is_plain_json():
    found = recalibration(sample(500), resamples=10, seed=1)
    assert json.loads(json.dumps(asdict(found), allow_nan=False))["chosen"] == found.chosen
