"""Samples of one day that belong together.

In these tables saliva is sampled for cortisol. `morning` is the awakening response: a first sample and one
15, 30 and 45 minutes after it, each at most 5 minutes off. `day` is the course of a day: at least 3 samples
over at least 6 hours. A steroid injection disturbs what is sampled in the 42 days after it.
"""

from datetime import datetime, timedelta
from math import log

import numpy as np
import pytest

from painresponse.engine import curves
from painresponse.errors import DefinitionError
from tests.lib.tables import answer, answers

MORNING = """
    patient | time             | code   | value
          1 | 2026-02-18T07:00 | saliva | 8
          1 | 2026-02-18T07:15 | saliva | 12
          1 | 2026-02-18T07:30 | saliva | 16
          1 | 2026-02-18T07:45 | saliva | 14
"""

DAY = """
    patient | time             | code   | value
          1 | 2026-02-18T08:00 | saliva | 16
          1 | 2026-02-18T14:00 | saliva | 4
          1 | 2026-02-18T20:00 | saliva | 1
"""


def near(value):
    return pytest.approx({1: value}, rel=1e-12)


def test_the_area_under_the_curve_is_reckoned_from_zero_or_from_the_first_value():
    """Trapezoids of 15 minutes: 150, 210 and 225; the first value takes 8 times 45 of them."""
    sentences = ["last of morning.auc_ground in 30 d", "last of morning.auc_increase in 30 d"]
    assert answers(MORNING, *sentences) == {1: (585, 225)}


def test_a_curve_that_falls_has_an_area_of_increase_below_zero():
    text = MORNING.replace("12", "7").replace("16", "6").replace("14", "5")
    sentences = ["last of morning.auc_increase ever", "last of morning.rise ever"]
    assert answers(text, *sentences) == {1: (-67.5, -1)}


def test_the_rise_the_peak_and_the_slopes_per_minute():
    """From 8 to 16 in half an hour, and 14 in the end."""
    sentences = [
        f"last of morning.{one} ever" for one in ("rise", "peak", "slope", "slope_15", "slope_30", "slope_45")
    ]
    assert answers(MORNING, *sentences) == {1: (8, 16, 6 / 45, 4 / 15, 8 / 30, 6 / 45)}


def test_minutes_are_those_of_the_clock_not_those_of_the_plan():
    """Sampled 3 minutes late in the end: 225 more for those, times 48 instead of 45."""
    text = MORNING.replace("07:45", "07:48")
    sentences = ["last of morning.auc_ground ever", "last of morning.slope ever"]
    assert answers(text, *sentences) == {1: (360 + 18 * 15, 6 / 48)}


@pytest.mark.parametrize(("late", "curves"), [("07:20", 1), ("07:21", 0), ("07:10", 1), ("07:09", 0)])
def test_a_sample_too_far_from_its_time_leaves_no_curve(late, curves):
    text = MORNING.replace("07:15", late)
    assert answer(text, "count of morning.rise ever") == {1: curves}


@pytest.mark.parametrize("lost", ["07:00", "07:15", "07:30", "07:45"])
def test_a_curve_that_lacks_a_sample_is_unknown_never_zero(lost):
    text = "\n".join(line for line in MORNING.splitlines() if lost not in line)
    sentences = ["last of morning.auc_increase ever", "count of morning.auc_increase ever"]
    assert answers(text, *sentences) == {1: (None, 0)}


def test_a_sample_whose_value_is_unknown_keeps_its_place_and_spoils_the_curve():
    """Else the curve would begin with the second sample, and nobody could tell."""
    text = MORNING.replace("| 8", "| ") + "          1 | 2026-02-18T08:00 | saliva | 12\n"
    assert answer(text, "count of morning.rise ever") == {1: 0}


def test_a_longer_series_is_one_curve_the_earliest():
    text = MORNING + "          1 | 2026-02-18T08:00 | saliva | 30\n"
    assert answers(text, "count of morning.peak ever", "last of morning.peak ever") == {1: (1, 16)}


def test_a_lone_sample_before_does_not_spoil_the_curve():
    text = MORNING + "          1 | 2026-02-18T06:52 | saliva | 3\n"
    assert answers(text, "count of morning.rise ever", "last of morning.rise ever") == {1: (1, 8)}


def test_of_two_samples_at_one_moment_the_larger_counts():
    text = MORNING + "          1 | 2026-02-18T07:30 | saliva | 20\n"
    assert answer(text, "last of morning.peak ever") == {1: 20}


def test_of_two_samples_equally_near_their_time_the_earlier_is_taken():
    text = MORNING.replace("07:15", "07:13") + "          1 | 2026-02-18T07:17 | saliva | 20\n"
    assert answer(text, "last of morning.slope_15 ever") == {1: 4 / 13}


def test_a_curve_is_dated_at_its_last_sample():
    """At 7:45, eleven days before the index, which is 1 March at 9:00."""
    days = 11 + 1.25 / 24
    assert answer(MORNING, "days since last of morning.rise ever") == near(days)
    assert answer(MORNING, "count of morning.rise in 11 d") == {1: 0}


