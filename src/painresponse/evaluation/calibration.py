"""Make 0.7 mean seven in ten: Platt's sigmoid on margins, and the curve that says whether it worked."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from painresponse.evaluation.logistic import logistic_fits, logistic_lines

Numbers = NDArray[np.float64]
_NEVER_CERTAIN = 1e-6
_KNOTS = (0.05, 0.35, 0.65, 0.95)


class Calibration(NamedTuple):
    """The probability of response is ``sigmoid(slope * margin + intercept)``."""

    slope: float
    intercept: float

    def odds(self, margin: Numbers) -> Numbers:
        """Calibrated log-odds of margins, in double precision."""
        return self.slope * margin + self.intercept

    def probability(self, margin: Numbers) -> Numbers:
        """Of margins, in double precision."""
        return expit(self.odds(margin))


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


def log_odds(probability: Numbers) -> Numbers:
    """Of probabilities, none taken as certain: 0 and 1 count as one in a million from it."""
    return logit(np.clip(probability, _NEVER_CERTAIN, 1 - _NEVER_CERTAIN))


def observed_curve(y: Numbers, probability: Numbers, weights: Numbers, *, at: Numbers) -> Numbers:
    """Share of responders among those given the probabilities ``at`` (m), for each row of weights: b x m.

    A logistic regression on a restricted cubic spline of the log-odds with four knots at fixed quantiles
    (Harrell 2015), the same for every row; fewer where few probabilities are distinct. Straight in the
    log-odds beyond the outer knots.
    """
    x, new = log_odds(probability), log_odds(at)
    centre, spread = x.mean(), x.std()
    scale = 1 / spread if spread > _NEVER_CERTAIN**2 else 0.0
    z, new = (x - centre) * scale, (new - centre) * scale
    knots = np.unique(np.quantile(z, _KNOTS).round(3))
    return expit(logistic_fits(_spline(z, knots), y, weights) @ _spline(new, knots).T)


def _spline(z: Numbers, knots: Numbers) -> Numbers:
    """A constant, a line, and bends between the knots that leave no curve beyond the outer ones."""
    line = np.stack([np.ones_like(z), z], axis=1)
    if len(knots) < 3:
        return line
    cubes = np.maximum(z[:, None] - knots, 0) ** 3
    last, before = knots[-1], knots[-2]
    to_last, to_before = (last - knots[:-2]) / (last - before), (before - knots[:-2]) / (last - before)
    bends = cubes[:, :-2] - cubes[:, -2:-1] * to_last + cubes[:, -1:] * to_before
    return np.hstack([line, bends])
