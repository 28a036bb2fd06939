"""Published worked examples, the law that ties formulas to their inverse, the ladder on real sizes."""

import json
from dataclasses import asdict
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

from painresponse.clinic import load_catalogue
from painresponse.errors import CohortError, DefinitionError
from painresponse.evaluation.sample_size import (
    Criteria,
    GateSettings,
    gate,
    largest_r2,
    needed,
    parameters_allowed,
    r2_from_auc,
)
from painresponse.inventory import take_inventory
from painresponse.readers.tables import import_csv

ROOT = Path(__file__).parents[2]
SITE = ROOT / "configs" / "examples" / "back_pain.toml"
TRIAL = ROOT.parent / "shared" / "data" / "back_pain_trial" / "Ashar2022_outcomes_demographics.csv"


def test_pre_eclampsia_as_published():
    """BMJ 2020;368:m441: 5 % of women, 30 parameters, R² 15 % of 0.33, rounded to 0.05 as there."""
    found = needed(30, 0.05, criteria=Criteria(r2=0.05))
    assert round(largest_r2(0.05), 2) == 0.33
    assert round(0.15 * largest_r2(0.05), 2) == 0.05
    assert found.episodes == found.shrinkage == 5249
    assert found.episodes * 0.05 / 30 == pytest.approx(8.75, abs=0.005)
    assert found.margin == 73
    assert found.error == 544


def test_chagas_disease_as_published():
    """Stat Med 2019;38:1276: 24 parameters, 17.4 %, R² 0.288: 4.8 events per parameter, for the optimism."""
    found = needed(24, 0.174, criteria=Criteria(r2=0.288))
    assert (found.shrinkage, found.optimism, found.margin) == (623, 662, 221)
    assert found.optimism * 0.174 / 24 == pytest.approx(4.8, abs=0.005)


def test_recurrent_thromboembolism_as_published():
    """Stat Med 2019;38:1276: 30 parameters, R² 0.051, 0.065 events a year over 2.07 years: 23 a parameter."""
    found = needed(30, 0.5, criteria=Criteria(r2=0.051))
    assert found.shrinkage == 5143
    assert round(found.shrinkage * 0.065 * 2.07 / 30) == 23


def test_half_responding_needs_385_for_five_points_and_97_for_ten():
    assert needed(1, 0.5).margin == 385
    assert needed(1, 0.5, criteria=Criteria(margin=0.1)).margin == 97


def test_the_largest_r2_is_three_quarters_where_half_respond():
    assert largest_r2(0.5) == pytest.approx(0.75)


@given(st.integers(20, 50_000), st.floats(0.02, 0.98), st.floats(0.02, 0.9))
def test_the_parameters_allowed_need_no_more_episodes_than_there_are_and_one_more_does(n, prevalence, share):
    criteria = Criteria(r2_share=share, margin=0.1)
    allowed = parameters_allowed(n, prevalence, criteria=criteria)
    assert needed(allowed + 1, prevalence, criteria=criteria).episodes > n
    if allowed:
        assert needed(allowed, prevalence, criteria=criteria).episodes <= n


@given(st.integers(20, 50_000), st.integers(0, 5_000), st.floats(0.02, 0.98))
def test_more_episodes_never_allow_less(n, more, prevalence):
    assert parameters_allowed(n + more, prevalence) >= parameters_allowed(n, prevalence)


@pytest.mark.parametrize(("auc", "prevalence"), [(0.65, 0.4), (0.75, 0.2), (0.81, 0.77), (0.9, 0.1)])
def test_r2_from_an_auc_is_what_a_regression_on_simulated_people_finds(auc, prevalence):
    """Riley 2021 (Stat Med 40:859) simulates; the standard error of R² at 400,000 people is below 0.001."""
    rng = np.random.default_rng(0)
    y = (rng.random(400_000) < prevalence).astype(int)
    apart = np.sqrt(2) * NormalDist().inv_cdf(auc)
    x = rng.normal(size=len(y)) + apart * y
    assert roc_auc_score(y, x) == pytest.approx(auc, abs=0.004)
    p = LogisticRegression(C=np.inf).fit(x[:, None], y).predict_proba(x[:, None])[:, 1]
    gained = log_loss(y, np.full(len(y), y.mean())) - log_loss(y, p)
    assert r2_from_auc(auc, prevalence) == pytest.approx(1 - np.exp(-2 * gained), abs=0.004)


