"""The synthetic clinic on disk: valid MEDS, plainly synthetic, reproducible to the byte, all or nothing."""

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from meds import CodeMetadataSchema, DataSchema, DatasetMetadataSchema

from painresponse.clinic import Catalogue
from painresponse.errors import DefinitionError, RecordError
from painresponse.readers.meds import shards
from painresponse.simulate import sealed_beside, simulate
from painresponse.simulate.oracle import read_truth
from painresponse.simulate.plan import read_vocabulary
from painresponse.simulate.writing import describe
from tests.simulate.conftest import SUBJECTS, Clinic


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_file_satisfies_the_meds_schemas(clinic: Clinic) -> None:
    for shard in (clinic.folder / "data").iterdir():
        DataSchema.validate(pq.read_table(shard))
    CodeMetadataSchema.validate(pq.read_table(clinic.folder / "metadata" / "codes.parquet"))
    DatasetMetadataSchema.validate(json.loads((clinic.folder / "metadata" / "dataset.json").read_text()))


def test_every_file_says_that_it_is_synthetic(clinic: Clinic) -> None:
    for folder in (clinic.folder, sealed_beside(clinic.folder)):
        for file in folder.rglob("*.parquet"):
            said = pq.read_schema(file).metadata
            assert said[b"data_provenance"] == b"synthetic"
            assert said[b"banner"] == b"SYNTHETIC - NOT FOR CLINICAL USE"
    said = json.loads((clinic.folder / "metadata" / "dataset.json").read_text())
    assert (said["data_provenance"], said["banner"]) == ("synthetic", "SYNTHETIC - NOT FOR CLINICAL USE")


def test_a_patient_lies_in_one_shard_in_order_of_time_with_timeless_facts_first(clinic: Clinic) -> None:
    seen: set[int] = set()
    for shard in sorted((clinic.folder / "data").iterdir()):
        events = pq.read_table(shard).to_pandas()
        assert events["subject_id"].is_monotonic_increasing
        assert seen.isdisjoint(events["subject_id"])
        seen |= set(events["subject_id"])
        times = events["time"].fillna(pd.Timestamp("1800-01-01")).groupby(events["subject_id"])
        assert times.is_monotonic_increasing.all()
    assert seen == set(range(1, SUBJECTS + 1))


def test_every_code_is_one_the_clinic_knows(clinic: Clinic, flawed: Clinic) -> None:
    for one in (clinic, flawed):
        codes = set(one.events["code"])
        listed = pq.read_table(one.folder / "metadata" / "codes.parquet").to_pandas()
        assert codes == set(listed["code"])
        assert [code for code in codes if describe(code, read_vocabulary()) is None] == []


def test_a_code_nobody_declared_has_no_description() -> None:
    assert describe("CPT//00000", read_vocabulary()) is None
    assert describe("RxNorm//25480//STOP//OTHER", read_vocabulary()) == "gabapentin, stopped"


def test_the_truth_speaks_of_every_patient_and_every_target(clinic: Clinic, catalogue: Catalogue) -> None:
    assert len(clinic.truth) == SUBJECTS * len(catalogue.targets)
    assert set(clinic.truth["target"]) == set(catalogue.targets)
    assert clinic.truth["given"].equals(clinic.truth["time"].notna())


def test_the_summary_counts_what_was_written(clinic: Clinic) -> None:
    assert clinic.made.subjects == SUBJECTS
    assert clinic.made.events == len(clinic.events)
    assert clinic.made.treated["rfa"] == len(clinic.given("rfa"))


def test_the_same_order_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("two", 5), ("other", 6)):
        simulate(tmp_path / name, subjects=300, seed=seed, shard_size=200, flaws=True)
    one, two, other = (_files(tmp_path / name) for name in ("one", "two", "other"))
    assert one == two
    assert _files(tmp_path / "one.sealed") == _files(tmp_path / "two.sealed")
    assert one["data/0.parquet"] != other["data/0.parquet"]


def test_a_shard_does_not_depend_on_how_many_follow(tmp_path: Path) -> None:
    for name, subjects in (("short", 200), ("long", 500)):
        simulate(tmp_path / name, subjects=subjects, seed=5, shard_size=200)
    assert _files(tmp_path / "short")["data/0.parquet"] == _files(tmp_path / "long")["data/0.parquet"]


def test_the_readers_of_training_data_refuse_the_sealed_folder(clinic: Clinic) -> None:
    with pytest.raises(RecordError, match="sealed"):
        shards(sealed_beside(clinic.folder))


def test_a_folder_without_truth_is_refused(clinic: Clinic) -> None:
    with pytest.raises(RecordError, match="no sealed truth"):
        read_truth(clinic.folder)


@pytest.mark.parametrize("taken", ["clinic", "clinic.sealed"])
def test_an_existing_folder_is_kept_and_nothing_is_left_behind(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).mkdir()
    (tmp_path / taken / "mine.txt").write_text("keep")
    with pytest.raises(DefinitionError, match="already there"):
        simulate(tmp_path / "clinic", subjects=50, seed=1)
    assert [path.name for path in tmp_path.rglob("*")] == [taken, "mine.txt"]


def test_overwriting_replaces_records_and_truth_together(tmp_path: Path) -> None:
    simulate(tmp_path / "clinic", subjects=60, seed=1)
    simulate(tmp_path / "clinic", subjects=40, seed=2, overwrite=True)
    assert len(read_truth(tmp_path / "clinic.sealed")) == 40 * 9
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clinic", "clinic.sealed"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"preset": "rct_lik"}, "Did you mean 'rct_like'"),
        ({"subjects": 0}, "subjects must be at least 1"),
        ({"shard_size": 0}, "shard_size must be at least 1"),
        ({"seed": -1}, "seed must be 0 or more"),
        ({"signal": 9.0}, "signal must lie between"),
    ],
)
def test_an_order_without_meaning_is_refused(tmp_path: Path, wrong: dict[str, object], words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        simulate(tmp_path / "clinic", **{"subjects": 10, "seed": 1, **wrong})
    assert list(tmp_path.iterdir()) == []
