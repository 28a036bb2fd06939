"""One bundle against compilers and other runtimes of the same boosters (`make benchmarks-others`).

Each peer waits in a process of its own environment and takes its turn with the same rows, one thread, CPU
time. Peers give probabilities without calibration or intervals, a model for each booster.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks.forests import KINDS, bundled, models, names, rows_like_a_clinic
from benchmarks.onnx_rows import PATIENTS, Score, cpu_seconds_a_call, predicted
from painresponse.scoring.opening import open_bundle

PYTHON = Path(__file__).parents[1] / ".venv-compilers" / "bin" / "python"
PEERS = ("treelite", "tl2cgen", "lleaves")
SIZES = ((1, 500, 7), (10_000, 1, 5))
LINE = "{:>8} {:24} {:>12} {:>18} {:>11} {:>9}"


class Peer(NamedTuple):
    """A process that scores, where it looks for rows, and the seconds it took to get ready."""

    process: subprocess.Popen[str]
    folder: Path
    ready: float

    def cpu_seconds_a_call(self, rows: np.ndarray, calls: int) -> float:
        np.save(self.folder / "rows.npy", rows)
        self.process.stdin.write(f"{calls}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def found(self) -> np.ndarray:
        return np.load(self.folder / "found.npy")


def main() -> None:
    """Print a table for each kind of booster."""
    if not PYTHON.is_file():
        print("needs .venv-compilers: make benchmarks-others", file=sys.stderr)
        return
    for kind in ("trees", "points"):
        with tempfile.TemporaryDirectory() as room, ExitStack() as stack:
            _print_kind(kind, Path(room), stack)


def _print_kind(kind: str, room: Path, stack: ExitStack) -> None:
    rows = rows_like_a_clinic(PATIENTS, seed=100)
    made = models(KINDS[kind], rows, names())
    bundle = open_bundle(bundled(room / "rows.onnx", made, rows))
    boosters = [forest.booster for model in made for _, forest in model.forests()]
    here = {"painresponse": bundle.run, "LightGBM": predicted(boosters)}
    for number, booster in enumerate(boosters):
        booster.save_model(room / f"{number:02}.txt")
    peers = {name: peer for name in PEERS if (peer := stack.enter_context(_peer(name, room)))}
    print(f"{len(boosters)} boosters, {KINDS[kind].words}; CPU time a call, one thread")
    print(LINE.format("rows", "", "ms a call", "times painresponse", "times LightGBM", "ready s"))
    for batch, calls, rounds in SIZES:
        spent = _rounds(here, peers, batch=batch, calls=calls, rounds=rounds)
        for name, seconds in spent.items():
            ready = f"{peers[name].ready:.1f}" if name in peers else ""
            ratios = (f"{seconds / spent[one]:.2f}" for one in ("painresponse", "LightGBM"))
            print(LINE.format(f"{batch:,}", name, f"{seconds * 1e3:.3f}", *ratios, ready), flush=True)


@contextmanager
def _peer(name: str, room: Path) -> Iterator[Peer | None]:
    """A peer that is ready, or None, and its complaint, where it cannot run."""
    folder = room / name
    folder.mkdir()
    for path in room.glob("*.txt"):
        (folder / path.name).symlink_to(path)
    script = Path(__file__).with_name("with_compilers.py")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": (folder / "said").open("w")}
    with subprocess.Popen([PYTHON, script, name, folder], text=True, **pipes) as process:
        try:
            ready = process.stdout.readline()
            if not ready:
                print(f"{name} does not run: {(folder / 'said').read_text().splitlines()[-1]}")
            yield Peer(process, folder, float(ready)) if ready else None
        finally:
            process.stdin.close()


def _rounds(
    here: dict[str, Score], peers: dict[str, Peer], *, batch: int, calls: int, rounds: int
) -> dict[str, float]:
    """CPU seconds a call: medians over rounds in which the order turns round; answers must agree."""
    spent: dict[str, list[float]] = {name: [] for name in (*here, *peers)}
    for number in range(rounds + 1):
        rows = rows_like_a_clinic(batch * calls, seed=number)
        batches = np.split(rows, calls)
        for name in sorted(spent, reverse=number % 2 == 1):
            one = peers[name].cpu_seconds_a_call(rows, calls) if name in peers else None
            spent[name].append(cpu_seconds_a_call(here[name], batches) if one is None else one)
        _check(here["LightGBM"](batches[-1]), peers)
    return {name: median(times[1:]) for name, times in spent.items()}


def _check(expected: Sequence[np.ndarray], peers: dict[str, Peer]) -> None:
    for name, peer in peers.items():
        off = np.abs(peer.found() - np.array(expected)).max()
        if off > 1e-6:
            raise SystemExit(f"{name} is off by {off:.2g}")


if __name__ == "__main__":
    main()
