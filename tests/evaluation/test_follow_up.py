"""Loss to follow-up on simulated clinics whose lost outcomes are known to us."""

import json
from dataclasses import asdict, replace
from functools import cache
from math import exp, inf, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from scipy.special import expit

from painresponse.errors import CohortError, DefinitionError
from painresponse.evaluation.calibration import log_odds
from painresponse.evaluation.censoring import (
    chance_known,
    either_way,
    imputed,
    weighted_judge,
    weights,
)
from painresponse.evaluation.follow_up import FollowUpSettings, follow_up
from painresponse.evaluation.measures import auc, brier, calibration_in_the_large
from painresponse.evaluation.predictions import Predictions

QUICK = FollowUpSettings(resamples=100, imputations=10, imputation_resamples=25)


def clinic(n: int, *, loss: float, seed: int = 0, beyond: float = 0.0):
    """Everybody's outcomes, what is left of them, and the baseline.

    The worse the baseline, the fewer respond and the more are lost (``loss``: the log-odds per unit); with
    ``beyond``, those who did not respond are lost more often than their baseline says.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    chance = expit(-0.3 - x[:, 0])
    y = (rng.random(n) < chance).astype(float)
    lost = rng.random(n) < expit(-1.2 + loss * x[:, 0] + beyond * (1 - y))
    truth = Predictions(
        subject=rng.integers(0, n // 2, n),
        y=y,
        probability=chance,
        site=rng.integers(0, 3, n),
        comparators={
            "prevalence": np.full(n, y.mean()),
            "baseline": expit(-0.3 - 0.5 * x[:, 0] + x[:, 1] / 2),
        },
    )
    x[rng.random(x.shape) < 0.05] = np.nan
    return truth, replace(truth, y=np.where(lost, np.nan, y)), x


@cache
def account(*, loss: float = 1.5, beyond: float = 0.0, comparator: str = "baseline"):
    truth, eligible, x = clinic(2_000, loss=loss, beyond=beyond)
    return truth, eligible, follow_up(eligible, x, died=7, comparator=comparator, settings=QUICK)


def test_weighting_recovers_the_share_of_responders_where_the_complete_cases_are_biased():
    """Tolerated are three standard errors of a share at the effective sample size; the bias is larger."""
    truth, eligible, x = clinic(12_000, loss=1.5)
    known = ~np.isnan(eligible.y)
    weight = weights(chance_known(x, known, eligible.subject, seed=1), known, truncated=(0, 1))
    true, complete = truth.y.mean(), eligible.y[known].mean()
    weighted = weight[known] @ eligible.y[known] / weight.sum()
    tolerance = 3 * sqrt(true * (1 - true) * (weight**2).sum()) / weight.sum()
    assert complete - true > 2 * tolerance
    assert abs(weighted - true) < tolerance


def test_weights_are_stabilised_and_nothing_for_the_lost():
    _, eligible, x = clinic(4_000, loss=1.0)
    known = ~np.isnan(eligible.y)
    weight = weights(chance_known(x, known, eligible.subject, seed=1), known)
    assert (weight[~known] == 0).all()
    assert weight[known].mean() == pytest.approx(1, abs=0.03)


def test_weights_are_cut_at_the_quantiles_asked_for():
    chance, known = np.linspace(0.001, 1, 1_001), np.ones(1_001, dtype=bool)
    loose, cut = (weights(chance, known, truncated=ends) for ends in ((0, 1), (0.1, 0.9)))
    assert (cut.min(), cut.max()) == pytest.approx(tuple(np.quantile(loose, (0.1, 0.9))))


def test_everybody_followed_counts_once():
    truth, _, x = clinic(300, loss=0.0)
    known = np.ones(300, dtype=bool)
    assert (weights(chance_known(x, known, truth.subject, seed=1), known) == 1).all()
    found = follow_up(truth, x, settings=QUICK)
    assert (found.lost, found.effective, found.largest_weight) == (0, 300, 1)
    assert all(
        figures == found.figures["complete"] for name, figures in found.figures.items() if name != "imputed"
    )
    assert found.sentences == ("The outcome of all 300 episodes is known.",)


def test_who_was_lost_is_predicted_without_their_own_fate():
    """All four episodes of a subject share baseline and fate: who saw one of them would know the others."""
    rng = np.random.default_rng(0)
    subject, known = np.repeat(np.arange(100), 4), np.repeat(rng.random(100) < 0.6, 4)
    chance = chance_known(np.repeat(rng.normal(size=(100, 150)), 4, axis=0), known, subject, seed=1)
    assert auc(known.astype(float), chance, np.ones((1, 400)))[0] < 0.65


def test_too_few_lost_to_explain_are_taken_as_lost_by_chance():
    known = np.arange(200) > 2
    chance = chance_known(np.zeros((200, 1)), known, np.arange(200), seed=1)
    assert (chance == known.mean()).all()


def test_weights_of_one_are_the_plain_figures():
    truth, _, _ = clinic(500, loss=0.0)
    found = weighted_judge(truth, np.ones(500), resamples=50, seed=1)
    once = np.ones((1, 500))
    assert found["brier"].value == pytest.approx(brier(truth.y, truth.probability, once)[0])
    assert found["calibration_in_the_large"].value == pytest.approx(
        calibration_in_the_large(truth.y, truth.probability, once)[0]
    )
    assert found["prevalence"].low < truth.y.mean() == pytest.approx(found["prevalence"].value)


@given(st.integers(0, 1_000), st.floats(0, 2))
@effort(max_examples=10, deadline=None)
def test_the_truth_and_the_complete_cases_lie_between_the_extremes(seed, loss):
    truth, eligible, x = clinic(300, loss=loss, seed=seed)
    few = replace(QUICK, resamples=20, imputations=3, imputation_resamples=10)
    share = {name: one["prevalence"][0] for name, one in follow_up(eligible, x, settings=few).figures.items()}
    for between in (share["complete"], share["weighted"], share["imputed"], truth.y.mean()):
        assert share["worst"] - 1e-3 <= between <= share["best"] + 1e-3


def test_either_way_is_the_mean_over_all_ways_it_may_have_gone():
    _, eligible, _ = clinic(200, loss=0.5)
    known = ~np.isnan(eligible.y)
    chance = np.where(known, eligible.y, 0.3)
    expected = weighted_judge(*either_way(eligible, chance), resamples=1, seed=0)["brier"].value
    rng = np.random.default_rng(3)
    drawn = (rng.random((4_000, 200)) < chance).astype(float)
    assert ((drawn - eligible.probability) ** 2).mean() == pytest.approx(expected, abs=0.002)


def test_imputing_recovers_the_share_where_the_baseline_explains_the_loss():
    truth, eligible, _ = clinic(8_000, loss=1.5)
    found = imputed(eligible, imputations=20, resamples=50, seed=1)
    assert found["prevalence"].low < truth.y.mean() < found["prevalence"].high
    assert np.nanmean(eligible.y) > found["prevalence"].high


def test_imputing_recalibrates_first():
    _, eligible, _ = clinic(4_000, loss=1.0)
    bold = replace(eligible, probability=expit(2 * log_odds(eligible.probability) + 1))
    one, other = (
        imputed(who, imputations=5, resamples=20, seed=1)["prevalence"].value for who in (eligible, bold)
    )
    assert other == pytest.approx(one, abs=1e-3)


def test_imputed_intervals_are_wider_than_if_nobody_had_been_lost():
    truth, eligible, _ = clinic(3_000, loss=0.5)
    width = {
        name: one.high - one.low
        for name, one in (
            ("lost", imputed(eligible, imputations=20, resamples=100, seed=1)["prevalence"]),
            ("none", imputed(truth, imputations=20, resamples=100, seed=1)["prevalence"]),
        )
    }
    assert width["lost"] > 1.05 * width["none"]


def test_delta_0_is_what_imputing_expects_and_an_infinite_delta_the_worst_case():
    _, _, found = account()
    first, last = found.table[0], found.table[-1]
    assert (first.delta, first.odds) == (0, 1)
    assert first.responders == pytest.approx(found.figures["imputed"]["prevalence"][0], abs=0.01)
    assert (last.delta, last.odds) == (None, 0)
    assert last.responders == found.figures["worst"]["prevalence"][0]
    assert last.auc == found.figures["worst"]["auc"]


def test_the_worse_the_lost_fare_the_fewer_respond():
    _, _, found = account()
    shares = [row.responders for row in found.table]
    assert shares == sorted(shares, reverse=True)
    assert len(set(shares)) == len(shares)


def test_a_delta_says_by_how_much_the_odds_fall():
    """With nobody's outcome informative, the lost of delta d respond with exp(-d) times the odds."""
    _, eligible, x = clinic(2_000, loss=0.0)
    flat = replace(eligible, probability=np.full(2_000, np.nanmean(eligible.y)))
    table = follow_up(flat, x, settings=replace(QUICK, deltas=(0.0, 1.0))).table
    known = ~np.isnan(eligible.y)
    lost_share = [(row.responders * 2_000 - eligible.y[known].sum()) / (~known).sum() for row in table]
    odds = [share / (1 - share) for share in lost_share]
    assert odds[1] / odds[0] == pytest.approx(exp(-1), rel=0.01)


