import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import t

from painresponse.errors import CohortError
from painresponse.evaluation.pooling import as_share, likely_tau2, pooled

BCG = """
4 119 11 128 / 6 300 29 274 / 3 228 11 209 / 62 13536 248 12619 / 33 5036 47 5761 / 180 1361 372 1079
8 2537 10 619 / 505 87886 499 87892 / 29 7470 45 7232 / 17 1699 65 1600 / 186 50448 141 27197
5 2493 3 2338 / 27 16886 29 17825
"""
"""Thirteen trials of BCG vaccine (Colditz 1994): vaccinated with tuberculosis and without; then controls."""


def slow_pooled(values, errors):
    """Paule and Mandel's variance as the root it is, Hartung and Knapp's interval by their own formula."""
    values, variances, k = np.asarray(values), np.asarray(errors) ** 2, len(values)

    def excess(tau2):
        weights = 1 / (variances + tau2)
        return weights @ (values - weights @ values / weights.sum()) ** 2 - (k - 1)

    tau2 = brentq(excess, 0, 1e4, xtol=1e-14, rtol=1e-14) if excess(0) > 0 else 0.0
    weights = 1 / (variances + tau2)
    mean = weights @ values / weights.sum()
    factor = max(1.0, weights @ (values - mean) ** 2 / (k - 1))
    half = t.ppf(0.975, k - 1) * np.sqrt(factor / weights.sum())
    far = t.ppf(0.975, k - 2) * np.sqrt(tau2 + 1 / weights.sum())
    return mean, mean - half, mean + half, mean - far, mean + far, tau2


def bcg():
    """Log risk ratios and their standard errors."""
    ill, well, control_ill, control_well = (
        np.array(BCG.replace("/", " ").split(), dtype=float).reshape(13, 4).T
    )
    ratio = np.log(ill / (ill + well) / (control_ill / (control_ill + control_well)))
    error = np.sqrt(1 / ill - 1 / (ill + well) + 1 / control_ill - 1 / (control_ill + control_well))
    return ratio, error


def test_the_bcg_trials_differ_as_published():
    """Log risk ratios: Q = 152.23 (12 degrees of freedom), I2 = 92.12 %; tau2 = 0.318 (Paule and Mandel)."""
    ratio, error = bcg()
    found = pooled(ratio, error)
    assert found.sites == 13
    assert found.q == pytest.approx(152.23, abs=0.005)
    assert found.i2 == pytest.approx(0.9212, abs=5e-5)
    assert found.tau2 == pytest.approx(0.318, abs=5e-4)
    assert found.value == pytest.approx(-0.715, abs=5e-4)
    assert found.p < 1e-20


def test_how_much_the_bcg_trials_may_differ_is_as_published():
    """The 95 % interval of tau2 by the generalised Q, 0.120 to 1.11 (Viechtbauer 2007)."""
    tau2 = likely_tau2(*bcg(), count=4000)
    assert np.quantile(tau2, [0.025, 0.975]) == pytest.approx([0.1197, 1.1115], rel=5e-3)


@pytest.mark.parametrize("tau", [0.2, 1.0])
def test_nine_of_ten_times_the_variance_between_sites_lies_where_it_should(tau):
    """400 times five sites: the standard error of the share is 0.015."""
    rng, inside = np.random.default_rng(0), []
    for _ in range(400):
        errors = rng.uniform(0.1, 0.5, 5)
        values = rng.normal(0, np.sqrt(tau**2 + errors**2))
        low, high = np.quantile(likely_tau2(values, errors), [0.05, 0.95])
        inside.append(low <= tau**2 <= high)
    assert 0.86 < np.mean(inside) < 0.94


