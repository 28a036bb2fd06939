"""Features made of features: age, ratio, difference, total, how many."""

import pytest

from tests.lib.tables import answer

TWO = """
    patient | days before | code | value
    --------+-------------+------+------
          1 | 10          | pain | 6
          1 | 10          | crp  | 4
          2 | 10          | pain | 6
          3 | 10          | pain | 6
          3 | 10          | crp  | 0
          4 | 10          | rfa  |
"""


def test_age_is_in_years_of_365_and_a_quarter_days():
    """Born 1966-03-01 09:00, asked on 2026-03-01 09:00: 21,915 days. Without a birth date: unknown."""
    text = """
        patient | time             | code       | value
              1 | 1966-03-01T09:00 | MEDS_BIRTH |
              2 | 2026-02-01       | pain       | 5
    """
    assert answer(text, "age") == {1: 60, 2: None}


def test_of_two_birth_dates_the_earlier_counts():
    text = """
        patient | time             | code       | value
              1 | 1966-03-01T09:00 | MEDS_BIRTH |
              1 | 1986-03-01T09:00 | MEDS_BIRTH |
    """
    assert answer(text, "age") == {1: 60}


def test_a_ratio_is_unknown_when_a_part_is_unknown_or_the_divisor_is_zero():
    sentence = "ratio of (last of pain in 30 d) to (last of crp in 30 d)"
    assert answer(TWO, sentence) == {1: 1.5, 2: None, 3: None, 4: None}


def test_nothing_divided_by_something_is_zero():
    sentence = "ratio of (last of crp in 30 d) to (last of pain in 30 d)"
    assert answer(TWO, sentence)[3] == 0


def test_a_difference_is_the_first_less_the_second():
    sentence = "difference of (last of pain in 30 d) and (last of crp in 30 d)"
    assert answer(TWO, sentence) == {1: 2, 2: None, 3: 6, 4: None}


def test_a_total_leaves_out_what_is_unknown_unless_all_is():
    sentence = "total of (last of pain in 30 d) and (last of crp in 30 d)"
    assert answer(TWO, sentence) == {1: 10, 2: 6, 3: 6, 4: None}


def test_how_many_counts_the_features_above_zero_and_unknown_is_not_above_zero():
    sentence = "how many of (last of pain in 30 d) and (last of crp in 30 d) and (count of rfa ever)"
    assert answer(TWO, sentence) == {1: 2, 2: 1, 3: 1, 4: 1}


def test_combinations_may_be_combined():
    """The share of the tried classes that failed is a ratio of two counts."""
    part = "how many of (last of pain in 30 d) and (last of crp in 30 d)"
    sentence = f"ratio of ({part}) to (difference of (last of pain in 30 d) and (last of crp in 30 d))"
    assert answer(TWO, sentence)[1] == pytest.approx(1.0)


def test_one_thing_may_be_said_twice_and_means_the_same():
    assert answer(TWO, "ratio of (last of pain in 30 d) to (last of pain in 30 d)")[1] == 1
