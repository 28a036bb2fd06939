"""What is wrong with the input or the disk is said in a sentence with an exit code; nothing is half done."""

import os
import pty
import resource
import signal
import subprocess
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.lib import disks
from tests.lib.terminals import written
from tests.sizes.clinic import command, content, histories, words, write_shard, write_shards


@pytest.fixture
def clinic(tmp_path):
    return write_shards(tmp_path / "clinic")


@pytest.fixture
def out(tmp_path):
    """An output in a place of its own."""
    (tmp_path / "there").mkdir()
    return tmp_path / "there" / "features"


def refused(out, *said, code=2, **options):
    """The complaint of a command that must refuse and leave nothing under the final name."""
    done = command("features", *said, "--out", out, **options)
    assert done.code == code, (done.out, done.err)
    assert done.err.startswith("painresponse: ") and done.err.count("\n") == 1, done.err
    assert not out.exists()
    return done.err


def changed(clinic, column, values):
    """The second shard with another column."""
    path = clinic / "data" / "1.parquet"
    table = pq.read_table(path)
    place = table.column_names.index(column)
    write_shard(clinic, "1.parquet", table.set_column(place, column, values(table[column])))


@pytest.mark.parametrize(("left", "jobs"), [(0, 1), (-1, 1), (-2000, 2)])
def test_a_shard_that_is_cut_short(clinic, out, jobs, left):
    path = clinic / "data" / "1.parquet"
    path.write_bytes(path.read_bytes()[:left])
    assert f"{path} cannot be read: it is damaged" in refused(out, clinic, "--jobs", jobs)
    assert list(out.parent.iterdir()) == []


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.slow
def test_a_shard_with_an_overwritten_page_keeps_the_others(clinic, out, jobs):
    path = write_shard(
        clinic, "1.parquet", histories(range(21, 41)), write_page_checksum=True, use_dictionary=False
    )
    column = pq.read_metadata(path).row_group(0).column(3)
    whole = bytearray(path.read_bytes())
    whole[column.data_page_offset + 60] ^= 0xFF
    path.write_bytes(whole)
    assert f"{path} cannot be read: it is damaged" in refused(out, clinic, "--jobs", jobs)
    if jobs > 1:
        return  # whether the other process had finished its shard is a matter of luck
    write_shard(clinic, "1.parquet", histories(range(21, 41)))
    done = command("features", clinic, "--out", out)
    assert done.code == 0 and "finished by an earlier run" in done.out


def test_a_subject_in_two_shards_is_refused_before_any_work(clinic, out):
    write_shard(clinic, "7.parquet", histories(range(4711, 4713)))
    write_shard(clinic, "9.parquet", histories(range(4712, 4715)))
    words = refused(out, clinic, "--jobs", 2)
    assert f"1 subjects stand both in {clinic}/data/7.parquet and in {clinic}/data/9.parquet." in words
    assert "471" not in words.replace(str(clinic), "")
    assert list(out.parent.iterdir()) == []


def test_a_shard_given_twice_under_two_names(clinic, out):
    (clinic / "data" / "copy.parquet").write_bytes((clinic / "data" / "0.parquet").read_bytes())
    assert "20 subjects stand both in" in refused(out, clinic)


@pytest.mark.parametrize("year", [1890, 2110])
@pytest.mark.slow
def test_dates_nobody_lived_in_are_counted_and_left_out(clinic, out, year):
    def two_wrong(times):
        values = times.to_pylist()
        return pa.array([datetime(year, 1, 1)] * 2 + values[2:], pa.timestamp("us"))

    changed(clinic, "time", two_wrong)
    done = command("features", clinic, "--out", out, "--json")
    assert done.code == 0, done.err
    assert '"date": 2' in done.out
    said = command("features", clinic, "--out", out.with_name("again.parquet"), "--jobs", 2)
    assert "the date lies before 1900 or after 2099" in said.out


def test_times_with_a_zone(clinic, out):
    changed(clinic, "time", lambda times: times.cast(pa.timestamp("us", "Europe/Madrid")))
    words = refused(out, clinic, "--jobs", 2)
    assert "1.parquet: time carries the time zone Europe/Madrid" in words and "tz_localize" in words


def test_an_empty_shard_is_no_fault(clinic, out):
    write_shard(clinic, "3.parquet", histories(range(90, 91)).slice(0, 0))
    assert command("features", clinic, "--out", out).code == 0
    assert sum(len(np.frombuffer(one, np.int64)) for name, one in content(out) if name == "subject_id") == 60


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_that_may_not_grow(clinic, out, jobs):
    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    words = refused(out, clinic, "--jobs", jobs, code=1, preexec_fn=little_room)
    assert "Cannot write" in words and "File too large" in words
    assert list(out.parent.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path):
    """A disk with room for one part and a half."""
    with disks.small_disk(tmp_path, "180k") as where:
        yield where


@pytest.mark.parametrize(("name", "jobs"), [("features.parquet", 1), ("features", 2)])
@pytest.mark.slow
def test_a_full_disk_keeps_what_was_finished(clinic, small_disk, name, jobs):
    out = small_disk / name
    words = refused(out, clinic, "--jobs", jobs, code=1)
    assert "Cannot write" in words and "No space left on device" in words
    assert [one.name for one in small_disk.iterdir()] in ([f".{name}.parts"], [])
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    assert command("features", clinic, "--out", out).code == 0
    assert [one.name for one in small_disk.iterdir()] == [name]


def test_a_folder_that_cannot_be_written_to(clinic, out):
    (out.parent / "file").write_text("no folder")
    assert "Cannot write" in refused(out.parent / "file" / out.name, clinic, code=1)


def test_a_disk_that_may_only_be_read(clinic, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    words = refused(small_disk / "features", clinic, code=1)
    assert "Cannot write" in words and "Read-only file system" in words


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (("--engine", "sparc"), "Unknown engine 'sparc'. Did you mean 'spark'?"),
        (("--engine", "spark", "--jobs", 2), "leave out --jobs"),
    ],
)
def test_engines_that_cannot_be_meant(clinic, out, said, words):
    assert words in refused(out, clinic, *said)


def test_without_a_terminal_no_progress_is_drawn(clinic, out):
    done = command("features", clinic, "--out", out)
    assert done.code == 0 and done.err == ""


def test_on_a_terminal_progress_is_drawn_and_gone_afterwards(clinic, out):
    ours, theirs = pty.openpty()
    run = subprocess.Popen(words("features", clinic, "--out", out), stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    drawn = written(ours)
    said, _ = run.communicate()
    assert run.returncode == 0 and b"\x1b" not in said
    assert "features" in drawn and "2400/2400" in drawn
    assert drawn.rstrip().endswith("\x1b[2K"), "the bar is still there"
