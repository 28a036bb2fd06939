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
    """From a figure's value (first) and its value in every resample, those where it has none left out.

    The interval reaches at least to the value: a distance near 0 is larger in nearly every resample.
    """
    value, known = draws[0], draws[1:][~np.isnan(draws[1:])]
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
    return Estimate(float(value), float(np.minimum(low, value)), float(np.maximum(high, value)))


def share(part: Numbers, whole: Numbers) -> Numbers:
    """A part of a whole in every resample; not a number where a resample drew nobody to count."""
    whole = np.broadcast_to(whole, part.shape)
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
