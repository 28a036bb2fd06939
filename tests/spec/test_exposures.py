"""How long a prescription lasts, and the days it covers.

A prescription begins with the code of a drug, taken daily or as needed, and may say how many days it lasts.
It is over when the next one of the same drug begins, when somebody says so, or with its supply.
"""

import pytest

from painresponse.errors import DefinitionError
from tests.lib.tables import answer, answers

YEAR, EVER = "sum of nsaid.days in 1 y", "sum of nsaid.days ever"


def test_a_prescription_covers_the_days_of_its_supply():
    text = """
        patient | days before | code           | value
              1 | 100         | ibuprofen      | 1200
              1 | 100         | ibuprofen days | 30
    """
    assert answer(text, EVER) == {1: 30}


def test_without_a_supply_or_an_end_it_runs_on():
    text = """
        patient | days before | code      | value
              1 | 100         | ibuprofen | 1200
    """
    assert answer(text, EVER) == {1: 100}


def test_an_end_comes_before_the_supply_is_used_up():
    text = """
        patient | days before | code           | value
              1 | 100         | ibuprofen      | 1200
              1 | 100         | ibuprofen days | 30
              1 | 90          | ibuprofen stop |
    """
    assert answer(text, EVER) == {1: 10}


@pytest.mark.parametrize(("refill", "covered"), [(80, 50), (70, 60), (60, 60)])
def test_an_early_refill_takes_over_and_nothing_is_carried_over(refill, covered):
    """Two supplies of 30 days; the second begun 20, 30 or 40 days after the first."""
    text = f"""
        patient | days before | code           | value
              1 | 100         | ibuprofen      | 1200
              1 | 100         | ibuprofen days | 30
              1 | {refill}    | ibuprofen      | 1200
              1 | {refill}    | ibuprofen days | 30
    """
    assert answer(text, EVER) == {1: covered}


def test_of_two_supplies_said_at_once_the_longer_counts():
    text = """
        patient | days before | code           | value
              1 | 100         | ibuprofen      | 1200
              1 | 100         | ibuprofen days | 30
              1 | 100         | ibuprofen days | 14
    """
    assert answer(text, EVER) == {1: 30}


@pytest.mark.parametrize("days", [0, -30])
def test_a_supply_of_no_days_is_impossible(days):
    """Rejected on the way in: the prescription runs on."""
    text = f"""
        patient | days before | code           | value
              1 | 100         | ibuprofen      | 1200
              1 | 100         | ibuprofen days | {days}
    """
    assert answer(text, EVER) == {1: 100}


def test_a_supply_may_be_said_in_weeks():
    text = """
        patient | days before | code           | value | unit
              1 | 100         | ibuprofen      | 1200  | mg/d
              1 | 100         | ibuprofen days | 2     | wk
    """
    assert answer(text, EVER) == {1: 14}


def test_a_supply_without_a_prescription_beside_it_says_nothing():
    text = """
        patient | days before | code           | value
              1 | 100         | ibuprofen      | 1200
              1 | 90          | ibuprofen days | 10
              1 | 50          | ibuprofen stop |
              2 | 90          | ibuprofen days | 10
    """
    assert answer(text, EVER) == {1: 50, 2: 0}


def test_a_supply_that_is_not_yet_known_limits_nothing():
    text = """
        patient | days before | code           | value | known
              1 | 100         | ibuprofen      | 1200  |
              1 | 100         | ibuprofen days | 30    | -1
    """
    assert answer(text, EVER) == {1: 100}


def test_a_supply_is_no_dose():
    """90 days of 40 mg of oxycodone: 60 mg of morphine a day."""
    text = """
        patient | days before | code           | value
              1 | 100         | oxycodone      | 40
              1 | 100         | oxycodone days | 90
    """
    assert answers(text, "last of oxycodone.mme ever", "count of oxycodone.mme ever") == {1: (60, 1)}


def test_a_prescription_taken_as_needed_covers_its_days_too():
    text = """
        patient | days before | code                | value
              1 | 100         | ibuprofen as needed | 800
              1 | 100         | ibuprofen days      | 20
    """
    assert answer(text, EVER) == {1: 20}


def test_what_ends_by_itself_may_be_said_to_end_sooner_not_later():
    """A nerve block lasts 28 days."""
    text = """
        patient | days before | code             | value
              1 | 100         | nerve_block      |
              1 | 100         | nerve_block days | 7
              2 | 100         | nerve_block      |
              2 | 100         | nerve_block days | 90
              3 | 100         | nerve_block      |
              3 | 60          | nerve_block stop |
    """
    assert answer(text, "sum of nerve_block.days ever") == {1: 7, 2: 28, 3: 28}


def test_everything_a_class_is_given_under_its_own_codes_is_one_treatment():
    text = """
        patient | days before | code       | value
              1 | 100         | nsaid      |
              1 | 80          | ibuprofen  | 1200
              1 | 70          | nsaid stop |
              1 | 60          | ibuprofen stop |
    """
    assert answer(text, EVER) == {1: 40}


# --- days covered ---


def test_days_on_any_drug_of_a_class_are_counted_once():
    text = """
        patient | days before | code            | value
              1 | 100         | gabapentin      | 900
              1 | 80          | pregabalin      | 150
              1 | 60          | gabapentin stop |
              1 | 50          | pregabalin stop |
              1 | 40          | pregabalin      | 150
              1 | 30          | pregabalin stop |
    """
    assert answer(text, "sum of gabapentinoid.days ever") == {1: 60}


def test_only_the_days_inside_the_window_count_whichever_other_windows_are_asked_for():
    text = """
        patient | days before | code           | value
              1 | 500         | ibuprofen      | 1200
              1 | 100         | ibuprofen stop |
              1 | 40          | ibuprofen      | 1200
    """
    windows = ("in 30 d", "in 90 d", "in 365 d", "in 400 d", "ever")
    said = [f"sum of nsaid.days {window}" for window in windows]
    assert answers(text, *said) == {1: (30, 40, 305, 340, 440)}
    assert answer(text, YEAR) == {1: 305}


def test_the_last_day_covered_is_the_day_before_the_index_while_it_still_runs():
    text = """
        patient | days before | code           | value
              1 | 100         | ibuprofen      | 1200
              2 | 100         | ibuprofen      | 1200
              2 | 50          | ibuprofen stop |
              3 | 10          | pain           | 5
    """
    found = answers(text, "days since last of nsaid.days ever", "measured of nsaid.days in 30 d")
    assert found == {1: (pytest.approx(0, abs=1e-9), 1), 2: (pytest.approx(50), 0), 3: (None, 0)}


@pytest.mark.parametrize(
    "sentence",
    [
        "count of nsaid.days in 1 y",
        "mean of opioids.mme in 30 d",
        "last of opioids.days ever",
        "sum of nsaid.days in 90 d before the last rfa",
        "sum of opioids.mme since the last rfa",
    ],
)
def test_stretches_are_summed_before_the_index_and_nothing_else(sentence):
    """How many pieces the windows of a plan cut them into means nothing."""
    with pytest.raises(DefinitionError, match="Say sum, measured or days since last"):
        answer("patient | days before | code\n1 | 10 | ibuprofen", sentence)
