"""What the codes of a data set mean to a plan, as arrays to look up in.

Codes that mean the same share one number, so a single request need not build the arrays anew.
"""

from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from painresponse.engine.sources import Rule, Sources
from painresponse.engine.treatments import TreatmentEvent
from painresponse.records.tables import Floats, Ints

_MOST_CODES = 100_000  # remembered: a hostile client must not fill the memory
_HOUR = 3_600_000_000
_NO_TREATMENT = TreatmentEvent(-1, 0)

Mask = NDArray[np.bool_]
Meaning = tuple[tuple[Rule, ...], TreatmentEvent, bool]


@dataclass(frozen=True)
class Meanings:
    """By meaning number: where its rules begin and how many, its treatment event, whether it is a pain score.

    The rules stand flat in ``source``, ``scale``, ``shift``, ``log`` and ``hours`` (first and last
    microsecond of the day).
    """

    start: Ints
    copies: Ints
    source: Ints
    scale: Floats
    shift: Floats
    log: Mask
    hours: Ints
    clocked: Mask
    drug: Ints
    says: Ints
    pain: Mask


class Codebook:
    """Numbers codes by what they mean to the sources of a plan."""

    def __init__(self, sources: Sources):
        self._sources = sources
        self._numbers: dict[str, int] = {}
        self._known: dict[Meaning, int] = {}
        self._learning = Lock()
        self.meanings = _arrays([])

    def numbers(self, codes: tuple[str, ...]) -> Ints:
        """The meaning number of each code."""
        found = self._numbers
        return np.array([found[code] if code in found else self._learn(code) for code in codes], np.int64)

    def _learn(self, code: str) -> int:
        treatment = self._sources.treatments.events.of(code)
        meaning = (
            self._sources.rules(code),
            treatment[0] if treatment else _NO_TREATMENT,
            bool(self._sources.pain.of(code)),
        )
        with self._learning:
            if meaning not in self._known:
                self.meanings = _arrays([*self._known, meaning])
                self._known[meaning] = len(self._known)
            number = self._known[meaning]
            if len(self._numbers) < _MOST_CODES:
                self._numbers[code] = number
        return number


def _arrays(meanings: list[Meaning]) -> Meanings:
    rules = [rule for found, _, _ in meanings for rule in found]
    copies = np.array([len(found) for found, _, _ in meanings], np.int64)
    return Meanings(
        np.cumsum(copies) - copies,
        copies,
        np.array([rule.source for rule in rules], np.int64),
        np.array([rule.reading.scale for rule in rules], np.float64),
        np.array([rule.reading.shift for rule in rules], np.float64),
        np.array([rule.reading.log for rule in rules], bool),
        np.array([rule.hours or (0, 24) for rule in rules], np.int64).reshape(-1, 2) * _HOUR,
        np.array([rule.hours is not None for rule in rules], bool),
        np.array([event.drug for _, event, _ in meanings], np.int64),
        np.array([event.says for _, event, _ in meanings], np.int64),
        np.array([pain for _, _, pain in meanings], bool),
    )
