"""Features made of features, all those of one kind and depth at once.

Every function takes the parts (asks x features x parts, unknown is NaN) and gives asks x features. Lists of
different lengths are filled up with parts that are not ``there``.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from painresponse.language.combinations import (
    Age,
    AllOf,
    AnyOf,
    Average,
    Difference,
    FirstKnown,
    HowMany,
    Largest,
    Ratio,
    Total,
    Whether,
    parts_of,
)
from painresponse.language.words import Feature
from painresponse.records.tables import Floats, Ints

DAYS_PER_YEAR = 365.25

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Step:
    """Combinations of one kind and depth: workspace ``columns`` from ``parts``, held against ``values``."""

    combine: Callable[[Floats, "Step"], Floats]
    columns: Ints
    parts: Ints
    there: Mask
    values: Floats


def steps(columns: Mapping[Feature, int], *, empty: int) -> tuple[Step, ...]:
    """The combinations among the features, in an order in which each finds its parts done.

    ``empty`` is a workspace column that stays unknown.
    """
    groups: dict[tuple[int, str], list[Feature]] = {}
    depths: dict[Feature, int] = {}
    for feature in columns:
        depth = _depth(feature, depths)
        if depth:
            groups.setdefault((depth, _kind(feature)), []).append(feature)
    return tuple(_step(groups[key], columns, empty) for key in sorted(groups))


def _depth(feature: Feature, known: dict[Feature, int]) -> int:
    if feature not in known:
        known[feature] = 1 + max((_depth(part, known) for part in parts_of(feature)), default=-1)
    return known[feature]


def _kind(feature: Feature) -> str:
    return feature.comparison if isinstance(feature, Whether) else type(feature).__name__


def _step(features: list[Feature], columns: Mapping[Feature, int], empty: int) -> Step:
    lists = [[columns[part] for part in parts_of(feature)] for feature in features]
    parts = np.full((len(lists), max(map(len, lists))), empty, np.int64)
    for row, found in enumerate(lists):
        parts[row, : len(found)] = found
    return Step(
        COMBINE[_kind(features[0])],
        np.array([columns[feature] for feature in features], np.int64),
        parts,
        parts != empty,
        np.array([one.value if isinstance(one, Whether) else 0.0 for one in features]),
    )


def combine(steps: Iterable[Step], work: Floats) -> None:
    """Fill the workspace columns of every combination."""
    with np.errstate(all="ignore"):  # a zero divisor makes a ratio unknown, below
        for step in steps:
            work[:, step.columns] = step.combine(work.take(step.parts, axis=1), step)


def _age(parts: Floats, _step: Step) -> Floats:
    return parts[:, :, 0] / DAYS_PER_YEAR


def _ratio(parts: Floats, _step: Step) -> Floats:
    return np.where(parts[:, :, 1] == 0, np.nan, parts[:, :, 0] / parts[:, :, 1])


def _difference(parts: Floats, _step: Step) -> Floats:
    return parts[:, :, 0] - parts[:, :, 1]


def _total(parts: Floats, _step: Step) -> Floats:
    """Added one by one: the order of a row's sum must not depend on how many rows there are."""
    unknown = np.isnan(parts)
    total: Floats = np.cumsum(np.where(unknown, 0.0, parts), axis=2)[:, :, -1]
    return np.where(unknown.all(axis=2), np.nan, total)


def _average(parts: Floats, step: Step) -> Floats:
    known = (~np.isnan(parts)).sum(axis=2)
    return np.where(known >= 2, _total(parts, step) / known, np.nan)


def _how_many(parts: Floats, _step: Step) -> Floats:
    above: Floats = (parts > 0).sum(axis=2).astype(np.float64)
    return above


def _any_of(parts: Floats, _step: Step) -> Floats:
    return np.where(np.isnan(parts).all(axis=2), np.nan, (parts > 0).any(axis=2))


def _all_of(parts: Floats, step: Step) -> Floats:
    refused = (parts <= 0).any(axis=2)
    unsure = (np.isnan(parts) & step.there).any(axis=2)
    return np.where(refused, 0.0, np.where(unsure, np.nan, 1.0))


def _largest(parts: Floats, _step: Step) -> Floats:
    largest: Floats = np.fmax.reduce(parts, axis=2)
    return largest


def _first_known(parts: Floats, _step: Step) -> Floats:
    first = np.argmax(~np.isnan(parts), axis=2)
    return np.take_along_axis(parts, first[:, :, None], axis=2)[:, :, 0]


def _compared(holds: Callable[[Floats, Floats], Mask]) -> Callable[[Floats, Step], Floats]:
    def compare(parts: Floats, step: Step) -> Floats:
        part = parts[:, :, 0]
        return np.where(np.isnan(part), np.nan, holds(part, step.values))

    return compare


COMBINE: dict[str, Callable[[Floats, Step], Floats]] = {
    Age.__name__: _age,
    Ratio.__name__: _ratio,
    Difference.__name__: _difference,
    Total.__name__: _total,
    Average.__name__: _average,
    HowMany.__name__: _how_many,
    AnyOf.__name__: _any_of,
    AllOf.__name__: _all_of,
    Largest.__name__: _largest,
    FirstKnown.__name__: _first_known,
    "at least": _compared(np.greater_equal),
    "at most": _compared(np.less_equal),
    "above": _compared(np.greater),
    "below": _compared(np.less),
}
