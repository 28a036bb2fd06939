import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from scipy.special import expit, logit

from painresponse.evaluation.bootstrap import subject_weights
from painresponse.evaluation.measures import auc
from painresponse.evaluation.sites import auc_by_delong, calibration_lines, pooled_sites, site_estimates
from tests.evaluation.samples import sample


def slow_delong(y, p):
    """DeLong 1988, equations 4 to 7, pair by pair."""
    x, z = p[y == 1], p[y == 0]
    beats = (x[:, None] > z) + 0.5 * (x[:, None] == z)
    return beats.mean(), np.sqrt(
        beats.mean(axis=1).var(ddof=1) / len(x) + beats.mean(axis=0).var(ddof=1) / len(z)
    )


def test_the_rated_scans_of_hanley_and_mcneil_have_the_published_error():
    """Hanley & McNeil 1982: 109 rated scans; AUC 0.8932, DeLong's error 0.0307 (Stata manual, roctab)."""
    ratings = np.arange(1.0, 6)
    normal, abnormal = np.repeat(ratings, [33, 6, 6, 11, 2]), np.repeat(ratings, [3, 2, 2, 11, 33])
    y, p = np.repeat([0.0, 1.0], [len(normal), len(abnormal)]), np.concatenate([normal, abnormal])
    found, error = auc_by_delong(y, p, np.arange(109))
    assert found == pytest.approx(0.8932, abs=5e-5)
    assert error == pytest.approx(0.0307, abs=5e-5)


@given(st.integers(0, 10_000), st.integers(20, 80), st.sampled_from([1, 6]))
@effort(max_examples=40, deadline=None)
def test_the_error_is_delongs_where_every_subject_has_one_episode(seed, n, digits):
    rng = np.random.default_rng(seed)
    p, y = rng.random(n).round(digits), (rng.random(n) < 0.4).astype(float)
    y[:4] = 0, 1, 0, 1
    assert auc_by_delong(y, p, rng.permutation(n)) == pytest.approx(slow_delong(y, p), abs=1e-9)


def test_having_every_episode_twice_teaches_nothing():
    found = sample(300, seed=1)
    twice = np.repeat(np.arange(300), 2)
    once = auc_by_delong(found.y, found.probability, found.subject)
    assert auc_by_delong(found.y[twice], found.probability[twice], found.subject[twice]) == pytest.approx(
        once
    )


def test_the_error_of_several_episodes_a_subject_is_that_of_resampled_subjects():
    rng = np.random.default_rng(4)
    subject = np.repeat(np.arange(400), 3)
    common = np.repeat(rng.normal(size=400), 3)
    p = expit(common)
    y = (rng.random(1_200) < expit(0.7 * common + np.repeat(rng.normal(size=400), 3))).astype(float)
    drawn = auc(y, p, subject_weights(subject, 600, seed=1))[1:].std()
    clustered, naive = auc_by_delong(y, p, subject)[1], auc_by_delong(y, p, np.arange(1_200))[1]
    assert clustered == pytest.approx(drawn, rel=0.1)
    assert clustered > 1.05 * naive


def test_calibration_lines_are_those_of_logistic_regression_with_robust_errors():
    found = sample(2_000, seed=2, slope=0.6, shift=0.3)
    intercept, slope = calibration_lines(found.y, found.probability, found.subject)
    x = logit(found.probability)
    plain = sm.Logit(found.y, sm.add_constant(x)).fit(disp=0)
    assert slope[0] == pytest.approx(plain.params[1], abs=1e-5)
    assert slope[1] == pytest.approx(plain.bse[1], rel=0.1)
    moved = expit(x + intercept[0])
    assert moved.mean() == pytest.approx(found.y.mean(), abs=1e-6)
    assert intercept[1] == pytest.approx(1 / np.sqrt((moved * (1 - moved)).sum()), rel=0.1)


