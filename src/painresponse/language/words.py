"""The words a feature is said with, one small class a step, each offering only what may come next.

    events("pain").within(days(30)).mean()
    events("cortisol_serum").trusted().between(6, 10).within(years(1)).last()
    events("pain").within(days(90)).before(the_last("rfa")).mean()

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


@dataclass(frozen=True, slots=True)
class Anchor:
    """The first or the last event of a concept before the index: what a window may begin or end with."""

    which: str
    concept: str

    def __post_init__(self) -> None:
        if self.which not in ("first", "last"):
            raise DefinitionError(unknown("anchor", self.which, ("first", "last")))

    def __str__(self) -> str:
        return f"the {self.which} {self.concept}"


@dataclass(frozen=True, slots=True)
class Events:
    """One concept's events, perhaps only the undisturbed, or those between two hours of the clock."""

    concept: str
    hours: tuple[int, int] | None = None
    undisturbed: bool = False

    def __post_init__(self) -> None:
        if self.hours is not None and not 0 <= self.hours[0] < self.hours[1] <= 24:
            raise DefinitionError(
                f"There is no time of day between {self.hours[0]} h and {self.hours[1]} h. "
                "Say whole hours from 0 to 24, the earlier first."
            )

    def between(self, start: int, stop: int) -> "Events":
        """Only those whose clock time lies in ``[start, stop)`` hours."""
        return Events(self.concept, (start, stop), self.undisturbed)

    def trusted(self) -> "Events":
        """Only those that nothing named by the concept's ``disturbed_by`` preceded too closely."""
        return Events(self.concept, self.hours, True)

    def within(self, span: Span) -> "Window":
        """Those in the given stretch before the index."""
        return Window(self, span)

    def ever(self) -> "Window":
        """All that is known before the index."""
        return Window(self, EVER)

    def since(self, anchor: Anchor) -> "Window":
        """Those from an event of the history to the index."""
        return Window(self, EVER, "after", anchor)

    def __str__(self) -> str:
        clock = f" between {self.hours[0]} and {self.hours[1]} h" if self.hours else ""
        return f"{'undisturbed ' if self.undisturbed else ''}{self.concept}{clock}"


@dataclass(frozen=True, slots=True)
class Window:
    """Events in ``[index - span, index)`` that were also available before the index.

    With an anchor at time a: those in ``[a - span, a)`` before it, or ``[a, a + span)`` after it, always
    before the index too. Where the anchor never happened the window is empty.
    """

    events: Events
    span: Span
    side: str = ""
    anchor: Anchor | None = None

    def __post_init__(self) -> None:
        if (self.anchor is None) != (self.side == "") or self.side not in ("", "before", "after"):
            raise DefinitionError("A window is bounded 'before' or 'after' an event, or not at all.")

    def before(self, anchor: Anchor) -> "Window":
        """The stretch before an event of the history instead of before the index."""
        return Window(self.events, self.span, "before", anchor)

    def after(self, anchor: Anchor) -> "Window":
        """The stretch after an event of the history, as far as it lies before the index."""
        return Window(self.events, self.span, "after", anchor)

    def __str__(self) -> str:
        if self.anchor is None:
            return str(self.span)
        if self.side == "after" and self.span == EVER:
            return f"since {self.anchor}"
        return f"{self.span} {self.side} {self.anchor}"

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

    def __str__(self) -> str:
        return f"{self.word.replace('_', ' ')} of {self.window.events} {self.window}"


def events(concept: str) -> Events:
    """Begin a feature: which events, by the name of a concept; then how far back, then a summary.

    >>> import painresponse as pr
    >>> str(pr.events("cortisol_serum").between(6, 10).within(pr.years(2)).last())
    'last of cortisol_serum between 6 and 10 h in 2 y'
    """
    return Events(concept)


def the_first(concept: str) -> Anchor:
    """The first event of a concept, to bound a window with."""
    return Anchor("first", concept)


def the_last(concept: str) -> Anchor:
    """The last event of a concept, to bound a window with."""
    return Anchor("last", concept)
