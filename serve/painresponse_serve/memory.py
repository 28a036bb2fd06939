"""Memory that is no longer needed, and memory that always will be."""

import ctypes
import gc
import sys

_BETWEEN_LOOKS = 20_000
"""Objects made, less those gone, before garbage is looked for; requests leave hardly any behind."""


def give_back() -> None:
    """Return what is free to the system, which the C library of Linux would keep for the process.

    To be called after a bundle was opened or let go: both leave much.
    """
    if sys.platform == "linux":
        getattr(ctypes.CDLL(None), "malloc_trim", bool)(0)  # musl has none


def settle() -> None:
    """Call before serving: what is there now stays, and need not be looked through again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_BETWEEN_LOOKS)
    give_back()
