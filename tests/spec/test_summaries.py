"""What each summary word says of the events in its window."""

import pytest

from tests.lib.tables import answer, answers

PAIN = """
    patient | days before | code | value
    --------+-------------+------+------
          1 |          40 | pain | 9
          1 |          20 | pain | 8
          1 |          10 | pain | 4
          1 |           5 | pain | 6
          2 |          40 | pain | 9
"""


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("count of pain in 30 d", {1: 3, 2: 0}),
        ("measured of pain in 30 d", {1: 1, 2: 0}),
        ("sum of pain in 30 d", {1: 18, 2: 0}),
        ("mean of pain in 30 d", {1: 6, 2: None}),
        ("min of pain in 30 d", {1: 4, 2: None}),
        ("max of pain in 30 d", {1: 8, 2: None}),
        ("first of pain in 30 d", {1: 8, 2: None}),
        ("last of pain in 30 d", {1: 6, 2: None}),
        ("spread of pain in 30 d", {1: 2, 2: None}),
        ("days since first of pain in 30 d", {1: 20, 2: None}),
        ("days since last of pain in 30 d", {1: 5, 2: None}),
    ],
)
def test_every_word_looks_only_inside_its_window_and_what_is_not_there_is_unknown(sentence, expected):
    """Counts and sums of nothing are zero; every other word says "unknown" when there is nothing to say."""
    assert answer(PAIN, sentence) == pytest.approx(expected)


def test_count_counts_events_with_and_without_a_value():
    """A visit noted without a score still happened."""
    text = """
        patient | days before | code | value
              1 |          20 | pain | 8
              1 |          10 | pain |
    """
    assert answer(text, "count of pain in 30 d") == {1: 2}


def test_measured_is_one_however_often_it_was_measured():
    assert answer(PAIN, "measured of pain ever") == {1: 1, 2: 1}


@pytest.mark.parametrize("word", ["sum", "mean", "min", "max", "first", "last"])
def test_an_event_without_a_value_says_nothing_about_the_value(word):
    """The missing score is left out; it is not read as zero."""
    text = """
        patient | days before | code | value
              1 |          30 | pain |
              1 |          20 | pain | 8
              1 |          10 | pain |
    """
    assert answer(text, f"{word} of pain in 90 d") == {1: 8}


@pytest.mark.parametrize(
    ("word", "expected"),
    [("sum", 0), ("mean", None), ("last", None), ("spread", None), ("slope", None), ("days since last", 10)],
)
def test_events_that_all_lack_a_value_can_be_counted_and_dated_but_not_averaged(word, expected):
    text = """
        patient | days before | code | value
              1 |          10 | pain |
    """
    assert answers(text, f"{word} of pain in 90 d", "count of pain in 90 d") == {1: (expected, 1)}


def test_days_since_counts_parts_of_days():
    """The index is at 09:00; a sample at 03:00 that day is a quarter of a day old."""
    text = """
        patient | time                | code | value
              1 | 2026-03-01T03:00:00 | pain | 8
    """
    assert answer(text, "days since last of pain in 30 d") == {1: 0.25}


def test_of_several_values_at_the_latest_time_the_largest_is_the_last():
    """Ties in time are broken by value, never by the order in which rows happen to arrive."""
    text = """
        patient | days before | code | value
              1 |          20 | pain | 10
              1 |           5 | pain | 3
              1 |           5 | pain | 7
              1 |           5 | pain | 4
    """
    assert answer(text, "last of pain in 30 d") == {1: 7}


def test_of_several_values_at_the_earliest_time_the_largest_is_the_first():
    text = """
        patient | days before | code | value
              1 |          20 | pain | 2
              1 |          20 | pain | 6
              1 |          20 | pain | 5
              1 |           5 | pain | 9
    """
    assert answer(text, "first of pain in 30 d") == {1: 6}


def test_first_looks_for_the_earliest_event_of_its_own_window():
    """Each window has its own first; a wider one reaches further back."""
    sentences = [f"first of pain {window}" for window in ("in 7 d", "in 15 d", "in 30 d", "ever")]
    assert answers(PAIN, *sentences)[1] == (6, 4, 8, 9)


def test_slope_is_the_change_per_year_of_the_straight_line_through_the_values():
    """Two points fall by 1 in 73 days: that is 5.004 in a year of 365.25 days."""
    text = """
        patient | days before | code | value
              1 |          93 | pain | 7
              1 |          20 | pain | 6
    """
    assert answer(text, "slope of pain in 1 y") == {1: pytest.approx(-365.25 / 73)}


def test_slope_is_least_squares():
    """Scores 5, 6, 6, 9 at even steps of 36.525 days: the line rises by 1.2 a step, 12 a year."""
    text = """
        patient | days before | code | value
              1 |     119.575 | pain | 5
              1 |      83.050 | pain | 6
              1 |      46.525 | pain | 6
              1 |      10.000 | pain | 9
    """
    assert answer(text, "slope of pain in 1 y") == {1: pytest.approx(12)}


def test_slope_is_unknown_unless_two_times_differ():
    """One visit has no direction, even with two scores."""
    text = """
        patient | days before | code | value
              1 |          20 | pain | 7
              1 |          20 | pain | 6
              2 |          20 | pain | 7
    """
    assert answer(text, "slope of pain in 1 y") == {1: None, 2: None}


def test_slope_is_unknown_when_one_of_the_values_has_no_time():
    text = """
        patient | days before | code | value
              1 | always      | pain | 7
              1 |          20 | pain | 7
              1 |          10 | pain | 6
    """
    assert answers(text, "slope of pain ever", "slope of pain in 1 y")[1] == (None, pytest.approx(-36.525))


def test_spread_is_the_standard_deviation_among_patients_of_whom_these_scores_are_a_sample():
    """Divided by n - 1. A single score has no spread; equal scores have none either: zero."""
    text = """
        patient | days before | code | value
              1 |          20 | pain | 4
              1 |          10 | pain | 6
              2 |          10 | pain | 6
              3 |          20 | pain | 6
              3 |          10 | pain | 6
    """
    assert answer(text, "spread of pain in 1 y") == {1: pytest.approx(2**0.5), 2: None, 3: 0}


def test_the_same_event_given_twice_counts_once():
    """Same patient, time, code and value. Another value at the same time is another event."""
    text = """
        patient | days before | code | value
              1 |          20 | pain | 8
              1 |          20 | pain | 8
              1 |          20 | pain | 5
    """
    assert answers(text, "count of pain in 30 d", "sum of pain in 30 d") == {1: (2, 13)}