def test_mornings_are_summarised_like_any_other_events():
    second = MORNING.replace("02-18", "02-20").replace("| 16", "| 10")
    text = MORNING + "\n".join(second.splitlines()[2:])
    sentences = [f"{word} of morning.rise ever" for word in ("first", "last", "mean", "count")]
    assert answers(text, *sentences) == {1: (8, 6, 7, 2)}


def test_a_curve_is_known_when_its_last_result_is():
    """The laboratory reported one of the four only after the index."""
    text = """
        patient | time             | code   | value | known
              1 | 2026-02-18T07:00 | saliva | 8     |
              1 | 2026-02-18T07:15 | saliva | 12    | -1
              1 | 2026-02-18T07:30 | saliva | 16    |
              1 | 2026-02-18T07:45 | saliva | 14    |
    """
    assert answer(text, "count of morning.rise ever") == {1: 0}


@pytest.mark.parametrize(("steroid", "curves"), [("2026-01-08", 0), ("2026-01-06", 1), ("2026-02-19", 1)])
def test_what_disturbs_the_samples_leaves_no_curve(steroid, curves):
    text = MORNING + f"          1 | {steroid}T07:30 | steroid |\n"
    assert answer(text, "count of morning.rise ever") == {1: curves}


def test_a_sample_without_a_time_belongs_to_no_curve():
    text = """
        patient | days before | code   | value
              1 | always      | saliva | 8
              1 | always      | saliva | 12
    """
    assert answers(text, "count of morning.rise ever", "count of day.slope ever") == {1: (0, 0)}


def test_the_slope_of_a_day_is_the_change_of_the_logarithm_per_hour():
    """A quarter every six hours."""
    assert answer(DAY, "last of day.slope in 30 d") == near(log(1 / 4) / 6)


def test_the_slope_of_a_day_is_that_of_the_line_closest_to_its_samples():
    text = DAY.replace("14:00 | saliva | 4", "10:00 | saliva | 8")
    slope = np.polyfit([8, 10, 20], np.log([16, 8, 1]), 1)[0]
    assert answer(text, "last of day.slope ever") == pytest.approx({1: slope}, rel=1e-12)


@pytest.mark.parametrize(("at", "days"), [("13:59", 0), ("14:00", 1)])
def test_a_day_needs_samples_over_six_hours(at, days):
    text = DAY.replace("14:00", "11:00").replace("20:00", at)
    assert answer(text, "count of day.slope ever") == {1: days}


@pytest.mark.parametrize("value", ["", "0"])
def test_a_day_needs_three_samples_that_have_a_logarithm(value):
    text = DAY.replace("saliva | 4", f"saliva | {value}")
    assert answer(text, "count of day.slope ever") == {1: 0}


def test_samples_of_two_days_are_not_one():
    text = DAY.replace("02-18T20:00", "02-19T00:00")
    assert answer(text, "count of day.slope ever") == {1: 0}


def test_the_rise_after_awakening_is_left_out_of_the_day():
    """Its four samples are left out; three others remain."""
    rest = "\n".join(DAY.splitlines()[2:])
    text = MORNING.replace("T07:", "T06:") + rest
    assert answer(text, "last of day.slope ever") == near(log(1 / 4) / 6)


@pytest.mark.parametrize(("woken", "days"), [("07:00", 1), ("07:01", 0), ("08:00", 0), ("08:01", 1)])
def test_where_the_time_of_waking_is_known_the_hour_after_it_is_left_out(woken, days):
    """The first sample, at 8:00, is needed."""
    text = DAY + f"          1 | 2026-02-18T{woken} | awakening |\n"
    assert answer(text, "count of day.slope ever") == {1: days}


def test_waking_on_another_day_says_nothing_of_this_one():
    text = DAY.replace("08:00", "00:30") + "          1 | 2026-02-17T23:50 | awakening |\n"
    assert answer(text, "count of day.slope ever") == {1: 1}


def test_a_day_has_no_area_and_a_word_nobody_knows_is_refused():
    with pytest.raises(DefinitionError, match=r"Unknown concept 'day.rise'.*day.slope"):
        answer(DAY, "last of day.rise ever")


def test_the_formulas_are_those_of_the_field():
    """One curve by hand: minutes 0, 15, 45 and values 2, 6, 4."""
    minutes, values = np.array([0.0, 15, 45]), np.array([2.0, 6, 4])
    assert {name: float(one(minutes, values)) for name, one in curves.MEASURES.items()} == {
        "auc_ground": 60 + 150,
        "auc_increase": 210 - 90,
        "rise": 4,
        "peak": 6,
        "slope": 2 / 45,
    }


def test_a_curve_seen_before_it_was_complete_is_none():
    """Asked at 7:40, before the last sample."""
    now = datetime(2026, 3, 1, 9)
    rows = "".join(
        f"1 | {now - timedelta(minutes=40 - minute):%Y-%m-%dT%H:%M} | saliva | 9\n"
        for minute in (0, 15, 30, 45)
    )
    text = f"patient | time | code | value\n{rows}"
    assert answers(text, "count of saliva ever", "count of morning.rise ever") == {1: (3, 0)}
