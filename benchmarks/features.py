"""Features from Parquet to a float32 matrix against pandas, Polars and DuckDB; one subject alone."""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

# one core for everybody: the ratios are of work, not of how well it spreads
os.environ.setdefault("POLARS_MAX_THREADS", "1")

import numpy as np

from benchmarks.histories import EVENTS_EACH, INDEX, catalogue, sentences, write
from benchmarks.peers import by_duckdb, by_pandas, by_polars
from painresponse.engine import Plan, compute, rows
from painresponse.language import FeatureSet
from painresponse.readers import histories
from painresponse.records import Asks, Records

SUBJECTS = 10_000
TURNS = 3


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room)
        events = write(folder, SUBJECTS)
        ours, cpu, wall = timed(lambda: painresponse(folder))
        print(
            f"Features: {events:,} events, {SUBJECTS:,} subjects, {ours.shape[1]} features, best of {TURNS}"
        )
        print(f"{'':14}{'CPU s':>8}{'wall s':>8}{'million events/s (CPU)':>25}{'ratio':>8}{'agrees':>10}")
        print(f"{'painresponse':14}{cpu:8.2f}{wall:8.2f}{events / cpu / 1e6:25.2f}")
        for name, peer in (("Polars", by_polars), ("DuckDB", by_duckdb), ("pandas", by_pandas)):
            theirs, peer_cpu, peer_wall = timed(lambda peer=peer: peer(folder))
            agree = np.isclose(ours, theirs, rtol=1e-4, atol=1e-4, equal_nan=True).mean()
            speed = events / peer_cpu / 1e6
            print(f"{name:14}{peer_cpu:8.2f}{peer_wall:8.2f}{speed:25.2f}{peer_cpu / cpu:8.1f}{agree:10.4%}")
        plain, cpu, wall = timed(lambda: packaged(folder))
        print(
            f"packaged catalogue, {plain.shape[1]} features with trials of treatments: "
            f"{cpu:.2f} s CPU, {events / cpu / 1e6:.2f} million events/s"
        )
        for name, features in (("those", FeatureSet.from_plain(sentences())), ("packaged", None)):
            one_subject(folder, name, features)


def painresponse(folder: Path) -> np.ndarray:
    """The compared features."""
    return _matrix(folder, FeatureSet.from_plain(sentences()))


def packaged(folder: Path) -> np.ndarray:
    """The packaged catalogue's own."""
    return _matrix(folder, catalogue().features)


def _matrix(folder: Path, features: FeatureSet) -> np.ndarray:
    concepts = catalogue().concepts
    plan = Plan(features, concepts)
    return np.concatenate([rows(plan, records, _asks(records)) for records, _ in histories(folder, concepts)])


def _asks(records: Records) -> Asks:
    subjects = records.subjects()
    return Asks(subjects, np.full(len(subjects), INDEX))


def timed(work: Callable[[], np.ndarray]) -> tuple[np.ndarray, float, float]:
    """The result, and the best CPU and wall seconds of a few turns."""
    best_cpu = best_wall = np.inf
    for _ in range(TURNS):
        cpu, wall = time.process_time(), time.perf_counter()
        result = work()
        best_cpu = min(best_cpu, time.process_time() - cpu)
        best_wall = min(best_wall, time.perf_counter() - wall)
    return result, best_cpu, best_wall


def one_subject(folder: Path, name: str, features: FeatureSet | None) -> None:
    """One subject of 200 events, warm; another subject at every call."""
    records, _ = next(histories(folder, catalogue().concepts))
    plan = Plan(features or catalogue().features, catalogue().concepts)
    people = [records.of(int(subject)) for subject in records.subjects()[:400]]
    took = []
    for mine in people * 3:
        start = time.perf_counter()
        compute(plan, mine, Asks(mine.subject[:1], np.array([INDEX])))
        took.append(time.perf_counter() - start)
    p50, p99 = np.quantile(took[400:], [0.5, 0.99]) * 1000
    print(
        f"one subject of {EVENTS_EACH} events, {len(plan.features)} features ({name}): "
        f"p50 {p50:.2f} ms, p99 {p99:.2f} ms"
    )


if __name__ == "__main__":
    main()
