"""Data frames: whatever speaks Arrow gives the same events as a MEDS file, by the same checks."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal

from painresponse.errors import RecordError
from painresponse.readers import asks_of, events_of

NOON = pd.Timestamp("2024-05-01 12:00")
NOON_US = 1_714_564_800_000_000


def frame(**other) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "subject_id": [1, 1, 2],
            "time": [pd.NaT, NOON, NOON],
            "code": ["GENDER//F", "PR//pain", "PR//pain"],
            "numeric_value": [np.nan, 7.0, 4.5],
            **other,
        }
    )


class Speaks:
    """Nothing but the Arrow stream of a table, as Polars or DuckDB offer it."""

    def __init__(self, table: pa.Table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


class SpeaksOneBatch:
    """Nothing but one Arrow batch."""

    def __init__(self, table: pa.Table):
        self._batch = table.combine_chunks().to_batches()[0]

    def __arrow_c_array__(self, requested_schema=None):
        return self._batch.__arrow_c_array__(requested_schema)


def same(one, other):
    for name in ("subject", "time", "available", "value"):
        assert_array_equal(getattr(one, name), getattr(other, name))
    assert [one.codes[p] for p in one.code] == [other.codes[p] for p in other.code]
    assert [p >= 0 and one.units[p] for p in one.unit] == [p >= 0 and other.units[p] for p in other.unit]


def arrow(**other) -> pa.Table:
    return pa.Table.from_pandas(frame(**other), preserve_index=False)


def chunked(**other) -> pa.Table:
    """The same events in two chunks, each with a dictionary of its own."""
    whole = arrow(**other)
    code = whole.schema.get_field_index("code")
    parts = [
        part.set_column(code, "code", part["code"].dictionary_encode()) for part in (whole[:1], whole[1:])
    ]
    return pa.concat_tables(parts)


@pytest.mark.parametrize(
    "given",
    [
        arrow,
        lambda **other: Speaks(arrow(**other)),
        lambda **other: SpeaksOneBatch(arrow(**other)),
        chunked,
        lambda **other: frame(**other).astype({"code": "category"}),
        lambda **other: frame(**other).set_index(pd.Index([7, 7, 7])),
        lambda **other: frame(**other).convert_dtypes(),
    ],
    ids=["pyarrow", "stream", "batch", "chunks", "categories", "index", "nullable"],
)
def test_every_frame_gives_the_events_pandas_gives(given):
    unit = ["", None, "{score}"]
    same(events_of(given(unit=unit)), events_of(frame(unit=unit)))


@pytest.mark.parametrize("kind", [pa.string_view(), pa.dictionary(pa.uint32(), pa.large_string())])
def test_the_text_types_of_polars_are_read(kind):
    table = arrow()
    code = table["code"].cast(pa.string()).combine_chunks()
    table = table.set_column(2, "code", code.cast(kind))
    same(events_of(table), events_of(frame()))


def test_a_dictionary_with_repeats_and_nulls_among_its_words_is_read_by_what_it_says():
    words = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2]), pa.array(["a", "b", "a"]))
    events = events_of(arrow().set_column(2, "code", words))
    assert [events.codes[place] for place in events.code] == ["a", "b", "a"] and len(events.codes) == 2
    absent = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0]), pa.array(["a", None]))
    with pytest.raises(RecordError, match="code is empty in 1 of 3 rows, first in row 2"):
        events_of(arrow().set_column(2, "code", absent))


def test_columns_without_any_value_may_have_no_type():
    nothing = pa.nulls(3)
    table = pa.table({**{name: arrow()[name] for name in ("subject_id", "code")}, "time": nothing})
    events = events_of(table.append_column("numeric_value", nothing).append_column("unit", nothing))
    assert (events.time == events.time.min()).all() and np.isnan(events.value).all()
    assert (events.unit == -1).all()


def test_no_events_are_no_events():
    assert len(events_of(arrow()[:0])) == 0


def test_what_is_wrong_is_said_of_the_table_of_events():
    with pytest.raises(RecordError, match="The table of events lacks the column code"):
        events_of(frame().drop(columns="code"))
    with pytest.raises(RecordError, match="The table of events: time carries the time zone"):
        events_of(arrow().set_column(1, "time", pa.array([NOON] * 3, pa.timestamp("ns", tz="UTC"))))
    with pytest.raises(RecordError, match="has the column code more than once"):
        events_of(arrow().append_column("code", pa.array(["a"] * 3)))


def test_a_column_of_mixed_types_is_refused_without_its_values():
    with pytest.raises(RecordError, match="some column mixes types") as refused:
        events_of(frame(subject_id=pd.Series([1, "4711", 2], dtype=object)))
    assert "4711" not in str(refused.value)


@pytest.mark.parametrize("given", [None, [1, 2], {"subject_id": [1]}, "events.parquet"])
def test_what_does_not_speak_arrow_is_refused(given):
    with pytest.raises(RecordError, match=f"not {type(given).__name__}"):
        events_of(given)


def test_asks_are_read_from_a_frame():
    asks = asks_of(pd.DataFrame({"prediction_time": [NOON, NOON], "subject_id": [5, 6]}))
    assert asks.subject.tolist() == [5, 6] and asks.index.tolist() == [NOON_US, NOON_US]
