"""Leaks that lie in the data are named as suspicions; a clean clinic arouses none."""

from dataclasses import replace

import numpy as np
import pytest

from painresponse.audit.copies import joined, with_codes
from painresponse.audit.suspicions import LEAST_OF_EACH, Carriers, Evidence, is_one_sided, one_variable_auc
from painresponse.readers import histories
from painresponse.records import Intake
from painresponse.schema import MICROSECONDS_PER_DAY as DAY
from painresponse.simulate import simulate
from painresponse.training.cohorts import gather

TARGET = "scs_trial"
UNKNOWN, PHQ9 = "CLINIC//BILLING-7", "LOINC//44261-6"


@pytest.fixture(scope="module")
def shards(tmp_path_factory, catalogue):
    """2,500 simulated patients in two shards: enough outcomes of each kind for one target."""
    folder = tmp_path_factory.mktemp("suspicions") / "clinic"
    simulate(folder, subjects=2500, seed=5, shard_size=1300)
    return [records for records, _ in histories(folder, catalogue.concepts)]


def examples_of(records, catalogue):
    return gather([(records, Intake())], catalogue).examples


def hints_of(shards, catalogue):
    evidence = Evidence()
    for records in shards:
        evidence.add(records, examples_of(records, catalogue))
    return evidence.hints()


def planted(records, catalogue, *, code, days, value, whom):
    """The records with one more event for each labelled episode of ``whom``, days before its index."""
    found = examples_of(records, catalogue)[TARGET].labelled()
    here = np.flatnonzero(np.isin(found.y, whom))
    wider = with_codes(records, [code])
    time = found.index[here] - round(days * DAY)
    added = replace(
        wider,
        subject=found.subject[here],
        time=time,
        available=time,
        code=np.full(len(here), wider.codes.index(code), np.int32),
        value=value(found.y[here]).astype(np.float32),
    )
    return joined(wider, added)


def test_a_clean_clinic_arouses_no_suspicion(shards, catalogue):
    labelled = sum(len(examples_of(records, catalogue)[TARGET].labelled()) for records in shards)
    assert labelled > 4 * LEAST_OF_EACH, "there must be something to be suspicious of"
    assert hints_of(shards, catalogue) == []


@pytest.mark.slow
def test_an_outcome_written_back_into_a_baseline_code_is_named_by_its_feature(shards, catalogue):
    """A depression score of responders that was taken after the trial and dated before it."""
    leaky = [
        planted(records, catalogue, code=PHQ9, days=3, value=lambda y: 18 - 12 * y, whom=(0, 1))
        for records in shards
    ]
    hints = hints_of(leaky, catalogue)
    assert hints[0].kind == "value predicts alone"
    named = {one.name for one in hints if one.target == TARGET and one.kind == "value predicts alone"}
    assert "phq9_last" in named
    assert all(one.counts["auc"] > 0.8 for one in hints if "auc" in one.counts)


def test_a_score_taken_only_of_those_who_failed_is_named_for_being_known(shards, catalogue):
    leaky = [
        planted(records, catalogue, code="PR//peg", days=3, value=lambda y: 5 + 0 * y, whom=(0,))
        for records in shards
    ]
    hints = [one for one in hints_of(leaky, catalogue) if one.target == TARGET]
    assert "peg_last" in {one.name for one in hints if one.kind == "being known predicts alone"}


@pytest.mark.slow
def test_a_code_that_only_one_outcome_carries_is_named_with_its_counts(shards, catalogue):
    """Even one that no concept knows, dated the day before the index: nobody may map it without a thought."""
    leaky = [
        planted(records, catalogue, code=UNKNOWN, days=1, value=lambda y: y, whom=(1,)) for records in shards
    ]
    responders = sum(
        int((examples_of(records, catalogue)[TARGET].labelled().y == 1).sum()) for records in shards
    )
    hints = [one for one in hints_of(leaky, catalogue) if one.name == UNKNOWN and one.target == TARGET]
    assert [one.kind for one in hints] == ["code of one outcome"]
    assert hints[0].counts == {"failed": 0, "responded": responders, "near": responders}


def test_the_auc_of_one_variable_is_that_of_the_pairs_whichever_way_it_points():
    """Of 30 x 30 pairs, half are ties and half are in order: 0.75, and the interval of the formula."""
    outcome = np.repeat([0.0, 1.0], 30)
    values = np.r_[np.zeros(30), np.zeros(15), np.ones(15)]
    alone, low = one_variable_auc(values, outcome)
    assert alone == pytest.approx(0.75)
    assert one_variable_auc(-values, outcome) == pytest.approx((alone, low))
    assert low == pytest.approx(0.75 - 1.96 * 0.06329, abs=1e-4)
    assert one_variable_auc(values[1:], outcome[1:]) == (0.5, 0.5), "29 who failed are too few"


@pytest.mark.parametrize(
    ("carriers", "outcomes", "suspicious"),
    [
        (Carriers(0, 60), (300, 300), True),
        (Carriers(60, 0), (300, 300), True),
        (Carriers(2, 58), (300, 300), True),
        (Carriers(10, 50), (300, 300), False),  # many of the other outcome too
        (Carriers(0, 15), (300, 300), False),  # too few to say
        (Carriers(0, 60), (10, 590), False),  # nearly everybody responded
    ],
)
def test_one_sided_means_many_carriers_of_nearly_one_outcome_and_no_chance(carriers, outcomes, suspicious):
    y = np.repeat([0.0, 1.0], outcomes)
    assert is_one_sided(carriers, y, tries=1000) is suspicious
