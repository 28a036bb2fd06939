"""Sources: the streams of events that features summarise, and the codes that feed each.

A source is a concept (``pain``), a concept between two hours of the clock, its standardised values
(``il6.z``), an opioid's daily dose (``oxycodone.mme``), or what is derived from several events: the trials of
a treatment class (``gabapentinoid.failed``), the days on it, the measures of a curve. A view is a source made
of another's events (see `views`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from painresponse.concepts import Concept, Concepts, Ingredient, Reference
from painresponse.engine.curves import needed, profile_words
from painresponse.engine.treatments import EXPOSURE_WORDS, OPIOIDS, TRIAL_WORDS, Asked, Treatments
from painresponse.engine.views import View
from painresponse.errors import DefinitionError, unknown
from painresponse.language.spans import EVER
from painresponse.language.words import Events, Window
from painresponse.records.coding import Matcher, codes_of, stops
from painresponse.schema import LOCAL_PREFIX, MICROSECONDS_PER_DAY

_PAIN = "pain"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a code's value becomes a source's: its logarithm where ``log``, times ``scale`` plus ``shift``."""

    scale: float = 1.0
    shift: float = 0.0
    log: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing a code means: its value, so read, is an event of ``source``."""

    source: int
    reading: Reading
    hours: tuple[int, int] | None


class Sources:
    """Numbers the sources a plan uses, and knows which codes feed them."""

    def __init__(self, concepts: Concepts):
        self._concepts = concepts
        self._numbers: dict[Window, int] = {}
        self._rules: Matcher[Rule] | None = None
        self._streams = dict(_plain_streams(concepts))
        self._derived = frozenset(_derived_names(concepts))
        self.views: list[View] = []
        self.treatments = Treatments(concepts)
        self.pain = Matcher((pattern, True) for pattern in concepts.patterns().get(_PAIN, ()))

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, window: Window) -> int:
        """The number of a window's source. Raises DefinitionError when nothing of that name is declared."""
        self._check(window.events)
        bounded = window if window.anchor else Window(window.events, EVER)
        plain = Window(Events(window.events.concept, window.events.hours), EVER)
        if bounded in self._numbers:
            return self._numbers[bounded]
        disturbers = self._disturbers(window.events) if window.events.undisturbed else ()
        if not disturbers and not window.anchor:
            self._number_samples(window.events.concept)
            return self._numbers.setdefault(plain, len(self._numbers))
        base = self.number(plain)
        anchor = self.number(Window(Events(window.anchor.concept), EVER)) if window.anchor else -1
        self._numbers[bounded] = number = len(self._numbers)
        self.views.append(View.of(number, base, anchor, window, disturbers))
        return number

    def _number_samples(self, name: str) -> None:
        """A curve is cut out of other sources, which nobody else may ask for."""
        profile = self._concepts.profiles.get(name.rpartition(".")[0])
        for concept in needed(profile, self._concepts) if profile else ():
            self.number(Window(Events(concept), EVER))

    def derived(self, name: str) -> int:
        """The number of a source by its name, or -1 where no feature asks for it."""
        return self._numbers.get(Window(Events(name), EVER), -1)

    def rules(self, code: str) -> tuple[Rule, ...]:
        """What a code means to the sources numbered so far."""
        if self._rules is None:
            self._rules = Matcher(self._all_rules())
        return tuple(dict.fromkeys(self._rules.of(code)))  # once, though two patterns may match

    def asked_of_treatments(self) -> Asked:
        """The sources numbered so far that follow from the beginnings and ends of treatments."""
        return Asked.of(self.treatments.names, self.derived)

    def _check(self, those: Events) -> None:
        if not (those.concept in self._streams or those.concept in self._derived):
            raise DefinitionError(unknown("concept", those.concept, [*self._streams, *sorted(self._derived)]))
        if those.concept in self._derived and (those.hours or those.undisturbed):
            raise DefinitionError(
                f"{those.concept} has no time of day and is not disturbed: it is worked out from several "
                "events. Leave out 'between … and … h' and 'undisturbed'."
            )

    def _disturbers(self, those: Events) -> tuple[tuple[int, int], ...]:
        """Source and microseconds of everything that makes the concept's measurements untrustworthy."""
        concept = self._concepts.concepts.get(those.concept.removesuffix(".z"))
        return tuple(
            (self.number(Window(Events(one.concept), EVER)), round(one.days * MICROSECONDS_PER_DAY))
            for one in (concept.disturbed_by if concept else ())
        )

    def _all_rules(self) -> Iterable[tuple[str, Rule]]:
        for window, number in self._numbers.items():
            if window.anchor is None and not window.events.undisturbed:
                for pattern, reading in self._streams.get(window.events.concept, ()):
                    yield pattern, Rule(number, reading, window.events.hours)


def _plain_streams(concepts: Concepts) -> Iterable[tuple[str, list[tuple[str, Reading]]]]:
    """Source name to the code patterns that feed it, each with how its values are read."""
    for name, patterns in concepts.patterns().items():
        yield name, [(pattern, Reading()) for pattern in patterns]
        if standard := list(_standardised(name, concepts.concepts[name])):
            yield f"{name}.z", standard
    for treatment in concepts.treatments.values():
        for ingredient in treatment.ingredients:
            if ingredient.mme is not None:
                yield f"{_snake(ingredient.name)}.mme", list(_equivalents(ingredient, ingredient.mme))


def _equivalents(ingredient: Ingredient, factor: float) -> Iterable[tuple[str, Reading]]:
    """Daily and as-needed doses, and ends as doses of zero."""
    for code in codes_of(ingredient):
        yield from ((code, Reading(factor)), (f"{code}//PRN", Reading(factor)))
        yield from ((stop, Reading(0.0)) for stop in stops(code))


def _standardised(name: str, concept: Concept) -> Iterable[tuple[str, Reading]]:
    codes = (*concept.codes, LOCAL_PREFIX + name)
    if concept.reference:
        yield from ((code, _standard(concept.reference)) for code in codes)
    for assay, reference in concept.assays.items():
        yield from ((f"{code}//{assay}", _standard(reference)) for code in codes if not code.endswith("*"))


def _standard(reference: Reference) -> Reading:
    return Reading(1 / reference.sd, -reference.mean / reference.sd, reference.log)


def _derived_names(concepts: Concepts) -> Iterable[str]:
    for name in concepts.treatments:
        yield from (f"{name}.{word}" for word in (*TRIAL_WORDS, *EXPOSURE_WORDS))
    yield from OPIOIDS
    for name in concepts.profiles:
        yield from (f"{name}.{word}" for word in profile_words(concepts.profiles[name]))


def _snake(name: str) -> str:
    return name.replace(" ", "_")
