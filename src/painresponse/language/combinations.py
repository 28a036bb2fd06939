"""Features made of features: age, ratio, difference, comparison, and what is made of several."""

from dataclasses import dataclass
from math import isfinite

from painresponse.errors import DefinitionError, unknown
from painresponse.language.words import Feature, events


@dataclass(frozen=True, slots=True)
class Age(Feature):
    """Years of 365.25 days from birth to the index."""

    def __str__(self) -> str:
        return "age"


@dataclass(frozen=True, slots=True)
class Ratio(Feature):
    """One feature divided by another; unknown where the other is zero."""

    top: Feature
    bottom: Feature

    def __str__(self) -> str:
        return f"ratio of ({self.top}) to ({self.bottom})"


@dataclass(frozen=True, slots=True)
class Difference(Feature):
    """One feature less another."""

    left: Feature
    right: Feature

    def __str__(self) -> str:
        return f"difference of ({self.left}) and ({self.right})"


COMPARISONS = ("at least", "at most", "above", "below")


@dataclass(frozen=True, slots=True)
class Whether(Feature):
    """1 where the comparison holds, 0 where it does not, unknown where the feature is."""

    part: Feature
    comparison: str
    value: float

    def __post_init__(self) -> None:
        if self.comparison not in COMPARISONS:
            raise DefinitionError(unknown("comparison", self.comparison, COMPARISONS))
        if not isfinite(self.value):
            raise DefinitionError("A feature is compared with a plain number.")

    def __str__(self) -> str:
        short = f"{self.value:g}"
        number = short if float(short) == self.value else repr(self.value)  # what reads back as the same
        return f"whether ({self.part}) is {self.comparison} {number}"


@dataclass(frozen=True, slots=True)
class Several(Feature):
    """What is made of one or more features of equal standing."""

    parts: tuple[Feature, ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise DefinitionError(f"Say at least one feature for '{SEVERAL[type(self)]} of'.")

    def __str__(self) -> str:
        return f"{SEVERAL[type(self)]} of " + " and ".join(f"({part})" for part in self.parts)


class Total(Several):
    """Sum of features, the unknown ones left out; unknown when all are."""

    __slots__ = ()


class HowMany(Several):
    """How many of the features are above zero."""

    __slots__ = ()


class AnyOf(Several):
    """1 where a known feature is above zero, 0 where none is; unknown when all are unknown."""

    __slots__ = ()


class AllOf(Several):
    """0 where a known feature is not above zero; else unknown where any is unknown; else 1."""

    __slots__ = ()


class Average(Several):
    """Mean of the known features; unknown unless at least two are known."""

    __slots__ = ()


class Largest(Several):
    """The largest known feature; unknown when all are."""

    __slots__ = ()


class FirstKnown(Several):
    """The first of the features that is known."""

    __slots__ = ()


SEVERAL: dict[type[Several], str] = {
    Total: "total",
    HowMany: "how many",
    AnyOf: "any",
    AllOf: "all",
    Average: "average",
    Largest: "largest",
    FirstKnown: "first known",
}
"""The words for what is made of several features."""

_BIRTH = events("birth").ever().days_since_first()


def parts_of(feature: Feature) -> tuple[Feature, ...]:
    """What a feature is directly made of; age is made of the days since birth."""
    match feature:
        case Age():
            return (_BIRTH,)
        case Ratio(left, right) | Difference(left, right):
            return (left, right)
        case Whether(part):
            return (part,)
        case Several(parts):
            return parts
    return ()