def test_an_auc_of_one_half_explains_nothing():
    assert r2_from_auc(0.5, 0.3) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("work", "complaint"),
    [
        (lambda: needed(5, 1.0), "A prevalence lies above 0 and below 1, not at 1"),
        (lambda: needed(0, 0.3), "at least 1 parameter, not 0"),
        (lambda: needed(5, 0.05, criteria=Criteria(r2=0.4)), "R² of 0.4 cannot be.*, below 0.328"),
        (lambda: r2_from_auc(0.4, 0.3), "An AUC lies at 0.5 or above and below 1, not at 0.4"),
    ],
)
def test_what_cannot_be_is_refused(work, complaint):
    with pytest.raises(DefinitionError, match=complaint):
        work()


def test_nothing_known_is_refused():
    with pytest.raises(CohortError, match="Gather follow-up first"):
        gate(0, 0, 5)


@pytest.mark.parametrize(
    ("episodes", "responders", "allowed", "parameters"),
    [
        (44, 22, "prevalence", 0),
        (91, 40, "prevalence", 0),
        (316, 126, "logistic", 4),
        (729, 327, "logistic", 9),
        (2_449, 434, "logistic", 26),
        (4_000, 1_600, "boosted", 52),
    ],
)
def test_the_ladder(episodes, responders, allowed, parameters):
    verdict = gate(episodes, responders, 300)
    assert (verdict.allowed, verdict.parameters) == (allowed, parameters)


def test_the_sentence_says_how_many_it_would_take():
    assert gate(91, 40, 300).sentence == (
        "91 episodes (40 responders) are too few for an individual model: at least 151 are needed for even "
        "2 candidate predictors; everybody is given the share who responded."
    )


@given(st.integers(1, 20_000), st.floats(0, 1), st.integers(1, 400))
def test_a_verdict_keeps_what_its_numbers_say(episodes, share, candidates):
    verdict = gate(episodes, round(share * episodes), candidates)
    assert verdict.parameters <= candidates
    assert (verdict.allowed == "prevalence") == (episodes < verdict.least.episodes)
    assert (verdict.allowed == "boosted") <= (episodes >= verdict.boosted)
    assert json.loads(json.dumps(asdict(verdict))) == asdict(verdict)


def test_a_clinic_that_expects_less_may_model_less():
    modest = GateSettings(Criteria(r2=r2_from_auc(0.65, 0.4)))
    assert gate(316, 126, 300, settings=modest).parameters < gate(316, 126, 300).parameters


@pytest.mark.skipif(not TRIAL.is_file(), reason=f"the trial is not at {TRIAL}")
def test_no_arm_of_the_back_pain_trial_bears_an_individual_model(tmp_path):
    """A real randomised trial, 44 to 47 people an arm (Ashar 2022): whoever is in an arm gets its share."""
    import_csv(TRIAL, tmp_path / "trial", catalogue=load_catalogue(SITE), site=SITE)
    attrition = take_inventory(tmp_path / "trial", SITE).attrition
    arms = [(one.steps["outcome known"], one.steps["responded"]) for one in attrition.values()]
    assert len(arms) == 3
    for known, responded in arms:
        verdict = gate(known, responded, 12)
        assert verdict.allowed == "prevalence"
        assert verdict.parameters == 0
        assert verdict.least.episodes > 3 * known
        assert "too few for an individual model" in verdict.sentence
