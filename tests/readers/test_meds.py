"""MEDS folders: what is read, what is refused, and that nothing of a patient stands in a complaint."""

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from painresponse.clinic import load_catalogue
from painresponse.errors import RecordError
from painresponse.readers import histories, last_known, meds, read_asks, read_shard, shards
from painresponse.records import Intake
from painresponse.schema import MICROSECONDS_PER_DAY as DAY
from painresponse.schema import STATIC

CONCEPTS = load_catalogue().concepts
NOON = datetime(2024, 5, 1, 12)
NOON_US = 1_714_564_800_000_000


def columns(**other):
    """Three events of two subjects, as MEDS columns; ``other`` replaces some, None takes one away."""
    return {
        name: column
        for name, column in {
            "subject_id": pa.array([1, 1, 2], pa.int64()),
            "time": pa.array([None, NOON, NOON], pa.timestamp("us")),
            "code": pa.array(["GENDER//F", "PR//pain", "PR//pain"]),
            "numeric_value": pa.array([None, 7, 4.5], pa.float32()),
            **other,
        }.items()
        if column is not None
    }


def shard(folder: Path, name="0.parquet", **other) -> Path:
    path = folder / "data" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns(**other)), path)
    return path


def test_an_event_has_a_subject_a_time_a_code_and_a_value(tmp_path):
    events = read_shard(shard(tmp_path))
    assert events.subject.tolist() == [1, 1, 2]
    assert events.time.tolist() == [STATIC, NOON_US, NOON_US]
    assert [events.codes[place] for place in events.code] == ["GENDER//F", "PR//pain", "PR//pain"]
    assert_array_equal(events.value, np.array([np.nan, 7, 4.5], np.float32))
    assert events.value.dtype == np.float32 and events.code.dtype == np.int32


def test_without_a_unit_and_availability_there_is_none_and_it_is_known_at_once(tmp_path):
    events = read_shard(shard(tmp_path))
    assert events.unit.tolist() == [-1, -1, -1] and events.units == ()
    assert_array_equal(events.available, events.time)


def test_a_unit_is_kept_and_an_empty_availability_means_at_once(tmp_path):
    later = datetime(2024, 5, 3, 12)
    events = read_shard(
        shard(
            tmp_path,
            unit=pa.array([None, "{score}", None]),
            available_time=pa.array([None, None, later], pa.timestamp("us")),
        )
    )
    assert events.unit.tolist() == [-1, 0, -1] and events.units == ("{score}",)
    assert events.available.tolist() == [STATIC, NOON_US, NOON_US + 2 * DAY]


@pytest.mark.parametrize("resolution", ["s", "ms", "us", "ns"])
def test_times_of_any_resolution_are_the_same_instants(tmp_path, resolution):
    events = read_shard(shard(tmp_path, time=pa.array([None, NOON, NOON], pa.timestamp(resolution))))
    assert events.time.tolist() == [STATIC, NOON_US, NOON_US]


@pytest.mark.parametrize("kind", [pa.int8(), pa.int64(), pa.float64(), pa.decimal128(20, 1)])
def test_values_of_any_number_type_are_the_same_values(tmp_path, kind):
    events = read_shard(shard(tmp_path, numeric_value=pa.array([None, 7, 4]).cast(kind)))
    assert_array_equal(events.value, np.array([np.nan, 7, 4], np.float32))


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_codes_of_any_text_type_are_the_same_codes(tmp_path, kind):
    events = read_shard(shard(tmp_path, code=pa.array(["a", "b", "a"]).cast(kind)))
    assert [events.codes[place] for place in events.code] == ["a", "b", "a"]


def test_columns_nobody_asked_for_are_not_read(tmp_path):
    path = shard(tmp_path, text_value=pa.array(["a letter"] * 3), ward=pa.array([1, 2, 3]))
    assert len(read_shard(path)) == 3


