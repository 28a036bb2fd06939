"""One subject's history, row by row: what cannot be read is named by its row and column."""

from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from painresponse.errors import RecordError
from painresponse.records.rows import ask, history, instant
from painresponse.schema import STATIC


def test_times_are_read_as_the_clinics_own_clock():
    raw = history(
        ["2026-03-01T08:30:00", "2026-03-01", datetime(2026, 3, 1, 8, 30), None], ["a"] * 4, [1] * 4
    )
    assert raw.time[:3].astype("datetime64[us]").tolist() == [
        datetime(2026, 3, 1, 8, 30),
        datetime(2026, 3, 1),
        datetime(2026, 3, 1, 8, 30),
    ]
    assert raw.time[3] == STATIC


def test_what_is_not_said_to_be_known_later_was_known_at_once():
    raw = history(
        ["2026-03-01", "2026-03-01", None], ["a"] * 3, [1] * 3, available=[None, "2026-03-04", None]
    )
    assert raw.available[0] == raw.time[0]
    assert (raw.available[1] - raw.time[1]) // 86_400_000_000 == 3
    assert raw.available[2] == STATIC


def test_codes_and_units_point_into_sorted_names():
    raw = history([None] * 3, ["b", "a", "b"], [1, 2, 3], units=["mg", None, ""])
    assert [raw.codes[place] for place in raw.code] == ["b", "a", "b"]
    assert [raw.units[place] for place in raw.unit] == ["mg", "", ""]


def test_values_are_float32_as_the_shards_hold_them():
    """7.1 from a form is the 7.1 of a Parquet file, or a patient would score differently at the desk."""
    raw = history([None] * 3, ["a"] * 3, [7.1, None, 1e39])
    assert raw.value.dtype == np.float32
    assert raw.value[0] == np.float32(7.1)
    assert np.isnan(raw.value[1])
    assert np.isinf(raw.value[2])


def test_an_empty_history_is_a_history():
    assert len(history([], [], [])) == 0


@pytest.mark.parametrize(
    "columns",
    [
        {"times": ["2026-01-01"]},
        {"values": [1.0]},
        {"units": ["mg"]},
        {"available": [None] * 3},
    ],
)
def test_columns_of_different_lengths_are_refused(columns):
    full = {"times": ["2026-01-01"] * 2, "codes": ["a", "b"], "values": [1.0, 2.0]}
    with pytest.raises(RecordError, match="must have the same number of entries"):
        history(**{**full, **columns})


@pytest.mark.parametrize(
    "time", ["yesterday", "01.03.2026", "2026-02-30", "2026-03-01T25:00", "", 20260301, 5.5]
)
def test_what_is_no_time_is_named_by_its_row(time):
    with pytest.raises(RecordError, match=r"events\[1\]\.time is not a date or time\. Write it like"):
        history(["2026-01-01", time], ["a", "b"], [1, 2])


def test_a_date_without_a_clock_must_be_given_as_text():
    with pytest.raises(RecordError, match=r"events\[0\]\.time is not a date or time"):
        history([date(2026, 3, 1)], ["a"], [1])


@pytest.mark.parametrize(
    "time", ["2026-03-01T08:30:00Z", "2026-03-01T08:30:00+02:00", datetime(2026, 3, 1, tzinfo=UTC)]
)
def test_a_time_zone_is_refused_because_the_hour_of_a_sample_has_a_meaning(time):
    with pytest.raises(RecordError, match=r"events\[0\]\.available_time carries a time zone"):
        history(["2026-03-01"], ["a"], [1], available=[time])


@pytest.mark.parametrize("value", ["high", [1, 2], {}, 10**400])
def test_a_value_that_is_no_number_is_named_by_its_row(value):
    with pytest.raises(RecordError, match=r"events\[1\]\.value is not a number"):
        history([None] * 3, ["a"] * 3, [None, value, 2.0])


@pytest.mark.parametrize("code", [None, 17, ["a"]])
def test_a_code_that_is_no_text_is_named_by_its_row(code):
    with pytest.raises(RecordError, match=r"events\[1\]\.code must be text"):
        history([None] * 2, ["a", code], [1, 2])


def test_a_question_is_asked_at_an_instant():
    asked = ask("2026-03-01T09:00", subject=4)
    assert (asked.subject.tolist(), asked.index.tolist()) == ([4], [instant("2026-03-01T09:00", "index")])


def test_a_question_without_an_instant_is_refused():
    with pytest.raises(RecordError, match="index is missing"):
        ask(None)


stamps = st.builds(
    lambda date, clock, more: date + clock + more,
    st.from_regex(r"(0000|0001|1999|2026)-(0[0-9]|1[0-3])-([0-2][0-9]|3[0-2])", fullmatch=True),
    st.from_regex(r"|[T ](0[0-9]|2[34])(:?[0-6][0-9](:[0-6][0-9])?)?", fullmatch=True),
    st.sampled_from(
        ["", "", "", ".5", ".123", ".123456", ".1234567", "Z", "+02:00", "\n", "\n2026-01-01", " "]
    ),
)


@given(times=st.lists(st.none() | stamps, min_size=1, max_size=4))
def test_stamps_are_read_together_as_each_alone(times):
    """The usual forms are read by another reader, all at once: it must not read any otherwise."""
    try:
        alone = [STATIC if one is None else instant(one, "t") for one in times]
    except RecordError:
        with pytest.raises(RecordError, match=r"events\[\d\]\.time"):
            history(times, ["PR//pain"] * len(times), [None] * len(times))
    else:
        read = history(times, ["PR//pain"] * len(times), [None] * len(times))
        assert read.time.tolist() == alone
