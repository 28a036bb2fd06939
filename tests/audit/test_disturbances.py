"""What each disturbance leaves as it was, and what it does not: told without the engine."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from painresponse.audit.copies import copied, every_code, ordered, ordinary, taken, unseen, with_codes
from painresponse.audit.disturbances import DISTURBANCES, known_late
from painresponse.records import Asks, Records, collect
from painresponse.schema import STATIC
from tests.lib.strategies import INDEX, crowds, examples, later, raw_events
from tests.lib.vocabulary import VOCABULARY

CODES = every_code(VOCABULARY)


def lines(records: Records) -> list[tuple]:
    """Events that can be compared, whatever numbers their codes have."""
    return [
        (int(subject), int(time), records.codes[code], repr(float(value)))
        for subject, time, code, value in zip(
            records.subject, records.time, records.code, records.value, strict=True
        )
    ]


def copies_of(crowd, extra) -> tuple[Records, Asks]:
    """Everybody asked twice: at the index, and half a year before."""
    records, _ = collect(raw_events(*(person + extra for person in crowd)), VOCABULARY)
    subject = np.repeat(np.arange(len(crowd)), 2)
    asks = Asks(subject, np.tile([INDEX, INDEX - 180 * 86_400_000_000], len(crowd)))
    copies, own = copied(records, asks)
    return with_codes(copies, CODES), own


@pytest.mark.parametrize("name", [one for one in DISTURBANCES if one != "known late"])
@examples(60)
@given(crowd=crowds, extra=later, seed=st.integers(0, 2**32))
def test_the_past_stays_as_it_was(name, crowd, extra, seed):
    """So that only a maker that looks further can be moved. Facts without a time are of the past."""
    copies, asks = copies_of(crowd, extra)
    pair = DISTURBANCES[name](copies, asks, np.random.default_rng(seed))
    before, after = (lines(taken(one, ~unseen(one, asks))) for one in (pair.other, pair.one))
    assert before == after
    assert pair.other is copies


@examples(60)
@given(crowd=crowds, extra=later, seed=st.integers(0, 2**32))
def test_what_is_known_late_is_hidden_and_births_and_facts_stay(crowd, extra, seed):
    copies, asks = copies_of(crowd, extra)
    pair = known_late(copies, asks, np.random.default_rng(seed))
    hidden = unseen(pair.one, asks) & ~unseen(copies, asks)
    assert int(hidden.sum()) == pair.events == len(copies) - len(pair.other)
    assert ordinary(copies, asks)[hidden].all()
    assert not (copies.time[hidden] == STATIC).any()
    assert not any(copies.codes[code].startswith("MEDS_BIRTH") for code in copies.code[hidden])
    seen = [lines(taken(one, ~unseen(one, asks))) for one in (pair.one, pair.other)]
    assert seen[0] == seen[1]


@pytest.mark.parametrize("name", DISTURBANCES)
@examples(40)
@given(crowd=crowds, extra=later, seed=st.integers(0, 2**32))
def test_disturbed_histories_are_in_the_order_of_records(name, crowd, extra, seed):
    copies, asks = copies_of(crowd, extra)
    for one in vars(DISTURBANCES[name](copies, asks, np.random.default_rng(seed))).values():
        if isinstance(one, Records):
            assert lines(one) == lines(ordered(one))
            assert list(one.codes) == sorted(one.codes)


def test_a_crowded_future_holds_every_code_some_at_the_index_and_some_told_too_late(shard, catalogue):
    codes = every_code(catalogue.concepts)
    copies, asks = copied(shard.records, shard.asks)
    copies = with_codes(copies, codes)
    crowded = DISTURBANCES["future crowded"](copies, asks, np.random.default_rng(1)).one
    later = taken(crowded, unseen(crowded, asks))
    pairs = np.unique(later.subject * len(copies.codes) + later.code)
    assert len(pairs) == len(asks) * len(copies.codes)
    index = asks.index[later.subject]
    assert (later.time == index).any()
    assert ((later.time < index) & (later.available == index)).any()
    assert ((later.time >= index) & (later.available < index)).any(), "an appointment"


def test_every_code_has_a_code_for_each_pattern_and_two_that_nobody_declares(catalogue):
    codes = every_code(catalogue.concepts)
    assert {"MEDS_BIRTH", "LOINC//72514-3", "PR//pain", "ICD10CM//M54.51"} <= set(codes)
    assert not any("*" in code for code in codes)
    known = [code for code in codes if code.startswith(("AUDIT//", "ZZZ//"))]
    assert len(known) == 2


def test_each_ask_gets_its_subjects_history_to_itself(shard):
    """Also the same subject asked twice, and a subject nobody knows."""
    who = int(shard.asks.subject[0])
    asks = Asks(np.array([who, 10**9, who]), np.full(3, INDEX))
    copies, own = copied(shard.records, asks)
    assert own.subject.tolist() == [0, 1, 2]
    once = lines(shard.records.of(who))
    for place in (0, 2):
        assert [line[1:] for line in lines(copies.of(place))] == [line[1:] for line in once]
    assert len(copies.of(1)) == 0
