"""Work handed to processes: what they complain of arrives, who dies is mourned, nobody is left behind."""

import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from painresponse.batch.workers import each
from painresponse.errors import RecordError, WorkError
from tests.sizes.clinic import command, content, words, write_shards


def doubling():
    return lambda job: 2 * job


def complaining():
    def work(job):
        if job == 3:
            raise RecordError("Shard 3 is no shard.")
        return job

    return work


def dying(how):
    def work(job):
        if job == 3:
            os.kill(os.getpid(), how) if how else os._exit(7)
        return job

    return work


def waiting():
    return time.sleep


@pytest.mark.parametrize("count", [1, 2, 9])
def test_every_job_is_done_once(count):
    assert sorted(each(doubling, range(7), count)) == [(job, 2 * job) for job in range(7)]


def test_without_jobs_no_process_is_started():
    assert list(each(doubling, [], 2)) == []


def test_a_complaint_is_raised_here():
    with pytest.raises(RecordError, match=r"Shard 3 is no shard\."):
        list(each(complaining, range(7), 2))


def never_ready():
    raise RecordError("There is nothing to work with.")


def test_what_getting_ready_complains_of_is_raised_here():
    with pytest.raises(RecordError, match="nothing to work with"):
        list(each(never_ready, range(7), 2))


@pytest.mark.parametrize(
    ("how", "said"),
    [(signal.SIGKILL, r"was ended by SIGKILL .* on 3\. Most likely the memory"), (0, "ended with code 7")],
)
def test_a_process_that_dies_is_said_with_its_job(how, said):
    done = []
    with pytest.raises(WorkError, match=said):
        done.extend(each(partial(dying, how), range(7), 1))
    assert list(children(os.getpid())) == []


def children(pid: int):
    """The processes another one started, without the one that tracks resources."""
    for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        line = Path(f"/proc/{one}/cmdline")
        if line.exists() and b"spawn_main" in line.read_bytes():
            yield int(one)


def until(true, seconds=60):
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(0.01)


@pytest.fixture
def at_work(tmp_path):
    """A run with two processes that has finished some of thirty shards."""
    if not Path("/proc/self/task").is_dir():
        pytest.skip("needs /proc to see processes")
    clinic, out = write_shards(tmp_path / "clinic", shards=30), tmp_path / "out"
    run = subprocess.Popen(
        words("features", clinic, "--out", out, "--jobs", 2),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until(lambda: len(list(tmp_path.glob(".out.parts/*/parts/*.parquet"))) > 2 or run.poll() is not None)
    assert run.poll() is None, "the run was over before anything could be done to it"
    yield run, clinic, out
    run.kill()
    run.communicate()


@pytest.mark.slow
def test_a_process_killed_for_memory_is_said_and_loses_nothing_that_was_finished(at_work):
    run, clinic, out = at_work
    os.kill(next(children(run.pid)), signal.SIGKILL)
    _, complaint = run.communicate()
    assert run.returncode == 1
    assert re.match(
        r"painresponse: A process was ended by SIGKILL while it worked on .*\.parquet\.", complaint
    )
    assert "Most likely the memory ran out" in complaint and "Traceback" not in complaint
    assert not out.exists()
    assert len(list(out.parent.glob(".out.parts/*/parts/*.parquet"))) > 2
    again = command("features", clinic, "--out", out)
    assert "of 30 shards were finished by an earlier run" in again.out
    assert command("features", clinic, "--out", out.with_name("fresh")).code == 0
    assert content(out) == content(out.with_name("fresh"))


def test_ctrl_c_ends_everything_without_a_traceback(at_work):
    run, _, out = at_work
    workers = list(children(run.pid))
    os.killpg(run.pid, signal.SIGINT)
    _, complaint = run.communicate()
    assert run.returncode not in (0, None)
    assert "Traceback" not in complaint
    assert len(workers) == 2 and not any(Path(f"/proc/{one}").exists() for one in workers)
    assert not out.exists()


def test_processes_end_when_the_one_that_started_them_is_killed(at_work):
    run, _, _ = at_work
    workers = list(children(run.pid))
    run.kill()
    run.wait()
    assert len(workers) == 2
    until(lambda: not any(alive(one) for one in workers))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_processes_are_spawned_and_never_forked():
    """What was loaded here is not there: a fork would have brought it along."""
    sys.modules["painresponse_never_forked"] = sys
    try:
        assert list(each(partial(knows, "painresponse_never_forked"), [0], 1)) == [(0, False)]
    finally:
        del sys.modules["painresponse_never_forked"]


def knows(name):
    return lambda job: name in sys.modules
