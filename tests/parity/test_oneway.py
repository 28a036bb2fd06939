"""A branch asked the other way round sends values where they went before, and the missing to the right."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from painresponse.export.oneway import column, limit

LARGEST = float(np.finfo(np.float32).max)
ANY_FLOAT = st.floats(width=32, allow_nan=False)


@given(ANY_FLOAT, ANY_FLOAT)
@example(LARGEST, LARGEST)
@example(np.inf, LARGEST)
@example(np.inf, np.inf)
@example(-np.inf, -np.inf)
@example(-LARGEST, -np.inf)
@example(-0.0, 0.0)
def test_up_to_a_threshold_and_above_it_are_asked_of_the_value_and_of_its_negative(value, threshold):
    x = np.float32(value)
    assert (x <= np.float32(limit(threshold, above=False))) == (value <= threshold)
    assert (-x <= np.float32(limit(threshold, above=True))) == (value > threshold)


@given(ANY_FLOAT)
def test_what_is_missing_is_up_to_nothing(threshold):
    for above in (False, True):
        assert not np.float32(np.nan) <= np.float32(limit(threshold, above=above))


def test_negatives_stand_behind_the_features():
    assert [column(2, above=above, width=5) for above in (False, True)] == [2, 7]
