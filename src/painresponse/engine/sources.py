"""Sources: the streams of events that features summarise, and the codes that feed each.

A source is a concept (``pain``), a concept between two hours of the clock, an opioid's daily dose
(``oxycodone.mme``), or what follows from a treatment's beginnings and ends (``gabapentinoid.failed``).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from painresponse.concepts import Concepts
from painresponse.errors import DefinitionError, unknown
from painresponse.language.words import Events
from painresponse.records.coding import Matcher, doses, stops
from painresponse.records.tables import Ints
from painresponse.schema import LOCAL_PREFIX

TRIAL_WORDS = ("trial", "failed", "intolerance", "proxy")
"""What a trial of a treatment class can give: ``nsaid.trial``, ``nsaid.failed``, … (see `trials`)."""

BEGIN = 0  # a treatment event's kind: 0 begins, 1 + place in STOP_REASONS ends
_PAIN = "pain"


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing a code means: its value, times ``scale``, is an event of ``source``."""

    source: int
    scale: float
    hours: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class TreatmentEvent:
    """A code that begins or ends one treatment (numbered by ``drug``) of class number ``place``."""

    place: int
    drug: int
    kind: int
    adequate: float


class Sources:
    """Numbers the sources a plan uses, and knows which codes feed them."""

    def __init__(self, concepts: Concepts):
        self._concepts = concepts
        self._numbers: dict[Events, int] = {}
        self._rules: Matcher[Rule] | None = None
        self._streams = dict(self._plain_streams())
        self.treatments = tuple(concepts.treatments)
        self.lasts_days = np.array([one.lasts_days or np.inf for one in concepts.treatments.values()])
        self.min_days = np.array([7 * one.min_weeks for one in concepts.treatments.values()])
        self.treatment_events = Matcher(self._treatment_codes())
        self.pain = Matcher((pattern, True) for pattern in concepts.patterns().get(_PAIN, ()))

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, events: Events) -> int:
        """The number of a source. Raises DefinitionError when nothing of that name is declared."""
        if not (events.concept in self._streams or self._is_trial_word(events.concept)):
            known = [*self._streams, *(f"{one}.{word}" for one in self.treatments for word in TRIAL_WORDS)]
            raise DefinitionError(unknown("concept", events.concept, known))
        if self._is_trial_word(events.concept) and events.hours:
            raise DefinitionError(f"{events.concept} has no time of day: leave out 'between … and … h'.")
        return self._numbers.setdefault(events, len(self._numbers))

    def rules(self, code: str) -> tuple[Rule, ...]:
        """What a code means to the sources numbered so far."""
        if self._rules is None:
            self._rules = Matcher(self._all_rules())
        return tuple(dict.fromkeys(self._rules.of(code)))  # once, though two patterns may match

    def trial_sources(self) -> Ints:
        """By treatment class and trial word, the source number, or -1 where no feature asks for it."""
        numbers = [
            [self._numbers.get(Events(f"{one}.{word}"), -1) for word in TRIAL_WORDS]
            for one in self.treatments
        ]
        return np.array(numbers, np.int64).reshape(len(self.treatments), len(TRIAL_WORDS))

    def _is_trial_word(self, concept: str) -> bool:
        name, _, word = concept.rpartition(".")
        return name in self._concepts.treatments and word in TRIAL_WORDS

    def _plain_streams(self) -> Iterable[tuple[str, list[tuple[str, float]]]]:
        """Source name to the code patterns that feed it, each with its scale."""
        for name, patterns in self._concepts.patterns().items():
            yield name, [(pattern, 1.0) for pattern in patterns]
        for treatment in self._concepts.treatments.values():
            for ingredient in treatment.ingredients:
                for code, factor in doses([ingredient]):
                    ended = [(stop, 0.0) for stop in stops(code)]
                    yield f"{_snake(ingredient.name)}.mme", [(code, factor), *ended]

    def _all_rules(self) -> Iterable[tuple[str, Rule]]:
        for events, number in self._numbers.items():
            for pattern, scale in self._streams.get(events.concept, ()):
                yield pattern, Rule(number, scale, events.hours)

    def _treatment_codes(self) -> Iterable[tuple[str, TreatmentEvent]]:
        drug = 0
        for place, (name, treatment) in enumerate(self._concepts.treatments.items()):
            codes = [(one.code, one.adequate or 0.0) for one in treatment.ingredients]
            codes += [(code, 0.0) for code in (*treatment.codes, LOCAL_PREFIX + name)]
            for code, adequate in codes:
                yield code, TreatmentEvent(place, drug, BEGIN, adequate)
                for kind, stop in enumerate(stops(code), start=1):
                    yield stop, TreatmentEvent(place, drug, kind, adequate)
                drug += 1


def _snake(name: str) -> str:
    return name.replace(" ", "_")
