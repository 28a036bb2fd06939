"""Whether outcomes still go as predicted: a test by betting that one may look at as often as one likes.

Somebody who does not believe the model bets one unit against it, episode by episode, at odds that are fair or
worse for them as long as the log-odds of response lie within a tolerance of those predicted. Then what they
own is a supermartingale, and the chance that it ever reaches 1/alpha is at most alpha (Ville 1939, Étude
critique de la notion de collectif; Ramdas, Grünwald, Vovk, Shafer 2023, Statistical Science 38:576). So
wealth is evidence: a model that holds lets them own 20 at most once in 20 times, at any of all looks.

The unit is spread over several bets, each on a line of its own: all log-odds really higher or lower, or
really steeper or flatter about the share of responders in training. A bet's factor is the likelihood ratio of
its line to the nearest log-odds that would be tolerable; whatever is tolerable, it is expected to grow by
nothing. No bet depends on earlier outcomes: the order in which they came does not change what is owned in the
end.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_expit, logsumexp

from painresponse.monitoring.settings import MonitoringSettings

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Wealth:
    """What is owned at the end of each day on which outcomes came, as natural logarithm; 1 before them.

    ``says``: what the bet that did best says of the model.
    """

    day: NDArray[np.int64]
    log: Numbers
    says: str

    @property
    def amounts(self) -> Numbers:
        """What is owned, as far as a number can hold it."""
        amounts: Numbers = np.exp(np.minimum(self.log, _LARGEST))
        return amounts

    @property
    def now(self) -> float:
        """What is owned after the last of them."""
        return float(self.amounts[-1]) if len(self.log) else 1.0

    @property
    def most(self) -> float:
        """The most that was ever owned: an alarm is not taken back."""
        return float(self.amounts.max(initial=1.0))

    def reached(self, amount: float) -> int | None:
        """The first day on which so much was owned; None: never."""
        there = np.flatnonzero(self.log >= np.log(amount))
        return int(self.day[there[0]]) if len(there) else None


_LARGEST = 690.0
_NEVER = np.iinfo(np.int64).max


def wealth(
    odds: Numbers, y: Numbers, day: NDArray[np.int64], *, pivot: Numbers | float, settings: MonitoringSettings
) -> Wealth:
    """Of predicted log-odds (n), outcomes (0 or 1) and the days they could be known; one episode a subject.

    ``pivot`` is the log-odds about which slopes turn.
    """
    bets = tuple(_bets(settings))
    order = np.argsort(day, kind="stable")
    factors = np.stack([_factor(odds, y, line, pivot, settings.tolerance) for line, _ in bets])
    growth = np.cumsum(factors[:, order], axis=1)
    last = np.flatnonzero(np.diff(day[order], append=_NEVER))
    log = logsumexp(growth[:, last], axis=0) - np.log(len(bets))
    best = bets[int(growth[:, -1].argmax())][1] if len(odds) else ""
    return Wealth(day[order][last], log, best)


def _bets(settings: MonitoringSettings) -> Iterator[tuple[tuple[float, float], str]]:
    """Each as (shift, slope) of the log-odds, and what it says."""
    for size in settings.shifts:
        yield (size, 1.0), "more respond than predicted"
        yield (-size, 1.0), "fewer respond than predicted"
    for slope in settings.slopes:
        yield (0.0, slope), "predictions are too " + ("extreme" if slope < 1 else "moderate")


def _factor(
    odds: Numbers, y: Numbers, line: tuple[float, float], pivot: Numbers | float, tolerance: float
) -> Numbers:
    """By episode the logarithm of what a unit becomes: 0 where the line itself would be tolerable."""
    shift, slope = line
    said = pivot + slope * (odds - pivot) + shift
    near = np.clip(said, odds - tolerance, odds + tolerance)
    side = np.where(y == 1, 1.0, -1.0)
    return log_expit(side * said) - log_expit(side * near)
