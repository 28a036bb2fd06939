"""The one door from Arrow columns to events and asks; every reader ends here, so every check is made once."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from painresponse import schema
from painresponse.errors import RecordError
from painresponse.records import Asks, RawEvents

EVENT_COLUMNS = (*schema.REQUIRED, schema.UNIT, schema.AVAILABLE)
ASK_COLUMNS = (schema.SUBJECT, schema.PREDICTION)


def raw_events(table: pa.Table, where: str) -> RawEvents:
    """Events from a table with the columns of `painresponse.schema`; ``where`` names it in complaints.

    Raises RecordError on missing columns, wrong types, times with a zone, and rows without subject or code.
    """
    need(table.column_names, schema.REQUIRED, where)
    time = _instants(table[schema.TIME], f"{where}: {schema.TIME}")
    code, codes = _words(table[schema.CODE], f"{where}: {schema.CODE}", required=True)
    unit, units = _words(_optional(table, schema.UNIT, pa.string()), f"{where}: {schema.UNIT}")
    known = _instants(_optional(table, schema.AVAILABLE, pa.timestamp("us")), f"{where}: {schema.AVAILABLE}")
    return RawEvents(
        subject=_subjects(table[schema.SUBJECT], f"{where}: {schema.SUBJECT}"),
        time=time,
        available=np.where(known == schema.STATIC, time, known),
        code=code,
        codes=codes,
        value=_values(table[schema.VALUE], f"{where}: {schema.VALUE}"),
        unit=unit,
        units=units,
    )


def raw_asks(table: pa.Table, where: str) -> Asks:
    """Asks from a table with the columns subject_id and prediction_time; a date means its midnight."""
    need(table.column_names, ASK_COLUMNS, where)
    column = table[schema.PREDICTION]
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("s"))
    _refuse_nulls(column, f"{where}: {schema.PREDICTION}")
    subject = _subjects(table[schema.SUBJECT], f"{where}: {schema.SUBJECT}")
    return Asks(subject, _instants(column, f"{where}: {schema.PREDICTION}"))


def need(present: Sequence[str], required: Sequence[str], where: str) -> None:
    """Refuse a table without the columns it must have."""
    missing = [name for name in required if name not in present]
    if missing:
        there = ", ".join(present[:40]) or "none"
        raise RecordError(f"{where} lacks the column {', '.join(missing)}. Its columns: {there}.")
    twice = [name for name in required if list(present).count(name) > 1]
    if twice:
        raise RecordError(f"{where} has the column {twice[0]} more than once. Keep one.")


def _optional(table: pa.Table, name: str, kind: pa.DataType) -> pa.ChunkedArray:
    return table[name] if name in table.column_names else pa.chunked_array([pa.nulls(len(table), kind)])


def _refuse_nulls(column: pa.ChunkedArray, where: str) -> None:
    if column.null_count:
        first = int(np.flatnonzero(column.is_null().to_numpy())[0])
        raise RecordError(
            f"{where} is empty in {column.null_count} of {len(column)} rows, first in row {first + 1}. "
            "Fill it in or leave those rows out."
        )


def _subjects(column: pa.ChunkedArray, where: str) -> NDArray[np.int64]:
    if not pa.types.is_integer(column.type):
        raise RecordError(
            f"{where} must hold whole numbers, not {column.type}. Number the subjects first; "
            "`painresponse import` does it for clinic tables."
        )
    _refuse_nulls(column, where)
    return _numpy(_cast(column, pa.int64(), where))


def _instants(column: pa.ChunkedArray, where: str) -> NDArray[np.int64]:
    """Microseconds since 1970; nulls become schema.STATIC."""
    kind = column.type
    if pa.types.is_null(kind):
        return np.full(len(column), schema.STATIC)
    if not pa.types.is_timestamp(kind):
        raise RecordError(
            f"{where} must hold timestamps (2024-05-01 09:30), not {kind}. Convert it first, in pandas "
            "with pd.to_datetime."
        )
    if kind.tz is not None:
        raise RecordError(
            f"{where} carries the time zone {kind.tz}; times must be the clinic's local clock, without one. "
            "Convert it first, in pandas with .dt.tz_convert('Europe/Madrid').dt.tz_localize(None)."
        )
    # from nanoseconds digits are lost on purpose; from seconds a year far beyond 9999 may not fit
    local = _cast(column, pa.timestamp("us"), where, safe=kind.unit != "ns")
    return _numpy(pc.fill_null(local.cast(pa.int64()), schema.STATIC))


def _values(column: pa.ChunkedArray, where: str) -> NDArray[np.float32]:
    kind, types = column.type, pa.types
    if types.is_null(kind):
        return np.full(len(column), np.nan, np.float32)
    if not (types.is_floating(kind) or types.is_integer(kind) or types.is_decimal(kind)):
        raise RecordError(
            f"{where} must hold numbers, not {kind}. What is not a number belongs into the code."
        )
    return _numpy(pc.fill_null(_cast(column, pa.float32(), where, safe=False), np.float32("nan")))


def _words(
    column: pa.ChunkedArray, where: str, *, required: bool = False
) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Where each row points in the distinct words, -1 for nulls."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
        if required or not pa.types.is_null(kind):
            raise RecordError(f"{where} must hold text, not {kind}.")
        return np.full(len(column), -1, np.int32), ()
    encoded = _encoded(column)
    if required:
        _refuse_nulls(pa.chunked_array([encoded]), where)
    places = pc.fill_null(encoded.indices.cast(pa.int32()), -1)
    return places.to_numpy(zero_copy_only=False), tuple(encoded.dictionary.to_pylist())


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """One dictionary over all chunks, of distinct words and without a null among them."""
    encoded = _one(column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column)
    if not pa.types.is_dictionary(column.type):
        return pc.dictionary_encode(encoded.cast(pa.string()))
    words = encoded.dictionary
    if words.null_count or len(pc.unique(words)) < len(words):
        return pc.dictionary_encode(encoded.cast(pa.string()))
    return encoded


def _cast(column: pa.ChunkedArray, kind: pa.DataType, where: str, *, safe: bool = True) -> pa.ChunkedArray:
    try:
        return column.cast(kind, safe=safe)
    except pa.ArrowException:  # its text quotes the value, which no message of ours may
        raise RecordError(f"{where} holds a value too large for {kind}.") from None


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _numpy(column: pa.ChunkedArray) -> NDArray[np.generic]:
    return column.to_numpy()
