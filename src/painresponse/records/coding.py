"""Codes to meanings: which concepts and treatments a code belongs to, and how its values are read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Generic, TypeVar

import numpy as np

from painresponse.concepts import BareUnit, Concept, Concepts, Ingredient
from painresponse.records.tables import Floats, Ints
from painresponse.records.units import DURATIONS, REVERSED, ucum
from painresponse.schema import LOCAL_PREFIX

T = TypeVar("T")
Limits = tuple[float, float]
ANY = (float("-inf"), float("inf"))
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
    """How the values of a code are read: canonical unit, conversions, hard and soft limits.

    ``bare`` tells the unit of values that come without one; where it is empty they are in the canonical unit.
    """

    unit: str
    units: Mapping[str, tuple[float, ...]]
    limits: Limits
    soft: Limits = ANY
    bare: tuple[BareUnit, ...] = ()

    def conversion(self, unit: str) -> tuple[float, float]:
        """Factor and offset to the canonical unit; a factor of NaN where there is none."""
        if unit == REVERSED:
            span = self.limits[0] + self.limits[1]
            return (-1.0, span) if isfinite(span) else _NO_CONVERSION
        spelt = ucum(unit)
        if spelt in ("", ucum(self.unit)) or not self.unit:
            return 1.0, 0.0
        found = self.units.get(spelt)
        if found is None:
            return _NO_CONVERSION
        return found[0], found[1] if len(found) > 1 else 0.0


_UNKNOWN = Measure("", {}, ANY)


class Measures:
    """The measure of every code that some concept or treatment knows.

    Measures are numbered; the last number, ``strange``, is what nobody knows, read as it comes. By number:
    hard and soft limits (lowest and highest; float32, so that a value at the limit is inside it), whether it
    has soft ones (``watched``), whether the size of a value tells its missing unit (``sized``).
    """

    def __init__(self, concepts: Concepts):
        declared = list(_measures(concepts))
        self.all = (*{id(measure): measure for _, measure in declared}.values(), _UNKNOWN)
        self.strange = len(self.all) - 1
        number = {id(measure): place for place, measure in enumerate(self.all)}
        self._matcher = Matcher((pattern, number[id(measure)]) for pattern, measure in declared)
        self._columns: dict[str, Floats] = {}
        # no limit still means finite: what is infinite is outside every limit
        largest = np.finfo(np.float32).max
        self.limits = np.clip(np.array([one.limits for one in self.all], np.float32).T, -largest, largest)
        self.soft = np.array([one.soft for one in self.all], np.float32).T
        self.watched = np.array([one.soft != ANY for one in self.all])
        self.sized = np.array([bool(one.bare) for one in self.all])

    def of(self, code: str) -> Measure | None:
        """The first measure declared for the code, or None for a code nobody knows."""
        found = self._matcher.of(code)
        return self.all[found[0]] if found else None

    def numbers(self, codes: Iterable[str]) -> Ints:
        """The number of the measure of each code."""
        found = map(self._matcher.of, codes)
        return np.array([one[0] if one else self.strange for one in found], np.int64)

    def conversions(self, units: Iterable[str]) -> Floats:
        """Factors and offsets (2 x measures x units), the last unit being none."""
        return np.concatenate([self._column(unit) for unit in (*units, "")], axis=2)

    def _column(self, unit: str) -> Floats:
        column = self._columns.get(unit)
        if column is None:
            known = [one.conversion(unit) for one in self.all[:-1]]
            column = np.array([*known, (1.0, 0.0)]).T[:, :, np.newaxis]
            if len(self._columns) < 1000:  # a hostile client must not fill the memory with units
                self._columns[unit] = column
        return column


def _measures(concepts: Concepts) -> Iterable[tuple[str, Measure]]:
    patterns = concepts.patterns()
    for name, concept in concepts.concepts.items():
        measure = _measure(concept)
        sure = replace(measure, bare=())
        for pattern in patterns[name]:
            yield pattern, sure if pattern in concept.canonical_codes else measure
    for name, treatment in concepts.treatments.items():
        for ingredient in treatment.ingredients:
            for code in codes_of(ingredient):
                yield from _of_treatment(code, ingredient.unit)
        for code in (*treatment.codes, LOCAL_PREFIX + name):
            yield from _of_treatment(code, "")


def _measure(concept: Concept) -> Measure:
    lasting = ucum(concept.unit) in DURATIONS
    units = {ucum(unit): conversion for unit, conversion in concept.units.items()}
    limits = concept.hard or ((0.0, float("inf")) if lasting else ANY)
    return Measure(concept.unit, units, limits, concept.soft or ANY, concept.bare)


def _of_treatment(code: str, unit: str) -> Iterable[tuple[str, Measure]]:
    dose = Measure(unit, {}, (0.0, float("inf")))
    for pattern, says in treatment_codes(code).items():
        yield pattern, _SUPPLY if says == SUPPLY else dose


STOP_REASONS = ("", "//INEFFICACY", "//ADVERSE_EFFECT", "//OTHER")


def stops(code: str) -> tuple[str, ...]:
    """The codes that end what a treatment code began, by reason (none given first)."""
    return tuple(f"{code}//STOP{reason}" for reason in STOP_REASONS)


DAILY, AS_NEEDED, SUPPLY, STOPPED, INEFFICACY, ADVERSE_EFFECT = 1, 2, 4, 8, 16, 32
"""What a treatment code can say, as flags: several may be said at one time."""

_SUPPLY = Measure("d", {"wk": (7.0,)}, (1 / 1440, 3660.0))
"""Days a prescription lasts: from a minute, which excludes zero, to ten years."""


def treatment_codes(code: str) -> dict[str, int]:
    """What is said of a treatment by its code and the codes made of it, as flags."""
    reasons = (0, INEFFICACY, ADVERSE_EFFECT, 0)
    return {
        code: DAILY,
        f"{code}//PRN": AS_NEEDED,
        f"{code}//DAYS": SUPPLY,
        **{stop: STOPPED | why for stop, why in zip(stops(code), reasons, strict=True)},
    }


def codes_of(ingredient: Ingredient) -> tuple[str, ...]:
    """All codes that mean an ingredient, the one that histories use first."""
    return (ingredient.code, *ingredient.codes)
