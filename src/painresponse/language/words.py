"""The words a feature is said with, one small class a step, each offering only what may come next.

    events("pain").within(days(30)).mean()
    events("cortisol_serum").between(6, 10).within(years(1)).last()

A sentence with no window cannot be written, and no word reaches past the index.
"""

from dataclasses import dataclass

from painresponse.errors import DefinitionError, unknown
from painresponse.language.spans import EVER, Span

SUMMARIES = (
    "count",
    "measured",
    "sum",
    "mean",
    "min",
    "max",
    "first",
    "last",
    "slope",
    "spread",
    "days_since_first",
    "days_since_last",
)


class Feature:
    """Anything that gives one number for one subject at one index. Unknown stays unknown (NaN)."""

    __slots__ = ()

    def __str__(self) -> str:
        return sentence(self)

    def per(self, other: "Feature") -> "Ratio":
        """This divided by the other; unknown where the other is zero."""
        return Ratio(self, other)

    def minus(self, other: "Feature") -> "Difference":
        """This less the other."""
        return Difference(self, other)


@dataclass(frozen=True, slots=True)
class Events:
    """One concept's events, perhaps only those between two hours of the clinic's clock."""

    concept: str
    hours: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.hours is not None and not 0 <= self.hours[0] < self.hours[1] <= 24:
            raise DefinitionError(
                f"There is no time of day between {self.hours[0]} h and {self.hours[1]} h. "
                "Say whole hours from 0 to 24, the earlier first."
            )

    def between(self, start: int, stop: int) -> "Events":
        """Only those whose clock time lies in ``[start, stop)`` hours."""
        return Events(self.concept, (start, stop))

    def within(self, span: Span) -> "Window":
        """Those in the given stretch before the index."""
        return Window(self, span)

    def ever(self) -> "Window":
        """All that is known before the index."""
        return Window(self, EVER)


@dataclass(frozen=True, slots=True)
class Window:
    """Events in ``[index - span, index)`` that were also available before the index."""

    events: Events
    span: Span

    def count(self) -> "Summary":
        """How many events, with or without a value; 0 when there are none."""
        return Summary("count", self)

    def measured(self) -> "Summary":
        """1 when there is at least one event, else 0."""
        return Summary("measured", self)

    def sum(self) -> "Summary":
        """Sum of the values; 0 when there are none."""
        return Summary("sum", self)

    def mean(self) -> "Summary":
        """Mean of the values."""
        return Summary("mean", self)

    def min(self) -> "Summary":
        """Smallest value."""
        return Summary("min", self)

    def max(self) -> "Summary":
        """Largest value."""
        return Summary("max", self)

    def first(self) -> "Summary":
        """Value at the earliest time; the largest when several share it."""
        return Summary("first", self)

    def last(self) -> "Summary":
        """Value at the latest time; the largest when several share it."""
        return Summary("last", self)

    def slope(self) -> "Summary":
        """Least-squares change of the value per year; unknown unless two times differ."""
        return Summary("slope", self)

    def spread(self) -> "Summary":
        """Standard deviation of the values (n - 1); unknown below two values."""
        return Summary("spread", self)

    def days_since_first(self) -> "Summary":
        """Days from the earliest event to the index."""
        return Summary("days_since_first", self)

    def days_since_last(self) -> "Summary":
        """Days from the latest event to the index."""
        return Summary("days_since_last", self)


@dataclass(frozen=True, slots=True)
class Summary(Feature):
    """One number out of a window."""

    word: str
    window: Window

    def __post_init__(self) -> None:
        if self.word not in SUMMARIES:
            raise DefinitionError(unknown("summary", self.word, SUMMARIES))

    __str__ = Feature.__str__


@dataclass(frozen=True, slots=True)
class Age(Feature):
    """Years of 365.25 days from birth to the index."""

    __str__ = Feature.__str__


@dataclass(frozen=True, slots=True)
class Ratio(Feature):
    """One feature divided by another."""

    top: Feature
    bottom: Feature

    __str__ = Feature.__str__


@dataclass(frozen=True, slots=True)
class Difference(Feature):
    """One feature less another."""

    left: Feature
    right: Feature

    __str__ = Feature.__str__


@dataclass(frozen=True, slots=True)
class Total(Feature):
    """Sum of features, the unknown ones left out; unknown when all are."""

    parts: tuple[Feature, ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise DefinitionError("Say at least one feature for 'total of'.")

    __str__ = Feature.__str__


@dataclass(frozen=True, slots=True)
class HowMany(Feature):
    """How many of the features are above zero."""

    parts: tuple[Feature, ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise DefinitionError("Say at least one feature for 'how many of'.")

    __str__ = Feature.__str__


def events(concept: str) -> Events:
    """Begin a feature: which events."""
    return Events(concept)


def total(*parts: Feature) -> Total:
    """Sum of features."""
    return Total(parts)


def how_many(*parts: Feature) -> HowMany:
    """How many features are above zero."""
    return HowMany(parts)


def sentence(feature: Feature) -> str:
    """The feature in words: what `plain.parse` reads back."""
    match feature:
        case Age():
            return "age"
        case Summary(word, Window(Events(concept, hours), span)):
            clock = f" between {hours[0]} and {hours[1]} h" if hours else ""
            return f"{word.replace('_', ' ')} of {concept}{clock} {span}"
        case Ratio(top, bottom):
            return f"ratio of ({sentence(top)}) to ({sentence(bottom)})"
        case Difference(left, right):
            return f"difference of ({sentence(left)}) and ({sentence(right)})"
        case Total(parts):
            return "total of " + _joined(parts)
        case HowMany(parts):
            return "how many of " + _joined(parts)
    raise DefinitionError(f"There are no words for a {type(feature).__name__}.")


def _joined(parts: tuple[Feature, ...]) -> str:
    return " and ".join(f"({sentence(part)})" for part in parts)
