"""Whether those asked about still look like those the models learnt from: counted as they come, none kept."""

import numpy as np
from numpy.typing import NDArray

from painresponse.scoring.bundle import Bundle
from painresponse.scoring.drift import Drift, Reference
from painresponse_serve.shelf import Served, Shelf

BLOCK = 64
"""Rows counted in one go: counting one takes nearly as long as counting twenty."""

PERIOD = 10_000
"""Rows after which older ones begin to be forgotten: what is told is of the last one or two periods."""

Rows = NDArray[np.float32]


class Watch:
    """Counts of the rows one bundle was asked about lately. Of the last few the rows themselves wait."""

    def __init__(self, bundle: Bundle):
        self.digest = bundle.digest
        self._reference = Reference.of(bundle)
        self._waiting = np.empty((BLOCK, len(bundle.features)), np.float32)
        self._waits = 0
        nothing = np.zeros_like(self._reference.seen(self._waiting[:0]))
        self._period, self._before = (0, nothing), (0, nothing)

    def see(self, rows: Rows) -> None:
        """Rows of features were asked about."""
        if len(rows) > BLOCK:
            self._count(rows)
            return
        if self._waits + len(rows) > BLOCK:
            self._settle()
        self._waiting[self._waits : self._waits + len(rows)] = rows
        self._waits += len(rows)

    def found(self) -> tuple[int, tuple[Drift, ...]]:
        """How many rows are told of, and how far each feature moved in them; the farthest first."""
        self._settle()
        (now, seen), (before, seen_before) = self._period, self._before
        return now + before, self._reference.drift(seen + seen_before, now + before)

    def _settle(self) -> None:
        self._count(self._waiting[: self._waits])
        self._waits = 0

    def _count(self, rows: Rows) -> None:
        if self._period[0] >= PERIOD:
            self._before, self._period = self._period, (0, np.zeros_like(self._period[1]))
        many, seen = self._period
        self._period = many + len(rows), seen + self._reference.seen(rows)


class Watches:
    """A watch for every bundle in service; a bundle that replaces another begins anew."""

    def __init__(self, shelf: Shelf):
        self._shelf = shelf
        self._watches: dict[str, Watch] = {}

    def see(self, served: Served, rows: Rows) -> None:
        """A bundle was asked about rows. One that was replaced meanwhile is no longer watched."""
        watch = self._of(self._shelf.pick(served.name))
        if watch.digest == served.bundle.digest:
            watch.see(rows)

    def found(self) -> dict[str, tuple[int, tuple[Drift, ...]]]:
        """By bundle, how many rows are told of, and how far each feature moved in them."""
        return {one.name: self._of(one).found() for one in self._shelf}

    def _of(self, served: Served) -> Watch:
        watch = self._watches.get(served.name)
        if watch is None or watch.digest != served.bundle.digest:
            watch = self._watches[served.name] = Watch(served.bundle)
        return watch
