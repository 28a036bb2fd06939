"""The feature matrix of a cohort: the same to the bit however it is cut up and whoever makes it."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

from painresponse.batch import features, features_folder, in_process, in_processes
from painresponse.engine import Plan, rows
from painresponse.errors import CohortError, DefinitionError
from painresponse.readers import histories, last_known, meds
from painresponse.records import Asks
from tests.sizes.clinic import content, write_shard, write_shards
from tests.sizes.clinic import histories as some_histories


def test_a_file_holds_the_rows_of_every_shard_in_order_with_their_lineage(catalogue, clinic, tmp_path):
    out = tmp_path / "features.parquet"
    made = features_folder(catalogue, clinic, out)
    table, plan = pq.read_table(out), Plan(catalogue.features, catalogue.concepts)
    wanted = [
        rows(plan, records, last_known(records)) for records, _ in histories(clinic, catalogue.concepts)
    ]
    matrix = np.stack([table[name].to_numpy() for name in catalogue.features.names], axis=1)
    assert matrix.dtype == np.float32
    assert_array_equal(matrix, np.concatenate(wanted))
    assert table["subject_id"].to_pylist() == list(range(1, 61))
    assert json.loads(table.schema.metadata[b"features"]) == catalogue.features.to_plain()
    assert table.schema.metadata[b"fingerprint"].decode() == catalogue.features.fingerprint()
    assert (made.rows, made.shards, made.kept, made.events) == (60, 3, 0, 2400)


def test_a_folder_holds_a_part_for_each_shard_named_after_it(catalogue, tmp_path):
    for name, first in (("train/0.parquet", 1), ("train/1.parquet", 11), ("held_out/0.parquet", 21)):
        write_shard(tmp_path / "clinic", name, some_histories(range(first, first + 10)))
    out = tmp_path / "features"
    features_folder(catalogue, tmp_path / "clinic", out)
    found = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
    assert sorted(found) == ["held_out/0.parquet", "train/0.parquet", "train/1.parquet"]
    assert pq.read_table(found["train/1.parquet"])["subject_id"].to_pylist() == list(range(11, 21))
    for path in found.values():
        assert json.loads(pq.read_schema(path).metadata[b"features"]) == catalogue.features.to_plain()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["clinic", "features"]


def test_a_file_and_a_folder_hold_the_same(catalogue, clinic, tmp_path):
    features_folder(catalogue, clinic, tmp_path / "one.parquet")
    features_folder(catalogue, clinic, tmp_path / "many")
    assert content(tmp_path / "one.parquet") == content(tmp_path / "many")


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.slow
def test_any_number_of_processes_makes_the_same_to_the_bit(catalogue, clinic, tmp_path, count):
    features_folder(catalogue, clinic, tmp_path / "here", engine=in_process)
    features_folder(catalogue, clinic, tmp_path / "there", engine=in_processes(count))
    assert content(tmp_path / "here") == content(tmp_path / "there")


def test_a_shard_read_in_pieces_makes_the_same_to_the_bit(catalogue, clinic, tmp_path, monkeypatch):
    features_folder(catalogue, clinic, tmp_path / "whole")
    monkeypatch.setattr(meds, "EVENTS_AT_ONCE", 100)
    monkeypatch.setattr(meds, "BATCH", 33)
    monkeypatch.setattr(features, "ASKS_AT_ONCE", 1)
    features_folder(catalogue, clinic, tmp_path / "pieces")
    assert content(tmp_path / "whole") == content(tmp_path / "pieces")


def test_how_the_subjects_are_cut_into_shards_does_not_matter(catalogue, tmp_path):
    whole = some_histories(range(1, 61))
    write_shard(tmp_path / "one", "0.parquet", whole)
    for number in range(6):
        write_shard(tmp_path / "six", f"{number}.parquet", whole.slice(number * 400, 400))
    for name in ("one", "six"):
        features_folder(catalogue, tmp_path / name, tmp_path / f"{name}.parquet")
    assert content(tmp_path / "one.parquet") == content(tmp_path / "six.parquet")


def test_asks_stay_in_the_order_given_and_strangers_are_left_out(catalogue, clinic, tmp_path):
    day = 18_000 * 86_400_000_000
    subject = np.array([50, 3, 999, 3, 21, 50], np.int64)
    asks = Asks(subject, day - np.arange(6) * 86_400_000_000)
    for engine, name in ((in_process, "here"), (in_processes(2), "there")):
        features_folder(catalogue, clinic, tmp_path / f"{name}.parquet", asks=asks, engine=engine)
    table = pq.read_table(tmp_path / "here.parquet")
    assert table["subject_id"].to_pylist() == [3, 3, 21, 50, 50]
    assert table["prediction_time"].cast(pa.int64()).to_pylist() == asks.index[[1, 3, 4, 0, 5]].tolist()
    assert content(tmp_path / "here.parquet") == content(tmp_path / "there.parquet")


def test_progress_tells_the_events_of_every_shard_and_of_all(catalogue, clinic, tmp_path):
    told = []
    features_folder(catalogue, clinic, tmp_path / "out", progress=lambda *said: told.append(said))
    assert told == [(800, 2400)] * 3


def test_an_empty_shard_has_an_empty_part(catalogue, tmp_path):
    clinic = write_shards(tmp_path / "clinic", shards=2)
    write_shard(clinic, "2.parquet", some_histories(range(90, 91)).slice(0, 0))
    made = features_folder(catalogue, clinic, tmp_path / "out")
    assert (made.rows, made.shards) == (40, 3)
    assert len(pq.read_table(tmp_path / "out" / "2.parquet")) == 0


def test_nobody_with_a_dated_event_is_an_error_and_leaves_nothing(catalogue, tmp_path):
    write_shard(tmp_path / "clinic", "0.parquet", some_histories(range(1, 2)).slice(0, 0))
    with pytest.raises(CohortError, match="holds no subject with a dated event"):
        features_folder(catalogue, tmp_path / "clinic", tmp_path / "out")
    assert [one.name for one in tmp_path.iterdir()] == ["clinic"]


def test_a_folder_that_is_there_is_replaced_only_if_asked(catalogue, clinic, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    with pytest.raises(DefinitionError, match=r"out is already there.*--overwrite"):
        features_folder(catalogue, clinic, tmp_path / "out")
    assert (tmp_path / "out" / "mine").read_text() == "mine"
    features_folder(catalogue, clinic, tmp_path / "out", overwrite=True)
    assert [one.name for one in sorted((tmp_path / "out").iterdir())] == [f"{n}.parquet" for n in range(3)]


def test_a_file_and_a_folder_never_replace_each_other(catalogue, clinic, tmp_path):
    (tmp_path / "out.parquet").mkdir()
    (tmp_path / "out").write_text("mine")
    with pytest.raises(DefinitionError, match="is a folder"):
        features_folder(catalogue, clinic, tmp_path / "out.parquet", overwrite=True)
    with pytest.raises(DefinitionError, match=r"is a file.*\.parquet"):
        features_folder(catalogue, clinic, tmp_path / "out", overwrite=True)
