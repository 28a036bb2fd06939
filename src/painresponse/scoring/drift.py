"""Whether those asked about look like those the models learnt from: the population stability index.

Training left seven quantiles of every feature in the bundle, which cut its values into eight bins of known
shares. The index of a feature is the sum over its bins of (share now - share then) * ln(share now / share
then). The usual reading (Siddiqi 2006, Credit Risk Scorecards): below 0.1 little has changed, from 0.25 on
much has. Two samples of the same people differ as well: then the index is about (bins - 1) * (1/n + 1/m)
(Yurdakul 2018), which in a small cohort says more than the people do.

Where a value repeated so often that it is a quantile (a yes or no is two of them), the quantiles do not tell
which share of those who had it falls on which side: they are put where they fit training best, so that what
is called moved did move.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from painresponse.scoring.bundle import Bundle

LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""Of the quantiles a bundle holds, in this order; the share of rows that knew the feature follows."""

SOME, MUCH = 0.1, 0.25

MANY_TIMES = 3
"""An index up to so many times its chance level may be chance: with seven degrees 1 in 250 goes beyond."""

STABLE, UNCLEAR, MOVED, MOVED_MUCH = "stable", "too few to tell", "moved", "moved much"

_ROUNDING = 1e-6
"""Quantiles are stored to six decimals; a value this near to one is taken for it."""

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Index:
    """A population stability index, and what chance alone makes of it (NaN where nothing can be compared).

    ``edges``: how many the bins have; in units of chance / edges the index is chi-squared by as many degrees.
    """

    value: float
    chance: float
    edges: int = 1

    @property
    def reading(self) -> str:
        """What it is usually taken for."""
        if not self.value >= SOME:
            return STABLE
        if self.value <= MANY_TIMES * self.chance:
            return UNCLEAR
        return MOVED_MUCH if self.value >= MUCH else MOVED


@dataclass(frozen=True)
class Drift:
    """How far a feature moved: its known values, and how often it is known (``known``; ``before``: then)."""

    name: str
    values: Index
    presence: Index
    known: float
    before: float

    @property
    def worst(self) -> Index:
        """Of the two that which moved farther."""
        return max(self.values, self.presence, key=lambda one: np.nan_to_num(one.value, nan=-1.0))

    @property
    def reading(self) -> str:
        """What the one that moved farther is usually taken for."""
        return self.worst.reading

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values; what cannot be compared is null."""
        return {
            "feature": self.name,
            "reading": self.reading,
            "psi": _plain(self.values.value),
            "chance": _plain(self.values.chance),
            "known": _plain(self.known),
            "known_in_training": _plain(self.before),
            "known_psi": _plain(self.presence.value),
        }


@dataclass(frozen=True)
class Reference:
    """What training saw: by feature its quantiles (features x levels), the share known; how many rows.

    NaN stands where the bundle says nothing of a feature, or where it was never known.
    """

    names: tuple[str, ...]
    marks: Numbers
    known: Numbers
    rows: int

    @classmethod
    def of(cls, bundle: Bundle) -> "Reference":
        """The one sealed into a bundle. A person with episodes of several interventions counts as often."""
        episodes = sum(card.episodes for card in bundle.targets)
        return cls.from_plain(bundle.features.names, bundle.metadata["reference"], episodes)

    @classmethod
    def from_plain(
        cls, names: Sequence[str], plain: Mapping[str, Sequence[float | None]], rows: int
    ) -> "Reference":
        """From a bundle's table: by feature the quantiles at `LEVELS`, then the share known."""
        unsaid = [None] * (len(LEVELS) + 1)
        table = np.array([plain.get(name, unsaid) for name in names], np.float64).reshape(len(names), -1)
        return cls(tuple(names), table[:, :-1], table[:, -1], rows)

    def seen(self, matrix: NDArray[np.float32]) -> Counts:
        """What has to be counted of feature rows, features x (1 + 2 * levels); the sum of two is of both.

        How many are known, how many lie below each quantile, and how many lie below it or on it.
        """
        below, upto = ((self.marks + side).T.astype(np.float32) for side in (-_ROUNDING, _ROUNDING))
        known = np.count_nonzero(~np.isnan(matrix), axis=0)
        under = [np.count_nonzero(matrix < edge, axis=0) for edge in below]
        within = [np.count_nonzero(matrix <= edge, axis=0) for edge in upto]
        return np.stack([known, *under, *within], axis=1)

    def drift(self, seen: Counts, rows: int) -> tuple[Drift, ...]:
        """How far every feature moved in so many rows of which `seen` was counted; the farthest first."""
        known = seen[:, 0]
        share = known / max(rows, 1)
        values = indices(
            self._shares(seen),
            _between(self._levels()),
            n=known,
            m=self.known * self.rows,
            edges=self._edges(),
        )
        presence = indices(_two(share), _two(self.known), n=rows, m=self.rows)
        columns = zip(self.names, values, presence, share.tolist(), self.known.tolist(), strict=True)
        found = [Drift(*one) for one in columns if not np.isnan(one[-1])]
        return tuple(sorted(found, key=lambda one: -np.nan_to_num(one.worst.value, nan=-1.0)))

    def chance(self, rows: int) -> float:
        """About the index of a feature that did not move, in so many rows, if all of them know it."""
        return len(LEVELS) * (_inverse(rows) + _inverse(self.rows))

    def _levels(self) -> Numbers:
        """The share up to each quantile, by feature."""
        return np.where(np.isnan(self.marks), np.nan, np.array(LEVELS))

    def _edges(self) -> Counts:
        """How many different edges the bins of a feature have."""
        steps: Counts = (np.diff(self.marks, axis=1) > 0).sum(axis=1)
        return 1 + steps

    def _shares(self, seen: Counts) -> Numbers:
        """The shares now in each bin: those on a quantile go where training had them, as far as they can."""
        whole = np.maximum(seen[:, :1], 1)
        below, upto = np.split(seen[:, 1:] / whole, 2, axis=1)
        return _between(np.clip(self._levels(), below, upto))


def _between(cumulative: Numbers) -> Numbers:
    """Shares of the bins from the shares up to each of their edges."""
    ends = np.zeros((len(cumulative), 1))
    return np.diff(np.hstack([ends, cumulative, ends + 1]), axis=1)


def _two(share: Numbers) -> Numbers:
    """The two bins of a yes or no."""
    return np.stack([share, 1 - share], axis=1)


def indices(
    now: Numbers, then: Numbers, *, n: Counts | int, m: Numbers | int, edges: Counts | int = 1
) -> list[Index]:
    """The index of each feature (rows) from the shares of its bins, known from ``n`` rows now and ``m`` then.

    Half a row of the smaller group is added to every bin of both, so that an empty bin is no infinity and
    what is equal stays equal.
    """
    some, many = (np.broadcast_to(np.asarray(one, np.float64), len(now)) for one in (n, m))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        half = (0.5 / np.minimum(some, many))[:, None]
        value = ((now - then) * np.log((now + half) / (then + half)) / (1 + now.shape[1] * half)).sum(axis=1)
        chance = edges * (1 / some + 1 / many)
    compared = (some > 0) & (many > 0)
    value, chance = np.where(compared, [value, chance], np.nan)
    columns = value.tolist(), chance.tolist(), np.broadcast_to(edges, len(now)).tolist()
    return [Index(*one) for one in zip(*columns, strict=True)]


def _inverse(count: int) -> float:
    return 1 / count if count else float("inf")


def _plain(value: float) -> float | None:
    return round(value, 6) if np.isfinite(value) else None
