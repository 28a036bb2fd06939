"""Undisturbed measurements: those that nothing named by the concept's ``disturbed_by`` preceded too closely.

In these tables cortisol is disturbed by a steroid for 42 days and by an ablation for 10.
"""

import pytest

from tests.lib.tables import answer

INJECTED = """
    patient | days before | code     | value | known
    --------+-------------+----------+-------+------
          1 | 100         | steroid  |       |
          1 | 70          | cortisol | 90    |
          1 | 50          | cortisol | 310   |
          2 | 20          | cortisol | 330   |
          3 | 60          | cortisol | 350   |
          3 | 30          | steroid  |       |
          4 | 40          | steroid  |       | -1
          4 | 30          | cortisol | 120   |
"""


def test_a_value_soon_after_a_steroid_is_left_out():
    """Patient 1: the 90 came 30 days after the injection, the 310 fifty days after."""
    assert answer(INJECTED, "min of undisturbed cortisol in 1 y")[1] == 310


def test_what_comes_after_the_measurement_does_not_disturb_it():
    assert answer(INJECTED, "last of undisturbed cortisol in 1 y")[3] == 350


def test_what_the_clinic_does_not_know_of_yet_disturbs_nothing():
    """Patient 4's injection was entered after the index: to the clinic the 120 still looks sound."""
    assert answer(INJECTED, "last of undisturbed cortisol in 1 y")[4] == 120


def test_that_it_was_measured_at_all_is_another_question():
    assert answer(INJECTED, "count of cortisol in 1 y") == {1: 2, 2: 1, 3: 1, 4: 1}
    assert answer(INJECTED, "count of undisturbed cortisol in 1 y") == {1: 1, 2: 1, 3: 1, 4: 1}


@pytest.mark.parametrize(("days_after", "counted"), [(0, 0), (41.99, 0), (42, 0), (42.01, 1)])
def test_the_stretch_holds_both_its_ends(days_after, counted):
    text = f"""
        patient | days before        | code     | value
              1 | 100                | steroid  |
              1 | {100 - days_after} | cortisol | 300
    """
    assert answer(text, "count of undisturbed cortisol ever") == {1: counted}


def test_each_disturbance_has_its_own_length():
    text = """
        patient | days before | code     | value
              1 | 100         | rfa      |
              1 | 95          | cortisol | 100
              1 | 85          | cortisol | 200
    """
    assert answer(text, "mean of undisturbed cortisol ever") == {1: 200}


def test_a_disturbance_older_than_every_window_still_disturbs():
    text = """
        patient | days before | code     | value
              1 | 45          | steroid  |
              1 | 20          | cortisol | 100
    """
    assert answer(text, "count of undisturbed cortisol in 30 d") == {1: 0}


def test_a_disturbance_without_a_time_has_always_been_so():
    text = """
        patient | days before | code     | value
              1 | always      | steroid  |
              1 | 20          | cortisol | 100
    """
    assert answer(text, "count of undisturbed cortisol ever") == {1: 0}


def test_it_goes_together_with_the_time_of_day_and_with_anchors():
    text = """
        patient | time             | code     | value
              1 | 2026-01-05T08:00 | cortisol | 400
              1 | 2026-01-05T17:00 | cortisol | 200
              1 | 2026-01-20T08:00 | rfa      |
              1 | 2026-01-21T08:00 | cortisol | 50
    """
    assert answer(text, "last of undisturbed cortisol between 6 and 10 h in 1 y") == {1: 400}
    assert answer(text, "count of undisturbed cortisol since the last rfa") == {1: 0}
    assert answer(text, "count of undisturbed cortisol ever before the last rfa") == {1: 2}


def test_a_concept_that_nothing_disturbs_is_the_same_either_way():
    assert answer(
        "patient | days before | code | value\n 1 | 5 | pain | 4", "last of undisturbed pain ever"
    ) == {1: 4}
