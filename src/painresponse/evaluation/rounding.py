"""Figures as a report stores them: four significant digits, and None for what is no number."""

from collections.abc import Iterable
from dataclasses import fields, replace
from math import isfinite
from typing import TypeVar

from painresponse.evaluation.bootstrap import Estimate

Record = TypeVar("Record")
Figure = float | None
Interval = tuple[Figure, Figure, Figure]
"""A figure and the ends of its 95 % interval."""


def rounded(value: float) -> Figure:
    """To four significant digits; None where it is infinite or not a number."""
    return float(f"{value:.4g}") if isfinite(value) else None


def rounded_all(values: Iterable[float]) -> tuple[Figure, ...]:
    """Each of them."""
    return tuple(rounded(value) for value in values)


def interval(estimate: Estimate) -> Interval:
    """An estimate and its ends, rounded."""
    return rounded(estimate.value), rounded(estimate.low), rounded(estimate.high)


def rounded_record(record: Record) -> Record:
    """A dataclass with each of its own floats rounded."""
    had = {one.name: getattr(record, one.name) for one in fields(record)}
    return replace(
        record, **{name: rounded(value) for name, value in had.items() if isinstance(value, float)}
    )
