"""Which asks are about whom, found without going through all of them at every shard."""

from collections.abc import Callable, Iterator
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from painresponse.readers import last_known
from painresponse.records import Asks, Records


def asker(asks: Asks | None) -> Callable[[Records], Asks]:
    """What gives the asks about the subjects of some records, in the order given.

    Without asks every subject is asked about a day after the last dated event.
    """
    if asks is None:
        return last_known
    order = np.argsort(asks.subject, kind="stable")
    subject = asks.subject[order]

    def about(records: Records) -> Asks:
        here = records.subjects()
        first, stop = (np.searchsorted(subject, here, side) for side in ("left", "right"))
        places = np.sort(order[_ranges(first, stop)])
        return Asks(asks.subject[places], asks.index[places])

    return about


def pieces(asks: Asks, size: int) -> Iterator[Asks]:
    """The asks in order, at most so many at a time."""
    for first in range(0, len(asks), size):
        yield asks.part(first, first + size)


def fingerprint(asks: Asks | None) -> str | None:
    """Equal for equal asks in the same order; None where nobody chose any."""
    return None if asks is None else sha256(asks.subject.tobytes() + asks.index.tobytes()).hexdigest()


def _ranges(first: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers of every range, one after the other."""
    length = stop - first
    return np.repeat(first - (np.cumsum(length) - length), length) + np.arange(length.sum())
