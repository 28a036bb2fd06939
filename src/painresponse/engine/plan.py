"""A feature set made ready to compute: which codes feed which sources, which numbers are wanted of each."""

from dataclasses import dataclass

import numpy as np

from painresponse.concepts import Concepts
from painresponse.engine.codebook import Codebook
from painresponse.engine.sources import Sources
from painresponse.language.sets import FeatureSet
from painresponse.language.words import (
    Age,
    Difference,
    Feature,
    HowMany,
    Ratio,
    Summary,
    Total,
    events,
)
from painresponse.records.tables import Ints

DAYS_PER_YEAR = 365.25
_BIRTH = events("birth").ever().days_since_first()


@dataclass(frozen=True)
class Wanted:
    """The columns one summary word fills: workspace column, source and window of each."""

    column: Ints
    source: Ints
    window: Ints


@dataclass(frozen=True)
class Step:
    """One combination of workspace columns: ``column`` from ``parts``."""

    kind: type[Feature]
    column: int
    parts: Ints


class Plan:
    """How to compute a feature set over histories coded with the given concepts.

    Raises DefinitionError when a feature names a concept nobody declared.
    """

    def __init__(self, features: FeatureSet, concepts: Concepts):
        self.features = features
        self.sources = Sources(concepts)
        self._columns: dict[Feature, int] = {}
        self._summaries: dict[str, list[tuple[int, int, int]]] = {}
        self._steps: list[Step] = []
        self._spans = sorted({summary.window.span.microseconds for summary in _summaries(features)})
        self.output = np.array([self._column(feature) for _, feature in features], np.int64)
        self.spans = np.array(self._spans, np.int64)
        self.wanted = {
            word: Wanted(*np.array(places, np.int64).T) for word, places in self._summaries.items()
        }
        self.steps = tuple(self._steps)
        self.width = len(self._columns)
        self.codebook = Codebook(self.sources)
        self.trial_sources = self.sources.trial_sources()
        self._value_slots()

    def _column(self, feature: Feature) -> int:
        """The workspace column that will hold a feature; what two features share is computed once."""
        if feature not in self._columns:
            parts = np.array([self._column(part) for part in _parts(feature)], np.int64)
            self._columns[feature] = column = len(self._columns)
            if isinstance(feature, Summary):
                self._want(feature, column)
            else:
                self._steps.append(Step(type(feature), column, parts))
        return self._columns[feature]

    def _want(self, summary: Summary, column: int) -> None:
        source = self.sources.number(summary.window.events)
        window = self._spans.index(summary.window.span.microseconds)
        self._summaries.setdefault(summary.word, []).append((column, source, window))

    def _value_slots(self) -> None:
        """Sources whose values matter get a slot; the others are only counted."""
        needed = sorted(
            {int(one) for word, want in self.wanted.items() if word in _VALUE_WORDS for one in want.source}
        )
        self.slot = np.full(len(self.sources), -1, np.int64)
        self.slot[needed] = np.arange(len(needed))
        self.slots = len(needed)


_VALUE_WORDS = {"sum", "mean", "min", "max", "first", "last", "slope", "spread"}


def _parts(feature: Feature) -> tuple[Feature, ...]:
    match feature:
        case Age():
            return (_BIRTH,)
        case Ratio(left, right) | Difference(left, right):
            return (left, right)
        case Total(parts) | HowMany(parts):
            return parts
    return ()


def _summaries(features: FeatureSet) -> list[Summary]:
    found: list[Summary] = []
    waiting = [feature for _, feature in features]
    while waiting:
        feature = waiting.pop()
        waiting.extend(_parts(feature))
        if isinstance(feature, Summary):
            found.append(feature)
    return found
