"""How far a predicted probability can be trusted at a clinic the model has not seen.

Of the patients who are given one probability, a share responds. That share is not known exactly, because the
calibration rests on so many patients, and differs from clinic to clinic. The interval says where it lies in a
clinic not seen, at the stated level. It does not say how far one patient's own chance is from that of others
with the same prediction: no data can tell that.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import norm, t

from painresponse.evaluation.calibration import log_odds
from painresponse.evaluation.logistic import logistic_fits
from painresponse.evaluation.pooling import pooled
from painresponse.evaluation.predictions import Numbers, Predictions
from painresponse.evaluation.sites import site_estimates

LEVEL = 0.9
ASSUMED_TAU = 0.2
"""Standard deviation of clinics' log-odds taken where fewer than three clinics can tell."""


@dataclass(frozen=True)
class Band:
    """The ends are ``sigmoid(L ± sqrt(a + b L + c L²))`` of log-odds L, with ``spread = (a, b, c)``.

    ``tau``: standard deviation of the clinics' log-odds, from so many ``sites``, or ``assumed``.
    """

    level: float
    spread: tuple[float, float, float]
    tau: float
    sites: int
    assumed: bool
    sentence: str

    def ends(self, probability: Numbers) -> tuple[Numbers, Numbers]:
        """The interval of each probability."""
        odds = log_odds(probability)
        a, b, c = self.spread
        reach = np.sqrt(np.maximum(a + b * odds + c * odds**2, 0))
        return expit(odds - reach), expit(odds + reach)


def band(predictions: Predictions, *, level: float = LEVEL) -> Band:
    """From out-of-fold predictions: the errors of the calibration line, and how much clinics differ."""
    found = [one.intercept for one in site_estimates(predictions) if one.intercept is not None]
    assumed = len(found) < 3
    tau2 = ASSUMED_TAU**2 if assumed else pooled(*zip(*found, strict=True)).tau2
    both = (1 + level) / 2
    times = float(norm.ppf(both) if assumed else t.ppf(both, len(found) - 1))
    line = _line_covariance(predictions.y, log_odds(predictions.probability), predictions.subject)
    a, b, c = line[0, 0] + tau2, 2 * line[0, 1], line[1, 1]
    spread = (times**2 * a, times**2 * b, times**2 * c)
    return Band(
        level, spread, float(np.sqrt(tau2)), len(found), assumed, _sentence(level, len(found), assumed)
    )


def _line_covariance(y: Numbers, odds: Numbers, subject: NDArray[np.int64]) -> Numbers:
    """Of intercept and slope of the outcome on the log-odds, from scores summed by subject (Liang 1986)."""
    if np.ptp(odds) == 0:
        share = y.mean()
        return np.array([[1 / (len(y) * share * (1 - share)), 0.0], [0.0, 0.0]])
    design = np.stack([np.ones_like(odds), odds], axis=1)
    chance = expit(design @ logistic_fits(design, y, np.ones((1, len(y))))[0])
    _, member = np.unique(subject, return_inverse=True)
    scores = np.zeros((member.max() + 1, 2))
    np.add.at(scores, member, design * (y - chance)[:, None])
    inverse = np.linalg.pinv(design.T @ (design * (chance * (1 - chance))[:, None]), hermitian=True)
    return inverse @ (scores.T @ scores) @ inverse


def _sentence(level: float, sites: int, assumed: bool) -> str:
    known = (
        f"how much clinics differ is assumed (standard deviation {ASSUMED_TAU} of the log-odds), since fewer "
        "than three could be compared"
        if assumed
        else f"clinics differ as the {sites} compared do"
    )
    return (
        f"In {level:.0%} of clinics not seen in training, the share of responders among patients given this "
        f"probability lies in its interval; {known}."
    )
