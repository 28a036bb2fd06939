"""The audit log: a line for each answered request, written before the answer leaves, and for each new bundle.

What is in a line: when, who, by which route, which models, the SHA-256 of what was sent, how many patients,
and how often each target spoke or was refused, and why. Never a history, never a probability.
"""

import os
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from errno import ENOSPC
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool

from painresponse.errors import WorkError
from painresponse_serve.chain import NOTHING_BEFORE, ending, link, linked, torn_note
from painresponse_serve.complaints import RequestError
from painresponse_serve.logs import log

if sys.platform != "win32":
    from fcntl import LOCK_EX, LOCK_UN, flock

_POLICIES = ("always", "second", "never")


@dataclass(frozen=True, slots=True)
class Audit:
    """Where the log is written (nowhere without a path), and when it is forced onto the disk."""

    path: str = ""
    fsync: str = "second"
    retry_after_seconds: int = 5

    def __post_init__(self) -> None:
        if self.fsync not in _POLICIES:
            raise ValueError(f"fsync must be one of {', '.join(_POLICIES)}")
        if self.path and sys.platform == "win32":
            raise ValueError("an audit log needs the file locks of Linux, macOS or BSD; leave its path empty")


@dataclass(frozen=True, slots=True)
class Entry:
    """A request about to be answered.

    ``models``: the digests of those asked, by name; ``body``: what was sent; ``outcomes``: of each target,
    how many patients got which code (see ``tally``).
    """

    who: str
    route: str
    models: Mapping[str, str]
    body: bytes
    patients: int
    outcomes: Mapping[str, Mapping[str, int]]

    def facts(self) -> dict[str, Any]:
        """What is written of it."""
        return {
            "who": self.who,
            "route": self.route,
            "models": self.models,
            "input": sha256(self.body).hexdigest(),
            "patients": self.patients,
            "outcomes": self.outcomes,
        }


@dataclass(frozen=True, slots=True)
class Remark:
    """What became of CDS Hooks cards, each by its id and outcome; never what somebody wrote beside it."""

    who: str
    route: str
    feedback: Sequence[tuple[str, str]]

    def facts(self) -> dict[str, Any]:
        """What is written of it."""
        feedback = [{"card": card, "outcome": outcome} for card, outcome in self.feedback]
        return {"who": self.who, "route": self.route, "feedback": feedback}


@dataclass(frozen=True, slots=True)
class Replacement:
    """A bundle about to be served ``instead_of`` another one of its name; both by their digests."""

    model: str
    digest: str
    instead_of: str
    source: str

    def facts(self) -> dict[str, Any]:
        """What is written of it."""
        return {
            "replaced": self.model,
            "digest": self.digest,
            "instead_of": self.instead_of,
            "source": self.source,
        }


