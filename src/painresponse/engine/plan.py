"""A feature set made ready to compute: which codes feed which sources, which numbers are wanted of each."""

from dataclasses import dataclass

import numpy as np

from painresponse.concepts import Concepts
from painresponse.engine.codebook import Codebook
from painresponse.engine.combinations import steps
from painresponse.engine.curves import asked_profiles
from painresponse.engine.sources import Sources
from painresponse.engine.treatments import check_exposures
from painresponse.engine.views import Views
from painresponse.language.combinations import parts_of
from painresponse.language.sets import FeatureSet, summaries_in
from painresponse.language.spans import EVER
from painresponse.language.words import Feature, Summary
from painresponse.records.tables import Ints


@dataclass(frozen=True)
class Scope:
    """The sources and windows that some words look at, and whether they look at values.

    ``source`` gives the place of every source of the plan, ``ring`` that of every ring of events: the
    narrowest window looked at that still holds it; -1 where nothing is looked at.
    """

    source: Ints
    ring: Ints
    sources: int
    windows: int
    valued: bool


@dataclass(frozen=True)
class Wanted:
    """The columns one summary word fills: workspace column, and source and window by place in its scope."""

    scope: int
    column: Ints
    source: Ints
    window: Ints


class Plan:
    """How to compute a feature set over histories coded with the given concepts.

    Raises DefinitionError when a feature names a concept nobody declared.
    """

    def __init__(self, features: FeatureSet, concepts: Concepts):
        self.features = features
        self.sources = Sources(concepts)
        self._columns: dict[Feature, int] = {}
        self._summaries: dict[str, list[tuple[int, int, int]]] = {}
        self._spans = _spans(summaries_in(feature for _, feature in features))
        self.output = np.array([self._column(feature) for _, feature in features], np.int64)
        self.spans = np.array(self._spans, np.int64)
        self._scopes: dict[tuple[bool, tuple[int, ...], tuple[int, ...]], int] = {}
        self.wanted = {word: self._wanted(word, places) for word, places in self._summaries.items()}
        self.scopes = tuple(self._scope(*looked_at) for looked_at in self._scopes)
        self.width = len(self._columns)
        self.steps = steps(self._columns, empty=self.width)
        self.codebook = Codebook(self.sources)
        self.views = Views(self.sources.views, len(self.sources))
        self.treatments = self.sources.asked_of_treatments()
        self.profiles = asked_profiles(concepts, self.sources.derived)

    def _column(self, feature: Feature) -> int:
        """The workspace column that will hold a feature; what two features share is computed once."""
        if feature not in self._columns:
            for part in parts_of(feature):
                self._column(part)
            self._columns[feature] = column = len(self._columns)
            if isinstance(feature, Summary):
                self._want(feature, column)
        return self._columns[feature]

    def _want(self, summary: Summary, column: int) -> None:
        check_exposures(summary)
        source = self.sources.number(summary.window)
        span = EVER if summary.window.anchor else summary.window.span
        window = self._spans.index(span.microseconds)
        self._summaries.setdefault(summary.word, []).append((column, source, window))

    def _wanted(self, word: str, places: list[tuple[int, int, int]]) -> Wanted:
        column, source, window = np.array(places, np.int64).T
        _, sources, windows = np.array(self._summed_up_with(word), np.int64).T
        sources, windows = np.unique(sources), np.unique(windows)
        looked_at = (word in VALUE_WORDS, tuple(sources.tolist()), tuple(windows.tolist()))
        scope = self._scopes.setdefault(looked_at, len(self._scopes))
        return Wanted(scope, column, np.searchsorted(sources, source), np.searchsorted(windows, window))

    def _summed_up_with(self, word: str) -> list[tuple[int, int, int]]:
        """What a word's scope must hold: words of values have one each, as the windows decide in which order
        sums are made, and all that count share one.
        """
        if word in VALUE_WORDS:
            return self._summaries[word]
        return [
            one for other, places in self._summaries.items() if other not in VALUE_WORDS for one in places
        ]

    def _scope(self, valued: bool, sources: tuple[int, ...], windows: tuple[int, ...]) -> Scope:
        source = np.full(len(self.sources), -1, np.int64)
        source[list(sources)] = np.arange(len(sources))
        ring = np.searchsorted(windows, np.arange(len(self._spans)))
        ring[ring == len(windows)] = -1
        return Scope(source, ring, len(sources), len(windows), valued)


VALUE_WORDS = {"sum", "mean", "min", "max", "first", "last", "slope", "spread"}
"""Words that need values; the others count events with or without one."""


def _spans(summaries: list[Summary]) -> list[int]:
    """The window lengths, ascending. Anchors and what disturbs may lie further back than any window."""
    spans = {one.window.span.microseconds for one in summaries}
    if any(one.window.anchor or one.window.events.undisturbed for one in summaries):
        spans.add(EVER.microseconds)
    return sorted(spans)
