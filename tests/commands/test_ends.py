"""How commands end, each quietly: 0 done, 1 the work failed, 2 wrong input, 130 Ctrl-C."""

import os
import signal
import subprocess
import sys
import time

import pytest

from painresponse import __version__
from tests.commands.conftest import SHIPPED

PAINRESPONSE = (sys.executable, "-m", "painresponse")

ENDS = [
    (0, ("--version",)),
    (0, ("score", "--help")),
    (0, ("show", SHIPPED)),
    (0, ("verify", SHIPPED)),
    (0, ("check", "FOLDER")),
    (1, ("verify", "BROKEN")),
    (1, ("audit-log", "CHANGED")),
    (1, ("features", "FOLDER", "--out", "UNDER/A/FILE/features.parquet")),
    (2, ("show", "BROKEN")),
    (2, ("show", "NOWHERE")),
    (2, ("check", "NOWHERE")),
    (2, ("score", SHIPPED, "FOLDER", "--out", "OUT/scores.parquet")),
    (2, ("features", "FOLDER")),
    (2, ("nothing",)),
    (2, ()),
]


@pytest.mark.parametrize(("code", "words"), ENDS, ids=[f"{code} {' '.join(map(str, w))}" for code, w in ENDS])
def test_the_exit_code_says_how_it_ended(call, folder, tmp_path, code, words):
    broken, changed, file = (tmp_path / name for name in ("broken.onnx", "audit.log", "file"))
    broken.write_bytes(SHIPPED.read_bytes()[:-1])
    changed.write_text('{"nobody": "wrote this"}\n')
    file.write_text("")
    places = {
        "BROKEN": broken,
        "CHANGED": changed,
        "FOLDER": folder,
        "NOWHERE": tmp_path / "nowhere",
        "OUT/scores.parquet": tmp_path / "scores.parquet",
        "UNDER/A/FILE/features.parquet": file / "features.parquet",
    }
    done = call(*(places.get(word, word) for word in words))
    assert done.code == code, done
    assert "Traceback" not in done.err
    assert bool(done.err) == (code > 0 and words[:1] not in [("verify",), ("audit-log",), ()])


def test_the_version_is_that_of_the_package(call):
    assert call("--version").out == f"painresponse {__version__}\n"


@pytest.mark.slow
@pytest.mark.parametrize("words", [("--help",), ("show", SHIPPED), ("show", SHIPPED, "--json")])
def test_a_closed_pipe_ends_it_quietly(words):
    """Nobody reads from the first."""
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        [*PAINRESPONSE, *map(str, words)], stdout=theirs, stderr=subprocess.PIPE, text=True, timeout=60
    )
    os.close(theirs)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.slow
def test_ctrl_c_ends_it_quietly_and_leaves_no_half_output(folder, tmp_path):
    """A terminal interrupts everything that runs in it; here once the hidden room for the parts is made."""
    out = tmp_path / "features.parquet"
    words = [*PAINRESPONSE, "features", folder, "--out", out, "--jobs", 2]
    run = subprocess.Popen(
        list(map(str, words)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while run.poll() is None and not any(tmp_path.iterdir()):
        time.sleep(0.001)
    os.killpg(run.pid, signal.SIGINT)
    said, complaint = run.communicate(timeout=60)
    assert (run.returncode, said, complaint) == (130, "", "")
    assert not out.exists()
