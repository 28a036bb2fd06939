"""MEDS folders written whole: shards sorted by subject and time, with the metadata MEDS asks for."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import count
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
        fill_folder(draft, [events], concepts=concepts, name=name or out.name)
        for path, content in (beside or {}).items():
            (draft / path).write_bytes(content)

    publish_folder(out, fill, overwrite=overwrite)


def fill_folder(draft: Path, pieces: Iterable[RawEvents], *, concepts: Concepts, name: str) -> None:
    """Fill an empty folder with MEDS as the pieces come, one piece in memory at a time.

    A piece holds subjects whole; nobody may stand in two pieces. It becomes one shard, or several of at most
    SUBJECTS_PER_SHARD subjects.
    """
    (draft / "data").mkdir()
    codes: Counter[str] = Counter()
    numbers = count()
    for events in pieces:
        for rows in _shards(events):
            path = draft / "data" / f"{next(numbers)}.parquet"
            pq.write_table(event_table(events, rows), path, row_group_size=2**20)
        codes.update(_counted(events))
    _fill_metadata(draft / "metadata", codes, concepts, name)


def _shards(events: RawEvents) -> list[NDArray[np.int64]]:
    """The rows of each shard, by subject and time."""
    order = np.lexsort((events.time, events.subject))
    subject = events.subject[order]
    starts = np.flatnonzero(np.diff(subject, prepend=subject[:1] - 1))[::SUBJECTS_PER_SHARD]
    return np.split(order, starts[1:])


def _counted(events: RawEvents) -> dict[str, int]:
    counts = np.bincount(events.code, minlength=len(events.codes))
    return {events.codes[place]: int(counts[place]) for place in np.flatnonzero(counts)}


def event_table(events: RawEvents, rows: NDArray[np.int64]) -> pa.Table:
    """Some of the events, in the order of ``rows``, as the columns that a MEDS folder is written with."""
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


def _fill_metadata(folder: Path, codes: Mapping[str, int], concepts: Concepts, name: str) -> None:
    folder.mkdir()
    about = {
        "dataset_name": name,
        "etl_name": "painresponse",
        "meds_version": "0.4",
        "code_modifier_columns": [schema.UNIT],
        "other_extension_columns": [schema.AVAILABLE],
    }
    (folder / "dataset.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    pq.write_table(_descriptions(codes, concepts), folder / "codes.parquet")


def _descriptions(counts: Mapping[str, int], concepts: Concepts) -> pa.Table:
    codes = sorted(counts)
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
            "code/n_occurrences": pa.array([counts[code] for code in codes], pa.int64()),
        }
    )