def test_the_arsenic_measurements_of_kacker_pool_as_published():
    """Kacker 2004 (Metrologia 41:132): mean 62.41, standard error 0.338, tau2 0.7054; Q = 24.80."""
    values = [61.0, 61.4, 62.21, 62.3, 62.34, 62.6, 62.7, 62.84, 65.9]
    variances = [0.2025, 1.21, 0.09, 0.2025, 0.3844, 0.5625, 0.0676, 0.0225, 1.8225]
    found = pooled(values, np.sqrt(variances))
    assert found.value == pytest.approx(62.40762, abs=1e-4)
    assert found.tau2 == pytest.approx(0.705395, abs=1e-4)
    assert found.high - found.value == pytest.approx(t.ppf(0.975, 8) * 0.3380306, abs=1e-4)
    assert found.q == pytest.approx(24.8019, abs=1e-3)
    assert found.p == pytest.approx(0.00167935, abs=1e-6)


@given(st.integers(0, 10_000), st.integers(3, 20), st.floats(0, 3))
@effort(max_examples=60, deadline=None)
def test_it_agrees_with_the_formulas_written_out(seed, k, spread):
    rng = np.random.default_rng(seed)
    errors = rng.uniform(0.1, 1, k)
    values = rng.normal(size=k) * spread + rng.normal(size=k) * errors
    found = pooled(values, errors)
    ours = (found.value, found.low, found.high, found.prediction_low, found.prediction_high, found.tau2)
    assert ours == pytest.approx(slow_pooled(values, errors), rel=1e-5, abs=1e-4)


@given(st.integers(0, 10_000), st.floats(-5, 5))
@effort(max_examples=30, deadline=None)
def test_shifting_every_site_shifts_the_mean_and_nothing_else(seed, shift):
    rng = np.random.default_rng(seed)
    values, errors = rng.normal(size=6), rng.uniform(0.2, 1, 6)
    one, other = pooled(values, errors), pooled(values + shift, errors)
    assert other.value == pytest.approx(one.value + shift, abs=1e-4)
    assert (other.tau2, other.q) == pytest.approx((one.tau2, one.q), abs=1e-4)


def test_sites_that_agree_do_not_differ_and_are_not_trusted_too_much():
    found = pooled([0.5, 0.5, 0.5, 0.5], [0.2, 0.2, 0.2, 0.2])
    assert (found.tau2, found.i2, found.q, found.p) == pytest.approx((0, 0, 0, 1), abs=1e-9)
    assert found.high - found.value == pytest.approx(t.ppf(0.975, 3) * 0.1)


def test_a_new_site_is_less_certain_than_the_mean():
    found = pooled([0.1, 0.9, 0.4, 1.3, 0.2], [0.1] * 5)
    assert found.prediction_low < found.low
    assert found.prediction_high > found.high


def test_two_sites_foretell_no_third():
    found = pooled([0.1, 0.9], [0.1, 0.1])
    assert found.prediction_low is None
    assert found.prediction_high is None


def test_log_odds_are_read_as_shares():
    found = pooled([0.5, 1.0, 0.7], [0.1, 0.1, 0.1])
    share = as_share(found)
    assert share.value == pytest.approx(expit(found.value))
    assert share.prediction_high == pytest.approx(expit(found.prediction_high))
    assert share.tau2 == found.tau2


@pytest.mark.parametrize(
    ("values", "errors", "complaint"),
    [
        ([0.5], [0.1], "at least two sites"),
        ([], [], "at least two sites"),
        ([0.5, 0.6], [0.1, 0.0], "1 of 2 sites"),
        ([0.5, np.nan, 0.6], [0.1, 0.1, np.inf], "2 of 3 sites"),
    ],
)
def test_what_cannot_be_pooled_is_refused(values, errors, complaint):
    with pytest.raises(CohortError, match=complaint):
        pooled(values, errors)


def test_intervals_hold_the_mean_as_often_as_they_say_and_a_new_site_nearly_so():
    """The prediction interval is known to be a little short with few sites (Nagashima 2019)."""
    rng, held, foretold = np.random.default_rng(7), 0, 0
    for _ in range(400):
        errors = rng.uniform(0.1, 0.4, 8)
        found = pooled(1 + rng.normal(size=8) * 0.3 + rng.normal(size=8) * errors, errors)
        held += found.low <= 1 <= found.high
        foretold += found.prediction_low <= 1 + rng.normal() * 0.3 <= found.prediction_high
    assert 0.92 <= held / 400 <= 0.98
    assert 0.86 <= foretold / 400 <= 0.98
