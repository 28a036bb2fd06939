"""Make 0.7 mean seven in ten: Platt's sigmoid on margins, and the slope that says whether it worked."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

Numbers = NDArray[np.float64]
_ROUNDS, _LONGEST_STEP, _CLOSE = 100, 2.0, 1e-10


class Calibration(NamedTuple):
    """The probability of response is ``sigmoid(slope * margin + intercept)``."""

    slope: float
    intercept: float

    def probability(self, margin: Numbers) -> Numbers:
        """Of margins, in double precision."""
        return expit(self.slope * margin + self.intercept)


def platt(margin: Numbers, y: Numbers) -> Calibration:
    """Fit margins to outcomes (Platt 1999), with his cautious targets: finite even where they separate.

    The slope is never negative: margins that rank the wrong way round say nothing, and everybody gets the
    share of responders.
    """
    events, others = y.sum(), (1 - y).sum()
    cautious = np.where(y == 1, (events + 1) / (events + 2), 1 / (others + 2))
    intercepts, slopes = logistic_lines(margin, cautious, np.ones((1, len(y))))
    if slopes[0] > 0:
        return Calibration(float(slopes[0]), float(intercepts[0]))
    return Calibration(0.0, float(logit(cautious.mean())))


def logistic_lines(x: Numbers, y: Numbers, weights: Numbers) -> tuple[Numbers, Numbers]:
    """Intercepts and slopes of logistic regressions of y (n) on x (n), one for each row of weights (b x n).

    Where x does not vary the slope is 0.
    """
    centre, spread = x.mean(), x.std()
    if not spread > 1e-12:
        return logit(weights @ y / weights.sum(axis=1)), np.zeros(len(weights))
    z = (x - centre) / spread
    line = np.zeros((2, len(weights)))
    for _ in range(_ROUNDS):
        step = _newton_step(z, y, weights, line)
        line += np.clip(step, -_LONGEST_STEP, _LONGEST_STEP)
        if np.abs(step).max() < _CLOSE:
            break
    slope = line[1] / spread
    return line[0] - slope * centre, slope


def _newton_step(z: Numbers, y: Numbers, weights: Numbers, line: Numbers) -> Numbers:
    p = expit(line[0][:, None] + line[1][:, None] * z)
    residual, curvature = weights * (y - p), weights * p * (1 - p)
    pull, pull_z = residual.sum(axis=1), residual @ z
    c, cz, czz = curvature.sum(axis=1), curvature @ z, curvature @ z**2
    determinant = np.maximum(c * czz - cz**2, 1e-12)
    return np.stack([czz * pull - cz * pull_z, c * pull_z - cz * pull]) / determinant
