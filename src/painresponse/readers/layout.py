"""The shape of a clinic's tables: the ``[import]`` section of a site configuration, key by key."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np

from painresponse.clinic import Catalogue
from painresponse.errors import DefinitionError, unknown
from painresponse.records.coding import Measures
from painresponse.schema import LOCAL_PREFIX
from painresponse.settings import build

_DURATION = re.compile(r"(-?\d{1,6}) (min|h|d)")
_MINUTES = {"min": 1, "h": 60, "d": 1440}
_PROBE = datetime(2021, 3, 14)


@dataclass(frozen=True, slots=True)
class EventRule:
    """What each row says, as one kind of event.

    The meaning is a ``concept``, a ``code``, or ``codes`` by the word in ``column``. The value is the number
    in ``column``, the number that ``values`` gives its word, or the constant ``value``; without a column the
    row itself is the event. ``when`` names the rows meant. ``time`` is a column of its own, ``shift`` moves
    the event, ``available`` (a column) or ``available_after`` (a duration) say when the clinic knew; a day
    without a clock time is known when it is over. With ``conflict`` the rows of one subject must agree: else
    all of them are rejected, or it is only counted.
    """

    concept: str = ""
    code: str = ""
    codes: dict[str, str] = field(default_factory=dict)
    column: str = ""
    value: float | None = None
    values: dict[str, float] = field(default_factory=dict)
    unit: str = ""
    when: dict[str, Any] = field(default_factory=dict)
    static: bool = False
    time: str = ""
    shift: str = ""
    available: str = ""
    available_after: str = ""
    conflict: str = ""

    def __post_init__(self) -> None:
        moved = self.time or self.shift or self.available or self.available_after
        for wrong, words in (
            (
                sum(map(bool, (self.concept, self.code, self.codes))) != 1,
                "give exactly one of concept, code and codes",
            ),
            (
                (self.codes or self.values) and not self.column,
                "codes and values need the column whose words they translate",
            ),
            (self.codes and self.values, "give codes or values, not both"),
            (self.value is not None and self.column, "give a constant value or a column, not both"),
            (self.static and moved, "a static fact has no time, shift or availability"),
            (self.available and self.available_after, "give available or available_after, not both"),
            (self.conflict not in ("", "reject", "warn"), "conflict must be reject or warn"),
        ):
            if wrong:
                raise ValueError(words)
        for duration in (self.shift, self.available_after):
            microseconds(duration)

    @property
    def name(self) -> str:
        """How the account calls it: its column, or what it means."""
        return self.column or self.code or self.concept

    def meanings(self) -> tuple[str, ...]:
        """Every code it can give."""
        return tuple(self.codes.values()) or (self.code or LOCAL_PREFIX + self.concept,)

    def conditions(self) -> dict[str, tuple[str, ...]]:
        """Column to the words of the rows meant."""
        return {
            column: tuple(words) if isinstance(words, list | tuple) else (words,)
            for column, words in self.when.items()
        }

    def columns(self) -> Iterator[str]:
        """Every column it looks at."""
        yield from (name for name in (self.column, self.time, self.available) if name)
        yield from self.when


@dataclass(frozen=True, slots=True)
class BirthRule:
    """Birth worked out from ages in whole years, half a year added, at the subject's first row.

    Ages outside ``limits`` are rejected; a subject whose rows put birth more than ``agree_within`` years
    apart gets none.
    """

    age: str
    limits: tuple[float, float] = (0.0, 120.0)
    agree_within: float = 2.0


@dataclass(frozen=True, slots=True)
class TableLayout:
    """One kind of table: its files (a pattern), the columns of subject and time, and what its rows say.

    ``visits`` gives words of the time column the dates they stand for, where a study numbers its visits.
    """

    subject: str
    events: tuple[EventRule, ...]
    time: str = ""
    files: str = "*.csv"
    birth: BirthRule | None = None
    visits: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.visits and not self.time:
            raise ValueError("visits translates the words of a time column: name it")
        if not self.time and (self.birth or not all(rule.static or rule.time for rule in self.events)):
            raise ValueError("without a time column every event needs static = true or a time of its own")

    def columns(self) -> set[str]:
        """Every column that must be there."""
        mine = {self.subject, self.time, self.birth.age if self.birth else ""} - {""}
        return mine.union(*(rule.columns() for rule in self.events))


@dataclass(frozen=True, slots=True)
class Layout:
    """How the tables are written, and which there are. ``dates`` are strptime forms, tried in order."""

    tables: tuple[TableLayout, ...]
    delimiter: str = ","
    encoding: str = "utf-8-sig"
    decimal: str = "."
    thousands: str = ""
    missing: tuple[str, ...] = ()
    dates: tuple[str, ...] = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")
    first_day: date = date(1900, 1, 1)
    last_day: date = date(2099, 12, 31)

    def __post_init__(self) -> None:
        if len(self.delimiter) != 1 or len(self.decimal) != 1 or len(self.thousands) > 1:
            raise ValueError("delimiter and decimal must be one character, thousands one or none")
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands must differ")
        try:
            "".encode(self.encoding)
        except LookupError:
            raise ValueError(
                f"there is no encoding {self.encoding!r}; say utf-8, cp1252 or latin-1"
            ) from None
        for form in self.dates:
            if not _says_a_day(form):
                raise ValueError(f"the date form {form!r} must say day, month and year, and no time zone")


def read_layout(catalogue: Catalogue) -> Layout:
    """The layout a site configuration declares, checked against the catalogue. Raises DefinitionError."""
    said = {word: value for word, value in catalogue.imports.items() if word != "omop"}
    if not said:
        raise DefinitionError(
            "The site configuration has no [import] section. It says what the clinic's columns mean; "
            "configs/examples/rtms.toml is one to start from."
        )
    layout = build(Layout, said, "import")
    measures = Measures(catalogue.concepts)
    for table in layout.tables:
        _check_visits(table, layout)
        for rule in table.events:
            _check(rule, catalogue, measures)
    return layout


def _check_visits(table: TableLayout, layout: Layout) -> None:
    for word, day in table.visits.items():
        if not any(_fits(day, form) for form in layout.dates):
            raise DefinitionError(
                f"import, visit {word!r}: {day!r} fits none of the date forms {', '.join(layout.dates)}."
            )


def _fits(day: str, form: str) -> bool:
    try:
        return bool(datetime.strptime(day, form))
    except ValueError:
        return False


def _check(rule: EventRule, catalogue: Catalogue, measures: Measures) -> None:
    known = {**catalogue.concepts.concepts, **catalogue.concepts.treatments}
    where = f"import, event {rule.name!r}"
    if rule.concept and rule.concept not in known:
        raise DefinitionError(f"{where}: {unknown('concept', rule.concept, known)}")
    for words in rule.conditions().values():
        if not words or not all(isinstance(word, str) for word in words):
            raise DefinitionError(
                f"{where}: when must give each column a word or a list of words, in quotes."
            )
    for measure in filter(None, map(measures.of, rule.meanings())):
        if np.isnan(measure.conversion(rule.unit)[0]):
            raise DefinitionError(f"{where}: {unknown('unit', rule.unit, (measure.unit, *measure.units))}")


def microseconds(duration: str) -> int:
    """A duration such as '1 h', '-30 min' or '2 d'. Raises ValueError on anything else; nothing is zero."""
    if not duration:
        return 0
    found = _DURATION.fullmatch(duration)
    if not found:
        raise ValueError(f"{duration!r} is no duration; say for example '1 h', '-30 min' or '2 d'")
    return int(found[1]) * _MINUTES[found[2]] * 60_000_000


def _says_a_day(form: str) -> bool:
    if "%z" in form.lower():
        return False
    try:
        return datetime.strptime(_PROBE.strftime(form), form) == _PROBE
    except ValueError:
        return False
