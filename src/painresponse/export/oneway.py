"""Branches that ask whether a value is up to a limit, of a feature or of its negative.

What is missing is up to nothing, so that it needs no question of its own: where it goes left at a branch,
the branch asks the other way round. onnxruntime walks such trees in two thirds of the time.
"""

from math import inf, nan

import numpy as np


def column(feature: int, above: bool, width: int) -> int:
    """Where the value is found among so many features, followed by their negatives."""
    return feature + width if above else feature


def limit(threshold: float, above: bool) -> float:
    """What the value found there is up to, if the feature is up to a float32 threshold (or above it)."""
    if not above:
        return threshold
    if threshold == inf:
        return nan  # nothing is above it, and nothing is up to what is no number
    with np.errstate(over="ignore"):  # above the largest number there is infinity
        return -float(np.nextafter(np.float32(threshold), np.float32(inf)))
