"""ICI, E50 and E90, and the flexible curve they are distances from."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline
from scipy.special import expit, logit
from statsmodels.nonparametric.smoothers_lowess import lowess

from painresponse.evaluation.calibration import observed_curve
from painresponse.evaluation.measures import calibration_errors, calibration_intercept, ici_by_chance
from tests.evaluation.samples import sample

KNOTS_AT = (0.05, 0.35, 0.65, 0.95)


def natural_basis(x, knots):
    """Natural cubic splines through unit vectors at the knots, straight on beyond them."""
    spline = CubicSpline(knots, np.eye(len(knots)), bc_type="natural")
    inside = np.clip(x, knots[0], knots[-1])
    return spline(inside) + spline(inside, 1) * (x - inside)[:, None]


def slow_curve(y, p, weights):
    """The flexible curve by another basis of the same splines and another fitter."""
    basis = natural_basis(logit(p), np.quantile(logit(p), KNOTS_AT))
    fit = sm.GLM(y, basis, family=sm.families.Binomial(), freq_weights=weights).fit(tol=1e-12)
    return fit.predict(basis)


def slow_errors(y, p, weights):
    """Distances of every episode, each as often as it was drawn."""
    distance = np.repeat(np.abs(slow_curve(y, p, weights) - p), weights.astype(int))
    return [distance.mean(), *np.quantile(distance, [0.5, 0.9], method="inverted_cdf")]


@given(st.integers(0, 10_000))
@effort(max_examples=15, deadline=None)
def test_they_are_those_of_natural_splines_fitted_one_resample_at_a_time(seed):
    found = sample(400, seed=seed, slope=0.7)
    weights = np.random.default_rng(seed).integers(0, 4, (3, 400)).astype(float)
    errors = calibration_errors(found.y, found.probability, weights)
    for row in range(3):
        expected = slow_errors(found.y, found.probability, weights[row])
        assert [errors[name][row] for name in ("ici", "e50", "e90")] == pytest.approx(expected, abs=1e-4)


def test_true_probabilities_have_errors_near_zero():
    found = sample(40_000)
    errors = calibration_errors(found.y, found.probability, np.ones((1, 40_000)))
    assert errors["ici"][0] < 0.01
    assert errors["e90"][0] < 0.015


def test_a_model_that_is_ten_points_too_high_is_seen_as_such():
    found = sample(40_000)
    high = np.clip(found.probability + 0.1, 0, 0.999)
    errors = calibration_errors(found.y, high, np.ones((1, 40_000)))
    assert errors["ici"][0] == pytest.approx(0.1, abs=0.01)
    assert errors["e50"][0] == pytest.approx(0.1, abs=0.01)


def test_a_model_that_is_right_on_average_but_too_extreme_is_seen():
    found = sample(40_000, slope=0.5)
    errors = calibration_errors(found.y, found.probability, np.ones((1, 40_000)))
    truth = np.abs(expit(0.5 * logit(found.probability)) - found.probability)
    assert errors["ici"][0] == pytest.approx(truth.mean(), abs=0.01)
    assert errors["e50"][0] == pytest.approx(np.median(truth), abs=0.01)
    assert errors["e90"][0] == pytest.approx(np.quantile(truth, 0.9), abs=0.015)


def test_the_mean_error_is_close_to_that_of_loess():
    found = sample(5_000, seed=3, slope=0.6, shift=0.3)
    smooth = lowess(found.y, found.probability, frac=0.75, it=0, return_sorted=False)
    ours = calibration_errors(found.y, found.probability, np.ones((1, 5_000)))["ici"][0]
    assert ours == pytest.approx(np.abs(smooth - found.probability).mean(), abs=0.01)


def test_true_probabilities_err_as_much_as_chance_says_and_false_ones_more():
    drawn = [sample(500, seed=seed) for seed in range(40)]
    once = np.ones((1, 500))
    errors = [calibration_errors(one.y, one.probability, once)["ici"][0] for one in drawn]
    by_chance = ici_by_chance(drawn[0].probability, seed=1)
    assert np.mean(errors) == pytest.approx(by_chance, rel=0.15)
    wrong = sample(500, slope=0.3)
    assert calibration_errors(wrong.y, wrong.probability, once)["ici"][0] > 2 * by_chance


@given(st.integers(0, 10_000))
@effort(max_examples=15, deadline=None)
def test_the_order_of_the_episodes_does_not_matter(seed):
    found = sample(300, seed=seed)
    order = np.random.default_rng(seed).permutation(300)
    once = np.ones((1, 300))
    one = calibration_errors(found.y, found.probability, once)
    other = calibration_errors(found.y[order], found.probability[order], once)
    assert [one[name][0] for name in one] == pytest.approx([other[name][0] for name in other], abs=1e-6)


def test_drawing_an_episode_twice_is_the_same_as_having_it_twice():
    found = sample(200, seed=5)
    weights = np.random.default_rng(5).integers(1, 4, 200)
    rows = np.repeat(np.arange(200), weights)
    at = np.array([0.2, 0.5, 0.8])
    drawn = observed_curve(found.y, found.probability.round(1), weights[None].astype(float), at=at)
    knots_alike = np.concatenate([found.probability.round(1)])
    had = observed_curve(found.y[rows], knots_alike[rows], np.ones((1, len(rows))), at=at)
    assert drawn == pytest.approx(had, abs=0.02)


def test_the_same_prediction_for_everybody_errs_by_its_distance_from_the_share():
    y = np.array([1.0] * 30 + [0.0] * 70)
    errors = calibration_errors(y, np.full(100, 0.5), np.ones((1, 100)))
    assert [errors[name][0] for name in errors] == pytest.approx([0.2, 0.2, 0.2])


def test_two_distinct_predictions_get_a_curve_through_both_shares():
    p = np.repeat([0.2, 0.6], 50)
    y = np.concatenate([np.arange(50) < 20, np.arange(50) < 30]).astype(float)
    found = observed_curve(y, p, np.ones((1, 100)), at=np.array([0.2, 0.6]))
    assert found[0] == pytest.approx([0.4, 0.6])


def test_the_calibration_intercept_is_what_was_shifted():
    found = sample(40_000, shift=-0.4)
    assert calibration_intercept(found.y, found.probability, np.ones((1, 40_000)))[0] == pytest.approx(
        -0.4, abs=0.05
    )
