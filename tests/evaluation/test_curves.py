import json
from dataclasses import asdict

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from painresponse.evaluation.curves import calibration_curve, prediction_counts, roc_curves
from painresponse.evaluation.predictions import Predictions
from tests.evaluation.samples import sample


def plain(y, p) -> Predictions:
    n = len(y)
    return Predictions(np.arange(n), np.asarray(y, float), np.asarray(p, float), np.zeros(n, dtype=np.int64))


@pytest.mark.slow
def test_the_band_holds_the_truth_about_as_often_as_it_says():
    curves = [calibration_curve(sample(800, seed=seed), resamples=80, seed=seed) for seed in range(60)]
    low, truth, high = (
        np.array([getattr(one, end) for one in curves]) for end in ("low", "predicted", "high")
    )
    assert 0.90 <= ((low <= truth) & (truth <= high)).mean() <= 0.98


def test_the_curve_of_an_extreme_model_lies_above_low_predictions_and_below_high_ones():
    curve = calibration_curve(sample(8_000, slope=0.4), resamples=100, seed=1)
    assert curve.low[2] > curve.predicted[2]
    assert curve.high[-3] < curve.predicted[-3]


def test_it_stays_within_the_first_and_the_last_percentile():
    found = sample(3_000)
    curve = calibration_curve(found, resamples=20, seed=1)
    assert len(curve.predicted) <= 50
    low, high = np.quantile(found.probability, [0.01, 0.99])
    assert (curve.predicted[0], curve.predicted[-1]) == pytest.approx((low, high), rel=1e-3)


def test_tenths_hold_everybody_once_and_rise():
    found = sample(1_003)
    tenths = calibration_curve(found, resamples=20, seed=1).tenths
    assert len(tenths) == 10
    assert sum(one.episodes for one in tenths) == 1_003
    predicted = [one.predicted for one in tenths]
    assert predicted == sorted(predicted)
    assert all(one.low < one.observed < one.high for one in tenths)
    responders = sum(one.observed * one.episodes for one in tenths)
    assert responders == pytest.approx(found.y.sum(), abs=1)


def test_the_interval_of_a_tenth_is_wilsons():
    """Newcombe 1998 (Stat Med 17:857), table I: 1 of 29, score method without continuity correction."""
    only = calibration_curve(plain([1] + [0] * 28, np.linspace(0.1, 0.4, 29)), resamples=20, seed=1).tenths
    assert len(only) == 1
    assert (only[0].low, only[0].high) == pytest.approx((0.0061, 0.1718), abs=1e-4)


def test_the_area_under_the_roc_points_is_the_auc_of_each_score():
    found = sample(4_000)
    curves = roc_curves(found)
    assert set(curves.found) == {"model", "baseline", "prevalence"}
    scores = {"model": found.probability, **found.comparators}
    for name, points in curves.found.items():
        area = np.trapezoid(points, curves.false_alarms)
        assert area == pytest.approx(roc_auc_score(found.y, scores[name]), abs=0.005)


def test_roc_points_start_at_nothing_end_at_everything_and_never_fall():
    curves = roc_curves(sample(500))
    assert len(curves.false_alarms) <= 50
    for points in curves.found.values():
        assert (points[0], points[-1]) == (0, 1)
        assert (np.diff(points) >= 0).all()


def test_a_perfect_score_rises_at_once():
    curves = roc_curves(plain([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]))
    assert curves.found["model"][:2] == (0, 1)


def test_counts_tell_responders_from_others():
    counts = prediction_counts(plain([1, 1, 0], [0.97, 1.0, 0.02]))
    assert (counts.responders[-1], sum(counts.responders)) == (2, 2)
    assert (counts.others[0], sum(counts.others)) == (1, 1)


def test_they_are_small_plain_json():
    found = sample(2_000)
    parts = (calibration_curve(found, resamples=20, seed=1), roc_curves(found), prediction_counts(found))
    text = json.dumps([asdict(one) for one in parts], allow_nan=False)
    assert len(text) < 15_000
