"""Events on their way into a record: pieces of one kind, joined into one table in MEDS order."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from painresponse.schema import MICROSECONDS_PER_DAY, STATIC

_MINUTE = MICROSECONDS_PER_DAY // 1440


@dataclass(frozen=True, slots=True)
class Piece:
    """Events of one kind. ``who``: rows of people; ``when``: microseconds; code and unit: one, or many."""

    code: str | np.ndarray
    who: np.ndarray
    when: np.ndarray
    value: np.ndarray | None = None
    unit: str | np.ndarray = ""
    known: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Events:
    """A table of events, a column an array; codes and units are numbers into ``words``."""

    who: np.ndarray
    when: np.ndarray
    code: np.ndarray
    value: np.ndarray
    unit: np.ndarray
    known: np.ndarray
    words: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.who)

    def take(self, rows: np.ndarray) -> "Events":
        """The rows asked for (numbers or marks), in that order."""
        columns = ("who", "when", "code", "value", "unit", "known")
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})

    def in_order(self) -> "Events":
        """By person, then time, then code: facts without a time first."""
        return self.take(np.lexsort((self.code, self.when, self.who)))

    def codes_used(self) -> set[str]:
        """Every code that occurs."""
        return {self.words[number] for number in np.unique(self.code)}

    def coded(self, words: Iterable[str]) -> np.ndarray:
        """Marks the events whose code is one of these."""
        return np.isin(self.code, [self.words.index(word) for word in words if word in self.words])


def some(marks: np.ndarray, code: str | np.ndarray, when: np.ndarray, **more) -> Piece:
    """The piece of those marked; ``when``, ``value`` and ``known`` are given for everybody."""
    chosen = {name: part[marks] if isinstance(part, np.ndarray) else part for name, part in more.items()}
    codes = code if isinstance(code, str) else code[marks]
    return Piece(codes, np.flatnonzero(marks), when[marks], **chosen)


_NOTHING = Piece("", np.zeros(0, np.int64), np.zeros(0, np.int64))


def join(pieces: Iterable[Piece]) -> Events:
    """One table of all pieces, in MEDS order."""
    parts = [piece for piece in pieces if len(piece.who)] or [_NOTHING]
    words = sorted({word for piece in parts for word in (*np.unique(piece.code), *np.unique(piece.unit))})
    number = {word: place for place, word in enumerate(words)}
    return Events(
        who=np.concatenate([piece.who for piece in parts]),
        when=np.concatenate([piece.when for piece in parts]),
        code=np.concatenate([_numbers(piece.code, len(piece.who), number) for piece in parts]),
        value=np.concatenate([_or(piece.value, piece.who, np.nan) for piece in parts]).astype(np.float32),
        unit=np.concatenate([_numbers(piece.unit, len(piece.who), number) for piece in parts]),
        known=np.concatenate([_or(piece.known, piece.who, STATIC) for piece in parts]),
        words=tuple(map(str, words)),
    ).in_order()


def merged(one: Events, other: Events) -> Events:
    """Both tables as one, in MEDS order."""
    words = tuple(sorted({*one.words, *other.words}))
    renumbered = [np.searchsorted(words, each.words).astype(np.int32) for each in (one, other)]
    columns = {}
    for name in ("who", "when", "value", "known", "code", "unit"):
        parts = [getattr(each, name) for each in (one, other)]
        if name in ("code", "unit"):
            parts = [new[part] for new, part in zip(renumbered, parts, strict=True)]
        columns[name] = np.concatenate(parts)
    return Events(**columns, words=words).in_order()


def _numbers(word: str | np.ndarray, count: int, number: dict[str, int]) -> np.ndarray:
    if isinstance(word, str):
        return np.full(count, number[word], np.int32)
    distinct, place = np.unique(word, return_inverse=True)
    return np.array([number[each] for each in distinct], np.int32)[place]


def _or(given: np.ndarray | None, like: np.ndarray, absent: float) -> np.ndarray:
    return np.full(len(like), absent) if given is None else given


def at(day: np.ndarray, hour: np.ndarray) -> np.ndarray:
    """Days since 1970 and hours of the clinic's clock as microseconds, to the minute."""
    minutes = np.floor(np.asarray(hour) * 60).astype(np.int64)
    return np.asarray(day).astype(np.int64) * MICROSECONDS_PER_DAY + minutes * _MINUTE


def visit(day: np.ndarray, rng: Generator) -> np.ndarray:
    """A clinic visit on that day: some time between 8 and 17 h."""
    return at(day, rng.uniform(8, 17, np.shape(day)))


def after_hours(when: np.ndarray, low: float, high: float, *, rng: Generator) -> np.ndarray:
    """So many hours later, uniformly: when a laboratory answers."""
    return when + np.round(rng.uniform(low, high, np.shape(when)) * 60).astype(np.int64) * _MINUTE
