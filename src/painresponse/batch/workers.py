"""Work handed out to processes of this machine, one job at a time.

They are spawned and never forked: a forked copy of Arrow's threads and locks can hang. A process that dies
takes only its own job with it, and all of them end when the one that started them does.
"""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.resource_tracker import ensure_running
from typing import Any, TypeVar

import pyarrow as pa

from painresponse.errors import PainResponseError, WorkError

J = TypeVar("J")
Work = Callable[[Any], Any]


def each(ready: Callable[[], Work], jobs: Sequence[J], count: int) -> Iterator[tuple[J, Any]]:
    """Every job with what the work made of it, as they come out of ``count`` processes.

    ``ready`` is called once in each process and gives the work. Raises what the work complained of, and
    WorkError when a process dies.
    """
    waiting = iter(jobs)
    with ExitStack() as stack:
        busy: dict[Any, tuple[BaseProcess, J]] = {}
        for job in (next(waiting) for _ in range(min(count, len(jobs)))):
            line, process = stack.enter_context(_process(ready))
            line.send(job)
            busy[line] = process, job
        while busy:
            for line in wait(list(busy)):
                process, job = busy.pop(line)
                yield job, _outcome(line, process, job)
                if (following := next(waiting, None)) is not None:
                    line.send(following)
                    busy[line] = process, following


@contextmanager
def _process(ready: Callable[[], Work]) -> Iterator[tuple[Connection, BaseProcess]]:
    """A process and the line to it; ended at the end, whatever it is doing."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    with _interrupts_held_back():
        process.start()
    theirs.close()
    try:
        ours.send(ready)
        yield ours, process
    finally:
        process.terminate()
        process.join()
        ours.close()


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """A process started meanwhile never hears Ctrl-C: who started it does, and ends it."""
    ensure_running()  # multiprocessing starts it with the first process, and lifts the block doing so
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(line: Connection) -> None:
    """What a process does: job after job, until the line is closed at the other end."""
    pa.set_cpu_count(1)
    try:
        work = _begun(line.recv())
        while True:
            line.send(_done(work, line.recv()))
    except (EOFError, ConnectionError):
        return


def _begun(ready: Callable[[], Work]) -> Work:
    """The work; where getting ready failed, work that only says why."""
    try:
        return ready()
    except PainResponseError as error:
        complaint = error
    return lambda job: complaint


def _done(work: Work, job: Any) -> Any:
    try:
        return work(job)
    except PainResponseError as complaint:
        return complaint


def _outcome(line: Connection, process: BaseProcess, job: object) -> Any:
    try:
        outcome = line.recv()
    except (EOFError, ConnectionError):
        process.join()
        raise WorkError(_obituary(process.exitcode or 0, job)) from None
    if isinstance(outcome, PainResponseError):
        raise outcome
    return outcome


def _obituary(code: int, job: object) -> str:
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
    why = " Most likely the memory ran out: run fewer at once." if code == -signal.SIGKILL else ""
    kept = "What was finished is kept: run the same command again."
    return f"A process {how} while it worked on {job}.{why} {kept}"