def test_a_loss_that_hides_failures_is_met_by_one_of_the_deltas():
    """Nobody can know that the lost fared worse than their baseline says; the truth lies within the table."""
    truth, _, found = account(loss=0.5, beyond=1.5)
    assert truth.y.mean() < found.figures["weighted"]["prevalence"][1]
    assert found.table[-1].responders < truth.y.mean() < found.table[0].responders


def test_a_conclusion_tips_where_the_table_first_contradicts_it():
    _, _, found = account()
    for conclusion, key in zip(found.conclusions, ("calibrated", "ahead"), strict=True):
        assert conclusion.holds
        undone = [row.delta for row in found.table if not getattr(row, key)]
        assert conclusion.tips == bool(undone)
        assert conclusion.at == (undone[0] if undone else None)
    assert found.conclusions[0].tips


def test_hardly_any_loss_undoes_nothing():
    _, eligible, x = clinic(1_500, loss=0.0)
    truth, _, _ = clinic(1_500, loss=0.0)
    lost = np.arange(1_500) < 20
    found = follow_up(
        replace(truth, y=np.where(lost, np.nan, truth.y)), x, comparator="prevalence", settings=QUICK
    )
    assert [(one.holds, one.tips, one.at) for one in found.conclusions] == [(True, False, None)] * 2
    assert found.sentences[-1] == (
        "The model stays ahead of its comparator even if none of the lost responded."
    )
    assert np.isnan(eligible.y).sum() > 20


