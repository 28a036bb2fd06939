"""The future never matters."""

import numpy as np
import pytest
from hypothesis import Phase, given, settings

from painresponse.engine import compute
from painresponse.records import Asks, collect
from tests.lib.cohorts import random_cohort
from tests.lib.faulty import LEAKY
from tests.lib.laws import future_never_matters, same_bits
from tests.lib.strategies import INDEX, examples, later, patients, people, treated_later


@examples(400)
@given(seen=people | patients, unseen=later, instead=later)
def test_nothing_at_or_after_the_index_or_known_only_then_changes_a_bit(every_word, seen, unseen, instead):
    """Every word, every source, every verdict; future events added, replaced by others, left out."""
    future_never_matters(every_word, seen, unseen=unseen, instead=instead)


@pytest.mark.parametrize("fault", LEAKY.values(), ids=LEAKY)
def test_the_law_catches_an_engine_that_looks_into_the_future(every_word, monkeypatch, fault):
    """One believable mistake at a time; were the law blind to it, this test would fail."""
    fault(monkeypatch)

    @settings(examples(300), derandomize=True, database=None, phases=[Phase.generate])
    @given(seen=patients, unseen=later | treated_later)
    def law(seen, unseen):
        future_never_matters(every_word, seen, unseen=unseen)

    with pytest.raises(AssertionError, match="the future was seen"):
        law()


def test_cutting_a_cohorts_records_at_the_index_changes_no_bit_of_the_packaged_features(packaged, catalogue):
    """200 people with histories on both sides of the index: the full records against the past alone."""
    raw = random_cohort(catalogue.concepts, people=200, seed=1, years_after=3)
    asks = Asks(np.arange(200), np.full(200, INDEX))
    records, _ = collect(raw, catalogue.concepts)
    past = np.flatnonzero((records.time < INDEX) & (records.available < INDEX))
    assert 0.2 < len(past) / len(records) < 0.8
    columns = ("subject", "time", "available", "code", "value")
    kept = {name: getattr(records, name)[past] for name in columns}
    alone = type(records)(codes=records.codes, **kept)
    assert same_bits(compute(packaged, records, asks), compute(packaged, alone, asks))
