"""Only a terminal is given colours and bars, and its width counts; files and pipes are given plain text."""

import os
import pty
import re
import subprocess
import sys
import termios

import pytest

from tests.commands.conftest import SHIPPED
from tests.lib.terminals import written

PAINRESPONSE = (sys.executable, "-m", "painresponse")
WISHES = {"COLUMNS", "FORCE_COLOR", "NO_COLOR", "TERM"}
COLOUR = re.compile(r"\x1b\[[0-9;]*[34][0-9][0-9;]*m")

pytestmark = pytest.mark.slow


def environment(**wishes):
    return {**{key: value for key, value in os.environ.items() if key not in WISHES}, **wishes}


def on_terminal(width, *words, **wishes):
    """What a terminal of that width is sent."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, width))
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    run = subprocess.Popen(
        [*PAINRESPONSE, *map(str, words)], env=environment(**{"TERM": "xterm-256color", **wishes}), **streams
    )
    os.close(theirs)
    said = written(ours)
    assert run.wait(60) == 0
    return said.replace("\r\n", "\n")


def piped(*words, **wishes):
    done = subprocess.run(
        [*PAINRESPONSE, *map(str, words)],
        env=environment(**wishes),
        capture_output=True,
        text=True,
        timeout=99,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("words", [("verify", SHIPPED), ("show", SHIPPED), ("check", "FOLDER")])
def test_nothing_but_a_long_word_is_wider_than_the_terminal(folder, width, words):
    said = on_terminal(width, *(folder if word == "FOLDER" else word for word in words), NO_COLOR="1")
    lines = re.sub(r"\x1b\[[0-9;]*m", "", said).splitlines()
    assert [line for line in lines if len(line) > width and " " in line.strip()] == []
    assert "…" not in re.sub(r"[0-9a-f]{8,}…", "", said), "something was cut that is no hash"


def test_a_terminal_is_shown_colours_unless_they_are_not_wanted():
    assert COLOUR.search(on_terminal(80, "--help"))
    assert not COLOUR.search(on_terminal(80, "--help", NO_COLOR="1"))
    assert "\x1b" not in on_terminal(80, "show", SHIPPED, TERM="dumb")


@pytest.mark.parametrize("words", [("--help",), ("show", SHIPPED), ("verify", SHIPPED)])
def test_a_pipe_is_given_no_escape_codes_unless_they_are_wanted(words):
    done = piped(*words)
    assert "\x1b" not in done.stdout + done.stderr


def test_colours_can_be_forced_into_a_pipe_but_never_a_bar(folder, tmp_path):
    words = ("features", folder, "--out", tmp_path / "f.parquet")
    assert piped(*words, FORCE_COLOR="1").stderr == ""
    assert "\x1b" in piped("show", SHIPPED, FORCE_COLOR="1").stdout


def test_a_terminal_is_shown_a_bar_that_is_gone_afterwards(folder, tmp_path):
    said = on_terminal(80, "features", folder, "--out", tmp_path / "f.parquet")
    bar, _, after = said.rpartition("\x1b[2K")
    assert "━" in bar and "━" not in after


def test_machines_are_shown_no_bar_even_on_a_terminal(folder, tmp_path):
    said = on_terminal(80, "features", folder, "--out", tmp_path / "f.parquet", "--json")
    assert said.startswith("{") and "\x1b" not in said
