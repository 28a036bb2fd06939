"""A page, followed from top to bottom: what a reader would type is typed, in a folder of its own."""

import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.docs.blocks import Block

PATIENCE = 300
BIN = Path(sys.executable).parent
_SERVES = re.compile(r"painresponse serve |python -m painresponse_serve ")
_OPENS = re.compile(r"painresponse (?:(?:explain|evaluate|monitor|promote|score|serve)\b|report(?=.*--data))")
_PORT = re.compile(r"(localhost|127\.0\.0\.1):8000\b")


class Reader:
    """Follows blocks in a room; servers that a page starts answer until the page ends."""

    def __init__(self, room: Path, stack: ExitStack):
        self._room, self._stack, self._port = room, stack, "8000"
        self._named: dict[str, Any] = {"__name__": "__main__"}

    def follow(self, block: Block) -> None:
        """Do what a block says; raises AssertionError where it does not do what it shows."""
        if name := block.said.get("file"):
            path = self._room / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            exec(compile(self._moved(block.text), str(block), "exec"), self._named)
        elif block.language in ("console", "sh"):
            self._type(block)

    def _type(self, block: Block) -> None:
        for command, shown in _shown(block) if block.language == "console" else _plain(block):
            if _SERVES.match(command):
                self._stack.enter_context(self._serving(command))
            else:
                said = self._run(command)
                assert not shown or _fits(shown, said), f"{block}: {command}\nshown:\n{shown}\nsaid:\n{said}"

    def _moved(self, text: str) -> str:
        """Two things are not as on the page: the port, which others may use, and who the patients are."""
        if "synthetic" not in text:
            text = _OPENS.sub(r"\g<0> --allow-synthetic", text)
        return _PORT.sub(rf"\1:{self._port}", text)

    def _run(self, command: str) -> str:
        done = subprocess.run(
            ["bash", "-c", self._moved(command)],
            cwd=self._room, env=_environment(self._room), text=True, timeout=PATIENCE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        return done.stdout

    @contextmanager
    def _serving(self, command: str) -> Iterator[None]:
        words = [*shlex.split(self._moved(command), comments=True), "--port", "0"]
        process = subprocess.Popen(
            words, cwd=self._room, env=_environment(self._room), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            first = process.stdout.readline()
            assert '"listening"' in first, f"{command}\n{first}"
            self._port = json.loads(first)["url"].rsplit(":", 1)[1]
            threading.Thread(target=process.stdout.read, daemon=True).start()  # a full pipe stops a server
            yield
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def _environment(room: Path) -> dict[str, str]:
    """A person's, with the commands of this environment, and a ``make`` that only says what it would do."""
    path = os.pathsep.join((str(room / "bin"), str(BIN), os.environ["PATH"]))
    own = {name: value for name, value in os.environ.items() if name != "COLUMNS"}  # pytest's, in parallel
    return {**own, "PATH": path, "NO_COLOR": "1", "OMP_NUM_THREADS": "1"}


def _plain(block: Block) -> Iterator[tuple[str, str]]:
    """The whole as one script, unless it starts a server, which the lines below it need."""
    if not _SERVES.search(block.text):
        yield f"set -e\n{block.text}", ""
        return
    yield from ((line, "") for line in block.text.splitlines() if line and not line.startswith("#"))


def _shown(block: Block) -> Iterator[tuple[str, str]]:
    """Commands behind a dollar, each with the output that stands below it."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.replace("\\\n> ", " ").partition("\n")
        yield command, shown.strip("\n")


def _fits(shown: str, said: str) -> bool:
    """The same but for the blanks at the ends of lines; ``…`` stands for anything."""
    parts = [re.escape(part) for part in _trimmed(shown).split("…")]
    return re.fullmatch(".*?".join(parts), _trimmed(said), re.DOTALL) is not None


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
