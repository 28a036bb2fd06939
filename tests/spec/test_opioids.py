"""Opioid doses as morphine milligram equivalents a day (CDC 2022 factors; never for switching a patient)."""

import pytest

from painresponse.errors import DefinitionError
from tests.lib.tables import answer, answers

DAILY = "total of (last of morphine.mme in 2 y) and (last of oxycodone.mme in 2 y)"


def test_a_dose_is_multiplied_by_its_conversion():
    """40 mg of oxycodone a day is 60 mg of morphine a day."""
    text = """
        patient | days before | code      | value
              1 | 10          | oxycodone | 40
    """
    assert answer(text, "last of oxycodone.mme in 2 y") == {1: 60}


@pytest.mark.parametrize("reason", ["", ": inefficacy", ": adverse effect", ": other"])
def test_a_stop_is_a_dose_of_zero_whatever_the_reason_or_the_value_beside_it(reason):
    text = f"""
        patient | days before | code                    | value
              1 | 100         | oxycodone               | 40
              1 | 10          | oxycodone stop{reason}  | 40
              2 | 100         | oxycodone               | 40
              2 | 10          | oxycodone stop{reason}  |
    """
    assert answer(text, "last of oxycodone.mme in 2 y") == {1: 0, 2: 0}


def test_a_dose_changed_on_the_day_it_was_stopped_goes_on():
    """At one time the largest counts, so an end beside a beginning is a change of dose."""
    text = """
        patient | days before | code           | value
              1 | 10          | oxycodone stop |
              1 | 10          | oxycodone      | 20
    """
    assert answer(text, "last of oxycodone.mme in 2 y") == {1: 30}


def test_the_daily_load_adds_the_last_dose_of_every_opioid():
    """Who never took one has no known load; who stopped both has a load of zero."""
    text = """
        patient | days before | code           | value
              1 | 100         | morphine       | 30
              1 | 50          | oxycodone      | 20
              2 | 100         | morphine       | 30
              2 | 50          | morphine stop  |
              2 | 50          | oxycodone      | 20
              2 | 40          | oxycodone stop |
              3 | 10          | pain           | 5
    """
    assert answer(text, DAILY) == {1: 60, 2: 0, 3: None}


def test_a_dose_in_another_unit_than_declared_is_no_event():
    text = """
        patient | days before | code      | value | unit
              1 | 20          | oxycodone | 40    | mg/d
              1 | 10          | oxycodone | 90    | ug/h
    """
    assert answers(text, "last of oxycodone.mme in 2 y", "count of oxycodone.mme in 2 y") == {1: (60, 1)}


def test_a_dose_as_needed_is_the_dose_as_dispensed_and_takes_over():
    text = """
        patient | days before | code                | value
              1 | 20          | oxycodone           | 40
              1 | 10          | oxycodone as needed | 20
    """
    assert answer(text, "last of oxycodone.mme in 2 y") == {1: 30}


def test_all_codes_of_an_opioid_feed_its_daily_dose():
    text = """
        patient | days before | code               | value
              1 | 20          | morphine           | 40
              1 | 10          | ATC//N02AA01       | 50
              2 | 20          | morphine           | 40
              2 | 10          | ATC//N02AA01//STOP |
    """
    assert answer(text, "last of morphine.mme in 2 y") == {1: 50, 2: 0}


# --- over the days covered ---

AVERAGE = "ratio of (sum of opioids.mme in 30 d) to (sum of opioids.days in 30 d)"
LOAD, COVERED = "sum of opioids.mme in 30 d", "sum of opioids.days in 30 d"


def test_the_load_of_a_window_is_dose_times_days_and_its_average_is_over_covered_days():
    """10 days at 40 mg of oxycodone, then 10 at 20: 45 mg of morphine a day. Days without do not dilute."""
    text = """
        patient | days before | code           | value
              1 | 25          | oxycodone      | 40
              1 | 15          | oxycodone      | 20
              1 | 5           | oxycodone stop |
    """
    assert answers(text, LOAD, COVERED, AVERAGE) == {1: (900, 20, 45)}


def test_only_the_part_of_a_stretch_inside_the_window_counts():
    text = """
        patient | days before | code     | value
              1 | 100         | morphine | 30
    """
    assert answers(text, LOAD, COVERED, AVERAGE, "sum of opioids.mme ever") == {1: (900, 30, 30, 3000)}


def test_the_loads_of_two_opioids_add_up_on_the_days_both_cover():
    """30 mg of morphine on 20 days, 20 mg of oxycodone on the last 10 of them: (600 + 300) / 20."""
    text = """
        patient | days before | code           | value
              1 | 30          | morphine       | 30
              1 | 20          | oxycodone      | 20
              1 | 10          | morphine stop  |
              1 | 10          | oxycodone stop |
    """
    assert answers(text, COVERED, AVERAGE) == {1: (20, 45)}


def test_an_opioid_that_is_never_converted_adds_neither_load_nor_days():
    text = """
        patient | days before | code          | value
              1 | 20          | buprenorphine | 0.4
              2 | 20          | buprenorphine | 0.4
              2 | 10          | morphine      | 30
    """
    assert answers(text, LOAD, COVERED, AVERAGE) == {1: (0, 0, None), 2: (300, 10, 30)}
    assert answer(text, "sum of opioid.days in 30 d") == {1: 20, 2: 20}


def test_no_opioid_is_believed_above_3000_a_day():
    text = """
        patient | days before | code      | value
              1 | 10          | morphine  | 40000
              1 | 10          | oxycodone | 20
    """
    assert answer(text, AVERAGE) == {1: 3030}


def test_a_dose_nobody_wrote_down_adds_days_and_no_load():
    text = """
        patient | days before | code     | value
              1 | 20          | morphine |
              1 | 10          | morphine | 30
    """
    assert answers(text, LOAD, COVERED) == {1: (300, 20)}


def test_who_took_none_has_a_load_of_zero_and_no_average():
    text = """
        patient | days before | code | value
              1 | 10          | pain | 5
    """
    assert answers(text, LOAD, COVERED, AVERAGE) == {1: (0, 0, None)}


def test_an_opioid_that_is_never_converted_has_no_load_to_ask_for():
    with pytest.raises(DefinitionError, match=r"Unknown concept 'buprenorphine\.mme'"):
        answer("patient | days before | code\n1 | 10 | buprenorphine", "last of buprenorphine.mme in 2 y")
