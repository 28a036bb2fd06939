"""What moves a prediction, in points of probability: parts that add up, keep their sign, and are words."""

from dataclasses import fields, replace

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from scipy.special import expit, logit

from painresponse.export.snapping import snap
from painresponse.scoring.bundle import TargetCard
from painresponse.scoring.phrases import Phrase
from painresponse.scoring.reasons import (
    SMALLEST_POINTS,
    Moved,
    Reason,
    base_probability,
    largest_reasons,
    own_probability,
)

NAMES = tuple("abcdefghijkl")
PHRASES = {name: Phrase(f"the {name}", "mg/L") for name in NAMES}
ALL = len(NAMES)


def card(*, slope=1.0, intercept=0.0, base=0.0):
    """A card of which only the scale matters."""
    empty = dict.fromkeys((one.name for one in fields(TargetCard)), "")
    return TargetCard(**empty | {"slope": slope, "intercept": intercept, "base": base})


def moved(parts, *, slope=1.0, intercept=0.0, base=0.0, rows=None):
    """Contributions (rows x features) of a model, their margin, and rows that know everything."""
    parts = np.asarray(parts, np.float32)
    margin = (base + parts.sum(axis=1, dtype=np.float64)).astype(np.float32)
    rows = np.ones_like(parts) if rows is None else rows
    return Moved(card(slope=slope, intercept=intercept, base=base), margin, parts, rows)


def reasons(given, *, most=ALL, phrases=PHRASES):
    return list(largest_reasons(given, phrases, most=most))


@pytest.fixture(scope="module")
def forest():
    """Thirty trees over twelve features, some values unknown, and a calibration that is not the identity."""
    rng = np.random.default_rng(5)
    x = rng.normal(5, 2, (600, ALL)).astype(np.float32)
    x[rng.random(x.shape) < 0.2] = np.nan
    y = rng.random(600) < expit(np.nan_to_num(x[:, 0] - x[:, 3], nan=1.0))
    parameters = {"objective": "binary", "num_leaves": 7, "num_threads": 1, "seed": 1, "verbosity": -1}
    booster = snap(lightgbm.train(parameters, lightgbm.Dataset(x, y), 30))
    told = np.asarray(booster.predict(x, pred_contrib=True))
    margin = np.asarray(booster.predict(x, raw_score=True)).astype(np.float32)
    scale = card(slope=0.8, intercept=-0.2, base=float(told[0, -1]))
    return Moved(scale, margin, told[:, :-1].astype(np.float32), x)


def test_base_points_and_what_is_left_out_are_the_probability(forest):
    """What is left out moves it by less than could be seen, feature by feature."""
    start, answers = base_probability(forest.card), own_probability(forest.card, forest.margin)
    assert_allclose(answers, expit(0.8 * forest.margin.astype(float) - 0.2), atol=1e-15)
    for answer, found in zip(answers, reasons(forest), strict=True):
        rest = 100 * (answer - start) - sum(one.points for one in found)
        assert abs(rest) <= SMALLEST_POINTS * (ALL - len(found)) + 1e-4


def test_points_are_each_contribution_s_share_of_the_way(forest):
    start = 0.8 * forest.card.base - 0.2
    for place, found in enumerate(reasons(forest)[:50]):
        way = 0.8 * forest.contributions[place].astype(float)
        climb = expit(start + way.sum()) - expit(start)
        expected = dict(zip(NAMES, 100 * way / way.sum() * climb, strict=True))
        for one in found:
            assert one.points == pytest.approx(expected[one.name], rel=1e-3, abs=1e-4)


def test_the_largest_come_first_and_are_those_of_all(forest):
    for some, every in zip(reasons(forest, most=3), reasons(forest), strict=True):
        assert some == every[:3]
        sizes = [abs(one.points) for one in every]
        assert sizes == sorted(sizes, reverse=True)


