"""The interval of a prediction: what it covers in a clinic that was not there, and what it says of itself."""

import numpy as np
import pytest
from scipy.special import expit, logit

from painresponse.evaluation.band import ASSUMED_TAU, Band, band
from painresponse.evaluation.calibration import platt
from painresponse.evaluation.predictions import Predictions

SITES, EPISODES = 6, 400


def clinics(seed: int, *, tau: float, sites: int = SITES) -> tuple[Predictions, Predictions, np.ndarray]:
    """Predictions fitted at some clinics and made at one more, and the true chances there.

    Each clinic has its own intercept.
    """
    rng = np.random.default_rng(seed)
    own = rng.normal(0, tau, sites + 1)
    site = np.repeat(np.arange(sites + 1), EPISODES)
    odds = rng.normal(-0.3, 0.8, len(site))
    chance = expit(odds + own[site])
    y = (rng.random(len(site)) < chance).astype(float)
    here, there = np.flatnonzero(site < sites), np.flatnonzero(site == sites)
    probability = platt(odds[here], y[here]).probability(odds)
    everybody = Predictions(np.arange(len(site)), y, probability, site)
    return everybody.taken(here), everybody.taken(there), chance[there]


@pytest.mark.parametrize(("tau", "sites"), [(0.15, 6), (0.3, 6), (0.3, 4)])
def test_nine_of_ten_clinics_not_seen_are_covered(tau: float, sites: int) -> None:
    """200 clinics: the standard error of the share is 0.02."""
    covered = []
    for seed in range(200):
        seen, unseen, chance = clinics(seed, tau=tau, sites=sites)
        low, high = band(seen).ends(unseen.probability)
        covered.append(((low <= chance) & (chance <= high)).mean())
    assert 0.85 < np.mean(covered) < 0.95


def test_the_more_clinics_differ_the_wider_it_is() -> None:
    widths = []
    for tau in (0.1, 0.8):
        seen, unseen, _ = clinics(1, tau=tau)
        low, high = band(seen).ends(unseen.probability)
        widths.append((high - low).mean())
    assert widths[1] > 2 * widths[0]


def test_it_holds_the_prediction() -> None:
    seen, unseen, _ = clinics(2, tau=0.2)
    low, high = band(seen).ends(unseen.probability)
    assert ((low < unseen.probability) & (unseen.probability < high)).all()


def test_where_too_few_clinics_can_tell_how_much_they_differ_it_is_assumed_and_said() -> None:
    seen, _, _ = clinics(3, tau=0.2, sites=2)
    found = band(seen)
    assert found.assumed
    assert found.tau == pytest.approx(ASSUMED_TAU)
    assert "assumed" in found.sentence
    assert "assumed" not in band(clinics(3, tau=0.2)[0]).sentence


def test_its_ends_are_those_the_bundle_computes_from_its_spread() -> None:
    found = Band(0.9, (0.04, 0.01, 0.02), 0.1, 6, False, "")
    p = np.array([0.1, 0.5, 0.8])
    reach = np.sqrt(0.04 + 0.01 * logit(p) + 0.02 * logit(p) ** 2)
    low, high = found.ends(p)
    assert low == pytest.approx(expit(logit(p) - reach))
    assert high == pytest.approx(expit(logit(p) + reach))


def test_a_model_that_says_the_same_of_everybody_has_an_interval_too() -> None:
    seen, _, _ = clinics(4, tau=0.2)
    same = Predictions(seen.subject, seen.y, np.full(len(seen), seen.y.mean()), seen.site)
    low, high = band(same).ends(same.probability[:1])
    assert 0 < low[0] < same.probability[0] < high[0] < 1
