"""95 % intervals from resampling whole subjects.

A weight is how often a resample drew an example; every figure is computed for all resamples at once.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


class Estimate(NamedTuple):
    """A figure with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def subject_weights(subject: NDArray[np.int64], resamples: int, *, seed: int) -> Numbers:
    """How often each example counts, (1 + resamples) x n: once each, then subjects drawn with replacement."""
    _, member = np.unique(subject, return_inverse=True)
    count = int(member.max()) + 1
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=resamples)
    return np.vstack([np.ones(len(subject)), drawn[:, member]])


def estimated(draws: Numbers) -> Estimate:
    """From a figure's value (first) and its value in every resample."""
    low, high = np.nanquantile(draws[1:], [0.025, 0.975])
    return Estimate(float(draws[0]), float(low), float(high))
