"""Which events a window holds: those in [index - span, index) that the clinic also knew before the index."""

import pytest

from tests.lib.tables import answer, answers


@pytest.mark.parametrize(
    ("when", "counted"),
    [
        ("2026-01-30T09:00:00", 1),  # exactly 30 days before the index at 2026-03-01 09:00
        ("2026-01-30T08:59:59.999999", 0),
        ("2026-03-01T08:59:59.999999", 1),
        ("2026-03-01T09:00:00", 0),
        ("2026-03-02", 0),
    ],
)
def test_a_window_begins_exactly_at_its_span_and_ends_just_before_the_index(when, counted):
    """An event exactly 30 days old counts; one exactly at the index does not."""
    text = f"""
        patient | time   | code | value
              1 | {when} | pain | 5
    """
    assert answer(text, "count of pain in 30 d") == {1: counted}


@pytest.mark.parametrize(
    ("span", "days"), [("in 1 d", 1), ("in 7 d", 7), ("in 1 mo", 30), ("in 1 y", 365), ("in 100 y", 36500)]
)
def test_a_month_is_30_days_and_a_year_365(span, days):
    text = f"""
        patient | days before | code | value
              1 | {days}      | pain | 5
              2 | {days}.001  | pain | 5
    """
    assert answer(text, f"count of pain {span}") == {1: 1, 2: 0}


def test_a_month_and_thirty_days_are_the_same_window():
    text = """
        patient | days before | code | value
              1 | 30          | pain | 5
              1 | 3           | pain | 7
    """
    assert answers(text, "mean of pain in 1 mo", "mean of pain in 30 d") == {1: (6, 6)}


@pytest.mark.parametrize(
    ("known", "counted"),
    [("", 1), ("1", 1), ("0.00001", 1), ("0", 0), ("-1", 0)],
)
def test_a_result_counts_only_from_when_the_clinic_knew_it(known, counted):
    """A sample taken before the index whose result arrives at the index or later does not exist yet."""
    text = f"""
        patient | days before | code | value | known
              1 | 5           | crp  | 12    | {known}
    """
    assert answer(text, "count of crp in 30 d") == {1: counted}


def test_how_old_an_event_is_goes_by_when_it_happened_not_by_when_it_was_known():
    text = """
        patient | days before | code | value | known
              1 | 40          | crp  | 12    | 10
    """
    assert answers(text, "count of crp in 30 d", "days since last of crp in 90 d") == {1: (0, 40)}


def test_something_known_before_it_happened_is_not_seen_before_it_happens():
    """A planned procedure is entered in advance; it counts from its own time."""
    text = """
        patient | days before | code | value | known
              1 | -5          | rfa  |       | 10
    """
    assert answer(text, "count of rfa ever") == {1: 0}


def test_ever_reaches_back_to_the_first_record():
    text = """
        patient | time       | code | value
              1 | 1931-05-07 | pain | 4
    """
    assert answer(text, "last of pain ever") == {1: 4}


def test_a_fact_without_a_time_is_seen_by_ever_alone():
    """Its age is not known, so no shorter window can hold it, and no days can be counted from it."""
    text = """
        patient | days before | code  | value
              1 | always      | facet |
    """
    sentences = ["count of facet ever", "count of facet in 100 y", "days since last of facet ever"]
    assert answers(text, *sentences) == {1: (1, 0, None)}


def test_a_fact_without_a_time_is_older_than_everything_that_has_one():
    text = """
        patient | days before | code | value
              1 | always      | pain | 2
              1 | 10          | pain | 8
    """
    assert answers(text, "first of pain ever", "last of pain ever") == {1: (2, 8)}


def test_days_since_first_is_unknown_when_the_first_has_no_time():
    text = """
        patient | days before | code | value
              1 | always      | pain | 2
              1 | 10          | pain | 8
    """
    assert answers(text, "days since first of pain ever", "days since last of pain ever") == {1: (None, 10)}


def test_patients_do_not_share_events():
    text = """
        patient | days before | code | value
              1 | 10          | pain | 2
              2 | 10          | crp  | 8
    """
    assert answers(text, "last of pain ever", "last of crp ever") == {1: (2, None), 2: (None, 8)}
