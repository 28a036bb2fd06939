"""The hidden folder beside the output where finished parts wait for the rest, held by one run at a time."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from painresponse.errors import WorkError
from painresponse.publishing import complaints

LOCK = "lock"


@contextmanager
def workroom(out: Path) -> Iterator[Path]:
    """The room of an output, named after it; it stays as long as finished parts lie in it.

    Raises WorkError when another run holds it, or when nothing can be written there.
    """
    room = out.with_name(f".{out.name}.parts")
    with complaints(out):
        room.mkdir(parents=True, exist_ok=True)
        lock = (room / LOCK).open("wb")
    with lock:
        if not taken(lock.fileno(), room):
            raise WorkError(f"Another run is writing {out}. Let it finish, or choose another name.")
        try:
            yield room
        finally:
            if not any(room.rglob("*.parquet")):
                shutil.rmtree(room, ignore_errors=True)


def tidy(room: Path, parts: set[Path]) -> None:
    """Remove what is no wanted part: drafts of a killed run, parts made from other things."""
    for item in sorted(room.rglob("*"), reverse=True):
        if not item.is_dir():
            if item not in parts and item.name != LOCK:
                item.unlink(missing_ok=True)
        elif not any(item.iterdir()):
            item.rmdir()


def taken(lock: int, room: Path) -> bool:
    """Whether the lock is ours now, and still the room's: another run may have removed it meanwhile."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(lock), (room / LOCK).stat())
    except (BlockingIOError, FileNotFoundError):
        return False
