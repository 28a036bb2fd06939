"""MEDS folders written: valid by the standard's own schemas, and read back as they were."""

import json
from pathlib import Path

import meds
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from painresponse.clinic import load_catalogue
from painresponse.errors import DefinitionError
from painresponse.readers import histories, read_shard, shards, write_events, writing
from painresponse.records import RawEvents, collect
from painresponse.schema import STATIC

CONCEPTS = load_catalogue().concepts
CODES = ("PR//pain", "GENDER//F", "MY//code")
UNITS = ("{score}", "mg/L")

events = st.lists(
    st.tuples(
        st.integers(1, 9),
        st.sampled_from([STATIC, 0, 10**15, 10**15 + 1]),
        st.integers(0, 10**9),
        st.integers(0, 2),
        st.sampled_from([np.nan, 0.0, 7.5]),
        st.integers(-1, 1),
    ),
    max_size=30,
)


def raw(rows) -> RawEvents:
    subject, time, delay, code, value, unit = zip(*rows, strict=True) if rows else [()] * 6
    time, delay = np.array(time, np.int64), np.array(delay, np.int64)
    known = np.where(time == STATIC, time, time + delay * (time != STATIC))
    return RawEvents(
        np.array(subject, np.int64),
        time,
        known,
        np.array(code, np.int32),
        CODES,
        np.array(value, np.float32),
        np.array(unit, np.int32),
        UNITS,
    )


@settings(max_examples=50, deadline=None)
@given(events)
def test_what_is_written_is_read_back_as_it_was(tmp_path_factory, rows):
    out = tmp_path_factory.mktemp("meds") / "clinic"
    write_events(out, raw(rows), concepts=CONCEPTS)
    ((read, intake),) = histories(out, CONCEPTS)
    straight, account = collect(raw(rows), CONCEPTS)
    assert intake == account and len(read) == len(straight)
    for name in ("subject", "time", "available", "value"):
        assert_array_equal(getattr(read, name), getattr(straight, name))
    assert [read.codes[p] for p in read.code] == [straight.codes[p] for p in straight.code]


def written(folder: Path, **more) -> Path:
    rows = [(2, 10**15, 5, 0, 7.5, 0), (1, STATIC, 0, 1, np.nan, -1), (1, 10**15, 0, 2, np.nan, -1)]
    write_events(folder / "clinic", raw(rows), concepts=CONCEPTS, **more)
    return folder / "clinic"


def test_the_folder_is_valid_meds(tmp_path):
    folder = written(tmp_path)
    for path in shards(folder):
        meds.DataSchema.validate(pq.read_table(path))
    meds.CodeMetadataSchema.validate(pq.read_table(folder / meds.code_metadata_filepath))
    meds.DatasetMetadataSchema.validate(json.loads((folder / meds.dataset_metadata_filepath).read_text()))


def test_every_code_is_described_where_a_concept_knows_it(tmp_path):
    described = pq.read_table(written(tmp_path) / meds.code_metadata_filepath).to_pylist()
    assert {one["code"]: one["description"] for one in described} == {
        "GENDER//F": "female sex",
        "MY//code": None,
        "PR//pain": "average pain, numeric rating scale 0-10",
    }


def test_pieces_are_written_as_they_come_and_codes_counted_over_all_of_them(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "SUBJECTS_PER_SHARD", 2)
    seen = []

    def pieces():
        for first in (7, 1, 4):
            seen.append(sorted(path.name for path in (tmp_path / "data").iterdir()))
            yield raw([(first + n, 10**15, 0, n % 2, 5.0, -1) for n in range(3)])

    writing.fill_folder(tmp_path, pieces(), concepts=CONCEPTS, name="clinic")
    assert seen == [[], ["0.parquet", "1.parquet"], [f"{n}.parquet" for n in range(4)]]
    held = [np.unique(read_shard(path).subject).tolist() for path in shards(tmp_path)]
    assert held == [[7, 8], [9], [1, 2], [3], [4, 5], [6]]
    codes = pq.read_table(tmp_path / meds.code_metadata_filepath).to_pylist()
    assert {one["code"]: one["code/n_occurrences"] for one in codes} == {"PR//pain": 6, "GENDER//F": 3}


def test_availability_is_written_only_where_it_is_later(tmp_path):
    (path,) = shards(written(tmp_path))
    rows = pq.read_table(path).to_pylist()
    assert [row["subject_id"] for row in rows] == [1, 1, 2]
    assert [row["available_time"] is None for row in rows] == [True, True, False]


def test_a_shard_holds_so_many_subjects_and_never_half_of_one(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "SUBJECTS_PER_SHARD", 2)
    rows = [(subject, 10**15 + day, 0, 0, 5.0, -1) for day in range(3) for subject in range(5)]
    write_events(tmp_path / "clinic", raw(rows), concepts=CONCEPTS)
    held = [np.unique(read_shard(path).subject).tolist() for path in shards(tmp_path / "clinic")]
    assert held == [[0, 1], [2, 3], [4]]


def test_files_beside_the_events_are_published_with_them(tmp_path):
    folder = written(tmp_path, beside={"metadata/site.toml": b"predict = []"})
    assert (folder / "metadata" / "site.toml").read_bytes() == b"predict = []"


def test_a_folder_that_is_there_is_replaced_only_when_asked(tmp_path):
    written(tmp_path)
    with pytest.raises(DefinitionError, match="already there"):
        written(tmp_path)
    assert len(shards(written(tmp_path, overwrite=True))) == 1
