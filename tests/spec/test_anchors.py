"""Windows bounded by an event of the history: before, after and since the first or last of it."""

import pytest

from painresponse.errors import DefinitionError
from painresponse.language import days, events, parse, the_first, the_last
from tests.lib.tables import answer

ABLATED = """
    patient | days before | code | value
    --------+-------------+------+------
          1 | 400         | pain | 9
          1 | 300         | rfa  |
          1 | 250         | pain | 3
          1 | 120         | pain | 8
          1 | 100         | rfa  |
          1 | 100         | pain | 7
          1 | 70          | pain | 4
          1 | 10          | pain | 6
          2 | 50          | pain | 5
"""


def test_before_the_last_one_is_the_stretch_that_ends_with_it():
    """The last ablation was 100 days ago: the 8 of 20 days before it; that day's own 7 is not before."""
    assert answer(ABLATED, "mean of pain in 90 d before the last rfa") == {1: 8, 2: None}


def test_after_the_last_one_begins_with_it():
    """The 7 of the day itself and the 4 of a month later; the 6 lies more than 60 days after."""
    assert answer(ABLATED, "mean of pain in 60 d after the last rfa") == {1: 5.5, 2: None}
    assert answer(ABLATED, "min of pain since the last rfa") == {1: 4, 2: None}


def test_the_first_one_bounds_as_well():
    assert answer(ABLATED, "last of pain in 180 d before the first rfa") == {1: 9, 2: None}
    assert answer(ABLATED, "count of pain since the first rfa") == {1: 5, 2: 0}
    assert answer(ABLATED, "count of pain in 60 d after the first rfa") == {1: 1, 2: 0}


def test_ever_before_reaches_to_the_beginning_and_holds_what_has_no_time():
    text = ABLATED + "          1 | always      | pain | 1\n"
    assert answer(text, "count of pain ever before the last rfa")[1] == 4
    assert answer(text, "count of pain since the first rfa")[1] == 5


@pytest.mark.parametrize(("days_before", "counted"), [(190, 1), (190.01, 0), (100.01, 1), (100, 0)])
def test_the_stretch_before_holds_its_early_end_and_not_the_anchor(days_before, counted):
    text = f"""
        patient | days before   | code | value
              1 | 100           | rfa  |
              1 | {days_before} | crp  | 1
    """
    assert answer(text, "count of crp in 90 d before the last rfa") == {1: counted}


@pytest.mark.parametrize(("days_before", "counted"), [(100, 1), (10.01, 1), (10, 0)])
def test_the_stretch_after_holds_the_anchor_and_not_its_late_end(days_before, counted):
    text = f"""
        patient | days before   | code | value
              1 | 100           | rfa  |
              1 | {days_before} | crp  | 1
    """
    assert answer(text, "count of crp in 90 d after the last rfa") == {1: counted}


def test_an_anchor_not_known_before_the_index_bounds_nothing():
    """The second ablation was entered late: the clinic still counts from the first."""
    text = """
        patient | days before | code | value | known
              1 | 60          | rfa  |       |
              1 | 20          | rfa  |       | -5
              1 | 30          | pain | 6     |
    """
    assert answer(text, "count of pain since the last rfa") == {1: 1}


def test_an_anchor_without_a_time_bounds_nothing():
    text = """
        patient | days before | code | value
              1 | always      | rfa  |
              1 | 30          | pain | 6
    """
    assert answer(text, "count of pain since the last rfa") == {1: 0}


def test_the_response_to_the_earlier_one_is_a_difference():
    before, after = "mean of pain in 90 d before the last rfa", "mean of pain in 60 d after the last rfa"
    assert answer(ABLATED, f"difference of ({before}) and ({after})") == {1: 2.5, 2: None}


def test_a_bounded_window_can_be_said_step_by_step():
    pain = events("pain")
    assert str(pain.within(days(90)).before(the_last("rfa")).mean()) == (
        "mean of pain in 90 d before the last rfa"
    )
    assert str(pain.since(the_first("rfa")).max()) == "max of pain since the first rfa"
    assert str(pain.within(days(30)).after(the_first("rfa")).count()) == (
        "count of pain in 30 d after the first rfa"
    )


@pytest.mark.parametrize(
    "text",
    [
        "mean of pain in 90 d since the last rfa",
        "mean of pain before the last rfa",
        "mean of pain in 90 d before the next rfa",
        "mean of pain in 90 d before rfa",
    ],
)
def test_a_window_that_bounds_nothing_is_refused(text):
    with pytest.raises(DefinitionError, match="Cannot read the feature"):
        parse(text)
