"""The test by betting: fair at worst while the model holds, whenever and however often one looks."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from painresponse.monitoring.betting import wealth
from painresponse.monitoring.settings import monitoring_settings

SETTINGS = monitoring_settings()
FEWER, MORE = "fewer respond than predicted", "more respond than predicted"


def owned(odds, y, day=None, *, settings=SETTINGS, pivot=0.0):
    odds, y = np.asarray(odds, float), np.asarray(y, float)
    return wealth(odds, y, np.arange(len(y)) if day is None else day, pivot=pivot, settings=settings)


def drawn(n, seed, *, shift=0.0, slope=1.0):
    """Predicted log-odds, and outcomes whose own are moved by so much and so many times as steep."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 1, n)
    return odds, (rng.random(n) < expit(slope * odds + shift)).astype(float)


@given(
    odds=st.floats(-6, 6),
    off=st.floats(-1, 1),
    pivot=st.floats(-3, 3),
    tolerance=st.floats(0, 0.45),
)
def test_while_log_odds_are_tolerable_nobody_expects_to_gain(odds, off, pivot, tolerance):
    settings = replace(SETTINGS, tolerance=tolerance)
    chance = expit(odds + off * tolerance)
    if_so, if_not = (owned([odds], [y], settings=settings, pivot=pivot).now for y in (1, 0))
    assert chance * if_so + (1 - chance) * if_not <= 1 + 1e-9


@pytest.mark.parametrize(
    ("shift", "slope", "says"),
    [
        (-1.0, 1.0, FEWER),
        (1.0, 1.0, MORE),
        (0.0, 0.2, "predictions are too extreme"),
        (0.0, 2.5, "predictions are too moderate"),
    ],
)
def test_what_is_wrong_is_said(shift, slope, says):
    found = owned(*drawn(1500, 1, shift=shift, slope=slope))
    assert found.reached(360) is not None
    assert found.says == says


def test_it_is_ever_wrong_about_a_model_at_the_edge_of_what_is_tolerable_as_seldom_as_stated():
    """500 models that are off by all that is tolerated, looked at after each of 300 patients."""
    models = [owned(*drawn(300, seed, shift=-SETTINGS.tolerance)) for seed in range(500)]
    assert np.mean([one.reached(20) is not None for one in models]) <= 0.05


def test_the_order_in_which_outcomes_came_does_not_change_what_is_owned_in_the_end():
    odds, y = drawn(200, 3, shift=-0.7)
    turned = owned(odds[::-1], y[::-1])
    assert turned.now == pytest.approx(owned(odds, y).now)


def test_a_look_earlier_saw_what_a_look_later_says_was_owned_then():
    odds, y = drawn(200, 4, shift=-0.7)
    np.testing.assert_allclose(owned(odds[:120], y[:120]).log, owned(odds, y).log[:120])


def test_what_comes_on_one_day_is_counted_together():
    odds, y = drawn(30, 5)
    found = owned(odds, y, np.repeat([4, 2, 9], 10))
    assert found.day.tolist() == [2, 4, 9]


def test_an_alarm_is_not_taken_back():
    wrong, right = drawn(400, 6, shift=-1.5), drawn(4000, 7)
    found = owned(*(np.concatenate(pair) for pair in zip(wrong, right, strict=True)))
    assert found.now < 40 <= found.most
    assert found.reached(40) < 400


def test_where_nothing_is_known_the_stake_is_what_is_owned():
    found = owned([], [])
    assert (found.now, found.most, found.reached(2)) == (1.0, 1.0, None)


def test_certainty_that_fails_is_no_infinity():
    found = owned([30.0] * 200, [0.0] * 200)
    assert np.isfinite(found.most) and found.reached(360) is not None
