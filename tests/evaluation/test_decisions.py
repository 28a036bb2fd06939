import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from painresponse.errors import DefinitionError
from painresponse.evaluation.decisions import decision_curve, net_benefit
from painresponse.evaluation.predictions import Predictions
from tests.evaluation.samples import reversed_sample, sample


def counted(tp: int, fp: int, fn: int, tn: int) -> Predictions:
    """Flagged at any threshold up to 0.9, or at none."""
    y = np.repeat([1.0, 0.0, 1.0, 0.0], [tp, fp, fn, tn])
    p = np.repeat([0.95, 0.95, 0.01, 0.01], [tp, fp, fn, tn])
    return Predictions(np.arange(len(y)), y, p, np.zeros(len(y), dtype=np.int64))


def at(predictions: Predictions, threshold: float, resamples: int = 50):
    return decision_curve(predictions, thresholds=[threshold], resamples=resamples, seed=1)[0]


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [(0.1, 0.222), (0.2, 0.125), (0.3, 0.0), (0.4, -0.167), (0.5, -0.4), (0.8, -2.5), (0.9, -6.0)],
)
def test_treating_everybody_is_worth_what_was_published_for_three_in_ten(threshold, expected):
    """The column of intervention for all in PMC6993280, table 4, where 30 % had the event."""
    found = at(counted(tp=20, fp=10, fn=10, tn=60), threshold)
    assert found.treat_all[0] == pytest.approx(expected, abs=6e-4)


def test_net_benefit_is_hits_less_false_alarms_at_the_rate_of_exchange():
    """At 0.2 one response is worth four futile interventions: 40/200 - 80/200 * 0.25 = 0.1."""
    found = at(counted(tp=40, fp=80, fn=10, tn=70), 0.2)
    assert found.net_benefit[0] == pytest.approx(0.1)
    assert found.treat_all[0] == pytest.approx(50 / 200 - 150 / 200 / 4)
    assert found.gain[0] == pytest.approx(0.1 - 0.0625)


def test_what_would_be_done_is_counted():
    found = at(counted(tp=40, fp=80, fn=10, tn=70), 0.2)
    assert found.flagged[0] == pytest.approx(0.6)
    assert found.sensitivity[0] == pytest.approx(0.8)
    assert found.specificity[0] == pytest.approx(70 / 150, abs=1e-4)
    assert found.positive_predictive_value[0] == pytest.approx(1 / 3, abs=1e-4)
    assert found.treated_per_responder[0] == pytest.approx(3)


def test_the_ends_of_every_interval_are_in_order():
    found = at(counted(tp=40, fp=80, fn=10, tn=70), 0.2)
    for name in ("net_benefit", "gain", "positive_predictive_value", "treated_per_responder"):
        value, low, high = getattr(found, name)
        assert low < value < high, name


def test_a_probability_at_the_threshold_is_flagged():
    y = np.array([1.0, 0.0])
    assert net_benefit(y, np.array([0.5, 0.4]), np.ones((1, 2)), thresholds=np.array([0.5]))[0, 0] == 0.5


@given(st.integers(0, 10_000), st.floats(0.02, 0.98))
@effort(max_examples=30, deadline=None)
def test_a_model_that_flags_everybody_is_treating_everybody(seed, threshold):
    found = sample(80, seed=seed)
    everybody = replace(found, probability=np.full(80, 0.99), comparators={})
    decision = at(everybody, threshold, resamples=10)
    assert decision.net_benefit == decision.treat_all
    assert decision.sensitivity == (1, 1, 1)
    assert decision.specificity == (0, 0, 0)


@given(st.integers(0, 10_000))
@effort(max_examples=20, deadline=None)
def test_resampling_weights_count_like_repeated_episodes(seed):
    found = sample(60, seed=seed)
    weights = np.random.default_rng(seed).integers(0, 3, (1, 60)).astype(float)
    weights[0, 0] = 1
    rows = np.repeat(np.arange(60), weights[0].astype(int))
    at = np.array([0.2, 0.5, 0.7])
    repeated = net_benefit(found.y[rows], found.probability[rows], np.ones((1, len(rows))), thresholds=at)
    assert net_benefit(found.y, found.probability, weights, thresholds=at) == pytest.approx(repeated)


def test_nobody_flagged_is_worth_nothing_and_has_no_predictive_value():
    found = at(counted(tp=0, fp=0, fn=20, tn=30), 0.5)
    assert found.net_benefit[0] == 0
    assert found.positive_predictive_value == (None, None, None)
    assert found.treated_per_responder == (None, None, None)


def test_no_responder_among_the_flagged_means_no_end_of_treating():
    found = at(counted(tp=0, fp=10, fn=20, tn=30), 0.5)
    assert found.positive_predictive_value[0] == 0
    assert found.treated_per_responder[0] is None


def test_a_good_model_gains_and_noise_does_not():
    good = sample(5_000, slope=1.5)
    good = replace(good, probability=1 / (1 + (1 / good.probability - 1) ** 1.5))
    noise = replace(good, probability=np.random.default_rng(1).permutation(good.probability))
    assert at(good, 0.5, resamples=200).gain[1] > 0
    assert at(noise, 0.5, resamples=200).gain[2] < 0


def test_the_order_of_episodes_does_not_matter():
    found = sample(500, seed=2)
    one, other = (at(each, 0.4, resamples=50) for each in (found, reversed_sample(found)))
    assert one == other


@pytest.mark.parametrize("thresholds", [[0.0], [1.0], [0.2, 1.3], []])
def test_thresholds_outside_0_and_1_are_refused(thresholds):
    with pytest.raises(DefinitionError, match="between 0 and 1"):
        decision_curve(sample(50), thresholds=thresholds, resamples=5, seed=1)


def test_the_curve_is_small_plain_json():
    rows = decision_curve(sample(500), resamples=20, seed=1)
    assert [round(one.threshold, 2) for one in rows] == [step / 20 for step in range(1, 20)]
    assert len(json.dumps([asdict(one) for one in rows], allow_nan=False)) < 15_000
