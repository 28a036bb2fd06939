"""What goes wrong is said in one sentence with its cure, and leaves nothing half done."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from painresponse.commands import main
from painresponse.simulate import simulate


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few hundred simulated patients."""
    folder = tmp_path_factory.mktemp("few") / "clinic"
    simulate(folder, subjects=600, seed=3, preset="registry")
    return folder


@pytest.fixture
def say_no(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """The complaint of a command that must refuse."""

    def refused(*words: object) -> str:
        monkeypatch.setattr(sys, "argv", ["painresponse", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        complaint = capfd.readouterr().err
        assert end.value.code == 2, complaint
        assert complaint.startswith("painresponse: ")
        return complaint

    return refused


def site(room: Path, text: str) -> Path:
    path = room / "site.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[trainning]\nseed = 1", "Did you mean 'training'?"),
        ("[training]\nfoldz = 5", "Did you mean 'folds'?"),
        ("[training]\nfolds = 'five'", "must be a whole number, not text"),
        ("predict = ['scs_permanant']", "Did you mean 'scs_permanent'?"),
        ("[features]\nx = 'avarage of pain in 30 d'", "Unknown summary"),
        ("[features]\nx = 'mean of pian in 30 d'", "Did you mean 'pain'?"),
        ("not toml", "is not valid TOML"),
    ],
)
def test_a_wrong_word_in_the_configuration_is_named_with_the_nearest_right_one(
    folder, say_no, tmp_path, text, words
):
    assert words in say_no("train", folder, "--config", site(tmp_path, text), "--out", tmp_path / "x.onnx")
    assert not (tmp_path / "x.onnx").exists()


def test_a_folder_that_is_not_there(say_no, tmp_path):
    assert "There is no folder" in say_no("check", tmp_path / "nowhere")


def test_the_sealed_truth_is_refused_as_data(folder, say_no):
    sealed = folder.with_name(folder.name + ".sealed")
    assert "sealed" in say_no("check", sealed)


def test_too_few_outcomes_are_counted_and_nothing_is_written(folder, tiny_bundle, say_no, tmp_path):
    few = site(tmp_path, "predict = ['idd_permanent']\n[training]\nleast_events = 5000")
    words = say_no("train", folder, "--config", few, "--out", tmp_path / "x.onnx")
    assert "No target can be trained" in words
    assert "at least 5000 of each" in words
    assert list(tmp_path.iterdir()) == [few]


def test_a_synthetic_bundle_is_refused_without_the_explicit_word(folder, tiny_bundle, say_no, tmp_path):
    assert "R08_MODEL_SYNTHETIC" in say_no("score", tiny_bundle, folder, "--out", tmp_path / "s.parquet")
    assert "R08_MODEL_SYNTHETIC" in say_no("serve", tiny_bundle)


def test_a_damaged_bundle_is_refused(folder, tiny_bundle, say_no, tmp_path):
    data = bytearray(tiny_bundle.read_bytes())
    data[len(data) // 2] ^= 1
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(data)
    assert "damaged" in say_no("show", broken)


def test_asks_about_strangers_are_an_error_not_an_empty_file(folder, tiny_bundle, say_no, tmp_path):
    asks = pa.table({"subject_id": [10**9], "prediction_time": pa.array([10**15], pa.timestamp("us"))})
    pq.write_table(asks, tmp_path / "asks.parquet")
    words = say_no(
        "score", tiny_bundle, folder, "--asks", tmp_path / "asks.parquet",
        "--out", tmp_path / "s.parquet", "--allow-synthetic",
    )  # fmt: skip
    assert "Nobody" in words
    assert str(10**9) not in words
    assert not (tmp_path / "s.parquet").exists()


def test_an_unknown_target_is_named_with_those_there_are(folder, tiny_bundle, say_no, tmp_path):
    words = say_no(
        "score",
        tiny_bundle,
        folder,
        "--target",
        "rfaa",
        "--out",
        tmp_path / "s.parquet",
        "--allow-synthetic",
    )
    assert "Did you mean 'rfa'? Known: " in words


def test_an_existing_data_set_is_not_overwritten_unasked(folder, say_no):
    assert "--overwrite" in say_no("simulate", "--subjects", 10, "--out", folder)


def _score(bundle: Path, folder: Path, out: Path, **options) -> subprocess.Popen[bytes]:
    words = ["score", bundle, folder, "--out", out, "--allow-synthetic"]
    return subprocess.Popen(
        [sys.executable, "-m", "painresponse", *map(str, words)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        **options,
    )


def test_a_killed_run_leaves_the_old_scores(folder, tiny_bundle, tmp_path):
    out = tmp_path / "scores.parquet"
    out.write_bytes(b"the old scores")
    process = _score(tiny_bundle, folder, out)
    while process.poll() is None and not list(tmp_path.glob(".scores.parquet.*/draft")):
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL, "the run was over before it could be killed"
    assert out.read_bytes() == b"the old scores"


def test_a_full_disk_is_said_and_leaves_nothing(folder, tiny_bundle, tmp_path):
    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    process = _score(tiny_bundle, folder, tmp_path / "scores.parquet", preexec_fn=little_room)
    complaint = process.communicate()[1].decode()
    assert process.returncode == 1, complaint
    assert "Cannot write" in complaint
    assert "Traceback" not in complaint
    assert list(tmp_path.iterdir()) == []
