"""Flaws put in on purpose: dates the other half of the world would write, and units mistaken."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from painresponse.schema import MICROSECONDS_PER_DAY
from painresponse.simulate.events import Piece, join
from painresponse.simulate.flaws import _day_and_month_exchanged, spoil


def _time(text: str) -> np.ndarray:
    return np.array([np.datetime64(text, "us").astype(np.int64)])


@given(st.integers(-20_000, 25_000), st.integers(0, MICROSECONDS_PER_DAY - 1))
def test_day_and_month_exchanged_twice_is_the_same_moment(day: int, clock: int) -> None:
    when = np.array([day * MICROSECONDS_PER_DAY + clock])
    assert (_day_and_month_exchanged(_day_and_month_exchanged(when)) == when).all()


def test_the_fourth_of_july_becomes_the_seventh_of_april() -> None:
    assert _day_and_month_exchanged(_time("2020-07-04T09:30")) == _time("2020-04-07T09:30")


def test_a_date_without_a_counterpart_stays() -> None:
    assert _day_and_month_exchanged(_time("2020-07-30T09:30")) == _time("2020-07-30T09:30")


def test_one_in_a_hundred_values_loses_its_unit_and_nothing_else_changes() -> None:
    count = 40_000
    when = np.arange(count) * MICROSECONDS_PER_DAY
    events = join([Piece("LOINC//2143-6", np.arange(count), when, np.full(count, 300.0), "nmol/L")])
    spoiled = spoil(events, np.random.default_rng(0))
    wrong = spoiled.value < 11
    assert 0.008 < wrong.mean() < 0.012
    assert np.allclose(spoiled.value[wrong], 300 / 27.589)
    assert np.allclose(spoiled.value[~wrong], 300)
    assert 1.018 < len(spoiled) / count < 1.022


def test_events_join_by_person_and_time_whatever_the_order_of_the_pieces() -> None:
    first = Piece("a", np.array([1, 0]), np.array([5, 7]))
    second = Piece(np.array(["c", "b"]), np.array([0, 1]), np.array([2, 4]), np.array([1.0, 2.0]), "kg")
    for pieces in ([first, second], [second, first]):
        events = join(pieces)
        assert events.who.tolist() == [0, 0, 1, 1]
        assert [events.words[code] for code in events.code] == ["c", "a", "b", "a"]
        assert [events.words[unit] for unit in events.unit] == ["kg", "", "kg", ""]
