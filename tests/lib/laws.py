"""The laws of the engine as functions that raise AssertionError where they are broken.

Tests state them for the engine and, with engines made faulty on purpose, show that they are able to fail.
"""

import numpy as np

from painresponse.engine import Plan, compute
from painresponse.records import Asks, Records
from tests.lib.strategies import Person, asks, matrix, recorded


def same_bits(one: np.ndarray, other: np.ndarray) -> bool:
    """Equal shapes and float64 values, unknown equal to unknown; before any cast, without tolerance."""
    return one.dtype == other.dtype == np.float64 and np.array_equal(one, other, equal_nan=True)


def future_never_matters(plan: Plan, seen: Person, *, unseen: Person, instead: Person = ()) -> None:
    """What happened, or became known, at or after the index changes nothing: there, elsewhere, or absent."""
    alone = matrix(plan, seen)
    assert same_bits(matrix(plan, (*seen, *unseen)), alone), "the future was seen"
    assert same_bits(matrix(plan, (*instead, *seen)), alone), "another future was seen"


def alone_equals_in_a_crowd(plan: Plan, crowd: tuple[Person, ...]) -> None:
    """Each person's row is the same, asked alone or together with everybody, whoever stands beside."""
    together = matrix(plan, *crowd)
    for number, person in enumerate(crowd):
        alone = compute(plan, recorded(person, first=number), asks(1, first=number))
        assert same_bits(alone[0], together[number]), "a neighbour was felt"


def parts_equal_the_whole(plan: Plan, records: Records, questions: Asks, *, size: int) -> None:
    """The same questions asked in groups of another size get the same answers."""
    whole = compute(plan, records, questions)
    for first in range(0, len(questions), size):
        part = compute(plan, records, questions.part(first, first + size))
        assert same_bits(part, whole[first : first + size]), "the size of the group was felt"
