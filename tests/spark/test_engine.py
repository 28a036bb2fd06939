"""On a cluster the numbers are the same to the bit, and a worker that is killed loses nothing."""

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from painresponse.batch import features_folder, in_process
from painresponse.errors import RecordError, WorkError
from painresponse.records import Asks
from tests.sizes.clinic import command, content, histories, write_shard, write_shards
from tests.spark.conftest import MASTER

pytestmark = pytest.mark.slow
DAY = 86_400_000_000


@pytest.fixture
def spark(session):
    """The engine, on the session that is open."""
    from painresponse.spark import on_spark

    return on_spark()


@pytest.fixture(scope="module")
def local(catalogue, clinic, tmp_path_factory):
    """What a single process makes of the clinic."""
    out = tmp_path_factory.mktemp("local") / "features"
    features_folder(catalogue, clinic, out, engine=in_process)
    return content(out)


def test_the_rows_are_the_same_to_the_bit(catalogue, clinic, local, spark, tmp_path):
    made = features_folder(catalogue, clinic, tmp_path / "features", engine=spark)
    features_folder(catalogue, clinic, tmp_path / "features.parquet", engine=spark)
    assert (made.rows, made.shards, made.kept) == (480, 24, 0)
    assert content(tmp_path / "features") == local == content(tmp_path / "features.parquet")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["features", "features.parquet"]


def test_asks_travel_along(catalogue, clinic, spark, tmp_path):
    subject = np.array([50, 3, 999, 3, 21], np.int64)
    asks = Asks(subject, 18_000 * DAY - np.arange(5) * DAY)
    features_folder(catalogue, clinic, tmp_path / "here.parquet", asks=asks)
    features_folder(catalogue, clinic, tmp_path / "there.parquet", asks=asks, engine=spark)
    assert content(tmp_path / "here.parquet") == content(tmp_path / "there.parquet")


def test_progress_tells_every_shard_once(catalogue, clinic, spark, tmp_path):
    told = []
    features_folder(
        catalogue, clinic, tmp_path / "out", engine=spark, progress=lambda *said: told.append(said)
    )
    assert told == [(800, 24 * 800)] * 24


def processes() -> dict[int, tuple[int, str]]:
    """Every process: its parent and its command line."""
    found = {}
    for one in Path("/proc").iterdir():
        if one.name.isdigit():
            try:
                parent = int((one / "stat").read_text().rsplit(")", 1)[1].split()[1])
                found[int(one.name)] = parent, (one / "cmdline").read_text().replace("\0", " ")
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


def ours(what: str) -> list[int]:
    """Processes this one started, directly or not, with such a command line; the youngest last."""
    there = processes()

    def is_ours(pid: int) -> bool:
        return pid == os.getpid() or (pid in there and is_ours(there[pid][0]))

    return sorted(pid for pid, (parent, line) in there.items() if what in line and is_ours(parent))


def python_workers() -> list[int]:
    """The Python processes that do the work: forks of an executor's daemon."""
    daemons = ours("pyspark.daemon")
    there = processes()
    return [pid for pid in daemons if there.get(pid, (0, ""))[0] in daemons]


def executors() -> list[int]:
    return ours("CoarseGrainedExecutorBackend")


@pytest.mark.parametrize("victims", [python_workers, executors], ids=["python worker", "executor"])
def test_a_worker_killed_half_way_loses_nothing(catalogue, clinic, local, spark, tmp_path, victims):
    out, killed = tmp_path / "features", []

    def kill() -> None:
        while not list(tmp_path.glob(".features.parts/*/accounts/*")):
            time.sleep(0.002)
        victim = victims()[-1]
        os.kill(victim, signal.SIGKILL)
        killed.append(len(list(tmp_path.glob(".features.parts/*/accounts/*"))))

    killer = threading.Thread(target=kill)
    killer.start()
    made = features_folder(catalogue, clinic, out, engine=spark)
    killer.join()
    assert killed[0] < 24, "the run was over before anything could be killed"
    assert (made.rows, made.shards) == (480, 24)
    assert content(out) == local


def test_what_a_worker_complains_of_is_raised_here(catalogue, spark, tmp_path):
    clinic = write_shards(tmp_path / "clinic")
    path = write_shard(
        clinic, "1.parquet", histories(range(21, 41)).rename_columns(["subject_id", "time", "code", "value"])
    )
    with pytest.raises(RecordError, match=r"1\.parquet lacks the column numeric_value"):
        features_folder(catalogue, clinic, tmp_path / "out", engine=spark)
    write_shard(clinic, path.name, histories(range(21, 41)))
    made = features_folder(catalogue, clinic, tmp_path / "out", engine=spark)
    assert (made.shards, made.rows) == (3, 60)


def test_a_divided_subject_is_refused_before_spark_is_asked(catalogue, tmp_path):
    from painresponse.spark import on_spark

    clinic = write_shards(tmp_path / "clinic")
    write_shard(clinic, "9.parquet", histories(range(1, 3)))
    with pytest.raises(RecordError, match="2 subjects stand both in"):
        features_folder(catalogue, clinic, tmp_path / "out", engine=on_spark("spark://nowhere:1"))


def test_a_shard_that_vanishes_meanwhile_is_said(catalogue, tmp_path, session):
    """What a run left unfinished is an error, whatever the cluster says."""

    def idle(recipe, jobs):
        return []

    clinic = write_shards(tmp_path / "clinic")
    with pytest.raises(WorkError, match="storage that all of them share"):
        features_folder(catalogue, clinic, tmp_path / "out", engine=idle)
    assert [one.name for one in tmp_path.iterdir()] == ["clinic"]


def test_the_command_starts_a_session_of_its_own(clinic, local, tmp_path):
    out = tmp_path / "features"
    done = command("features", clinic, "--out", out, "--engine", "spark", "--master", MASTER, "--json")
    assert done.code == 0, done.err
    assert '"rows": 480' in done.out and done.out.startswith("{")
    assert content(out) == local


def test_without_a_cluster_the_way_to_one_is_said(clinic, tmp_path):
    done = command("features", clinic, "--out", tmp_path / "out", "--engine", "spark")
    assert done.code == 2, done.err
    assert "Spark knows no cluster. Say which with --master or SPARK_MASTER" in done.err
    assert list(tmp_path.iterdir()) == []


def test_without_java_spark_does_not_start(clinic, tmp_path):
    nowhere = {**os.environ, "JAVA_HOME": str(tmp_path / "nowhere")}
    said = ("features", clinic, "--out", tmp_path / "out", "--engine", "spark", "--master", "local[1]")
    done = command(*said, env=nowhere)
    assert done.code == 1, done.err
    assert "painresponse: Spark did not start" in done.err and "Java 17" in done.err
    assert list(tmp_path.iterdir()) == []
