"""What goes wrong in real records, on purpose: to test that reading, cleaning and refusing work."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from painresponse.schema import BIRTH, MICROSECONDS_PER_DAY, STATIC
from painresponse.simulate.events import Events, Piece, some
from painresponse.simulate.people import People

DUPLICATED, WRONG_UNIT, SWAPPED_DATE, TRAPS = 0.02, 0.01, 0.005, 0.02

_CORTISOL, _CRP = ("LOINC//2143-6",), ("LOINC//30522-7",)


def set_traps(people: People, rng: Generator) -> tuple[People, list[Piece]]:
    """Two in a hundred must be refused: neoplasm-related pain, a minor, or a pregnancy."""
    count = len(people["age"])
    trap = np.where(rng.random(count) < TRAPS, rng.integers(0, 3, count), -1)
    recent = people["start"] - rng.integers(5, 60, count) * MICROSECONDS_PER_DAY
    youth = np.floor(rng.uniform(16, 17.9, count) * 365.25).astype(np.int64)
    pregnant = (trap == 2) & people["female"]
    minor = (people["day"] - youth) * MICROSECONDS_PER_DAY
    births = {"birth": np.where(trap == 1, minor, people["birth"])}
    return births, [some(trap == 0, "ICD10CM//G89.3", recent), some(pregnant, "ICD10CM//Z33.1", recent)]


def spoil(events: Events, rng: Generator) -> Events:
    """Duplicate rows, unlabelled units, and day and month exchanged, in the shares named above."""
    twice = np.flatnonzero(rng.random(len(events)) < DUPLICATED)
    spoiled = _swap_dates(_mistake_units(events, rng), rng)
    return spoiled.take(np.concatenate([np.arange(len(events)), twice])).in_order()


def _mistake_units(events: Events, rng: Generator) -> Events:
    """Cortisol in ug/dL said to be nmol/L, CRP in mg/dL said to be mg/L."""
    wrong = rng.random(len(events)) < WRONG_UNIT
    nmol = events.unit == (events.words.index("nmol/L") if "nmol/L" in events.words else -1)
    value = np.where(wrong & events.coded(_CORTISOL) & nmol, events.value / 27.589, events.value)
    value = np.where(wrong & events.coded(_CRP), value / 10, value)
    return replace(events, value=value.astype(np.float32))


def _swap_dates(events: Events, rng: Generator) -> Events:
    dated = (events.when != STATIC) & ~events.coded((BIRTH,))
    swapped = np.flatnonzero((rng.random(len(events)) < SWAPPED_DATE) & dated)
    when = events.when.copy()
    when[swapped] = _day_and_month_exchanged(when[swapped])
    return replace(events, when=when)


def _day_and_month_exchanged(when: np.ndarray) -> np.ndarray:
    """The date as the other half of the world would write it, where that is a date."""
    day, clock = when // MICROSECONDS_PER_DAY, when % MICROSECONDS_PER_DAY
    months = day.astype("datetime64[D]").astype("datetime64[M]")
    day_of_month = day - months.astype("datetime64[D]").astype(np.int64)
    month_of_year = months.astype(np.int64) % 12
    january = (months.astype(np.int64) - month_of_year).astype("datetime64[M]")
    other = (january + day_of_month).astype("datetime64[D]").astype(np.int64) + month_of_year
    return np.where(day_of_month < 12, other, day) * MICROSECONDS_PER_DAY + clock
