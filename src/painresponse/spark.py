"""The engine that works on a Spark cluster: the same function over the same shards, wherever Spark runs it.

Spark hands out the work and does it again where a worker is lost. The parts themselves are written by the
workers, so the folders of events and of output, and the bundle, must lie on storage that the driver and every
executor share, and the executors need a Python with painresponse.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from uuid import uuid4

import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, Row, SparkSession

from painresponse import errors
from painresponse.batch.parts import Job, Recipe, account, maker
from painresponse.batch.runs import Engine
from painresponse.errors import DefinitionError, PainResponseError, WorkError

LOOK_EVERY = 0.2
"""Seconds between two looks at which parts are there."""

_ELSEWHERE = {"SPARK_REMOTE", "PYSPARK_GATEWAY_PORT"}
"""Set where a Connect server or spark-submit knows the cluster; Spark itself would take this machine."""

_ANSWER = pa.schema({"kind": pa.string(), "words": pa.string()})


def on_spark(master: str | None = None) -> Engine:
    """The engine of a cluster: the session that is open already, else a new one on ``master``.

    Raises DefinitionError when no cluster is known, WorkError when Spark does not start or gives up.
    """
    return partial(_run, master)


def _run(master: str | None, recipe: Recipe, jobs: Sequence[Job]) -> Iterator[Job]:
    if not jobs:
        return
    with _session(master) as session, ThreadPoolExecutor(1) as beside:
        tag = f"painresponse-{uuid4()}"
        # one task a shard: what a lost worker leaves behind is the one shard it was at
        tasks = session.range(0, len(jobs), 1, len(jobs))
        answers = tasks.mapInArrow(partial(_answers, recipe, list(jobs)), "kind string, words string")
        asked = beside.submit(_collected, session, answers, tag)
        try:
            yield from _appearing(jobs, asked)
        finally:
            session.interruptTag(tag)


def _answers(recipe: Recipe, jobs: list[Job], batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """On an executor: make the parts of the jobs numbered in the batches; only complaints are answered."""
    pa.set_cpu_count(1)
    for batch in batches:
        complaints = [_complaint(recipe, jobs[number]) for number in batch.column(0).to_pylist()]
        yield pa.RecordBatch.from_pylist([one for one in complaints if one], _ANSWER)


def _complaint(recipe: Recipe, job: Job) -> dict[str, str] | None:
    """What was wrong with a job, as plain words: an exception would have Spark try it again, in vain."""
    try:
        if not account(job):  # a task done again finds what it finished before its worker was lost
            maker(recipe)(job)
    except PainResponseError as error:
        return {"kind": type(error).__name__, "words": str(error)}
    return None


def _collected(session: SparkSession, answers: DataFrame, tag: str) -> list[Row]:
    session.addTag(tag)  # tags belong to a thread
    return answers.collect()


def _appearing(jobs: Sequence[Job], asked: Future[list[Row]]) -> Iterator[Job]:
    """Every job once its part is there; then what the workers complained of."""
    left = list(jobs)
    while left and not asked.done():
        wait([asked], timeout=LOOK_EVERY)
        there = [job for job in left if job.account.exists()]
        left = [job for job in left if job not in there]
        yield from there
    try:
        complaints = asked.result()
    except Exception as error:  # py4j's and Spark's errors have no common ancestor of their own
        raise WorkError(
            "Spark gave up; its log says why. What was finished is kept: run the same command again."
        ) from error
    for row in complaints:
        raise getattr(errors, row.kind)(row.words)
    yield from left


@contextmanager
def _session(master: str | None) -> Iterator[SparkSession]:
    """The session that is open already, or one of our own, closed at the end."""
    there = SparkSession.getActiveSession()
    if there is not None:
        yield there
        return
    session = _started(master)
    try:
        yield session
    finally:
        session.stop()


def _started(master: str | None) -> SparkSession:
    if master is None and not _ELSEWHERE & os.environ.keys():
        raise DefinitionError(
            "Spark knows no cluster. Say which with --master or SPARK_MASTER, such as spark://host:7077, "
            "yarn, or local[2] for this machine."
        )
    builder = SparkSession.builder.appName("painresponse").config("spark.ui.showConsoleProgress", "false")
    if master is not None:
        builder = builder.master(master)
    if (master or "").startswith("local"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        builder = builder.config("spark.driver.bindAddress", "127.0.0.1").config("spark.ui.enabled", "false")
    try:
        return builder.getOrCreate()
    except PySparkException as error:
        raise WorkError(f"Spark did not start: {error} It needs Java 17 or newer.") from None
