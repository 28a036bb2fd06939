"""The command as a person runs it: exit codes, words, JSON."""

import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer

from painresponse.audit import Audit, Proof
from painresponse.audit.proof import Moved, Tally
from painresponse.audit.suspicions import Hint
from painresponse.commands import audit as command


def run(*words):
    """What the command line does."""
    return subprocess.run(
        [sys.executable, "-m", "painresponse", "audit", *map(str, words)], capture_output=True, text=True
    )


def test_a_clean_clinic_passes(folder):
    done = run(folder, "--subjects", 30)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("PASSED: ")
    assert "future crowded" in done.stdout
    assert "None, among the episodes" in done.stdout


@pytest.mark.slow
def test_json_says_the_same_as_data(folder):
    done = run(folder, "--subjects", 30, "--seed", 4, "--json")
    assert done.returncode == 0, done.stderr
    plain = json.loads(done.stdout)
    assert (plain["verdict"], plain["subjects_audited"], plain["cells_moved"]) == ("passed", 30, 0)


@pytest.mark.slow
def test_asks_without_a_future_do_not_pass(folder, tmp_path):
    end = np.array(["2090-01-01", "2090-01-01"], "datetime64[us]")
    pq.write_table(pa.table({"subject_id": [1, 2], "prediction_time": end}), tmp_path / "asks.parquet")
    done = run(folder, "--asks", tmp_path / "asks.parquet")
    assert done.returncode == 2
    assert done.stdout.startswith("NOTHING TO AUDIT: none of the 2 asks")


def test_a_folder_that_is_not_there_is_said_in_one_sentence(tmp_path):
    done = run(tmp_path / "nowhere")
    assert done.returncode == 2
    assert done.stderr.startswith("painresponse: There is no folder")


def test_a_failed_audit_says_what_moved_what_it_says_and_by_which_trial(monkeypatch, folder, capsys):
    """The words about a failure and about every kind of hint; exit code 2."""
    moved = Moved("feature", "pain_last", "last of pain ever", {"future deleted": 7, "known late": 1})
    proof = Proof(
        10, 10, {"feature": 2}, {"future deleted": Tally(5, 40, 14)}, {("feature", "pain_last"): moved}
    )
    hints = [
        Hint("value predicts alone", "pain_last", "rfa", {"auc": 0.91, "low": 0.84, "episodes": 120}),
        Hint("code of one outcome", "X//1", "rfa", {"failed": 0, "responded": 44, "near": 40}),
        Hint("known at once", "crp", "", {"events": 12}),
    ]
    found = Audit("training episodes", 9, 5, 5, proof, hints, {"pain_last": "last of pain ever"})
    monkeypatch.setattr("painresponse.audit.audit_folder", lambda *_, **__: found)
    with pytest.raises(typer.Exit) as stop:
        command.audit(folder, subjects=5, seed=1)
    assert stop.value.exit_code == 2
    said = capsys.readouterr().out
    assert said.startswith("FAILED: 14 of 40 cells moved, in 1 columns.")
    assert "future deleted 7, known late 1" in said
    assert "0.910" in said
    assert "0.840" in said
    assert "X//1" in said
    assert "crp" in said
