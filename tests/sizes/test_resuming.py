"""A run that broke off is gone on with: nothing finished is made again, nothing stale or damaged is used."""

import signal
import subprocess
import time

import pyarrow.parquet as pq
import pytest

from painresponse.batch import features_folder
from painresponse.batch.parts import maker
from painresponse.batch.room import LOCK, taken, workroom
from tests.sizes.clinic import command, content, words, write_shard, write_shards


class BrokenOffError(Exception):
    """Somebody pulled the plug."""


def after(count):
    """An engine that breaks off after so many shards."""

    def run(recipe, jobs):
        for number, job in enumerate(jobs):
            if number == count:
                raise BrokenOffError
            maker(recipe)(job)
            yield job

    return run


def parts_of(out):
    """The finished parts that wait beside an output."""
    room = out.with_name(f".{out.name}.parts")
    accounts = sorted(room.glob("*/accounts/*.json"))
    return [room / one.parent.parent / "parts" / f"{one.stem}.parquet" for one in accounts]


def identity(paths):
    """Which very files these are, by name."""
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}


@pytest.fixture
def broken_off(catalogue, tmp_path):
    """A clinic of four shards, and an output of which two are done."""
    clinic, out = write_shards(tmp_path / "clinic", shards=4), tmp_path / "out"
    with pytest.raises(BrokenOffError):
        features_folder(catalogue, clinic, out, engine=after(2))
    assert len(parts_of(out)) == 2 and not out.exists()
    return clinic, out


def fresh(catalogue, clinic, tmp_path):
    """What a run that never broke off makes."""
    features_folder(catalogue, clinic, tmp_path / "fresh")
    return content(tmp_path / "fresh")


def kept_after(catalogue, clinic, out, tmp_path, **changed):
    """How many finished parts the next run used; what it made must be right in any case."""
    before = identity(parts_of(out))
    made = features_folder(catalogue, clinic, out, **changed)
    after_it = identity(out.rglob("*.parquet"))
    assert made.kept == sum(after_it[name] == one for name, one in before.items())
    assert parts_of(out) == []
    return made.kept


def test_the_next_run_makes_only_what_is_missing(catalogue, broken_off, tmp_path):
    clinic, out = broken_off
    assert kept_after(catalogue, clinic, out, tmp_path) == 2
    assert content(out) == fresh(catalogue, clinic, tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["clinic", "fresh", "out"]


def test_a_shard_that_changed_is_made_again(catalogue, broken_off, tmp_path):
    clinic, out = broken_off
    changed = clinic / "data" / parts_of(out)[0].name
    write_shard(clinic, changed.name, pq.read_table(changed).slice(1))
    assert kept_after(catalogue, clinic, out, tmp_path) == 1
    assert content(out) == fresh(catalogue, clinic, tmp_path)


@pytest.mark.parametrize("damage", ["cut", "emptied", "flipped", "other"])
def test_a_damaged_part_is_made_again(catalogue, broken_off, tmp_path, damage):
    clinic, out = broken_off
    part = parts_of(out)[0]
    whole = bytearray(part.read_bytes())
    whole[len(whole) // 3] ^= 1
    part.write_bytes({"cut": whole[:-50], "emptied": b"", "flipped": whole, "other": b"PAR1" * 9}[damage])
    assert kept_after(catalogue, clinic, out, tmp_path) == 1
    assert content(out) == fresh(catalogue, clinic, tmp_path)


def test_other_asks_make_everything_again(catalogue, broken_off, tmp_path):
    clinic, out = broken_off
    asks = tmp_path / "asks.csv"
    asks.write_text("subject_id,prediction_time\n1,2019-01-01\n")
    done = command("features", clinic, "--out", out, "--asks", asks, "--json")
    assert done.code == 0, done.err
    assert '"kept": 0' in done.out and '"rows": 1,' in done.out


def test_other_features_make_everything_again_and_leave_nothing_behind(catalogue, broken_off, tmp_path):
    clinic, out = broken_off
    site = tmp_path / "site.toml"
    site.write_text("[features]\nmore_pain = 'count of pain in 17 d'\n")
    done = command("features", clinic, "--out", out, "--config", site, "--json")
    assert done.code == 0, done.err
    assert '"kept": 0' in done.out
    assert "more_pain" in pq.read_schema(out / "0.parquet").names
    assert sorted(one.name for one in out.iterdir()) == [f"{n}.parquet" for n in range(4)]


def test_a_part_of_a_shard_that_is_gone_is_not_published(catalogue, broken_off, tmp_path):
    clinic, out = broken_off
    gone = parts_of(out)[0].name
    (clinic / "data" / gone).unlink()
    features_folder(catalogue, clinic, out)
    assert gone not in {one.name for one in out.iterdir()} and len(list(out.iterdir())) == 3


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_stopped(catalogue, tmp_path, jobs):
    clinic, out = write_shards(tmp_path / "clinic", shards=30), tmp_path / "out"
    process = subprocess.Popen(words("features", clinic, "--out", out, "--jobs", jobs))
    while process.poll() is None and len(parts_of(out)) < 3:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the run was over before it could be killed"
    assert not out.exists()
    time.sleep(1)  # what the orphans were at may still appear
    kept = identity(parts_of(out))
    done = command("features", clinic, "--out", out, "--jobs", jobs)
    assert done.code == 0, done.err
    assert f"{len(kept)} of 30 shards were finished by an earlier run" in done.out
    published = identity(out.iterdir())
    assert {name: published[name] for name in kept} == kept
    assert content(out) == fresh(catalogue, clinic, tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["clinic", "fresh", "out"]


@pytest.mark.slow
def test_a_second_run_on_the_same_output_is_refused(clinic, tmp_path):
    out = tmp_path / "out.parquet"
    with workroom(out):
        done = command("features", clinic, "--out", out)
    assert done.code == 1
    assert done.err.startswith(f"painresponse: Another run is writing {out}")
    assert list(tmp_path.iterdir()) == []
    assert command("features", clinic, "--out", out).code == 0


def test_a_lock_that_was_left_behind_locks_nobody_out(catalogue, clinic, tmp_path):
    room = tmp_path / ".out.parts"
    room.mkdir()
    (room / "lock").touch()
    features_folder(catalogue, clinic, tmp_path / "out")
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


def test_a_lock_that_is_no_longer_the_rooms_is_not_held(tmp_path):
    """Between opening the lock and taking it, the run that held it may finish and clear the room away."""
    (tmp_path / LOCK).touch()
    with (tmp_path / LOCK).open("wb") as lock:
        assert taken(lock.fileno(), tmp_path)
        (tmp_path / LOCK).unlink()
        assert not taken(lock.fileno(), tmp_path)
        (tmp_path / LOCK).touch()
        assert not taken(lock.fileno(), tmp_path)
