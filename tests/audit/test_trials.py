"""Every fault is caught, by the trial meant for it; the engine is not accused."""

import numpy as np
import pytest

from painresponse.audit import audit, makers_of
from painresponse.audit.copies import every_code
from painresponse.audit.proof import FAILED, NOTHING, PASSED, TRIALS
from painresponse.engine import Plan
from painresponse.language import FeatureSet
from painresponse.records import Asks
from painresponse.schema import MICROSECONDS_PER_DAY as DAY
from tests.audit.leaky import FAULTS, SENTENCES, honest, leaks_in_float32_only, maker, reads_the_follow_up
from tests.lib.faulty import CROWDED, LEAKY


@pytest.fixture(scope="module")
def codes(catalogue):
    return every_code(catalogue.concepts)


@pytest.fixture
def tried(shard, catalogue, codes):
    """The proof about one answer."""
    return lambda answer: audit(shard.records, shard.asks, [maker(answer, catalogue.concepts)], codes=codes)


def test_the_packaged_catalogue_passes_and_every_cell_is_compared_in_every_trial(shard, catalogue, codes):
    """Features and requirements in float64 and float32, and the three verdicts of eligibility."""
    makers = makers_of(catalogue)
    proof = audit(shard.records, shard.asks, makers, codes=codes)
    features, requirements, eligibility = (len(one.sentences) for one in makers)
    assert (features, eligibility) == (len(catalogue.features), 3)
    assert (proof.verdict, proof.moved, proof.cells_moved) == (PASSED, {}, 0)
    assert proof.asks == proof.with_future == len(shard.asks)
    cells = len(shard.asks) * (2 * features + 2 * requirements + eligibility)
    assert {name: one.cells for name, one in proof.trials.items()} == dict.fromkeys(TRIALS, cells)
    assert all(one.events > 0 for one in proof.trials.values()), "what disturbs nothing proves nothing"


@pytest.mark.parametrize(("fault", "meant"), FAULTS.items(), ids=lambda one: getattr(one, "__name__", None))
def test_each_fault_is_caught_by_the_trial_meant_for_it(tried, fault, meant):
    proof = tried(fault)
    assert proof.verdict == FAILED
    assert proof.trials[meant].moved > 0
    assert any(meant in one.trials for one in proof.moved.values())


def test_what_moved_is_named_with_its_sentence_and_what_did_not_is_left_out(tried):
    """Follow-up is read: pain is felt then, but nobody is born again, and only their own days matter."""
    moved = tried(reads_the_follow_up).moved
    pain = moved["feature", "pain_days"]
    assert pain.sentence == "days since last of pain ever"
    assert {"future deleted", "future crowded"} <= set(pain.trials)
    assert ("feature", "age") not in moved
    assert all("alone" not in one.trials for one in moved.values())


def test_a_fault_in_one_precision_is_enough(shard, catalogue, codes):
    plan = Plan(FeatureSet.from_plain(SENTENCES), catalogue.concepts)
    leaky = leaks_in_float32_only(plan, catalogue.concepts)
    assert audit(shard.records, shard.asks, [leaky], codes=codes).verdict == FAILED


@pytest.mark.parametrize("fault", LEAKY.values(), ids=LEAKY)
def test_an_engine_that_looks_into_the_future_is_caught_over_the_whole_catalogue(
    shard, catalogue, codes, monkeypatch, fault
):
    fault(monkeypatch)
    proof = audit(shard.records, shard.asks, makers_of(catalogue), codes=codes)
    assert {"future deleted", "future perturbed", "future crowded", "known late"} & {
        trial for one in proof.moved.values() for trial in one.trials
    }


@pytest.mark.parametrize("fault", CROWDED.values(), ids=CROWDED)
def test_an_engine_that_feels_the_neighbours_is_caught_alone(shard, catalogue, codes, monkeypatch, fault):
    """Both agree with the honest one to many digits."""
    fault(monkeypatch)
    assert audit(shard.records, shard.asks, makers_of(catalogue), codes=codes).trials["alone"].moved > 0


def test_asks_after_everything_prove_nothing_and_do_not_pass(shard, catalogue, codes):
    end = np.full(len(shard.asks), shard.records.time.max() + 400 * DAY)
    late = Asks(shard.asks.subject, end)
    proof = audit(shard.records, late, [maker(honest, catalogue.concepts)], codes=codes)
    assert (proof.verdict, proof.with_future) == (NOTHING, 0)


def test_no_ask_at_all_proves_nothing(shard, catalogue, codes):
    nobody = shard.asks.part(0, 0)
    assert audit(shard.records, nobody, makers_of(catalogue), codes=codes).verdict == NOTHING


def test_the_same_seed_makes_the_same_audit_and_another_seed_another(shard, catalogue, codes):
    def once(seed):
        return audit(shard.records, shard.asks, [maker(honest, catalogue.concepts)], codes=codes, seed=seed)

    assert once(3) == once(3)
    assert once(3).trials["known late"] != once(4).trials["known late"]


def test_proofs_of_parts_add_up(tried):
    whole = tried(reads_the_follow_up)
    both = whole + whole
    assert (both.asks, both.cells, both.cells_moved) == (
        2 * whole.asks,
        2 * whole.cells,
        2 * whole.cells_moved,
    )
    assert both.columns == whole.columns
    for key, one in whole.moved.items():
        assert both.moved[key].trials == {trial: 2 * asks for trial, asks in one.trials.items()}
