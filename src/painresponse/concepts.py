"""Concepts: a clinical idea as a set of codes with one canonical unit and plausible limits.

They are declared in ``configs/`` by the clinic, and travel inside every bundle, so that a deployed model
reads codes and units exactly as it did in training.
"""

from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from typing import Any

from painresponse.schema import LOCAL_PREFIX
from painresponse.settings import build


@dataclass(frozen=True, slots=True)
class Concept:
    """One clinical idea. Codes may end in ``*`` to mean every code that begins so.

    ``units`` gives, for each accepted unit besides the canonical one, the factor to the canonical unit, or
    factor and offset. Values outside ``hard`` (after conversion, both ends allowed) are impossible.
    """

    label: str
    codes: tuple[str, ...] = ()
    unit: str = ""
    units: dict[str, tuple[float, ...]] = field(default_factory=dict)
    hard: tuple[float, float] | None = None
    soft: tuple[float, float] | None = None
    family: str = ""
    social: bool = False
    evidence: str = ""

    def __post_init__(self) -> None:
        if any(limits and not limits[0] <= limits[1] for limits in (self.hard, self.soft)):
            raise ValueError("hard and soft limits are two numbers, the lower first")
        if not all(1 <= len(one) <= 2 and one[0] for one in self.units.values()):
            raise ValueError("units gives for each unit a factor other than zero, or [factor, offset]")


@dataclass(frozen=True, slots=True)
class Ingredient:
    """One substance of a treatment class: its code, the daily dose that counts, its opioid conversion.

    ``adequate`` is in ``unit``; ``mme`` is morphine milligram equivalents per ``unit`` (CDC 2022).
    """

    name: str
    code: str
    adequate: float | None = None
    unit: str = "mg/d"
    mme: float | None = None
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Treatment:
    """A class of conventional treatment and what an adequate trial of it is.

    A treatment begins with one of its codes (value: daily dose) and ends with that code and ``//STOP``, after
    which may stand why: ``//INEFFICACY``, ``//ADVERSE_EFFECT`` or ``//OTHER``. One with ``lasts_days`` needs
    no stop: it is over, and can be judged, after so many days.
    """

    label: str
    min_weeks: float
    ingredients: tuple[Ingredient, ...] = ()
    codes: tuple[str, ...] = ()
    lasts_days: float | None = None


@dataclass(frozen=True, slots=True)
class Concepts:
    """All concepts and treatment classes one data set or one bundle is read with."""

    concepts: dict[str, Concept]
    treatments: dict[str, Treatment]

    def patterns(self) -> dict[str, tuple[str, ...]]:
        """Concept name to code patterns, its local code included."""
        return {name: (*concept.codes, LOCAL_PREFIX + name) for name, concept in self.concepts.items()}

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values, without what is empty."""
        return {
            "concepts": {name: _bare(value) for name, value in self.concepts.items()},
            "treatments": {name: _bare(value) for name, value in self.treatments.items()},
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> "Concepts":
        """The inverse of `to_plain`. Raises DefinitionError on anything it does not know."""
        return cls(
            {
                name: build(Concept, _unit_tuples(raw), f"concept {name}")
                for name, raw in plain["concepts"].items()
            },
            {name: build(Treatment, raw, f"treatment {name}") for name, raw in plain["treatments"].items()},
        )


def _bare(declared: Any) -> Any:
    """A declaration as a plain table, without what is empty by default (a zero says something, and stays)."""
    if isinstance(declared, tuple):
        return [_bare(item) for item in declared]
    if not is_dataclass(declared):
        return declared
    values = [(one, getattr(declared, one.name)) for one in fields(declared)]
    return {one.name: _bare(value) for one, value in values if value or value != _default(one)}


def _default(one: Field[Any]) -> Any:
    return one.default if one.default_factory is MISSING else one.default_factory()


def _unit_tuples(raw: Any) -> Any:
    """A bare factor means a factor without offset."""
    if isinstance(raw, dict) and isinstance(raw.get("units"), dict):
        units = {
            unit: [factor] if isinstance(factor, int | float) else factor
            for unit, factor in raw["units"].items()
        }
        return {**raw, "units": units}
    return raw
