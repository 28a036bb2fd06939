"""Features made of features, those of one kind at once as far as their parts allow.

Every function takes the parts (asks x features x parts, unknown is NaN) and gives asks x features. Lists of
different lengths are filled up with parts that are not ``there``.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import inf, nextafter

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
    """Combinations of one kind, done at once: workspace ``columns`` from ``parts``.

    ``bounds``: what is compared holds from the first to the second, both included.
    """

    combine: Callable[[Floats, "Step"], Floats]
    columns: Ints
    parts: Ints
    there: Mask
    bounds: Floats


def steps(columns: Mapping[Feature, int], *, empty: int) -> tuple[Step, ...]:
    """The combinations among the features, in an order in which each finds its parts done.

    Few steps: every one takes the time of a call, however much it does. ``empty`` is a workspace column that
    stays unknown.
    """
    made = {one: [columns[part] for part in parts_of(one)] for one in columns}
    above = _above(columns)
    waiting = [one for one in columns if made[one]]
    done = {columns[one] for one in columns if not made[one]}
    found = []
    while waiting:
        ready = [one for one in waiting if done.issuperset(made[one])]
        kind = _next_kind(ready, Counter(map(type, waiting)), above)
        now = [one for one in ready if type(one) is kind]
        found.append(_step(now, columns, [made[one] for one in now], empty))
        done.update(columns[one] for one in now)
        waiting = [one for one in waiting if columns[one] not in done]
    return tuple(found)


def _above(columns: Iterable[Feature]) -> dict[Feature, int]:
    """By feature, how many combinations one on the other are made of it; parts come before what they make."""
    above = dict.fromkeys(columns, 0)
    for one in reversed(list(above)):
        for part in parts_of(one):
            above[part] = max(above[part], above[one] + 1)
    return above


def _next_kind(
    ready: Iterable[Feature], waiting: Counter[type[Feature]], above: Mapping[Feature, int]
) -> type[Feature]:
    """A kind of which all can be done and none is left for later; else the one on which most is built."""
    found: dict[type[Feature], list[int]] = {}
    for one in ready:
        found.setdefault(type(one), []).append(above[one])
    return max(
        found, key=lambda kind: (len(found[kind]) == waiting[kind], max(found[kind]), len(found[kind]))
    )


def _step(
    features: list[Feature], columns: Mapping[Feature, int], lists: list[list[int]], empty: int
) -> Step:
    parts = np.full((len(lists), max(map(len, lists))), empty, np.int64)
    for row, found in enumerate(lists):
        parts[row, : len(found)] = found
    return Step(
        COMBINE[type(features[0])],
        np.array([columns[feature] for feature in features], np.int64),
        parts,
        parts != empty,
        np.array([_bounds(one) if isinstance(one, Whether) else (0.0, 0.0) for one in features]).T,
    )


def _bounds(one: Whether) -> tuple[float, float]:
    """What is above a number is at least the next one, what is below it at most the one before."""
    return {
        "at least": (one.value, inf),
        "at most": (-inf, one.value),
        "above": (nextafter(one.value, inf), inf),
        "below": (-inf, nextafter(one.value, -inf)),
    }[one.comparison]


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


def _whether(parts: Floats, step: Step) -> Floats:
    part = parts[:, :, 0]
    lowest, highest = step.bounds
    return np.where(np.isnan(part), np.nan, (part >= lowest) & (part <= highest))


COMBINE: dict[type[Feature], Callable[[Floats, Step], Floats]] = {
    Age: _age,
    Ratio: _ratio,
    Difference: _difference,
    Total: _total,
    Average: _average,
    HowMany: _how_many,
    AnyOf: _any_of,
    AllOf: _all_of,
    Largest: _largest,
    FirstKnown: _first_known,
    Whether: _whether,
}
