"""Data frames as events and asks: whatever speaks Arrow, such as pandas, Polars, DuckDB and pyarrow."""

from typing import Any

import pyarrow as pa

from painresponse.errors import RecordError
from painresponse.readers.arrow import raw_asks, raw_events
from painresponse.records import Asks, RawEvents


def events_of(frame: Any) -> RawEvents:
    """Events from a frame with the columns of `painresponse.schema`. Raises RecordError otherwise."""
    return raw_events(_table(frame), "The table of events")


def asks_of(frame: Any) -> Asks:
    """Asks from a frame with the columns subject_id and prediction_time."""
    return raw_asks(_table(frame), "The table of asks")


def _table(frame: Any) -> pa.Table:
    if not (hasattr(frame, "__arrow_c_stream__") or hasattr(frame, "__arrow_c_array__")):
        raise RecordError(
            "Expected a data frame that speaks Arrow (pandas, Polars, DuckDB, pyarrow), "
            f"not {type(frame).__name__}."
        )
    try:
        return pa.table(frame)
    except pa.ArrowException:  # its text quotes the value, which no message of ours may
        raise RecordError(
            "The table cannot be read through Arrow: some column mixes types. Keep only the columns needed "
            "and give each one type."
        ) from None
