"""Fields of a FHIR resource as the type they must have; what is of another type is named, never shown."""

import math
from typing import Any

Node = dict[str, Any]

LONGEST_TEXT = 2000
"""Longer codes, names and times are not read to their end."""


class LeftOutError(Exception):
    """A resource, or a part of one, that is no event, and why (a word of REASONS)."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class MalformedError(LeftOutError):
    """A field that is not what FHIR says it is."""

    def __init__(self, field: str, must: str, *, reason: str = "malformed"):
        super().__init__(reason)
        self.said = f"{field} must be {must}"


def text(node: Node, field: str) -> str:
    """A text field; empty where it is absent."""
    found = node.get(field)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise MalformedError(field, "text")
    return found[:LONGEST_TEXT].strip()


def table(node: Node, field: str) -> Node:
    """An object field; empty where it is absent."""
    found = node.get(field)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise MalformedError(field, "an object")
    return found


def tables(node: Node, field: str) -> list[Node]:
    """A list of objects; empty where it is absent."""
    found = node.get(field)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise MalformedError(field, "a list of objects")
    return found


def number(node: Node, field: str) -> float | None:
    """A number that can be counted with; None where it is absent."""
    found = node.get(field)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float) or not _countable(found):
        raise MalformedError(field, "a number of ordinary size")
    return float(found)


def flag(node: Node, field: str) -> bool:
    """A yes or no; no where it is absent."""
    found = node.get(field, False)
    if found is not None and not isinstance(found, bool):
        raise MalformedError(field, "true or false")
    return bool(found)


def _countable(found: float) -> bool:
    """Neither infinite nor beyond what a shard can hold."""
    return (isinstance(found, int) or math.isfinite(found)) and abs(found) < 3e38
