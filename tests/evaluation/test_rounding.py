from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from painresponse.evaluation.bootstrap import Estimate
from painresponse.evaluation.rounding import interval, rounded, rounded_all, rounded_record


@dataclass(frozen=True)
class Mixed:
    share: float
    count: int
    word: str
    absent: float | None


@given(st.floats(-1e300, 1e300))
def test_four_digits_are_kept(value):
    assert rounded(value) == pytest.approx(value, rel=5.001e-4)


def test_what_is_no_number_is_none():
    assert rounded_all([float("nan"), float("inf"), 1.0]) == (None, None, 1.0)


def test_an_estimate_keeps_its_order():
    assert interval(Estimate(0.123456, 0.1, float("nan"))) == (0.1235, 0.1, None)


def test_a_record_has_its_numbers_rounded_and_nothing_else():
    assert rounded_record(Mixed(2 / 3, 123456, "x", None)) == Mixed(0.6667, 123456, "x", None)
