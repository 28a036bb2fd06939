"""A real Spark cluster on this machine: a master, two workers, executors with their own Python processes."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.sizes.clinic import write_shards

MASTER = "local-cluster[2,1,1024]"


@pytest.fixture(scope="session", autouse=True)
def spark_home(tmp_path_factory):
    """Spark as installed, but with a folder of its own for what its workers write; skipped if absent."""
    try:
        import pyspark
    except ModuleNotFoundError:
        _absent("pyspark is not installed")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        _absent("there is no Java")
    room = tmp_path_factory.mktemp("spark")
    for one in Path(pyspark.__file__).parent.iterdir():
        (room / one.name).symlink_to(one)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_HOME", str(room))
        patch.setenv("SPARK_LOCAL_DIRS", str(room / "local"))
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        yield room


def _absent(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{why}, and a CI run must not skip Spark")
    pytest.skip(why)


@pytest.fixture(scope="session")
def session(spark_home):
    """A session on the cluster, shared by the tests: starting one takes seconds."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(MASTER).config("spark.driver.bindAddress", "127.0.0.1")
    found = builder.config("spark.ui.enabled", "false").getOrCreate()
    yield found
    found.stop()


@pytest.fixture(scope="session")
def clinic(tmp_path_factory):
    """24 shards, enough for a run to be disturbed half way."""
    return write_shards(tmp_path_factory.mktemp("sizes") / "clinic", shards=24)
