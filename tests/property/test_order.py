"""The order in which events, shards and vocabularies arrive never matters; repetitions change nothing."""

import random
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from painresponse.engine import compute
from painresponse.records import RawEvents, Records, collect
from painresponse.scoring.golden import stacked
from tests.lib.laws import same_bits
from tests.lib.strategies import INDEX, Person, asks, crowds, examples, matrix, people, raw_events
from tests.lib.vocabulary import VOCABULARY


def identical(one: Records, other: Records) -> bool:
    """The same records to the bit."""
    columns = ("subject", "time", "available", "code", "value")
    return one.codes == other.codes and all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in columns
    )


def shuffled(raw: RawEvents, seed: int) -> RawEvents:
    """The same events in another order, over another order of codes."""
    rng = np.random.default_rng(seed)
    rows, places = rng.permutation(len(raw)), rng.permutation(len(raw.codes))
    return RawEvents(
        raw.subject[rows],
        raw.time[rows],
        raw.available[rows],
        np.argsort(places).astype(np.int32)[raw.code[rows]],
        tuple(raw.codes[place] for place in places),
        raw.value[rows],
        raw.unit[rows],
        raw.units,
    )


@examples(100)
@given(crowd=crowds, seed=st.integers(0, 2**32 - 1))
def test_records_are_the_same_to_the_bit_whatever_the_order_of_events_and_codes(crowd, seed):
    raw = raw_events(*crowd)
    (records, account), (again, account_again) = (
        collect(one, VOCABULARY) for one in (raw, shuffled(raw, seed))
    )
    assert identical(records, again)
    assert account == account_again


@examples(75)
@given(crowd=crowds, seed=st.integers(0, 2**32 - 1))
def test_features_are_the_same_to_the_bit_whatever_the_order_of_events_and_codes(every_word, crowd, seed):
    records, _ = collect(shuffled(raw_events(*crowd), seed), VOCABULARY)
    assert same_bits(compute(every_word, records, asks(len(crowd))), matrix(every_word, *crowd))


@examples(75)
@given(crowd=crowds, seed=st.integers(0, 2**32 - 1))
def test_events_may_be_spread_over_shards_read_in_any_order(every_word, crowd, seed):
    """Even when one person's events come from several shards."""
    rng = random.Random(seed)
    shards: list[list[Person]] = [[], [], []]
    for person in crowd:
        dealt = [rng.randrange(3) for _ in person]
        for number, shard in enumerate(shards):
            shard.append(tuple(one for one, to in zip(person, dealt, strict=True) if to == number))
    rng.shuffle(shards)
    records, _ = collect(stacked([raw_events(*shard) for shard in shards]), VOCABULARY)
    assert same_bits(compute(every_word, records, asks(len(crowd))), matrix(every_word, *crowd))


@examples(75)
@given(person=people, again=st.data())
def test_events_given_twice_change_nothing(every_word, person, again):
    """A repetition that became known later is still a repetition; all of them are counted as rejected."""
    repeated = again.draw(st.lists(st.sampled_from(person), max_size=5)) if person else []
    late = [replace(one, known=INDEX + 1) for one in repeated]
    records, account = collect(raw_events((*late, *person)), VOCABULARY)
    once, account_once = collect(raw_events(person), VOCABULARY)
    assert identical(records, once)
    assert account.reasons().get("duplicate", 0) == account_once.reasons().get("duplicate", 0) + len(repeated)


@examples(50)
@given(person=people)
def test_the_account_of_two_intakes_is_the_sum_of_both(person):
    half = len(person) // 2
    first, second = (collect(raw_events(part), VOCABULARY)[1] for part in (person[:half], person[half:]))
    both = first + second
    assert both.given == len(person)
    assert both.kept == first.kept + second.kept == both.given - sum(both.reasons().values())