@pytest.mark.parametrize(
    ("name", "column", "complaint"),
    [
        ("numeric_value", None, "lacks the column numeric_value. Its columns: subject_id, time, code"),
        ("subject_id", pa.array(["a", "b", "c"]), "subject_id must hold whole numbers, not string"),
        ("subject_id", pa.array([1.0, 2.0, 3.0]), "subject_id must hold whole numbers, not double"),
        ("subject_id", pa.array([1, None, 4711]), "subject_id is empty in 1 of 3 rows, first in row 2"),
        ("subject_id", pa.array([1, 2, 2**63], pa.uint64()), "a value too large for int64"),
        ("code", pa.array(["a", "b", None]), "code is empty in 1 of 3 rows, first in row 3"),
        ("code", pa.array([1, 2, 3]), "code must hold text, not int64"),
        ("time", pa.array(["4711"] * 3), r"time must hold timestamps \(2024-05-01 09:30\), not string"),
        ("time", pa.array([2**62] * 3).cast(pa.timestamp("ms")), "a value too large for timestamp"),
        ("numeric_value", pa.array(["4711"] * 3), "numeric_value must hold numbers, not string"),
        ("numeric_value", pa.array([True] * 3), "numeric_value must hold numbers, not bool"),
        ("unit", pa.array([1, 2, 3]), "unit must hold text, not int64"),
        ("available_time", pa.array([1, 2, 3]), "available_time must hold timestamps"),
    ],
)
def test_a_column_that_cannot_be_meant_is_refused_by_name(tmp_path, name, column, complaint):
    path = shard(tmp_path, **{name: column})
    with pytest.raises(RecordError, match=complaint) as refused:
        read_shard(path)
    assert "4711" not in str(refused.value) and str(path) in str(refused.value)


def test_a_time_zone_is_refused_with_the_way_to_the_clinics_clock(tmp_path):
    zoned = pa.array([NOON] * 3, pa.timestamp("us", tz="UTC"))
    with pytest.raises(RecordError, match=r"carries the time zone UTC.*tz_convert\('Europe/Madrid'\)"):
        read_shard(shard(tmp_path, time=zoned))


@pytest.mark.parametrize("left", [0, 3, 200, -1])
def test_a_damaged_file_is_refused_by_name(tmp_path, left):
    path = shard(tmp_path)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(RecordError, match=r"0\.parquet cannot be read: it is damaged"):
        read_shard(path)


def test_an_overwritten_page_is_refused_by_name(tmp_path):
    path = shard(tmp_path, subject_id=pa.array(range(3)))
    whole = bytearray(path.read_bytes())
    whole[4:120] = b"\xff" * 116
    path.write_bytes(whole)
    with pytest.raises(RecordError, match=r"0\.parquet"):
        read_shard(path)


def test_shards_come_sorted_and_from_every_depth(tmp_path):
    for name in ("train/1.parquet", "train/0.parquet", "held_out/0.parquet"):
        shard(tmp_path, name)
    found = [path.relative_to(tmp_path / "data").as_posix() for path in shards(tmp_path)]
    assert found == ["held_out/0.parquet", "train/0.parquet", "train/1.parquet"]


def test_a_folder_that_is_not_there_or_holds_no_events_is_refused(tmp_path):
    with pytest.raises(RecordError, match="There is no folder"):
        shards(tmp_path / "absent")
    with pytest.raises(RecordError, match="has no Parquet file under data/"):
        shards(tmp_path)


@pytest.mark.parametrize("mark", ["clinic.sealed/truth.parquet", "clinic.sealed/SEALED", "SEALED"])
def test_simulated_truth_is_refused(tmp_path, mark):
    (tmp_path / "clinic.sealed").mkdir()
    (tmp_path / mark).write_bytes(b"")
    path = shard(tmp_path / "clinic.sealed")
    for read in (
        lambda: shards(tmp_path / "clinic.sealed"),
        lambda: read_shard(path),
        lambda: read_asks(path),
    ):
        with pytest.raises(RecordError, match="is sealed: it holds the simulator's truth"):
            read()


def test_the_events_beside_the_sealed_truth_are_not_sealed(tmp_path):
    (tmp_path / "clinic.sealed").mkdir()
    (tmp_path / "clinic.sealed" / "SEALED").write_bytes(b"")
    shard(tmp_path / "clinic")
    assert len(shards(tmp_path / "clinic")) == 1


def test_histories_come_shard_by_shard_with_their_account(tmp_path):
    shard(tmp_path)
    shard(
        tmp_path,
        "1.parquet",
        subject_id=pa.array([3, 3, 4]),
        numeric_value=pa.array([None, 70, 4.0], pa.float32()),
    )
    parts = list(histories(tmp_path, CONCEPTS))
    assert [records.subjects().tolist() for records, _ in parts] == [[1, 2], [3, 4]]
    assert [intake.kept for _, intake in parts] == [3, 2]
    assert parts[1][1].rejected == {("limits", "PR//pain"): 1}


