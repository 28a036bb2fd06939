"""What codes mean to a plan is learned once, and a stream of strange codes cannot fill the memory."""

import numpy as np

from painresponse.engine import Plan, codebook
from painresponse.language import FeatureSet, parse
from tests.lib.vocabulary import VOCABULARY


def plan() -> Plan:
    return Plan(FeatureSet.of(x=parse("last of crp ever"), y=parse("count of nsaid.trial ever")), VOCABULARY)


def test_codes_that_mean_the_same_share_a_number():
    """Both are the concept; codes nobody asks about all mean nothing."""
    book = plan().codebook
    crp, again, strange, other, drug = book.numbers(
        ("PR//crp", "LOINC//1988-5", "X", "PR//rfa", "RxNorm//5640")
    )
    assert crp == again
    assert strange == other
    assert len({int(crp), int(strange), int(drug)}) == 3
    assert book.meanings.copies[[crp, strange, drug]].tolist() == [1, 0, 0]


def test_what_was_learned_stays_as_it_was():
    book = plan().codebook
    first = book.numbers(("PR//crp", "X"))
    book.numbers(("RxNorm//5640", "PR//pain"))
    assert np.array_equal(book.numbers(("PR//crp", "X")), first)


def test_beyond_its_limit_codes_are_understood_but_no_longer_remembered(monkeypatch):
    monkeypatch.setattr(codebook, "_MOST_CODES", 2)
    book = plan().codebook
    numbers = book.numbers(("PR//crp", "A", "B", "LOINC//1988-5", "C"))
    assert numbers[0] == numbers[3] != numbers[1]
    assert len(book._numbers) == 2
