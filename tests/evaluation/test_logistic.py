import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from scipy.special import expit

from painresponse.evaluation.logistic import logistic_fits, logistic_intercepts


def coefficients_of_glm(design, y, weights, offset):
    model = sm.GLM(y, design, family=sm.families.Binomial(), freq_weights=weights, offset=offset)
    return model.fit(tol=1e-12).params


@given(st.integers(0, 10_000), st.integers(1, 4), st.floats(0.01, 100))
@effort(max_examples=30, deadline=None)
def test_every_row_of_weights_gets_the_fit_it_would_get_alone(seed, columns, scale):
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(300), rng.normal(size=(300, columns)) * scale])
    offset = rng.normal(size=300)
    y = (rng.random(300) < expit(offset + design[:, 1] / scale)).astype(float)
    weights = rng.integers(0, 4, (3, 300)).astype(float)
    found = logistic_fits(design, y, weights, offset=offset)
    for row in range(3):
        expected = coefficients_of_glm(design, y, weights[row], offset)
        assert found[row] == pytest.approx(expected, rel=1e-5, abs=1e-6 / scale)


def test_a_column_that_repeats_another_shares_its_coefficient():
    rng = np.random.default_rng(0)
    x = rng.normal(size=500)
    y = (rng.random(500) < expit(x)).astype(float)
    alone = logistic_fits(np.stack([np.ones(500), x], axis=1), y, np.ones((1, 500)))[0]
    twice = logistic_fits(np.stack([np.ones(500), x, x], axis=1), y, np.ones((1, 500)))[0]
    assert twice[1] == pytest.approx(alone[1] / 2)
    assert twice[2] == pytest.approx(alone[1] / 2)


def test_outcomes_that_separate_give_finite_coefficients_that_tell_them_apart():
    x = np.linspace(-1, 1, 40)
    y = (x > 0).astype(float)
    design = np.stack([np.ones(40), x], axis=1)
    found = logistic_fits(design, y, np.ones((2, 40)))
    assert np.isfinite(found).all()
    assert (expit(design @ found[0]).round() == y).all()


def test_a_resample_of_nobody_does_not_disturb_the_others():
    design, y = np.ones((10, 1)), np.array([1.0] * 3 + [0.0] * 7)
    found = logistic_fits(design, y, np.stack([np.ones(10), np.zeros(10)]))
    assert expit(found[0, 0]) == pytest.approx(0.3)
    assert np.isfinite(found).all()


def test_the_intercept_makes_the_mean_probability_the_share_of_responders():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=400), (rng.random(400) < 0.2).astype(float)
    weights = rng.integers(0, 3, (5, 400)).astype(float)
    for row, moved in zip(weights, logistic_intercepts(x, y, weights), strict=True):
        assert row @ expit(x + moved) == pytest.approx(row @ y)
