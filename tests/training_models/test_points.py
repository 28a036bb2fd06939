"""Points: what a bin scores, what the regression finds, and that its booster says the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression

from painresponse.export.planting import joined
from painresponse.export.snapping import is_snapped, snap
from painresponse.export.trees import trees
from painresponse.training.points import Points, Sheet, cut, regress

WIDTH = 6
NAMES = [f"column_{place}" for place in range(WIDTH)]


def patients(n: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Skewed, binary, constant, never measured and plain columns; a fifth unknown."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, WIDTH))
    x[:, 1] = np.exp(2 * x[:, 1])
    x[:, 2] = x[:, 2] > 0.5
    x[:, 3] = 7.0
    x[rng.random(x.shape) < 0.2] = np.nan
    x[:, 4] = np.nan
    y = (np.nan_to_num(x[:, 0]) - np.nan_to_num(x[:, 2]) + rng.logistic(size=n) > 0).astype(float)
    return x.astype(np.float32), y


def sheet_of(x: np.ndarray, bins: int = 20) -> Sheet:
    return Sheet.of([one for place in range(WIDTH) if (one := cut(x, place, bins))], x)


def regressed(x: np.ndarray, y: np.ndarray, *, strength: float = 10.0, ways: tuple[int, ...] = ()) -> Points:
    sheet = sheet_of(x)
    width = len(sheet.cuts)
    return regress(
        sheet,
        y,
        trust=np.ones(width),
        ways=np.array([*ways, *[0] * (width - len(ways))]),
        strength=strength,
    )


def test_what_never_varies_or_was_never_measured_is_not_cut() -> None:
    x, _ = patients(500, seed=1)
    assert [one.place for one in sheet_of(x).cuts] == [0, 1, 2, 5]


def test_bins_hold_equal_parts_of_the_patients_and_everybody_is_counted() -> None:
    x, _ = patients(1000, seed=2)
    found = cut(x, 0, 10)
    assert found is not None
    assert len(found.edges) == 9
    assert np.ptp(found.counts[:-1]) <= 1
    assert found.counts.sum() == 1000
    assert found.counts[-1] == np.isnan(x[:, 0]).sum()


def test_scores_are_those_of_a_normal_deviate_whatever_the_scale() -> None:
    """Of an exponentiated normal the scores are (nearly) the normal again."""
    x = np.random.default_rng(3).standard_normal((4000, 1)).astype(np.float32)
    plain, skewed = cut(x, 0, 30), cut(np.exp(3 * x), 0, 30)
    assert plain is not None
    assert skewed is not None
    assert plain.scores == pytest.approx(skewed.scores)
    assert np.corrcoef(plain.score(x), x[:, 0])[0, 1] > 0.99
    ends = norm.ppf(np.arange(1, 30) / 30)
    assert (plain.scores[:-1] < ends).all()
    assert (plain.scores[1:] > ends).all()


def test_scores_have_mean_zero_and_variance_one_among_the_known() -> None:
    x, _ = patients(800, seed=4)
    for one in sheet_of(x).cuts:
        known = one.score(x)[~np.isnan(x[:, one.place])]
        assert known.mean() == pytest.approx(0, abs=1e-9)
        assert known.std() == pytest.approx(1)


def test_the_regression_is_the_penalised_logistic_regression_of_scikit_learn() -> None:
    x, y = patients(700, seed=5)
    sheet = sheet_of(x)
    theirs = LogisticRegression(C=1 / 10, tol=1e-8, max_iter=5000)
    theirs.fit(np.hstack([sheet.scores, sheet.absent[:, sheet.marks]]), y)
    ours = regressed(x, y, strength=10.0)
    found = np.concatenate([ours.weight, ours.unknown[sheet.marks]])
    assert found == pytest.approx(theirs.coef_[0], abs=2e-3)
    assert ours.intercept == pytest.approx(theirs.intercept_[0], abs=2e-3)


def test_a_declared_direction_is_never_contradicted() -> None:
    x, y = patients(700, seed=6)
    assert regressed(x, y).weight[0] > 0.2
    assert regressed(x, y, ways=(-1,)).weight[0] == 0


def test_less_trust_means_a_smaller_weight() -> None:
    x, y = patients(700, seed=7)
    sheet = sheet_of(x)
    ways = np.zeros(len(sheet.cuts), int)
    trusted = regress(sheet, y, trust=np.ones(len(ways)), ways=ways, strength=50)
    doubted = regress(sheet, y, trust=np.full(len(ways), 0.2), ways=ways, strength=50)
    assert abs(doubted.weight[0]) < abs(trusted.weight[0])


@given(st.integers(0, 10_000), st.integers(2, 28))
@effort(max_examples=20, deadline=None)
@pytest.mark.slow
def test_the_booster_gives_the_margin_of_the_points(seed: int, bins: int) -> None:
    x, y = patients(300, seed=seed)
    sheet = sheet_of(x, bins)
    width = len(sheet.cuts)
    points = regress(sheet, y, trust=np.ones(width), ways=np.zeros(width, int), strength=5)
    booster = points.booster(NAMES)
    assert booster.predict(x, raw_score=True) == pytest.approx(points.margin(sheet), abs=1e-12)
    snapped = snap(booster)
    assert is_snapped(trees(snapped))
    assert snapped.predict(x, raw_score=True) == pytest.approx(points.margin(sheet), abs=1e-5)


def test_contributions_of_the_booster_add_up_and_belong_to_the_right_feature() -> None:
    x, y = patients(400, seed=8)
    booster = snap(regressed(x, y).booster(NAMES))
    contributions = booster.predict(x, pred_contrib=True)
    assert contributions.sum(axis=1) == pytest.approx(booster.predict(x, raw_score=True))
    assert not contributions[:, [3, 4]].any()
    scores = sheet_of(x).scores[:, 0]
    assert np.corrcoef(contributions[:, 0], scores)[0, 1] > 0.9


def test_boosters_joined_give_the_sum_of_their_margins() -> None:
    x, y = patients(300, seed=9)
    one, other = regressed(x, y).booster(NAMES), regressed(x, 1 - y, strength=1.0).booster(NAMES)
    both = joined(one, other)
    expected = one.predict(x, raw_score=True) + other.predict(x, raw_score=True)
    assert both.predict(x, raw_score=True) == pytest.approx(expected, abs=1e-12)
    assert both.num_trees() == one.num_trees() + other.num_trees()


def test_a_value_that_nearly_everybody_shares_is_cut_from_the_rest() -> None:
    x = np.ones((1000, 1), np.float32)
    x[:9] = 0
    found = cut(x, 0, 20)
    assert found is not None
    assert list(found.counts) == [9, 991, 0]
    assert np.isfinite(found.scores).all()
