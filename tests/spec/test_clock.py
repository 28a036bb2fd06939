"""Between two hours of the day: a cortisol without its clock time is unusable."""

import pytest

from painresponse.errors import DefinitionError
from painresponse.language import events, parse
from tests.lib.tables import answer, answers


@pytest.mark.parametrize(
    ("clock", "counted"),
    [("05:59:59.999999", 0), ("06:00", 1), ("09:59:59.999999", 1), ("10:00", 0)],
)
def test_a_band_begins_at_its_first_hour_and_ends_just_before_its_last(clock, counted):
    text = f"""
        patient | time               | code     | value
              1 | 2026-02-20T{clock} | cortisol | 400
    """
    assert answer(text, "count of cortisol between 6 and 10 h in 30 d") == {1: counted}


def test_each_band_has_its_own_last():
    text = """
        patient | time             | code     | value
              1 | 2026-02-18T08:00 | cortisol | 400
              1 | 2026-02-19T16:00 | cortisol | 200
              1 | 2026-02-20T23:30 | cortisol | 90
    """
    bands = [("6", "10"), ("15", "18"), ("20", "24")]
    sentences = [f"last of cortisol between {start} and {stop} h in 30 d" for start, stop in bands]
    assert answers(text, *sentences, "last of cortisol in 30 d") == {1: (400, 200, 90, 90)}


def test_a_sample_with_only_a_date_counts_as_midnight():
    """So it never passes for a morning, an afternoon or an evening sample."""
    text = """
        patient | time       | code     | value
              1 | 2026-02-20 | cortisol | 400
    """
    sentences = [
        f"count of cortisol between {band} h in 30 d" for band in ("0 and 1", "6 and 10", "20 and 24")
    ]
    assert answers(text, *sentences) == {1: (1, 0, 0)}


def test_the_clock_is_the_same_before_1970():
    text = """
        patient | time             | code     | value
              1 | 1969-12-30T08:00 | cortisol | 400
    """
    assert answer(text, "count of cortisol between 6 and 10 h ever") == {1: 1}


def test_a_fact_without_a_time_has_no_time_of_day():
    text = """
        patient | days before | code     | value
              1 | always      | cortisol | 400
    """
    assert answer(text, "count of cortisol between 0 and 24 h ever") == {1: 0}


def test_a_band_and_the_whole_day_are_counted_independently():
    text = """
        patient | time             | code     | value
              1 | 2026-02-18T08:00 | cortisol | 400
              1 | 2026-02-18T12:00 | cortisol | 300
    """
    sentences = ["count of cortisol between 6 and 10 h in 30 d", "count of cortisol in 30 d"]
    assert answers(text, *sentences) == {1: (1, 2)}


@pytest.mark.parametrize("hours", [(10, 6), (6, 6), (-1, 5), (20, 25)])
def test_a_band_that_is_no_time_of_day_is_refused(hours):
    with pytest.raises(DefinitionError, match="There is no time of day between"):
        events("cortisol").between(*hours)


def test_a_trial_of_treatment_has_no_time_of_day(catalogue):
    with pytest.raises(DefinitionError, match="has no time of day"):
        answer(
            "patient | days before | code\n1 | 3 | nsaid",
            str(parse("count of nsaid.failed between 6 and 10 h ever")),
        )
