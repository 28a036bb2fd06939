"""A patient alone equals the same patient in a crowd, to the bit, before any cast."""

import numpy as np
import pytest
from hypothesis import Phase, given, settings

from painresponse.engine import compute
from painresponse.engine.matrix import ROWS_AT_ONCE
from painresponse.records import Asks, collect
from painresponse.scoring.scorer import Scorer
from tests.lib.cohorts import random_cohort
from tests.lib.faulty import CROWDED
from tests.lib.laws import alone_equals_in_a_crowd, parts_equal_the_whole, same_bits
from tests.lib.strategies import INDEX, crowds, examples

PEOPLE = 1300


@pytest.fixture(scope="module")
def cohort(catalogue):
    """More people than are computed at once."""
    assert PEOPLE > ROWS_AT_ONCE
    return collect(random_cohort(catalogue.concepts, people=PEOPLE, seed=2), catalogue.concepts)[0]


@pytest.fixture(scope="module")
def asks():
    """Everyone once, in an order of no meaning, and some at other instants."""
    rng = np.random.default_rng(3)
    subjects = rng.permutation(PEOPLE)
    return Asks(subjects, INDEX - rng.integers(0, 3, PEOPLE) * 86_400_000_000 * 200)


@examples(200)
@given(crowd=crowds)
def test_each_row_is_the_same_alone_and_in_a_crowd(every_word, crowd):
    alone_equals_in_a_crowd(every_word, crowd)


@pytest.mark.parametrize("fault", CROWDED.values(), ids=CROWDED)
def test_the_law_catches_arithmetic_that_feels_the_neighbours(every_word, monkeypatch, fault):
    """Both shortcuts agree with the engine to many digits; only equality of bits tells."""
    fault(monkeypatch)

    @settings(examples(300), derandomize=True, database=None, phases=[Phase.generate])
    @given(crowd=crowds)
    def law(crowd):
        alone_equals_in_a_crowd(every_word, crowd)

    with pytest.raises(AssertionError, match="a neighbour was felt"):
        law()


@pytest.mark.parametrize("size", [977, 64])
def test_a_cohort_larger_than_what_is_computed_at_once_equals_its_parts(packaged, cohort, asks, size):
    """The packaged features of 1,300 people, together and in groups of other sizes."""
    parts_equal_the_whole(packaged, cohort, asks, size=size)


def test_what_a_scorer_looks_at_besides_changes_no_bit_of_a_row(packaged, cohort, asks, tiny_bundle):
    """Requirements and flags are computed beside the features that the models were trained on."""
    scorer = Scorer.load(tiny_bundle, allow_synthetic=True)
    beside = compute(scorer.plan, cohort, asks)
    assert beside.shape[1] > len(scorer.bundle.features)
    assert same_bits(beside[:, : len(scorer.bundle.features)], compute(packaged, cohort, asks))


def test_people_of_a_cohort_equal_themselves_with_nobody_elses_records(packaged, cohort, asks):
    """Every 25th: alone in the records as well as in the question, as a single request is."""
    whole = compute(packaged, cohort, asks)
    for row in range(0, PEOPLE, 25):
        own = cohort.of(int(asks.subject[row]))
        assert same_bits(compute(packaged, own, asks.part(row, row + 1))[0], whole[row])


def test_one_person_asked_at_many_instants_is_answered_as_if_asked_once_each(packaged, cohort):
    index = INDEX - np.arange(50) * 86_400_000_000 * 20
    asked = Asks(np.full(50, 7), index)
    parts_equal_the_whole(packaged, cohort, asked, size=1)


def test_a_person_nobody_knows_gets_a_row_in_which_nothing_is_known(packaged, cohort):
    """Counts are zero, all else is unknown; the neighbours are unmoved."""
    both = compute(packaged, cohort, Asks(np.array([10**9, 7]), np.array([INDEX, INDEX])))
    assert set(np.unique(both[0][~np.isnan(both[0])])) == {0.0}
    assert same_bits(both[1], compute(packaged, cohort, Asks(np.array([7]), np.array([INDEX])))[0])


def test_no_questions_give_no_rows(packaged, cohort):
    nobody = Asks(np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert compute(packaged, cohort, nobody).shape == (0, len(packaged.features))
