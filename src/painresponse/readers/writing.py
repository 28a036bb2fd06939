"""MEDS folders written whole: shards sorted by subject and time, with the metadata MEDS asks for."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from painresponse import schema
from painresponse.concepts import Concepts
from painresponse.publishing import publish_folder
from painresponse.records import RawEvents
from painresponse.records.coding import Matcher

SUBJECTS_PER_SHARD = 2500


def write_events(
    out: Path,
    events: RawEvents,
    *,
    concepts: Concepts,
    name: str = "",
    beside: Mapping[str, bytes] | None = None,
    overwrite: bool = False,
) -> None:
    """Publish a MEDS folder: whole, or not at all.

    ``concepts`` describe the codes; ``beside`` are further files of the folder, by path within it. Raises
    DefinitionError when the folder is there already, WorkError when it cannot be written.
    """

    def fill(draft: Path) -> None:
        _fill_data(draft / "data", events)
        _fill_metadata(draft / "metadata", events, concepts, name or out.name)
        for path, content in (beside or {}).items():
            (draft / path).write_bytes(content)

    publish_folder(out, fill, overwrite=overwrite)


def _fill_data(folder: Path, events: RawEvents) -> None:
    folder.mkdir()
    order = np.lexsort((events.time, events.subject))
    subject = events.subject[order]
    starts = np.flatnonzero(np.diff(subject, prepend=subject[:1] - 1))[::SUBJECTS_PER_SHARD]
    for number, rows in enumerate(np.split(order, starts[1:])):
        pq.write_table(_table(events, rows), folder / f"{number}.parquet", row_group_size=2**20)


def _table(events: RawEvents, rows: NDArray[np.int64]) -> pa.Table:
    time, known = events.time[rows], events.available[rows]
    return pa.table(
        {
            schema.SUBJECT: pa.array(events.subject[rows]),
            schema.TIME: _instants(time, time == schema.STATIC),
            schema.CODE: _words(events.code[rows], events.codes),
            schema.VALUE: pa.array(events.value[rows], mask=np.isnan(events.value[rows])),
            schema.TEXT: pa.nulls(len(rows), pa.large_string()),
            schema.UNIT: _words(events.unit[rows], events.units),
            schema.AVAILABLE: _instants(known, known == time),
        },
    )


def _instants(times: NDArray[np.int64], empty: NDArray[np.bool_]) -> pa.Array:
    return pa.array(times, mask=empty).cast(pa.timestamp("us"))


def _words(places: NDArray[np.int32], words: tuple[str, ...]) -> pa.Array:
    return pa.array(words, pa.string()).take(pa.array(places, mask=places < 0))


def _fill_metadata(folder: Path, events: RawEvents, concepts: Concepts, name: str) -> None:
    folder.mkdir()
    about = {
        "dataset_name": name,
        "etl_name": "painresponse",
        "meds_version": "0.4",
        "code_modifier_columns": [schema.UNIT],
        "other_extension_columns": [schema.AVAILABLE],
    }
    (folder / "dataset.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    codes = sorted(events.codes[place] for place in np.unique(events.code))
    pq.write_table(_descriptions(codes, concepts), folder / "codes.parquet")


def _descriptions(codes: list[str], concepts: Concepts) -> pa.Table:
    labels = Matcher(
        (pattern, concepts.concepts[name].label)
        for name, patterns in concepts.patterns().items()
        for pattern in patterns
    )
    return pa.table(
        {
            "code": pa.array(codes, pa.string()),
            "description": pa.array(["; ".join(labels.of(code)) or None for code in codes], pa.string()),
            "parent_codes": pa.nulls(len(codes), pa.list_(pa.string())),
        }
    )