def test_a_patient_has_the_same_reasons_alone_as_in_a_crowd(forest):
    crowd = reasons(forest, most=5)
    for place in range(0, len(crowd), 7):
        here = slice(place, place + 1)
        one = Moved(forest.card, forest.margin[here], forest.contributions[here], forest.rows[here])
        assert reasons(one, most=5) == [crowd[place]]


parts = arrays(np.float64, (3, ALL), elements=st.floats(-6, 6, width=32))


@given(parts, st.floats(-4, 4), st.floats(0.1, 3), st.permutations(range(ALL)))
def test_parts_keep_their_sign_add_up_and_know_no_order(part, start, slope, order):
    given, turned = (moved(one, base=start, slope=slope) for one in (part, part[:, order]))
    names = {name: PHRASES[name] for name in np.array(NAMES)[order].tolist()}
    for line, here, there in zip(
        given.contributions, reasons(given), reasons(turned, phrases=names), strict=True
    ):
        assert all(one.points * line[NAMES.index(one.name)] > 0 for one in here)
        points = {one.name: one.points for one in there}
        assert all(one.points == pytest.approx(points.get(one.name, 0.05), abs=0.01) for one in here)
    whole = [sum(one.points for one in found) for found in reasons(given)]
    climb = 100 * (own_probability(given.card, given.margin) - base_probability(given.card))
    assert_allclose(whole, climb, atol=SMALLEST_POINTS * ALL + 0.01)


@settings(max_examples=30)
@given(st.floats(-1e-5, 1e-5), st.floats(-4, 4))
def test_contributions_that_cancel_out_are_split_as_on_the_way_to_nowhere(rest, start):
    """Where all of it adds up to almost nothing, a part is worth what the curve is steep there."""
    part = np.zeros((1, ALL))
    part[0, :2] = 2.0, -2.0 + rest
    (found,) = reasons(moved(part, base=start))
    assert abs(found[0].points) == pytest.approx(200 * expit(start) * expit(-start), rel=1e-3)


def test_a_model_that_turns_the_margin_round_turns_the_reasons_round():
    part = np.zeros((1, ALL))
    part[0, 0] = 1.0
    assert reasons(moved(part, slope=-1.0))[0][0].points == pytest.approx(100 * (expit(-1) - 0.5))


def test_what_cannot_be_seen_is_no_reason():
    part = np.zeros((2, ALL))
    part[1, 4] = 1e-5
    assert reasons(moved(part)) == [(), ()]


def test_more_reasons_than_features_are_all_of_them():
    assert len(reasons(moved(np.full((1, ALL), 0.3)), most=50)[0]) == ALL


def test_of_equal_reasons_the_earlier_feature_comes_first():
    (found,) = reasons(moved(np.full((1, ALL), 0.3)), most=4)
    assert len(found) == 4
    assert [one.name for one in found] == sorted(one.name for one in found)


def test_nobody_has_no_reasons():
    assert reasons(moved(np.zeros((0, ALL)))) == []


def test_a_reason_is_a_sentence_with_value_unit_level_and_points():
    """As a clinician would dictate it."""
    part, rows = np.zeros((1, ALL)), np.full((1, ALL), 112, np.float32)
    part[0, 0] = logit(0.46) - logit(0.5)
    phrase = {"a": Phrase("morning cortisol", "nmol/L", marks=(50, 150, 400, 600))}
    (found,) = reasons(moved(part, rows=rows), phrases=PHRASES | phrase)
    assert found[0].text == (
        "morning cortisol 112 nmol/L, low; lowers the predicted response by 4.0 percentage points"
    )


def test_what_is_not_known_and_what_is_a_yes_stand_behind_a_colon():
    one = Reason("crp_last", "C-reactive protein", "not known", 1.26)
    assert one.text == "C-reactive protein: not known; raises the predicted response by 1.3 percentage points"
    assert replace(one, words="current smoking", value="yes").found == "current smoking: yes"
    assert replace(one, words="PHQ-9 (change, past year)", value="-2 a year").found == (
        "PHQ-9 (change, past year) -2 a year"
    )