@given(st.integers(0, 10_000), st.integers(1, 4))
@effort(max_examples=20, deadline=None)
def test_calibration_errors_are_those_of_statsmodels_clustered_by_subject(seed, each):
    found = sample(300, seed=seed, slope=0.7, episodes_each=each)
    x = logit(found.probability)
    model = sm.GLM(found.y, sm.add_constant(x), family=sm.families.Binomial())
    expected = model.fit(
        cov_type="cluster", cov_kwds={"groups": found.subject, "use_correction": False}, tol=1e-12
    )
    subjects = len(np.unique(found.subject))
    _, slope = calibration_lines(found.y, found.probability, found.subject)
    assert slope[0] == pytest.approx(expected.params[1], abs=1e-6)
    assert slope[1] == pytest.approx(expected.bse[1] * np.sqrt(subjects / (subjects - 1)), rel=1e-5)


def test_having_every_episode_twice_teaches_nothing_about_calibration():
    found = sample(800, seed=3)
    twice = np.repeat(np.arange(800), 2)
    once = calibration_lines(found.y, found.probability, found.subject)
    doubled = calibration_lines(found.y[twice], found.probability[twice], found.subject[twice])
    assert doubled[0] == pytest.approx(once[0], rel=2e-3, abs=1e-5)
    assert doubled[1] == pytest.approx(once[1], rel=2e-3, abs=1e-5)


def test_every_known_site_has_its_own_figures_and_the_unknown_are_left_out():
    found = site_estimates(sample(4_000, sites=5))
    assert [one.site for one in found] == [0, 1, 2, 3, 4]
    assert all(one.auc and one.intercept and one.slope for one in found)


def test_aucs_are_held_as_log_odds_and_shown_as_shares():
    predictions = sample(800, sites=1)
    here = predictions.taken(np.flatnonzero(predictions.site == 0))
    share, error = auc_by_delong(here.y, here.probability, here.subject)
    assert site_estimates(predictions)[0].auc == pytest.approx((logit(share), error / share / (1 - share)))
    value, low, high = pooled_sites(predictions).sites[0].auc
    assert value == pytest.approx(share, abs=1e-4)
    assert (low, high) == pytest.approx((share - 1.96 * error, share + 1.96 * error), abs=0.005)


def test_a_site_with_few_responders_has_counts_only_and_is_not_pooled():
    predictions = sample(4_000, sites=3)
    few = np.flatnonzero(predictions.y == 1)[:9]
    site = predictions.site.copy()
    site[few] = 7
    found = pooled_sites(replace(predictions, site=site))
    assert (found.sites[-1].site, found.sites[-1].episodes, found.sites[-1].auc) == (7, 9, None)
    assert found.auc.sites == 3


def test_a_site_whose_responders_are_one_subject_has_counts_only():
    predictions = sample(400, sites=1)
    subject = np.where(predictions.y == 1, 0, np.arange(400) + 1)
    only = site_estimates(replace(predictions, subject=subject, site=np.zeros(400, dtype=np.int64)))
    assert (only[0].auc, only[0].slope) == (None, None)


def test_a_site_where_everybody_is_predicted_alike_has_no_auc_to_pool():
    predictions = sample(400, sites=1)
    same = replace(predictions, probability=np.full(400, 0.4), site=np.zeros(400, dtype=np.int64))
    assert site_estimates(same)[0].auc is None


def test_one_site_is_not_pooled():
    found = pooled_sites(sample(500, sites=1))
    assert (len(found.sites), found.auc, found.slope) == (1, None, None)


def test_like_sites_pool_to_the_truth():
    found = pooled_sites(sample(12_000, sites=10))
    assert found.slope.low < 1 < found.slope.high
    assert found.intercept.low < 0 < found.intercept.high
    whole = sample(12_000, sites=10)
    assert found.auc.value == pytest.approx(
        auc(whole.y, whole.probability, np.ones((1, 12_000)))[0], abs=0.01
    )


def test_sites_with_other_shares_of_responders_are_found_to_differ():
    found = pooled_sites(sample(12_000, sites=10, site_spread=0.8))
    assert found.intercept.p < 1e-6
    assert found.intercept.i2 > 0.7
    assert found.intercept.prediction_high - found.intercept.prediction_low > 1.5


def test_it_is_plain_json():
    text = json.dumps(asdict(pooled_sites(sample(2_000))), allow_nan=False)
    assert set(json.loads(text)) == {"sites", "auc", "intercept", "slope"}
