"""What an audit found, in counts that add up over shards."""

from dataclasses import asdict, dataclass, field
from typing import Any

PASSED, FAILED, NOTHING = "passed", "failed", "nothing to audit"

TRIALS = {
    "future deleted": "events at or after the index, or known only then, taken away",
    "future perturbed": "their values changed",
    "future crowded": "all of them again at other times, and one event of every code at or after the index",
    "known late": "a share of the past made known at the index or later: as if it were not there",
    "known otherwise": "the past made known sooner or later, still before the index",
    "alone": "everybody else's histories, and all other asks, taken away",
}
"""What each trial does."""


@dataclass(frozen=True)
class Tally:
    """One trial: events disturbed, cells compared, cells that moved."""

    events: int = 0
    cells: int = 0
    moved: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.events + other.events, self.cells + other.cells, self.moved + other.moved)


@dataclass(frozen=True)
class Moved:
    """A column that moved: of which kind, what it says, and in how many asks each trial moved it."""

    kind: str
    name: str
    sentence: str
    trials: dict[str, int]

    def __add__(self, other: "Moved") -> "Moved":
        names = [*self.trials, *(name for name in other.trials if name not in self.trials)]
        asks = {name: self.trials.get(name, 0) + other.trials.get(name, 0) for name in names}
        return Moved(self.kind, self.name, self.sentence, asks)


@dataclass(frozen=True)
class Proof:
    """Counts of an audit; ``columns`` by kind, ``moved`` by kind and name."""

    asks: int = 0
    with_future: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    trials: dict[str, Tally] = field(default_factory=dict)
    moved: dict[tuple[str, str], Moved] = field(default_factory=dict)

    def __add__(self, other: "Proof") -> "Proof":
        return Proof(
            self.asks + other.asks,
            self.with_future + other.with_future,
            self.columns | other.columns,
            {
                name: self.trials.get(name, Tally()) + other.trials.get(name, Tally())
                for name in self.trials | other.trials
            },
            {
                key: self.moved[key] + other.moved[key] if key in self.moved and key in other.moved else found
                for key, found in (other.moved | self.moved).items()
            },
        )

    @property
    def verdict(self) -> str:
        """Passed only where there was a future that could have been seen."""
        if self.moved:
            return FAILED
        return PASSED if self.with_future else NOTHING

    @property
    def cells(self) -> int:
        """Cells compared over all trials."""
        return sum(one.cells for one in self.trials.values())

    @property
    def cells_moved(self) -> int:
        """Cells that moved over all trials."""
        return sum(one.moved for one in self.trials.values())

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "verdict": self.verdict,
            "asks": self.asks,
            "asks_with_a_future": self.with_future,
            "columns": self.columns,
            "cells_compared": self.cells,
            "cells_moved": self.cells_moved,
            "trials": {name: {"does": TRIALS[name], **asdict(one)} for name, one in self.trials.items()},
            "moved": [asdict(one) for one in self.moved.values()],
        }