@pytest.mark.parametrize("other", [[2, 3, 3], [0, 0, 1], [2, 7, 7], [1, 2, 3]])
def test_a_subject_in_two_shards_is_refused_by_their_names_and_not_its_own(tmp_path, other):
    shard(tmp_path, subject_id=pa.array([4711, 4711, 4712]))
    shard(tmp_path, "1.parquet", subject_id=pa.array([1, 2, 3]))
    shard(tmp_path, "2.parquet", subject_id=pa.array(other))
    with pytest.raises(
        RecordError, match=r"subjects stand both in .*1\.parquet and in .*2\.parquet"
    ) as refused:
        list(histories(tmp_path, CONCEPTS))
    assert "painresponse import" in str(refused.value) and "471" not in str(refused.value)


def test_an_empty_shard_holds_nobody(tmp_path):
    nothing = {name: column[:0] for name, column in columns().items()}
    shard(tmp_path, **nothing)
    ((records, intake),) = histories(tmp_path, CONCEPTS)
    assert len(records) == 0 and intake.given == 0 and len(last_known(records)) == 0


def sorted_events(counts, seed=0) -> pa.Table:
    """So many events for each subject, sorted by subject."""
    subject = np.repeat(np.arange(len(counts)) + 1, counts)
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "subject_id": subject.astype(np.int64),
            "time": NOON_US + rng.integers(0, 9, len(subject)) * DAY,
            "code": pa.array([f"PR//pain{one}" for one in "abcde"]).take(
                pa.array(rng.integers(0, 5, len(subject)))
            ),
            "numeric_value": rng.integers(0, 3, len(subject)).astype(np.float32),
            "unit": pa.array([None, "{score}"]).take(pa.array(rng.integers(0, 2, len(subject)))),
        }
    ).cast(
        pa.schema(
            {
                "subject_id": pa.int64(),
                "time": pa.timestamp("us"),
                "code": pa.string(),
                "numeric_value": pa.float32(),
                "unit": pa.string(),
            }
        )
    )


@given(
    counts=st.lists(st.integers(1, 30), min_size=1, max_size=20),
    at_once=st.integers(1, 60),
    batch=st.integers(1, 40),
    group=st.integers(1, 50),
)
@pytest.mark.slow
def test_a_file_read_in_pieces_holds_every_subject_whole_and_the_same(counts, at_once, batch, group):
    with TemporaryDirectory() as room, pytest.MonkeyPatch.context() as patch:
        (Path(room) / "data").mkdir()
        pq.write_table(sorted_events(counts), Path(room) / "data" / "0.parquet", row_group_size=group)
        ((whole, account),) = histories(Path(room), CONCEPTS)
        patch.setattr(meds, "EVENTS_AT_ONCE", at_once)
        patch.setattr(meds, "BATCH", batch)
        pieces = list(histories(Path(room), CONCEPTS))
    assert sum((one for _, one in pieces), Intake()) == account
    assert np.concatenate([one.subjects() for one, _ in pieces]).tolist() == whole.subjects().tolist()
    for column in ("subject", "time", "available", "value"):
        assert_array_equal(
            np.concatenate([getattr(one, column) for one, _ in pieces]), getattr(whole, column)
        )
    assert [one.codes[place] for one, _ in pieces for place in one.code] == [
        whole.codes[place] for place in whole.code
    ]


