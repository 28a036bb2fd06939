import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from painresponse.training.examples import Examples
from painresponse.training.lessons import Lesson, lesson
from painresponse.training.response import Learnt
from painresponse.validation.sites import OutOfSite, leave_one_site_out
from painresponse.validation.unseen import Learner
from tests.validation.clinics import clinics, points


def left_out(examples: Examples, learner: Learner) -> OutOfSite:
    return leave_one_site_out(examples, lesson(examples), learner=learner)


@pytest.fixture(scope="module")
def alike() -> OutOfSite:
    return left_out(clinics(1_600, seed=1), points())


@pytest.fixture(scope="module")
def unlike() -> OutOfSite:
    return left_out(clinics(1_600, seed=1, spread=1.0), points())


def test_sites_that_are_alike_pool_to_calibrated_predictions_with_little_between_them(alike):
    account = alike.account
    assert len(account.sites) == account.auc.sites == 8
    assert account.intercept.low < 0 < account.intercept.high
    assert account.slope.low < 1 < account.slope.high
    assert account.intercept.tau2 < 0.05
    assert 0.6 < account.auc.value < 0.85


@pytest.mark.slow
def test_sites_with_other_shares_of_responders_are_found_and_widen_what_to_expect(alike, unlike):
    planted, plain = unlike.account.intercept, alike.account.intercept
    assert planted.tau2 == pytest.approx(1.0, rel=0.8)
    assert planted.i2 > 0.7
    assert planted.p < 1e-6
    width, narrow = (one.prediction_high - one.prediction_low for one in (planted, plain))
    assert width > 3 * narrow
    assert "differ more than the models tell" in unlike.account.sentence
    assert "differ more" not in alike.account.sentence


@pytest.mark.slow
def test_the_shares_of_a_site_show_what_the_others_got_wrong_about_it(unlike):
    off = [one.observed - one.predicted for one in unlike.account.shares]
    intercepts = [one.intercept[0] for one in unlike.account.sites]
    assert np.corrcoef(off, intercepts)[0, 1] > 0.9


def test_every_episode_is_predicted_once_with_its_groups(alike):
    examples = clinics(1_600, seed=1)
    assert len(alike.predictions) == len(examples)
    assert sorted(alike.predictions.subject) == sorted(examples.subject)
    assert set(alike.predictions.groups["sex"]) == {"female", "male"}
    assert set(alike.predictions.comparators) == {"twin", "prevalence"}


def test_nobody_seen_at_the_site_left_out_is_learnt_from():
    """Subjects here change site between episodes; what is learnt from is watched on its way."""
    examples = clinics(600, seed=2, sites=3)
    moved = replace(examples, site=np.arange(len(examples)) % 3)
    seen = []

    def watching(known: Lesson) -> Learnt:
        seen.append(set(known.subject.tolist()))
        return points()(known)

    left_out(moved, watching)
    assert len(seen) == 3
    for site, subjects in enumerate(seen):
        assert subjects.isdisjoint(moved.subject[moved.site == site].tolist())


def test_the_outcomes_of_a_site_do_not_touch_its_own_predictions():
    """Turned round, they change the models that others are judged by."""
    examples = clinics(800, seed=3, sites=3)
    turned = replace(examples, y=np.where(examples.site == 1, 1 - examples.y, examples.y))
    before, after = (left_out(one, points()).predictions for one in (examples, turned))
    own = before.site == 1
    assert np.array_equal(before.probability[own], after.probability[own])
    assert not np.array_equal(before.probability[~own], after.probability[~own])


def test_sites_too_small_to_judge_are_left_out_together_and_named():
    examples = clinics(1_200, seed=4, sites=4)
    few = np.flatnonzero(examples.site == 3)[:24]
    site = examples.site.copy()
    site[few[:12]], site[few[12:]] = 7, 8
    account = left_out(replace(examples, site=site), points()).account
    assert account.too_small == (7, 8)
    assert [one.site for one in account.sites] == [0, 1, 2, 3]
    assert account.auc.sites == 4


@pytest.mark.slow
def test_the_small_sites_together_have_figures_where_together_they_are_enough():
    examples = clinics(900, seed=5, sites=30)
    site = np.where(examples.site < 10, 0, examples.site)
    small = np.isin(site, range(20, 30))
    y = np.where(small & (np.arange(len(site)) % 5 > 0), 0.0, examples.y)
    account = left_out(replace(examples, site=site, y=y), points()).account
    assert set(account.too_small) >= set(range(20, 30))
    assert account.joined.episodes >= small.sum()
    assert account.joined.auc is not None
    assert "small sites together" in account.sentence


def test_a_site_the_others_cannot_do_without_is_named():
    """As in many registries, one centre has nearly everybody."""
    examples = clinics(500, seed=6, sites=30)
    site = np.where(examples.site > 0, 0, 1)
    account = left_out(replace(examples, site=site), points()).account
    assert account.needed == (0,)
    assert account.auc is None
    assert "could not be left out" in account.sentence


@pytest.mark.parametrize(("site", "words"), [(4, "come from one site"), (-1, "is known")])
def test_one_site_is_said_to_be_not_examined(site, words):
    examples = clinics(200, seed=7)
    account, predictions = left_out(replace(examples, site=np.full(len(examples), site)), points())
    assert words in account.sentence
    assert "not examined" in account.sentence
    assert (account.sites, account.auc, predictions) == ((), None, None)


def test_sites_all_too_small_are_said_to_be_not_examined():
    examples = clinics(20, seed=8, sites=4)
    found = left_out(examples, points())
    assert "not examined" in found.account.sentence
    assert found.predictions is None


@pytest.mark.slow
def test_it_is_plain_json_without_anybodys_own_values(unlike):
    plain = json.loads(json.dumps(asdict(unlike.account), allow_nan=False))
    assert set(plain) >= {"sentence", "sites", "auc", "intercept", "slope", "shares", "joined"}
    assert len(json.dumps(plain)) < 15_000
