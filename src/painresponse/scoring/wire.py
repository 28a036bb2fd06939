"""Protobuf messages read against a declaration; whatever is not declared is refused."""

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from painresponse.errors import BundleError

NUMBER, BYTES, FLOAT = 0, 2, 5
"""How a field is written: a number of variable length, so many bytes, or four of them."""

MOST_NESTED = 6
"""A graph, a condition in it and the tree operator behind that; hostile files nest without end."""

# Long columns stand one number or word after another, each with its tag: too many to read one by one.
_RUNS = {
    NUMBER: re.compile(rb"(?:\x40[\x80-\xff]{0,9}+[\x00-\x7f])++"),
    FLOAT: re.compile(rb"(?:\x3d.{4})++", re.DOTALL),
    BYTES: re.compile(rb"(?:\x4a(?:\x04LEAF|\x0aBRANCH_LEQ))++"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A declared field: its name, how it is written, and the message or the column it holds."""

    name: str
    wire: int = BYTES
    many: bool = False
    column: bool = False
    inner: dict[int, "Field"] = field(default_factory=dict)


def refuse(why: str) -> BundleError:
    """The complaint about a file whose seal is right and whose content is not."""
    return BundleError(
        f"This is a sealed file, but not a bundle that can be read: {why}. Write it with painresponse train."
    )


def message(data: bytes, fields: dict[int, Field], span: tuple[int, int], nested: int = 0) -> dict[str, Any]:
    """The fields of a message by name: numbers, bytes, messages; lists where there may be many.

    Raises BundleError on a field that is not declared, is there twice, or reaches beyond its message.
    """
    if nested > MOST_NESTED:
        raise refuse("its graph is nested too deep")
    found: dict[str, Any] = {one.name: [] for one in fields.values() if one.many}
    at, stop = span
    while at < stop:
        tag, after = _number(data, at, stop)
        one = fields.get(tag >> 3)
        if one is None or one.wire != tag & 7:
            raise refuse(f"it holds a field ({tag >> 3}) that bundles do not have")
        if one.column:
            value, at = _column(data, one, (at, stop))
        else:
            value, at = _value(data, one, (after, stop), nested)
        if one.many:
            found[one.name].append(value)
        elif one.name in found:
            raise refuse(f"it says {one.name} twice")
        else:
            found[one.name] = value
    return found


def _value(data: bytes, one: Field, span: tuple[int, int], nested: int) -> tuple[Any, int]:
    at, stop = span
    if one.wire == NUMBER:
        return _number(data, at, stop)
    length, at = (4, at) if one.wire == FLOAT else _number(data, at, stop)
    if length > stop - at:
        raise refuse(f"its {one.name} ends too early")
    if one.inner:
        return message(data, one.inner, (at, at + length), nested + 1), at + length
    return data[at : at + length], at + length


def _column(data: bytes, one: Field, span: tuple[int, int]) -> tuple[bytes, int]:
    run = _RUNS[one.wire].match(data, *span)
    if run is None:
        raise refuse(f"its {one.name} are none that bundles have")
    return run.group(), run.end()


def _number(data: bytes, at: int, stop: int) -> tuple[int, int]:
    value = 0
    for place in range(10):
        if at + place >= stop:
            break
        byte = data[at + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise refuse("one of its numbers does not end")


def whole_numbers(run: bytes) -> NDArray[np.int64]:
    """A column of numbers that are not negative and below 2**35."""
    read = np.frombuffer(run, np.uint8)
    ends = np.flatnonzero(read < 0x80)  # of tags and of numbers, in turn
    starts, stops = ends[::2] + 1, ends[1::2] + 1
    longest = int((stops - starts).max(initial=0))
    if longest > 5:
        raise refuse("a number in its trees is negative or too large")
    total = np.zeros(len(starts), np.int64)
    for place in range(longest):
        byte = read[np.minimum(starts + place, stops - 1)].astype(np.int64) & 0x7F
        total |= np.where(starts + place < stops, byte << 7 * place, 0)
    return total
