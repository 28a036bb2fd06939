"""Codes to meanings: which concepts and treatments a code belongs to, and how its values are read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from painresponse.concepts import Concept, Concepts, Ingredient
from painresponse.schema import LOCAL_PREFIX

T = TypeVar("T")
_NO_CONVERSION = (float("nan"), 0.0)


class Matcher(Generic[T]):
    """Finds what is declared for a code: by the code itself, or by a beginning (``ICD10CM//M54.5*``)."""

    def __init__(self, declared: Iterable[tuple[str, T]]):
        self._exact: dict[str, list[T]] = {}
        self._beginnings: dict[str, list[T]] = {}
        for pattern, meaning in declared:
            table = self._beginnings if pattern.endswith("*") else self._exact
            table.setdefault(pattern.removesuffix("*"), []).append(meaning)
        self._lengths = sorted({len(beginning) for beginning in self._beginnings})
        self._seen: dict[str, tuple[T, ...]] = {}

    def of(self, code: str) -> tuple[T, ...]:
        """All meanings of a code, in the order declared."""
        seen = self._seen.get(code)
        if seen is None:
            seen = tuple(self._look_up(code))
            if len(self._seen) < 100_000:  # a hostile client must not fill the memory with codes
                self._seen[code] = seen
        return seen

    def _look_up(self, code: str) -> Iterable[T]:
        yield from self._exact.get(code, ())
        for length in self._lengths:
            if length <= len(code):
                yield from self._beginnings.get(code[:length], ())


@dataclass(frozen=True, slots=True)
class Measure:
    """How the values of a code are read: canonical unit, conversions, hard limits."""

    unit: str
    units: Mapping[str, tuple[float, ...]]
    limits: tuple[float, float]

    def conversion(self, unit: str) -> tuple[float, float]:
        """Factor and offset to the canonical unit; a factor of NaN where there is none."""
        if unit in ("", self.unit) or not self.unit:
            return 1.0, 0.0
        found = self.units.get(unit)
        if found is None:
            return _NO_CONVERSION
        return found[0], found[1] if len(found) > 1 else 0.0


class Measures:
    """The measure of every code that some concept or treatment knows."""

    def __init__(self, concepts: Concepts):
        self._matcher = Matcher(_measures(concepts))

    def of(self, code: str) -> Measure | None:
        """The first measure declared for the code, or None for a code nobody knows."""
        found = self._matcher.of(code)
        return found[0] if found else None


def _measures(concepts: Concepts) -> Iterable[tuple[str, Measure]]:
    patterns = concepts.patterns()
    for name, concept in concepts.concepts.items():
        measure = _measure(concept)
        for pattern in patterns[name]:
            yield pattern, measure
    for name, treatment in concepts.treatments.items():
        for ingredient in treatment.ingredients:
            yield from _begin_and_end(ingredient.code, ingredient.unit)
        for code in (*treatment.codes, LOCAL_PREFIX + name):
            yield from _begin_and_end(code, "")


def _measure(concept: Concept) -> Measure:
    return Measure(concept.unit, concept.units, concept.hard or (float("-inf"), float("inf")))


def _begin_and_end(code: str, unit: str) -> Iterable[tuple[str, Measure]]:
    dose = Measure(unit, {}, (0.0, float("inf")))
    return [(pattern, dose) for pattern in (code, *stops(code))]


STOP_REASONS = ("", "//INEFFICACY", "//ADVERSE_EFFECT", "//OTHER")


def stops(code: str) -> tuple[str, ...]:
    """The codes that end what a treatment code began, by reason (none given first)."""
    return tuple(f"{code}//STOP{reason}" for reason in STOP_REASONS)


def doses(ingredients: Iterable[Ingredient]) -> Iterable[tuple[str, float]]:
    """Code and factor to morphine milligram equivalents a day, for the ingredients that convert."""
    return [(one.code, one.mme) for one in ingredients if one.mme is not None]
