"""The page of the command line: ``python -m tests.lib.commands`` types every command that stands on it anew.

A block of text that begins with ``$ painresponse`` is a command and what it said; the rest is by hand.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer
from typer.testing import CliRunner

from painresponse.commands import app

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "command-line.md"
BIN = Path(sys.executable).parent
WIDTH = "100"
_BLOCK = re.compile(r"^```text\n\$ (?P<command>painresponse .*)\n(?P<said>(?:.*\n)*?)```$", re.MULTILINE)


def every_command() -> dict[str, Any]:
    """All commands by the words that call them, such as ``import csv``."""
    return dict(_below(typer.main.get_command(app), ""))


def _below(group: Any, before: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _below(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def blocks(text: str) -> list[tuple[str, str]]:
    """The commands of a page with what they said."""
    return [(found["command"], found["said"]) for found in _BLOCK.finditer(text)]


def recorded(text: str, say: Callable[[str], str]) -> str:
    """A page on which every command says what it says now."""
    return _BLOCK.sub(lambda found: f"```text\n$ {found['command']}\n{say(found['command'])}```", text)


def usage(command: str) -> str:
    """What ``painresponse … --help`` says."""
    done = CliRunner().invoke(app, command.split()[1:], prog_name="painresponse", env={"COLUMNS": WIDTH})
    return _trimmed(done.output)


def typist(room: Path) -> Callable[[str], str]:
    """Who types commands in a folder and tells what they say, errors too."""
    for name in ("models", "configs"):
        (room / name).symlink_to(ROOT / name)
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": WIDTH, "OMP_NUM_THREADS": "1"}

    def say(command: str) -> str:
        if command.endswith("--help"):
            return usage(command)
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=room,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=300,
        )
        return _trimmed(done.stdout)

    return say


def _trimmed(text: str) -> str:
    lines = [line.rstrip() for line in text.strip("\n").splitlines()]
    return "".join(f"{line}\n" for line in lines).strip("\n") + "\n"


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        PAGE.write_text(recorded(PAGE.read_text(encoding="utf-8"), typist(Path(folder))), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
