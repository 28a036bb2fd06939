"""Curves obey the laws of every feature: the plain twin, no future, alone as in a crowd, any order."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from painresponse.engine import Plan, compute
from painresponse.language import EVER, FeatureSet, Summary, days, events
from painresponse.records import collect
from tests.lib.laws import alone_equals_in_a_crowd, future_never_matters, same_bits
from tests.lib.slow_twin import DAY, slow
from tests.lib.strategies import (
    INDEX,
    PROFILE_SOURCES,
    asks,
    examples,
    later,
    matrix,
    raw_events,
    samplers,
)
from tests.lib.vocabulary import VOCABULARY
from tests.property.test_order import shuffled

crowds = st.lists(samplers, min_size=1, max_size=4).map(tuple)


@pytest.fixture(scope="module")
def curves() -> Plan:
    """What every profile gives: how often, the values themselves, and when."""
    said = [
        Summary(word, events(source).within(span))
        for source in PROFILE_SOURCES
        for word in ("count", "first", "last", "max", "days_since_last")
        for span in (days(1), EVER)
    ]
    return Plan(FeatureSet(tuple((str(one), one) for one in said)), VOCABULARY)


@examples(200)
@given(person=samplers)
def test_every_curve_is_what_the_twin_finds(curves, person):
    """To 1e-12 of what is measured in quarters: areas of hundreds, slopes of hundredths."""
    found = matrix(curves, person)[0]
    for (_, feature), got in zip(curves.features, found, strict=True):
        wanted = slow(feature, list(person), INDEX, VOCABULARY)
        told = f"{feature}: engine {got}, twin {wanted}"
        assert (wanted is None) == bool(np.isnan(got)), told
        assert wanted is None or abs(got - wanted) <= 1e-12 * max(1, abs(wanted)), told


@examples(100)
@given(seen=samplers, afterwards=samplers, reported=samplers, instead=later)
def test_samples_after_the_index_or_known_only_then_change_no_curve(
    curves, seen, afterwards, reported, instead
):
    """They would fill the gaps of mornings, and make or spoil whole ones."""
    unseen = [replace(one, time=(one.time or INDEX) + 5 * DAY, known=None) for one in afterwards]
    unseen += [replace(one, known=INDEX) for one in reported]
    future_never_matters(curves, seen, unseen=tuple(unseen), instead=instead)


@examples(100)
@given(crowd=crowds)
def test_a_curve_is_the_same_alone_and_in_a_crowd(curves, crowd):
    alone_equals_in_a_crowd(curves, crowd)


@examples(100)
@given(crowd=crowds, seed=st.integers(0, 2**32 - 1))
def test_a_curve_is_the_same_whatever_the_order_of_events_and_codes(curves, crowd, seed):
    records, _ = collect(shuffled(raw_events(*crowd), seed), VOCABULARY)
    assert same_bits(compute(curves, records, asks(len(crowd))), matrix(curves, *crowd))