def test_pieces_are_hardly_larger_than_they_may_be(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    pq.write_table(sorted_events([7] * 200), tmp_path / "data" / "0.parquet", row_group_size=13)
    monkeypatch.setattr(meds, "EVENTS_AT_ONCE", 100)
    monkeypatch.setattr(meds, "BATCH", 10)
    sizes = [account.given for _, account in histories(tmp_path, CONCEPTS)]
    assert sum(sizes) == 1400 and len(sizes) > 10
    assert max(sizes) < 100 + 10 + 7


def test_a_large_file_that_is_not_sorted_by_subject_is_refused_with_its_name(tmp_path, monkeypatch):
    path = shard(tmp_path, subject_id=pa.array([4711, 4711, 4710]))
    assert sum(len(records) for records, _ in histories(tmp_path, CONCEPTS)) == 3
    monkeypatch.setattr(meds, "EVENTS_AT_ONCE", 2)
    with pytest.raises(RecordError, match=r"more than 2 events and is not sorted by subject_id") as refused:
        list(histories(tmp_path, CONCEPTS))
    assert str(path) in str(refused.value) and "471" not in str(refused.value)


def test_a_divided_subject_is_found_before_anything_is_read(tmp_path):
    shard(tmp_path)
    shard(tmp_path, "1.parquet", numeric_value=pa.array(["unreadable"] * 3))
    with pytest.raises(RecordError, match=r"2 subjects stand both in .*0\.parquet and in .*1\.parquet"):
        next(histories(tmp_path, CONCEPTS))


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize(
    ("subjects", "shared"), [([5, 6, 7], 0), ([2, 5, 5], 0), ([3, 5, 6], 1), ([1, 2, 4], 1)]
)
def test_whether_files_tell_the_range_of_their_subjects_or_not_a_shared_one_is_found(
    tmp_path, told, subjects, shared
):
    """Files whose ranges lie apart are believed; ranges that overlap, or that nobody tells, are searched."""
    for name, mine in (("0.parquet", [1, 3, 4]), ("1.parquet", subjects)):
        path = shard(tmp_path, name, subject_id=pa.array(mine))
        pq.write_table(pq.read_table(path), path, write_statistics=told)
    if shared:
        with pytest.raises(RecordError, match="subjects stand both in"):
            list(histories(tmp_path, CONCEPTS))
    else:
        assert len(list(histories(tmp_path, CONCEPTS))) == 2


def test_the_last_known_ask_is_a_day_after_the_last_dated_event(tmp_path):
    shard(
        tmp_path,
        subject_id=pa.array([1, 2, 2]),
        time=pa.array([None, NOON, datetime(2024, 5, 9, 12)], pa.timestamp("us")),
    )
    ((records, _),) = histories(tmp_path, CONCEPTS)
    asks = last_known(records)
    assert asks.subject.tolist() == [2] and asks.index.tolist() == [NOON_US + 9 * DAY]


def test_asks_are_read_from_parquet_with_whatever_else_a_label_file_holds(tmp_path):
    labels = pa.table(
        {"subject_id": [5, 6], "prediction_time": pa.array([NOON, NOON]), "boolean_value": [True, False]}
    )
    pq.write_table(labels, tmp_path / "labels.parquet")
    asks = read_asks(tmp_path / "labels.parquet")
    assert asks.subject.tolist() == [5, 6] and asks.index.tolist() == [NOON_US, NOON_US]


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2024-05-01 12:00", NOON_US),
        ("2024-05-01T12:00:00", NOON_US),
        ("2024-05-01 12:00:00.000001", NOON_US + 1),
        ("2024-05-01", NOON_US - DAY // 2),
    ],
)
def test_asks_are_read_from_csv(tmp_path, written, instant):
    (tmp_path / "asks.csv").write_text(f"note,subject_id,prediction_time\nx,5,{written}\n")
    asks = read_asks(tmp_path / "asks.csv")
    assert asks.subject.tolist() == [5] and asks.index.tolist() == [instant]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("subject_id\n5\n", "lacks the column prediction_time"),
        ("subject_id,prediction_time\n4711,\n5,2024-05-01\n", "prediction_time is empty in 1 of 2 rows"),
        ("subject_id,prediction_time\n5,4711/05/01\n", "prediction_time must hold timestamps"),
        ("subject_id,prediction_time\n5,2024-05-01T12:00:00Z\n", "carries the time zone UTC"),
        ("subject_id,prediction_time\nP4711,2024-05-01\n", "subject_id must hold whole numbers"),
        ("subject_id,prediction_time\n4711\n", "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_asks_that_cannot_be_meant_are_refused(tmp_path, text, complaint):
    (tmp_path / "asks.csv").write_text(text)
    with pytest.raises(RecordError, match=complaint) as refused:
        read_asks(tmp_path / "asks.csv")
    assert "4711" not in str(refused.value)


def test_asks_in_a_file_that_is_not_there_are_refused(tmp_path):
    with pytest.raises(RecordError, match=r"asks\.csv is not there"):
        read_asks(tmp_path / "asks.csv")


def test_a_folder_is_no_file_of_asks(tmp_path):
    with pytest.raises(RecordError, match="cannot be read"):
        read_asks(tmp_path)
