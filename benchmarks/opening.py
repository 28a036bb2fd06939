"""Opening a bundle in a fresh process: hash, session, golden patients; its size, and the memory it takes.

Seven targets of trees with explanations, nine of the shipped kind, and the shipped bundle itself.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.forests import KINDS, bundled, models, names, rows_like_a_clinic, shipped

PATIENTS, TURNS = 4_000, 5
INTERVENTIONS = 7
LINE = "{:66} {:>8} {:>8} {:>7} {:>8} {:>8} {:>8} {:>10}"


def main() -> None:
    """Print the table."""
    print(f"opening a bundle, median of {TURNS} processes, CPU ms; goals: 300 ms, 30 MB")
    head = ("bundle", "file MB", "whole ms", "hash", "session", "golden", "process", "opened MB")
    print(LINE.format(*head))
    with tempfile.TemporaryDirectory() as room:
        for name, path in _bundles(Path(room)):
            _print(name, path)


def _bundles(room: Path) -> Iterator[tuple[str, Path]]:
    rows = rows_like_a_clinic(PATIENTS, seed=100)
    for key, targets in (("trees", names()[:INTERVENTIONS]), ("points", names())):
        made = models(KINDS[key], rows, targets)
        yield f"{len(made)} targets: {KINDS[key].words}", bundled(room / f"{key}.onnx", made, rows)
    yield from (("shipped", path) for path in shipped())


def _print(name: str, path: Path) -> None:
    turns = [_opened(path) for _ in range(TURNS)]
    whole, hashed, session, golden, before, after = map(statistics.median, zip(*turns, strict=True))
    times = (f"{one * 1e3:.1f}" for one in (whole, hashed, session, golden))
    size = path.stat().st_size / 1e6
    print(LINE.format(name, f"{size:.1f}", *times, f"{before:.0f} MB", f"+{after - before:.0f}"), flush=True)


def _opened(path: Path) -> list[float]:
    script = Path(__file__).with_name("with_bundle.py")
    done = subprocess.run([sys.executable, script, path], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