def test_a_model_that_is_off_among_those_followed_has_nothing_to_lose():
    _, eligible, x = clinic(800, loss=0.5)
    high = replace(eligible, probability=expit(log_odds(eligible.probability) + 1))
    found = follow_up(high, x, settings=QUICK).conclusions[0]
    assert (found.holds, found.tips) == (False, False)


def test_a_comparator_within_the_noise_is_not_left_behind():
    _, eligible, x = clinic(400, loss=0.5)
    noise = np.random.default_rng(5).normal(scale=0.3, size=400)
    near = replace(eligible, comparators={"near": expit(log_odds(eligible.probability) + noise)})
    found = follow_up(near, x, comparator="near", settings=QUICK)
    _, low, high = found.table[0].over
    assert low < 0 < high
    assert not found.table[0].ahead
    assert found.sentences[-1] == "The model is not ahead of its comparator even among those followed."


def test_a_site_that_loses_more_is_made_up_for():
    """One site of three is worse and loses two thirds; nothing else about the baseline says so."""
    truth, _, x = clinic(6_000, loss=0.0)
    rng, bad = np.random.default_rng(6), truth.site == 0
    y = (rng.random(6_000) < np.where(bad, 0.2, 0.5)).astype(float)
    eligible = replace(truth, y=np.where(rng.random(6_000) < np.where(bad, 0.66, 0.1), np.nan, y))
    figures = follow_up(eligible, rng.normal(size=x.shape), settings=QUICK).figures
    assert figures["complete"]["prevalence"][1] > y.mean() + 0.01
    assert figures["weighted"]["prevalence"][0] == pytest.approx(y.mean(), abs=0.02)


def test_deltas_may_be_given_in_any_order():
    _, eligible, x = clinic(300, loss=0.5)
    table = follow_up(eligible, x, settings=replace(QUICK, deltas=(inf, 0.0, 1.0))).table
    assert [row.delta for row in table] == [0, 1, None]


def test_the_first_page_says_who_was_lost():
    _, eligible, found = account()
    lost = int(np.isnan(eligible.y).sum())
    assert found.sentences[0] == (
        f"{lost:,} of 2,000 episodes ({lost / 20:.0f} %) were lost to follow-up. "
        "7 more died before it could be known."
    )
    assert any("times the odds expected" in one or "none of the lost" in one for one in found.sentences[3:])


def test_the_account_is_plain_and_small():
    _, _, found = account()
    text = json.dumps(asdict(found), allow_nan=False)
    assert len(text) < 15_000
    assert found.known + found.lost == found.eligible
    assert found.effective < found.known


def test_the_same_seed_gives_the_same_account():
    _, eligible, x = clinic(400, loss=1.0)
    assert follow_up(eligible, x, settings=QUICK) == follow_up(eligible, x, settings=QUICK)


def test_an_unknown_comparator_is_refused():
    _, eligible, x = clinic(100, loss=0.5)
    with pytest.raises(DefinitionError, match=r"Unknown comparator 'baselin'\. Did you mean 'baseline'\?"):
        follow_up(eligible, x, comparator="baselin", settings=QUICK)


@pytest.mark.parametrize("answer", [0.0, 1.0, np.nan])
def test_outcomes_all_alike_are_refused(answer):
    _, eligible, x = clinic(100, loss=0.5)
    with pytest.raises(CohortError, match="there must be some of both"):
        follow_up(replace(eligible, y=np.full(100, answer)), x, settings=QUICK)