def tally(each: Iterable[Mapping[str, str]]) -> dict[str, Counter[str]]:
    """Of each target, how many patients got which code, from the codes of each patient by target."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for codes in each:
        for target, code in codes.items():
            counts[target][code] += 1
    return dict(counts)


class Line(Protocol):
    """What can be recorded: it says what is written of it."""

    def facts(self) -> dict[str, Any]:
        """By name, as plain values."""


class NoAudit:
    """Keeps no record."""

    async def recorded(self, entry: Line) -> None:
        """Let it go."""

    def record(self, entry: Line) -> None:
        """Let it go."""

    def close(self) -> None:
        """There is nothing to close."""


def open_audit(audit: Audit) -> "AuditLog | NoAudit":
    """The log of these settings, ready to be written. Raises WorkError where that is not possible."""
    return AuditLog(audit) if audit.path else NoAudit()


class AuditLog:
    """An open audit log. Several processes may write the same file, which may be renamed away at any time."""

    def __init__(self, audit: Audit):
        self._audit = audit
        self._turn, self._closed = threading.Lock(), threading.Event()
        self._last, self._end, self._dirty = NOTHING_BEFORE, 0, False
        try:
            self._file = _opened(audit.path)
            with self._alone():
                self._settle()
        except OSError as error:
            raise WorkError(
                f"Cannot write the audit log {audit.path}: {error.strerror}. No answer may leave unrecorded: "
                "name a file under [audit] that the server may write, on a disk with room."
            ) from None
        if audit.fsync == "second":
            threading.Thread(target=self._sync_by_the_second, name="audit", daemon=True).start()

    async def recorded(self, entry: Line) -> None:
        """As ``record``, without keeping other requests waiting where it waits for the disk."""
        if self._audit.fsync == "always":
            await run_in_threadpool(self.record, entry)
        else:
            self.record(entry)

    def record(self, entry: Line) -> None:
        """Write the line of what is about to be done.

        Raises RequestError 503 where that fails: then it must not be done.
        """
        facts = entry.facts()
        try:
            with self._turn, self._alone():
                previous = self._settle()
                self._append(linked(facts, previous))
            if self._audit.fsync == "always":
                self._sync()
        except OSError as error:
            log.error("not_recorded", extra={"fields": {"reason": error.strerror or type(error).__name__}})
            raise self._refusal() from None

    def close(self) -> None:
        """Force what is written onto the disk, and let go of the file."""
        self._closed.set()
        self._sync_or_say()
        with self._turn:
            os.close(self._file)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """The file under our name, locked against the other processes that write it."""
        held = [self._file]
        flock(self._file, LOCK_EX)
        try:
            while not _is_at(self._file, self._audit.path):
                held.append(self._continued())
            yield
        finally:
            flock(held.pop(), LOCK_UN)
            for file in held:  # those renamed away; closing unlocks them
                os.close(file)

    def _continued(self) -> int:
        """The file was renamed away: the next is begun while the old is locked, so that nobody adds to it."""
        self._settle()
        if self._audit.fsync != "never":
            os.fsync(self._file)
        file = _opened(self._audit.path)
        flock(file, LOCK_EX)
        self._file, self._end = file, 0
        return file

    def _settle(self) -> str:
        """The hash of the last line of the file, after closing off one that was begun and not ended."""
        size = os.fstat(self._file).st_size
        if size < self._end:
            log.error("audit_log_shortened", extra={"fields": {"bytes": size, "known": self._end}})
        if size != self._end:
            last, torn = ending(self._file, size)
            self._last = last or self._last
            self._end = size
            if torn:
                self._close_off(torn)
        return self._last

    def _close_off(self, torn: bytes) -> None:
        log.warning("audit_line_torn", extra={"fields": {"bytes": len(torn)}})
        try:
            self._append(torn_note(torn, self._last), after=b"\n")
        except OSError:
            self._end = -1  # looked at again the next time
            raise

    def _append(self, line: bytes, *, after: bytes = b"") -> None:
        data = after + line + b"\n"
        written = os.write(self._file, data)
        if written < len(data):
            os.ftruncate(self._file, self._end)
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        self._end, self._last, self._dirty = self._end + written, link(line), True

    def _sync_by_the_second(self) -> None:
        while not self._closed.wait(1):
            if self._dirty:
                self._dirty = False
                self._sync_or_say()

    def _sync_or_say(self) -> None:
        try:
            self._sync()
        except OSError as error:
            log.error("audit_not_on_disk", extra={"fields": {"reason": error.strerror or ""}})

    def _sync(self) -> None:
        with self._turn:
            file = os.dup(
                self._file
            )  # so that nobody has to wait, and the file may be renamed away meanwhile
        try:
            os.fsync(file)
        finally:
            os.close(file)

    def _refusal(self) -> RequestError:
        return RequestError(
            503,
            "not_recorded",
            "The answer could not be recorded in the audit log, so it is not given. Try again later.",
            headers={"retry-after": str(self._audit.retry_after_seconds)},
        )


def _opened(path: str) -> int:
    """Opened to append, and its name in the folder forced onto the disk."""
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
    folder = os.open(Path(path).parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return file


def _is_at(file: int, path: str) -> bool:
    ours = os.fstat(file)
    try:
        there = Path(path).stat()
    except FileNotFoundError:
        return False
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)
