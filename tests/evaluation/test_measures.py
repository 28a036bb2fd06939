import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from scipy.special import expit
from sklearn import metrics as reference

from painresponse.evaluation.bootstrap import estimated, subject_weights
from painresponse.evaluation.measures import (
    MEASURES,
    auc,
    average_precision,
    brier,
    calibration_in_the_large,
    calibration_slope,
    judge,
    logloss,
    measured,
)

PAIRS = [
    (auc, reference.roc_auc_score),
    (average_precision, reference.average_precision_score),
    (brier, reference.brier_score_loss),
    (logloss, reference.log_loss),
]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=[ours.__name__ for ours, _ in PAIRS])
@given(st.integers(0, 10_000), st.integers(10, 80), st.sampled_from([1, 2, 6]))
@effort(max_examples=40, deadline=None)
def test_measures_agree_with_scikit_learn_for_every_resample(ours, theirs, seed, n, digits) -> None:
    """With one digit most probabilities are tied."""
    rng = np.random.default_rng(seed)
    p, y = np.clip(rng.random(n), 0.01, 0.99).round(digits), (rng.random(n) < 0.4).astype(float)
    p, y[:2] = np.clip(p, 0.01, 0.99), (0, 1)
    weights = rng.integers(0, 3, (3, n)).astype(float)
    weights[:, :2] = 1
    expected = [theirs(y, p, sample_weight=row) for row in weights]
    assert ours(y, p, weights) == pytest.approx(expected, abs=1e-9)


def test_the_true_probabilities_are_calibrated() -> None:
    odds = np.random.default_rng(0).normal(size=30_000)
    y = (np.random.default_rng(1).random(30_000) < expit(odds)).astype(float)
    once = np.ones((1, 30_000))
    assert calibration_slope(y, expit(odds), once)[0] == pytest.approx(1, abs=0.05)
    assert calibration_slope(y, expit(2 * odds), once)[0] == pytest.approx(0.5, abs=0.03)
    assert calibration_in_the_large(y, expit(odds), once)[0] == pytest.approx(0, abs=0.01)
    assert calibration_in_the_large(y, expit(odds - 1), once)[0] > 0.1


def test_all_episodes_of_a_subject_are_drawn_together() -> None:
    subject = np.array([7, 3, 7, 3, 9])
    weights = subject_weights(subject, 200, seed=1)
    assert (weights[0] == 1).all()
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 1] == weights[:, 3]).all()
    assert (weights[1:, [0, 1, 4]].sum(axis=1) == 3).all()


def test_intervals_cover_the_true_value_about_as_often_as_they_say() -> None:
    """Subjects with two like episodes each: intervals that ignored that would cover far too seldom."""
    rng = np.random.default_rng(3)
    covered = 0
    for seed in range(200):
        subject = np.repeat(np.arange(150), 2)
        p = np.repeat(rng.uniform(0.2, 0.8, 150), 2)
        y = np.repeat((rng.random(150) < p[::2]).astype(float), 2)
        found = estimated(brier(y, p, subject_weights(subject, 200, seed=seed)))
        truth = np.mean(np.linspace(0.2, 0.8, 10_001) * (1 - np.linspace(0.2, 0.8, 10_001)))
        covered += found.low <= truth <= found.high
    assert 0.90 <= covered / 200 <= 0.99


def test_a_comparator_is_compared_on_the_same_resamples() -> None:
    rng = np.random.default_rng(5)
    p, subject = rng.random(400), np.arange(400)
    y = (rng.random(400) < p).astype(float)
    found = judge(
        y, p, comparators={"same": p, "noise": rng.random(400)}, subject=subject, resamples=200, seed=1
    )
    assert found["auc_over_same"] == (0, 0, 0)
    assert found["auc_over_noise"].low > 0
    assert found["noise_auc"].low < 0.5 < found["noise_auc"].high


def test_every_measure_is_given_of_the_model_and_of_each_comparator():
    rng = np.random.default_rng(6)
    p, y, subject = rng.random(200), (rng.random(200) < 0.5).astype(float), np.arange(200)
    found = judge(y, p, comparators={"other": p}, subject=subject, resamples=20, seed=1)
    measures = set(MEASURES) | {"ici", "e50", "e90"}
    assert set(found) == measures | {f"other_{name}" for name in measures} | {"auc_over_other"}
    assert all(one.low <= one.value <= one.high for one in found.values())


@given(st.integers(0, 10_000))
@effort(max_examples=20, deadline=None)
def test_no_measure_depends_on_the_order_of_the_episodes(seed):
    rng = np.random.default_rng(seed)
    p, y, order = rng.random(150), (rng.random(150) < 0.5).astype(float), rng.permutation(150)
    once = np.ones((1, 150))
    for name, values in measured(y, p, once).items():
        assert values == pytest.approx(measured(y[order], p[order], once)[name], abs=1e-6), name


def test_a_resample_without_responders_has_no_auc():
    y, p, weights = np.array([1.0, 0, 0]), np.array([0.9, 0.2, 0.1]), np.array([[1.0, 1, 1], [0, 2, 1]])
    assert auc(y, p, weights)[0] == 1
    assert np.isnan(auc(y, p, weights)[1])
    assert estimated(auc(y, p, weights[[0, 1, 0]])) == (1, 1, 1)


def test_an_interval_reaches_to_its_value():
    assert estimated(np.array([0.01, 0.02, 0.03, 0.04])).low == 0.01
