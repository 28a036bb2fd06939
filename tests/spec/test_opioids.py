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


def test_an_opioid_that_is_never_converted_has_no_load_to_ask_for():
    with pytest.raises(DefinitionError, match=r"Unknown concept 'buprenorphine\.mme'"):
        answer("patient | days before | code\n1 | 10 | buprenorphine", "last of buprenorphine.mme in 2 y")
