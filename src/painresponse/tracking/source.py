"""The state of the source that is running, if it lies in a git checkout of its own."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

_HERE = Path(__file__)


@cache
def source_commit() -> str:
    """The commit, with ``-dirty`` if files were changed since; empty for an installed package."""
    git = shutil.which("git")
    # A package installed inside somebody's checkout is not tracked by it.
    if git is None or _asked(git, "ls-files", _HERE.name) != _HERE.name:
        return ""
    return _asked(git, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def _asked(git: str, *words: str) -> str:
    told = subprocess.run(  # noqa: S603
        [git, *words], cwd=_HERE.parent, capture_output=True, text=True, check=False
    )
    return told.stdout.strip() if told.returncode == 0 else ""
