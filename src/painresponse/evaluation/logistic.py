"""Logistic regressions by maximum likelihood, hundreds of weightings of the same data at once."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
_ROUNDS, _LONGEST_STEP, _CLOSE = 50, 2.0, 1e-5
_NEGLIGIBLE, _HUGE = 1e-10, 700.0


def logistic_fits(design: Numbers, y: Numbers, weights: Numbers, *, offset: Numbers | float = 0.0) -> Numbers:
    """Coefficients (b x k) of y (n) on the columns of design (n x k), a row for each row of weights (b x n).

    ``offset`` (n) is added to the log-odds as it stands. A column that says nothing new gets the least
    coefficients that fit as well; data that separate get large finite ones.
    """
    scaled, back = _orthonormal(design)
    together = weights.sum(axis=0, keepdims=True)
    start = _climbed(scaled, y, together, np.zeros((1, scaled.shape[1])), offset)
    return _climbed(scaled, y, weights, np.repeat(start, len(weights), axis=0), offset) @ back


def logistic_lines(x: Numbers, y: Numbers, weights: Numbers) -> tuple[Numbers, Numbers]:
    """Intercepts and slopes of logistic regressions of y (n) on x (n), one for each row of weights (b x n).

    Where x does not vary the slope is 0.
    """
    centre = x.mean()
    line = logistic_fits(np.stack([np.ones_like(x), x - centre], axis=1), y, weights)
    return line[:, 0] - line[:, 1] * centre, line[:, 1]


def logistic_intercepts(x: Numbers, y: Numbers, weights: Numbers) -> Numbers:
    """What to add to the log-odds x (n) so that they fit y (n): the intercept where the slope is 1."""
    return logistic_fits(np.ones((len(x), 1)), y, weights, offset=x)[:, 0]


def _orthonormal(design: Numbers) -> tuple[Numbers, Numbers]:
    """The design in columns of unit mean square, and the way back: steps of any length then mean the same."""
    left, size, right = np.linalg.svd(design, full_matrices=False)
    kept = size > _NEGLIGIBLE * size[0]
    root = np.sqrt(len(design))
    return left[:, kept] * root, right[kept] / size[kept, None] * root


def _climbed(
    design: Numbers, y: Numbers, weights: Numbers, start: Numbers, offset: Numbers | float
) -> Numbers:
    """Newton's method from ``start``; rows that have arrived are left alone."""
    found, moving = start.copy(), np.arange(len(weights))
    for _ in range(_ROUNDS):
        here = weights if len(moving) == len(weights) else weights[moving]
        step = _newton_step(design, y, here, found[moving], offset)
        length = np.abs(step).max(axis=1)
        found[moving] += step * np.minimum(1, _LONGEST_STEP / np.maximum(length, _CLOSE))[:, None]
        moving = moving[length > _CLOSE]
        if not len(moving):
            break
    return found


def _newton_step(
    design: Numbers, y: Numbers, weights: Numbers, found: Numbers, offset: Numbers | float
) -> Numbers:
    columns = design.shape[1]
    chance = _sigmoid(found @ design.T + offset)
    pull = (weights * (y - chance)) @ design
    pairs = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
    chance *= (1 - chance) * weights
    curvature = (chance @ pairs).reshape(-1, columns, columns)
    floor = _NEGLIGIBLE * (1 + weights.sum(axis=1))[:, None, None] * np.eye(columns)
    return np.linalg.solve(curvature + floor, pull[:, :, None])[:, :, 0]


def _sigmoid(log_odds: Numbers) -> Numbers:
    """As scipy's expit, several times as fast on large matrices, where nearly all the time goes."""
    return 1 / (1 + np.exp(np.minimum(-log_odds, _HUGE)))
