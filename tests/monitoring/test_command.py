"""The command as a person runs it: exit codes, the page, the store, JSON."""

import json
import shutil
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from tests.monitoring.conftest import BUNDLE


def run(*words):
    """What the command line does."""
    return subprocess.run(
        [sys.executable, "-m", "painresponse", "monitor", BUNDLE, *map(str, words), "--allow-synthetic"],
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def changed(clinic, tmp_path_factory):
    """The clinic after its C-reactive protein was measured anew."""
    folder = tmp_path_factory.mktemp("changed") / "clinic"
    shutil.copytree(clinic, folder)
    for path in (folder / "data").iterdir():
        events = pq.read_table(path).to_pandas()
        events.loc[events["code"] == "LOINC//30522-7", "numeric_value"] *= 4
        events.to_parquet(path)
    return folder


@pytest.mark.slow
def test_where_nothing_changed_it_ends_with_0(clinic, tmp_path):
    done = run(clinic, "--out", tmp_path / "page.html")
    assert done.returncode == 0, done.stderr
    assert "Nothing to report" in done.stdout and "SYNTHETIC" in done.stdout
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")


@pytest.mark.slow
def test_an_alarm_ends_with_1_and_is_the_first_thing_said(changed):
    done = run(changed, "--json")
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert told["alarms"][0].startswith("2 features look otherwise than in training")
    assert {one["feature"] for one in told["features"] if one["moved"]} == {"crp_last", "crp_highest_2y"}


@pytest.mark.slow
def test_wrong_calls_end_with_2_and_say_what_to_do(clinic, tmp_path):
    for words, complaint in (
        (["--until", "soon"], "Write them like 2026-03-01"),
        (["--requests", clinic], "give it together with"),
        (["--scores", tmp_path / "none.parquet"], "cannot be read as a file of scores"),
    ):
        done = run(clinic, *words)
        assert done.returncode == 2
        assert complaint in " ".join(done.stderr.split()) and "Traceback" not in done.stderr


@pytest.mark.slow
def test_an_audit_log_that_was_changed_tells_nothing(clinic, tmp_path):
    lines = [json.dumps({"time": "", "previous": one * 64}) for one in "01"]
    (tmp_path / "audit").write_text("\n".join(lines) + "\n")
    done = run(clinic, "--audit-log", tmp_path / "audit", "--requests", tmp_path)
    assert done.returncode == 1
    assert "does not follow from the one before it" in " ".join(done.stderr.split())
