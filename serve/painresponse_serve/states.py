"""What tells one version of a file from the next."""

from pathlib import Path

State = tuple[int, int, int, int] | None
"""None where there is no file."""


def state_of(path: Path) -> State:
    """Of a file as it is now: to be asked before it is read, so that what changes meanwhile is seen later."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size  # also whether it may be read
