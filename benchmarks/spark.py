"""Spark over shard paths against two plain processes: same machine, same run, same files.

``EVENTS=500000 python -m benchmarks spark`` measures at another size.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from benchmarks.size import asks, catalogue, written
from painresponse.batch import Engine, features_folder, in_processes
from painresponse.spark import on_spark

EVENTS = int(os.environ.get("EVENTS", "20000000").split(",")[-1])
MASTER = "local-cluster[2,1,1024]"
TURNS = 3


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as room:
        _at_home(Path(room))
        events = written(Path(room) / "clinic", EVENTS)
        start = time.perf_counter()
        builder = SparkSession.builder.master(MASTER).config("spark.ui.enabled", "false")
        session = builder.config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()
        print(f"{events:,} events, {MASTER}: session started in {time.perf_counter() - start:.1f} s")
        plain = [_took(Path(room), "plain", in_processes(2)) for _ in range(TURNS)]
        spark = [_took(Path(room), "spark", on_spark()) for _ in range(TURNS)]
        session.stop()
        print(f"two plain processes, their start included: {_listed(plain)} s")
        print(f"Spark, its first run first: {_listed(spark)} s")
        print(
            f"ratio (best of {TURNS}): {min(spark) / min(plain):.2f}; first run: {spark[0] / min(plain):.2f}"
        )
        print(f"equal to the bit: {_same(Path(room))}")


def _at_home(room: Path) -> None:
    """Spark's workers write beside Spark unless it has a home of its own."""
    import pyspark

    home = room / "spark"
    home.mkdir()
    for one in Path(pyspark.__file__).parent.iterdir():
        (home / one.name).symlink_to(one)
    os.environ |= {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}


def _took(room: Path, name: str, engine: Engine) -> float:
    start = time.perf_counter()
    wanted = asks(room / "clinic")
    features_folder(catalogue(), room / "clinic", room / name, asks=wanted, engine=engine, overwrite=True)
    return time.perf_counter() - start


def _listed(seconds: list[float]) -> str:
    return ", ".join(f"{one:.2f}" for one in seconds)


def _same(room: Path) -> bool:
    names = [one.name for one in (room / "plain").iterdir()]
    return all(_bytes(room / "plain" / name) == _bytes(room / "spark" / name) for name in names)


def _bytes(path: Path) -> list[bytes]:
    return [column.to_numpy().tobytes() for column in pq.read_table(path).columns]


if __name__ == "__main__":
    main()
