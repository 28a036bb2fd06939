"""Lines of JSON that each hold the SHA-256 of the line before, so that a changed or missing one is seen.

A line that was begun and never ended (the power went) stays where it is. The line after it says so, with the
hash of the torn one and that of the last whole line before it.
"""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from errno import EINVAL
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from painresponse.errors import WorkError

NOTHING_BEFORE = "0" * 64
"""What the first line of all holds in the place of the hash of a line before it."""

_LONGEST = 1 << 20
_STEP = 4096
_MOST_TORN = 1000


def linked(facts: dict[str, Any], previous: str) -> bytes:
    """Facts as a line, without its end, that follows the line of this hash."""
    return msgspec.json.encode({"time": _instant(), **facts, "previous": previous})


def link(line: bytes) -> str:
    """The hash of a line, without its end, that the next one has to hold."""
    return sha256(line).hexdigest()


def torn_note(torn: bytes, before: str) -> bytes:
    """The line that follows a torn one."""
    return linked({"torn": len(torn), "before": before}, link(torn))


def _instant() -> str:
    seconds = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}Z"


def ending(file: int, size: int) -> tuple[str | None, bytes]:
    """The hash of the last whole line of an open file, if there is one, and what was begun after it.

    Raises OSError where the file does not end as a chain does.
    """
    step = _STEP
    while step <= _LONGEST:
        start = max(0, size - step)
        lines = os.pread(file, size - start, start).split(b"\n")
        for place in range(len(lines) - 2, -1 if start == 0 else 0, -1):  # the first may lack its beginning
            if _facts(lines[place]):
                return link(lines[place]), b"\n".join(lines[place + 1 :])
        if start == 0 and len(lines) == 1:
            return None, lines[0]
        step *= 4
    raise OSError(EINVAL, "it does not end as an audit log does")


def _facts(line: bytes) -> dict[str, Any] | None:
    """What a whole line says; None for anything else."""
    try:
        facts = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return facts if isinstance(facts, dict) and isinstance(facts.get("previous"), str) else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A chain of so many sound lines, from after one hash to another.

    ``broken``: the first line that does not follow from the one before it, so that either was changed, or
    lines between them are gone. ``torn``: the file ends in a line that was begun and not ended.
    """

    lines: int
    after: str
    last: str
    broken: int | None = None
    torn: bool = False


def check_audit(path: Path, *, after: str | None = None) -> Verdict:
    """Follow the chain of a log from line to line; ``after``: the hash that its first line has to hold.

    Lines taken away from the end are seen by nobody who has not kept ``last`` elsewhere. A torn line at the
    end is no fault: the server closes it off when it starts. Raises WorkError for a file that cannot be read.
    """
    try:
        with path.open("rb") as file:
            return _followed(file, after)
    except OSError as error:
        raise WorkError(f"Cannot read the audit log {path}: {error.strerror}.") from None


def _followed(file: Iterable[bytes], after: str | None) -> Verdict:
    first, last, number, ended = after, after, 0, b""
    torn: list[bytes] = []
    for number, ended in enumerate(file, start=1):
        line = ended.removesuffix(b"\n")
        facts = _facts(line)
        if facts is None:
            torn.append(line)
        if len(torn) > _MOST_TORN or (facts and not _follows(facts, last, torn)):
            return Verdict(number - 1, first or NOTHING_BEFORE, last or NOTHING_BEFORE, broken=number)
        if facts:
            first = first or facts.get("before", facts["previous"])
            last, torn = link(line), []
    foreign = last == after and (number > 1 or ended.endswith(b"\n"))
    broken = 1 if foreign else None
    sound = number - len(torn)
    return Verdict(sound, first or NOTHING_BEFORE, last or NOTHING_BEFORE, broken, torn=bool(torn))


def _follows(facts: dict[str, Any], last: str | None, torn: list[bytes]) -> bool:
    if not torn:
        return last in (None, facts["previous"])
    return facts["previous"] == link(b"\n".join(torn)) and last in (None, facts.get("before"))
