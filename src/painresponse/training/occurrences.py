"""Where certain events occur in their subjects' histories. Looks both ways in time: labels need that."""

from collections.abc import Iterable
from copy import copy

import numpy as np
from numpy.typing import NDArray

from painresponse.concepts import Concepts
from painresponse.records.coding import Matcher
from painresponse.records.tables import Floats, Ints, Records
from painresponse.schema import MICROSECONDS_PER_DAY as DAY
from painresponse.schema import STATIC

Mask = NDArray[np.bool_]


class Occurrences:
    """The events of some concepts, ordered by subject and time; without a time only if asked for."""

    def __init__(self, records: Records, concepts: Concepts, names: Iterable[str], *, dated: bool = True):
        patterns = concepts.patterns()
        matcher = Matcher((pattern, True) for name in names for pattern in patterns[name])
        chosen = np.array([bool(matcher.of(code)) for code in records.codes], bool)
        mask = chosen[records.code] if len(records) else np.zeros(0, bool)
        if dated:
            mask &= records.time != STATIC
        self._hold(records.subject[mask], records.time[mask], records.value[mask].astype(np.float64))

    def _hold(self, subject: Ints, time: Ints, value: Floats) -> None:
        self.subject, self.time, self.value = subject, time, value
        self._subjects, self._times = np.unique(self.subject), np.unique(self.time)
        row = np.searchsorted(self._subjects, self.subject)
        self._key = row * (len(self._times) + 1) + np.searchsorted(self._times, self.time)

    def __len__(self) -> int:
        return len(self.subject)

    def taken(self, keep: Mask) -> "Occurrences":
        """Some of them."""
        some = copy(self)
        some._hold(self.subject[keep], self.time[keep], self.value[keep])
        return some

    def on_days_of(self, other: "Occurrences") -> "Occurrences":
        """Those on a day on which the subject has one of the others too."""
        midnight = self.time // DAY * DAY
        return self.taken(other.any(self.subject, midnight, midnight + DAY))

    def before(self, subject: Ints, time: Ints) -> Ints:
        """The place of the subject's first event at or after ``time``."""
        row = np.searchsorted(self._subjects, subject)
        rank = np.searchsorted(self._times, time, side="left")
        return np.searchsorted(self._key, row * (len(self._times) + 1) + rank)

    def between(self, subject: Ints, start: Ints, stop: Ints) -> tuple[Ints, Ints]:
        """Places ``[first, end)`` of the subject's events with ``start <= time < stop``."""
        known = np.isin(subject, self._subjects)
        first, end = self.before(subject, start), self.before(subject, stop)
        return np.where(known, first, 0), np.where(known, np.maximum(first, end), 0)

    def any(self, subject: Ints, start: Ints, stop: Ints) -> Mask:
        """Whether the subject has such an event in ``[start, stop)``."""
        first, end = self.between(subject, start, stop)
        return end > first

    def first(self, subject: Ints, start: Ints, stop: Ints) -> Floats:
        """Time of the first such event in ``[start, stop)``, infinite where there is none."""
        first, end = self.between(subject, start, stop)
        time = np.append(self.time, 0)[first].astype(np.float64)
        return np.where(end > first, time, np.inf)
