"""Concepts: a clinical idea as a set of codes with one canonical unit and plausible limits.

They are declared in ``configs/`` by the clinic, and travel inside every bundle, so that a deployed model
reads codes and units exactly as it did in training.
"""

from collections.abc import Iterable
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
from typing import Any

from painresponse.schema import LOCAL_PREFIX
from painresponse.settings import build


@dataclass(frozen=True, slots=True)
class Reference:
    """How a measure is distributed in its reference group, on the logarithm where ``log``."""

    mean: float
    sd: float
    log: bool = False

    def __post_init__(self) -> None:
        if not self.sd > 0:
            raise ValueError("sd must be above zero")


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What makes a measurement untrustworthy when it happened at most ``days`` before."""

    concept: str
    days: float


@dataclass(frozen=True, slots=True)
class BareUnit:
    """The unit of a value that came without one, told by its size: ``least <= value < below``."""

    unit: str
    least: float
    below: float


@dataclass(frozen=True, slots=True)
class Concept:
    """One clinical idea. Codes may end in ``*`` to mean every code that begins so.

    ``units`` gives, for each accepted unit besides the canonical one, the factor to the canonical unit, or
    factor and offset. Values outside ``hard`` (after conversion, both ends allowed) are impossible. ``bare``
    tells the unit of values that come without one; where it is empty, and for ``canonical_codes``, they are
    taken to be canonical.
    ``higher`` says what a higher value means (worse or better), ``mcid`` is the smallest change that matters
    to a patient. ``reference`` standardises the values (``<concept>.z``), ``assays`` does so by the assay
    named at the end of the code (``LOINC//26881-3//ELISA``). ``disturbed_by`` names what makes a measurement
    untrustworthy.
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
    higher: str = ""
    mcid: float | None = None
    reference: Reference | None = None
    assays: dict[str, Reference] = field(default_factory=dict)
    disturbed_by: tuple[Disturbance, ...] = ()
    bare: tuple[BareUnit, ...] = ()
    canonical_codes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.higher not in ("", "worse", "better"):
            raise ValueError(f"higher must be worse or better, not {self.higher!r}")
        if any(limits and not limits[0] <= limits[1] for limits in (self.hard, self.soft)):
            raise ValueError("hard and soft limits are two numbers, the lower first")
        if strange := [one.unit for one in self.bare if one.unit not in (self.unit, *self.units)]:
            raise ValueError(f"bare names the unit {strange[0]!r}, which units does not convert")
        if strange := [code for code in self.canonical_codes if code not in self.codes]:
            raise ValueError(f"canonical_codes names {strange[0]!r}, which is not one of the codes")
        if not all(1 <= len(one) <= 2 and one[0] for one in self.units.values()):
            raise ValueError("units gives for each unit a factor other than zero, or [factor, offset]")


@dataclass(frozen=True, slots=True)
class Ingredient:
    """One substance of a treatment class: its code, the daily dose that counts, its opioid conversion.

    ``adequate`` is in ``unit``, ``adequate_strict`` likewise in the stricter set (S69); ``mme`` is morphine
    milligram equivalents per ``unit`` (CDC 2022). ``code`` is what histories use; ``codes`` are others that
    mean the same (ATC), ``names`` other names of the substance as drug products spell them.
    """

    name: str
    code: str
    codes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    adequate: float | None = None
    adequate_strict: float | None = None
    unit: str = "mg/d"
    mme: float | None = None
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Treatment:
    """A class of conventional treatment and what an adequate trial of it is.

    A treatment begins with one of its codes (value: daily dose) and ends with that code and ``//STOP``, after
    which may stand why: ``//INEFFICACY``, ``//ADVERSE_EFFECT`` or ``//OTHER``. One with ``lasts_days`` needs
    no stop: it is over, and can be judged, after so many days. Where ``session_days`` is given each of
    ``codes`` is one session of a course, which stands for so many days.
    """

    label: str
    min_weeks: float
    min_weeks_strict: float | None = None
    ingredients: tuple[Ingredient, ...] = ()
    codes: tuple[str, ...] = ()
    lasts_days: float | None = None
    session_days: float | None = None

    def stricter(self) -> "Treatment":
        """The class by its strict doses and weeks, where it has any."""
        weeks = self.min_weeks if self.min_weeks_strict is None else self.min_weeks_strict
        return replace(self, min_weeks=weeks, ingredients=tuple(_stricter(one) for one in self.ingredients))


@dataclass(frozen=True, slots=True)
class Profile:
    """A concept sampled several times, read as one curve.

    ``awakening``: samples at the nominal ``minutes`` after the first, each at most ``tolerance`` minutes off;
    a curve with a sample missing is no curve. ``day``: the samples of one calendar day, at least ``least`` of
    them over at least ``hours`` hours, without those of the first ``skip_minutes`` after awakening.
    """

    label: str
    of: str
    kind: str
    minutes: tuple[float, ...] = ()
    tolerance: float = 10.0
    least: int = 3
    hours: float = 6.0
    skip_minutes: float = 60.0

    def __post_init__(self) -> None:
        if self.kind not in ("awakening", "day"):
            raise ValueError(f"kind must be awakening or day, not {self.kind!r}")
        if self.kind == "awakening" and (len(self.minutes) < 3 or sorted(self.minutes)[0] != 0):
            raise ValueError("minutes lists three or more sampling times, the first of them 0")


@dataclass(frozen=True, slots=True)
class Concepts:
    """All concepts, treatment classes and profiles one data set or one bundle is read with."""

    concepts: dict[str, Concept]
    treatments: dict[str, Treatment]
    profiles: dict[str, Profile] = field(default_factory=dict)

    def patterns(self) -> dict[str, tuple[str, ...]]:
        """Concept name to code patterns: its codes, its local code, and each with every assay it declares."""
        return {name: tuple(_patterns(name, concept)) for name, concept in self.concepts.items()}

    def stricter(self) -> "Concepts":
        """The same with every treatment class by its strict doses and weeks."""
        return replace(self, treatments={name: one.stricter() for name, one in self.treatments.items()})

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values, without what is empty."""
        return {
            "concepts": {name: _bare(value) for name, value in self.concepts.items()},
            "treatments": {name: _bare(value) for name, value in self.treatments.items()},
            "profiles": {name: _bare(value) for name, value in self.profiles.items()},
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
            {name: build(Profile, raw, f"profile {name}") for name, raw in plain.get("profiles", {}).items()},
        )


def _patterns(name: str, concept: Concept) -> Iterable[str]:
    codes = (*concept.codes, LOCAL_PREFIX + name)
    yield from codes
    for assay in concept.assays:  # what ends in * means its assays already
        yield from (f"{code}//{assay}" for code in codes if not code.endswith("*"))


def _stricter(one: Ingredient) -> Ingredient:
    return one if one.adequate_strict is None else replace(one, adequate=one.adequate_strict)


def _bare(declared: Any) -> Any:
    """A declaration as a plain table, without what is empty by default (a zero says something, and stays)."""
    if isinstance(declared, tuple):
        return [_bare(item) for item in declared]
    if isinstance(declared, dict):
        return {name: _bare(item) for name, item in declared.items()}
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
