"""A person at the command line, and a small clinic to try commands on."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from painresponse.commands import main
from painresponse.simulate import simulate

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "models" / "synthetic.onnx"


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it wrote where."""

    code: int
    out: str
    err: str


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Call painresponse in this process, its arguments, exit code and both outputs being the real ones."""

    def called(*words: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["painresponse", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        return Said(int(end.value.code or 0), *capfd.readouterr())

    return called


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty simulated patients."""
    folder = tmp_path_factory.mktemp("sixty") / "clinic"
    simulate(folder, subjects=60, seed=1, preset="registry")
    return folder
