"""A copy of the history for each ask, and the means to change it.

Every ask has an index of its own: in a shared history one ask's future would be another's past.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from painresponse.concepts import Concepts
from painresponse.records import Asks, Records
from painresponse.records.coding import codes_of, treatment_codes
from painresponse.schema import BIRTH, LOCAL_PREFIX, STATIC

Mask = NDArray[np.bool_]

BIRTHS = (BIRTH, LOCAL_PREFIX + "birth")
NOBODY_KNOWS = ("AUDIT//A CODE NOBODY DECLARED", "ZZZ//ANOTHER")


def copied(records: Records, asks: Asks) -> tuple[Records, Asks]:
    """Each ask with its subject's history to itself; the copy's subject is the place of the ask."""
    first = np.searchsorted(records.subject, asks.subject, side="left")
    count = np.searchsorted(records.subject, asks.subject, side="right") - first
    place = np.repeat(np.arange(len(asks)), count)
    event = np.arange(len(place)) + np.repeat(first - (np.cumsum(count) - count), count)
    return replace(taken(records, event), subject=place), Asks(np.arange(len(asks)), asks.index)


def taken(records: Records, which: NDArray[np.generic]) -> Records:
    """Some of the events (places or marks)."""
    columns = ("subject", "time", "available", "code", "value")
    return replace(records, **{name: getattr(records, name)[which] for name in columns})


def unseen(copies: Records, asks: Asks) -> Mask:
    """Events at or after the index, or known only then; said anew: no engine can vouch for itself."""
    index = asks.index[copies.subject]
    return (copies.time >= index) | (copies.available >= index)


def ordinary(copies: Records, asks: Asks) -> Mask:
    """Events of the past that an ask may see, without births and without facts that have no time."""
    born = np.array([*(code in BIRTHS for code in copies.codes), False], bool)
    return ~unseen(copies, asks) & (copies.time != STATIC) & ~born[copies.code]


def joined(one: Records, other: Records) -> Records:
    """Events of both, which share their codes, in the order of records."""
    columns = ("subject", "time", "available", "code", "value")
    both = {name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in columns}
    return ordered(replace(one, **both))


def ordered(records: Records) -> Records:
    """By subject, time, code and value, as everybody else keeps them."""
    return taken(records, np.lexsort((records.value, records.code, records.time, records.subject)))


def with_codes(records: Records, codes: Iterable[str]) -> Records:
    """The same events over a vocabulary that also holds ``codes``."""
    names = tuple(sorted({*records.codes, *codes}))
    place = {name: number for number, name in enumerate(names)}
    moved = np.array([place[name] for name in records.codes], np.int32)
    code = moved[records.code] if len(records) else np.zeros(0, np.int32)
    return replace(records, code=code, codes=names)


def every_code(concepts: Concepts) -> tuple[str, ...]:
    """One code for each pattern a concept or a treatment declares, and two that nobody declares."""
    patterns = {pattern for found in concepts.patterns().values() for pattern in found}
    for name, treatment in concepts.treatments.items():
        ingredients = (code for one in treatment.ingredients for code in codes_of(one))
        for code in (*ingredients, *treatment.codes, LOCAL_PREFIX + name):
            patterns.update(treatment_codes(code))
    return tuple(sorted({*(pattern.replace("*", "1") for pattern in patterns), *NOBODY_KNOWS}))
