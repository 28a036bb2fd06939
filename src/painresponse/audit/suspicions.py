"""Hints that the data themselves know too much: what no engine can see, because it carries an early date.

They are hints and no proof: a good predictor looks the same as a leak. Counts only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

import numpy as np
from scipy.stats import hypergeom

from painresponse.audit.copies import copied, taken, unseen
from painresponse.evaluation.measures import auc
from painresponse.records import Asks, Records
from painresponse.records.tables import Ints
from painresponse.schema import MICROSECONDS_PER_DAY as DAY
from painresponse.schema import STATIC
from painresponse.training.examples import Examples

TOO_GOOD, AT_LEAST = 0.80, 0.75
"""No single baseline feature is known to predict response to these interventions so well. The lower end of
the AUC's 95 % interval must lie above the second, or small clinics would be accused by chance."""

LEAST_OF_EACH = 30
"""Episodes of each outcome below which an AUC is left unsaid."""

LEAST_CARRIERS, ONE_SIDED, CHANCE = 20, 0.95, 0.01
"""A code is named when so many episodes carry it, so large a share of them have one outcome, and that is
this unlikely to happen to any of the codes by chance."""


@dataclass(frozen=True)
class Hint:
    """One suspicion: its kind, the feature, code or concept it is about, and what was counted."""

    kind: str
    name: str
    target: str
    counts: dict[str, float]


@dataclass(frozen=True)
class Carriers:
    """Labelled episodes by outcome (failed, responded) that carry a code before the index.

    ``near`` counts those who carry it on the day of the index or the day before.
    """

    failed: int = 0
    responded: int = 0
    near: int = 0

    def __add__(self, other: "Carriers") -> "Carriers":
        return Carriers(self.failed + other.failed, self.responded + other.responded, self.near + other.near)


@dataclass
class Evidence:
    """Labelled episodes by target as they come, and who carries which code, by target and code."""

    examples: dict[str, list[Examples]] = field(default_factory=dict)
    carriers: dict[tuple[str, str], Carriers] = field(default_factory=dict)

    def add(self, records: Records, examples: Mapping[str, Examples]) -> None:
        """Add a shard's."""
        for target, found in examples.items():
            labelled = found.labelled()
            self.examples.setdefault(target, []).append(labelled)
            for code, count in _carriers(records, labelled):
                key = (target, code)
                self.carriers[key] = self.carriers.get(key, Carriers()) + count

    def hints(self) -> list[Hint]:
        """Features and codes that predict the outcome too well, the strongest first."""
        found = [hint for target, parts in self.examples.items() for hint in _too_good(target, parts)]
        found.sort(key=lambda one: -one.counts["auc"])
        return found + self._one_sided()

    def _one_sided(self) -> list[Hint]:
        outcomes = {
            target: np.concatenate([part.y for part in parts]) for target, parts in self.examples.items()
        }
        named = [
            Hint("code of one outcome", code, target, asdict(one))
            for (target, code), one in self.carriers.items()
            if is_one_sided(one, outcomes[target], tries=len(self.carriers))
        ]
        return sorted(named, key=lambda one: -one.counts["failed"] - one.counts["responded"])


def _carriers(records: Records, examples: Examples) -> Iterable[tuple[str, Carriers]]:
    """Who carries which code, each episode counted once for a code."""
    copies, own = copied(records, Asks(examples.subject, examples.index))
    past = taken(copies, ~unseen(copies, own) & (copies.time != STATIC))
    today = own.index[past.subject] // DAY
    near = _pairs(taken(past, today - past.time // DAY <= 1))
    ever = _pairs(past)
    for code in np.unique(ever[1]):
        y = examples.y[ever[0][ever[1] == code]]
        close = int((near[1] == code).sum())
        yield records.codes[code], Carriers(int((y == 0).sum()), int((y == 1).sum()), close)


def _pairs(copies: Records) -> tuple[Ints, Ints]:
    """The distinct pairs of an ask and a code."""
    width = len(copies.codes) + 1
    key = np.unique(copies.subject * width + copies.code)
    return key // width, key % width


def is_one_sided(one: Carriers, outcomes: np.ndarray, *, tries: int) -> bool:
    """Whether nearly all who carry a code have one outcome, which chance among so many cannot explain."""
    carriers, most = one.failed + one.responded, max(one.failed, one.responded)
    if carriers < LEAST_CARRIERS or most < ONE_SIDED * carriers:
        return False
    alike = int((outcomes == float(one.responded > one.failed)).sum())
    return bool(hypergeom.sf(most - 1, len(outcomes), alike, carriers) * tries < CHANCE)


def _too_good(target: str, parts: list[Examples]) -> Iterable[Hint]:
    x, y = np.concatenate([part.x for part in parts]), np.concatenate([part.y for part in parts])
    for name, column in zip(parts[0].names, x.T, strict=True):
        known = np.isfinite(column)
        for kind, values, outcome in (
            ("value predicts alone", column[known], y[known]),
            ("being known predicts alone", known.astype(np.float64), y),
        ):
            alone, low = one_variable_auc(values, outcome)
            if alone > TOO_GOOD and low > AT_LEAST:
                yield Hint(kind, name, target, {"auc": alone, "low": low, "episodes": len(outcome)})


def one_variable_auc(values: np.ndarray, outcome: np.ndarray) -> tuple[float, float]:
    """The AUC of one variable, whichever way it points, and the lower end of its 95 % interval.

    The interval is Hanley and McNeil's (Radiology 1982;143:29). 0.5 where too few of an outcome are known.
    """
    failed, responded = int((outcome == 0).sum()), int((outcome == 1).sum())
    if min(failed, responded) < LEAST_OF_EACH:
        return 0.5, 0.5
    found = float(auc(outcome, values.astype(np.float64), np.ones((1, len(outcome))))[0])
    alone = max(found, 1 - found)
    one, other = alone / (2 - alone) - alone**2, 2 * alone**2 / (1 + alone) - alone**2
    spread = alone * (1 - alone) + (responded - 1) * one + (failed - 1) * other
    return alone, alone - 1.96 * float(np.sqrt(spread / (responded * failed)))
