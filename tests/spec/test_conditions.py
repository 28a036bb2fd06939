"""Features that ask and choose: whether, any of, all of, average of, largest of, first known of."""

import pytest

from painresponse.errors import DefinitionError
from painresponse.language import parse
from tests.lib.tables import answer

SCORES = """
    patient | days before | code   | value
    --------+-------------+--------+------
          1 | 10          | pain   | 8
          1 | 10          | crp    | 2
          2 | 10          | pain   | 4
          3 | 10          | crp    | 0
          4 | 10          | marker | 1
"""
PAIN, CRP = "last of pain in 30 d", "last of crp in 30 d"


@pytest.mark.parametrize(
    ("comparison", "eight", "four"),
    [("at least 8", 1, 0), ("above 8", 0, 0), ("at most 4", 0, 1), ("below 4", 0, 0), ("above -1", 1, 1)],
)
def test_whether_compares_with_a_number_and_what_is_unknown_stays_unknown(comparison, eight, four):
    assert answer(SCORES, f"whether ({PAIN}) is {comparison}") == {1: eight, 2: four, 3: None, 4: None}


def test_any_of_asks_only_what_is_known():
    """Patient 2's CRP is unknown: the pain alone decides. Where nothing is known there is no answer."""
    sentence = f"any of (whether ({PAIN}) is above 5) and (whether ({CRP}) is above 1)"
    assert answer(SCORES, sentence) == {1: 1, 2: 0, 3: 0, 4: None}


def test_all_of_needs_every_part_unless_one_already_says_no():
    sentence = f"all of (whether ({PAIN}) is at least 4) and (whether ({CRP}) is above 1)"
    assert answer(SCORES, sentence) == {1: 1, 2: None, 3: 0, 4: None}


def test_an_average_needs_two_known_parts():
    assert answer(SCORES, f"average of ({PAIN}) and ({CRP})") == {1: 5, 2: None, 3: None, 4: None}


def test_the_largest_is_taken_of_what_is_known():
    assert answer(SCORES, f"largest of ({CRP}) and ({PAIN})") == {1: 8, 2: 4, 3: 0, 4: None}


def test_the_first_known_is_the_first_in_the_order_said():
    assert answer(SCORES, f"first known of ({CRP}) and ({PAIN})") == {1: 2, 2: 4, 3: 0, 4: None}
    assert answer(SCORES, f"first known of ({PAIN}) and ({CRP})") == {1: 8, 2: 4, 3: 0, 4: None}


def test_what_is_not_is_said_by_comparing_with_a_half():
    severe = f"whether ({PAIN}) is at least 7"
    assert answer(SCORES, f"whether ({severe}) is below 0.5") == {1: 0, 2: 1, 3: None, 4: None}


def test_conditions_may_hold_conditions():
    inner = f"any of (whether ({PAIN}) is above 7) and (whether ({CRP}) is above 7)"
    assert answer(SCORES, f"how many of ({inner}) and ({CRP})") == {1: 2, 2: 0, 3: 0, 4: 0}


@pytest.mark.parametrize("number", ["many", "1,5", "nan", "inf", "", "1e999"])
def test_a_feature_is_compared_with_a_plain_number(number):
    with pytest.raises(DefinitionError):
        parse(f"whether ({PAIN}) is above {number}")
