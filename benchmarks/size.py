"""Any size: CPU, wall and memory at 2 and 20 million events, in one process and in two.

``EVENTS=500000,1000000 python -m benchmarks size`` measures at other sizes.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

import numpy as np

from benchmarks.histories import EVENTS_EACH, INDEX, SHARD, sentences, write
from painresponse.batch import features_folder, in_process, in_processes
from painresponse.batch.asking import asker
from painresponse.batch.workers import each
from painresponse.clinic import Catalogue, load_catalogue
from painresponse.engine import Plan, rows
from painresponse.language import FeatureSet
from painresponse.readers import shards
from painresponse.readers.meds import shard_histories
from painresponse.records import Asks
from painresponse.records.coding import Measures

SIZES = tuple(map(int, os.environ.get("EVENTS", "2000000,20000000").split(",")))
LINE = "{:>12} {:>9} {:>10} {:>7} {:>8} {:>13} {:>14} {:>8}"


def main() -> None:
    """Print the table."""
    head = ("events", "processes", "what", "CPU s", "wall s", "with start s", "Mevents/s/core", "peak MB")
    print(f"{len(sentences())} features a subject; peak of the largest process")
    print(LINE.format(*head))
    for size in SIZES:
        with tempfile.TemporaryDirectory() as room:
            events = written(Path(room) / "clinic", size)
            for what in ("matrix", "parts"):
                runs = [_measured(Path(room), what, count) for count in (1, 2)]
                for count, run in zip((1, 2), runs, strict=True):
                    print(_line(events, count, what, run))
                print(f"{'':>12} two processes are {runs[0]['wall'] / runs[1]['wall']:.2f} times one")


def written(folder: Path, events: int) -> int:
    """Random histories of about so many events, shard by shard; how many they are."""
    return write(folder, max(events // EVENTS_EACH // SHARD, 1) * SHARD)


def catalogue() -> Catalogue:
    """The packaged one with the features that benchmarks compare."""
    return replace(load_catalogue(), features=FeatureSet.from_plain(sentences()))


def asks(folder: Path) -> Asks:
    """Everybody, at one instant."""
    subjects = np.arange(1, len(shards(folder)) * SHARD + 1)
    return Asks(subjects, np.full(len(subjects), INDEX))


def _line(events: int, count: int, what: str, run: dict[str, float]) -> str:
    speed = events / run["cpu"] / 1e6
    numbers = (f"{run['cpu']:.2f}", f"{run['wall']:.2f}", f"{run['whole']:.2f}", f"{speed:.2f}")
    return LINE.format(f"{events:,}", count, what, *numbers, f"{run['peak']:.0f}")


def _measured(room: Path, what: str, count: int) -> dict[str, float]:
    """In a process of its own, whose memory is nobody else's."""
    command = [sys.executable, "-m", "benchmarks.size", str(room), what, str(count)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _run(room: str, what: str, count: str) -> None:
    work = _matrix if what == "matrix" else _parts
    start = time.perf_counter()
    run = work(Path(room), int(count))
    run["whole"] = time.perf_counter() - start
    print(json.dumps(run))


def _matrix(room: Path, count: int) -> dict[str, float]:
    """Parquet to float32 matrices in so many processes; wall from the first shard begun to the last done."""
    found = shards(room / "clinic")
    ready = partial(_ready, asks(room / "clinic"))
    done = [outcome for _, outcome in each(ready, found, count)]
    return {
        "cpu": sum(one["cpu"] for one in done),
        "wall": max(one["end"] for one in done) - min(one["start"] for one in done),
        "peak": max(one["peak"] for one in done),
    }


def _ready(wanted: Asks) -> Callable[[Path], dict[str, Any]]:
    with_features = catalogue()
    plan = Plan(with_features.features, with_features.concepts)
    measures, about = Measures(with_features.concepts), asker(wanted)

    def work(shard: Path) -> dict[str, Any]:
        start, cpu = time.perf_counter(), time.process_time()
        for records, _ in shard_histories(shard, measures):
            matrix = rows(plan, records, about(records))
            assert matrix.dtype == np.float32
        end = time.perf_counter()
        return {"start": start, "end": end, "cpu": time.process_time() - cpu, "peak": _peak()}

    return work


def _parts(room: Path, count: int) -> dict[str, float]:
    """The whole command, from folder to folder; here the start of the processes counts."""
    engine = in_process if count == 1 else in_processes(count)
    start, before = time.perf_counter(), os.times()
    features_folder(
        catalogue(), room / "clinic", room / "out", asks=asks(room / "clinic"), engine=engine, overwrite=True
    )
    after = os.times()
    spent = sum(after[:4]) - sum(before[:4])
    largest = max(_peak(), getrusage(RUSAGE_CHILDREN).ru_maxrss / 1024)
    return {"cpu": spent, "wall": time.perf_counter() - start, "peak": largest}


def _peak() -> float:
    """Megabytes; of this process alone, not of the one that started it."""
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    _run(*sys.argv[1:])
