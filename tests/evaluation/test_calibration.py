import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from painresponse.evaluation.calibration import platt
from painresponse.evaluation.logistic import logistic_lines


def outcomes(margin: np.ndarray, *, slope: float, intercept: float, seed: int) -> np.ndarray:
    chance = expit(slope * margin + intercept)
    return (np.random.default_rng(seed).random(len(margin)) < chance).astype(float)


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.4, -1.0), (2.5, 0.7)])
def test_a_known_slope_and_intercept_are_found_again(slope: float, intercept: float) -> None:
    margin = np.random.default_rng(0).normal(size=40_000)
    found = platt(margin, outcomes(margin, slope=slope, intercept=intercept, seed=1))
    assert found.slope == pytest.approx(slope, abs=0.06)
    assert found.intercept == pytest.approx(intercept, abs=0.06)


def test_calibrated_probabilities_add_up_to_the_responders() -> None:
    margin = np.random.default_rng(2).normal(size=5_000)
    y = outcomes(margin, slope=0.5, intercept=-0.5, seed=3)
    assert platt(margin, y).probability(margin).mean() == pytest.approx(y.mean(), abs=1e-3)


def test_margins_that_separate_perfectly_still_give_finite_numbers() -> None:
    margin = np.linspace(-3, 3, 60)
    found = platt(margin, (margin > 0).astype(float))
    assert np.isfinite(found).all()
    assert found.slope > 0


def test_margins_that_rank_the_wrong_way_give_everybody_the_share_of_responders() -> None:
    margin = np.random.default_rng(4).normal(size=2_000)
    y = outcomes(margin, slope=-1.0, intercept=-1.0, seed=5)
    found = platt(margin, y)
    assert found.slope == 0
    assert found.probability(margin) == pytest.approx(y.mean(), abs=0.005)


@given(st.integers(0, 10_000), st.floats(0.1, 20), st.floats(-50, 50), st.floats(-1.5, 1.5), st.floats(-2, 2))
@effort(max_examples=40, deadline=None)
def test_lines_are_those_of_weighted_logistic_regression(
    seed: int, spread: float, centre: float, slope: float, intercept: float
) -> None:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=200)
    y = outcomes(z, slope=slope, intercept=intercept, seed=seed)
    y[:2] = 0, 1
    weights = np.vstack([np.ones(200), rng.integers(0, 3, 200)]).astype(float)
    weights[:, :2] = 1
    x = centre + spread * z
    intercepts, slopes = logistic_lines(x, y, weights)
    for row in range(2):
        reference = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
        reference.fit(z[:, None], y, sample_weight=weights[row])
        assert slopes[row] * spread == pytest.approx(reference.coef_[0, 0], abs=1e-3)
        assert intercepts[row] + slopes[row] * centre == pytest.approx(reference.intercept_[0], abs=1e-3)


def test_a_constant_has_slope_zero() -> None:
    intercepts, slopes = logistic_lines(np.full(4, 0.3), np.array([0.0, 0, 0, 1]), np.ones((2, 4)))
    assert expit(intercepts) == pytest.approx(0.25)
    assert list(slopes) == [0, 0]
