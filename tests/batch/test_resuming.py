"""A scoring run that broke off is gone on with: no shard is scored twice, no stale score is used."""

import json
import signal
import subprocess
import time

import pyarrow.parquet as pq
import pytest

from painresponse.batch import score_folder
from painresponse.batch.parts import maker
from tests.batch.conftest import SHARDS, bits, divide, write_bundle
from tests.sizes.clinic import command, words

DONE = 2


class BrokenOffError(Exception):
    """Somebody pulled the plug."""


def breaking_off(recipe, jobs):
    """An engine that gets so far."""
    make = maker(recipe)
    for job in jobs[:DONE]:
        make(job)
        yield job
    raise BrokenOffError


def accounts(out):
    """Which very accounts of finished parts wait beside an output."""
    found = out.with_name(f".{out.name}.parts").glob("*/accounts/*.json")
    return {one.name: (one.stat().st_ino, one.stat().st_mtime_ns) for one in found}


@pytest.fixture
def broken_off(own, tmp_path):
    """A clinic with its bundle, and an output of which two shards are done."""
    out = tmp_path / "scores.parquet"
    with pytest.raises(BrokenOffError):
        score_folder(own.bundle, own.folder, out, allow_synthetic=True, engine=breaking_off)
    assert len(accounts(out)) == DONE and not out.exists()
    return own, out


def next_run(clinic, out, **said):
    """What the next run did; its scores must in any case be those of a run that never broke off."""
    done = score_folder(clinic.bundle, clinic.folder, out, allow_synthetic=True, **said)
    fresh = out.with_name("fresh.parquet")
    afresh = score_folder(clinic.bundle, clinic.folder, fresh, allow_synthetic=True, **said)
    assert bits(pq.read_table(out)) == bits(pq.read_table(fresh))
    assert done.to_plain() == {**afresh.to_plain(), "kept": done.made.kept}
    assert accounts(out) == {}
    return done


def test_the_next_run_scores_only_what_is_missing(broken_off):
    assert next_run(*broken_off).made.kept == DONE


@pytest.mark.slow
def test_other_reasons_targets_or_asks_score_everything_again(broken_off, tmp_path):
    clinic, out = broken_off
    assert next_run(clinic, out, reasons=1).made.kept == 0
    asks = tmp_path / "asks.csv"
    asks.write_text("subject_id,prediction_time\n7,2019-06-01\n")
    for said in (("--target", "cbt"), ("--asks", asks)):
        with pytest.raises(BrokenOffError):
            score_folder(clinic.bundle, clinic.folder, out, allow_synthetic=True, engine=breaking_off)
        done = command(
            "score", clinic.bundle, clinic.folder, "--out", out, "--allow-synthetic", "--json", *said
        )
        assert done.code == 0, done.err
        assert json.loads(done.out)["kept"] == 0


def test_another_bundle_of_the_same_name_scores_everything_again(broken_off):
    clinic, out = broken_off
    write_bundle(clinic.bundle, {})
    assert next_run(clinic, out).made.kept == 0


def test_the_same_bundle_elsewhere_is_the_same_bundle(broken_off):
    clinic, out = broken_off
    clinic.bundle.replace(clinic.bundle.with_name("moved.onnx"))
    moved = type(clinic)(clinic.folder, clinic.bundle.with_name("moved.onnx"))
    assert next_run(moved, out).made.kept == DONE


def test_a_shard_that_changed_is_scored_again(broken_off):
    clinic, out = broken_off
    changed = clinic.folder / "data" / sorted(accounts(out))[0].replace(".json", ".parquet")
    pq.write_table(pq.read_table(changed).slice(1), changed)
    assert next_run(clinic, out).made.kept == DONE - 1


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_stopped(own, tmp_path):
    many, out = tmp_path / "many", tmp_path / "there" / "scores.parquet"
    divide(own.folder, many, shards=30)
    out.parent.mkdir()
    said = ("score", own.bundle, many, "--out", out, "--allow-synthetic", "--jobs", 2)
    process = subprocess.Popen(words(*said))
    while process.poll() is None and len(accounts(out)) < 3:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the run was over before it could be killed"
    assert not out.exists()
    time.sleep(1)  # what the orphans were at may still appear
    kept = accounts(out)
    assert 3 <= len(kept) < 30
    done = command(*said)
    assert done.code == 0, done.err
    assert f"{len(kept)} of 30 shards were finished by an earlier run" in done.out
    assert [one.name for one in out.parent.iterdir()] == [out.name]
    fresh = tmp_path / "fresh.parquet"
    score_folder(own.bundle, many, fresh, allow_synthetic=True)
    assert bits(pq.read_table(out)) == bits(pq.read_table(fresh))


def test_without_another_word_all_cores_work_and_progress_is_only_for_terminals(clinic, tmp_path):
    done = command(
        "score", clinic.bundle, clinic.folder, "--out", tmp_path / "s.parquet", "--allow-synthetic"
    )
    assert (done.code, done.err) == (0, "")
    assert pq.read_metadata(tmp_path / "s.parquet").num_row_groups == SHARDS
