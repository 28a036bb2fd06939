"""What the system knows of a process: its memory and how many files and sockets it holds open."""

import os
from pathlib import Path

PROC = Path("/proc")


def resident_megabytes(process: int) -> float:
    """Of main memory, what the process has now."""
    pages = int((PROC / str(process) / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def open_files(process: int) -> int:
    """Sockets among them."""
    return sum(1 for _ in (PROC / str(process) / "fd").iterdir())
