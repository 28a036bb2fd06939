"""How far a predicted probability can be trusted at a clinic the model has not seen.

Of the patients who are given one probability, a share responds. That share is not known exactly, because the
calibration rests on so many patients, and differs from clinic to clinic. The interval says where it lies in a
clinic not seen, at the stated level. It does not say how far one patient's own chance is from that of others
with the same prediction: no data can tell that.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm

from painresponse.evaluation.calibration import log_odds
from painresponse.evaluation.logistic import logistic_fits
from painresponse.evaluation.pooling import likely_tau2
from painresponse.evaluation.predictions import Numbers, Predictions
from painresponse.evaluation.sites import site_estimates

LEVEL = 0.9
ASSUMED_TAU = 0.2
"""Standard deviation of clinics' log-odds taken where fewer than three clinics can tell."""

_LEAST_TAU2 = 1e-12


@dataclass(frozen=True)
class Band:
    """The ends are ``sigmoid(L ± sqrt(a + b L + c L²))`` of log-odds L, with ``spread = (a, b, c)``.

    ``tau``: standard deviation of the clinics' log-odds, as likely larger as smaller; from so many ``sites``,
    or ``assumed``.
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
    """From out-of-fold predictions: the errors of the calibration line, and how much clinics may differ.

    How much they do is known badly from a few of them: all that it may be is averaged over.
    """
    found = [one.intercept for one in site_estimates(predictions) if one.intercept is not None]
    assumed = len(found) < 3
    tau2 = np.array([ASSUMED_TAU**2]) if assumed else likely_tau2(*zip(*found, strict=True))
    line = _line_covariance(predictions.y, log_odds(predictions.probability), predictions.subject)
    squared = norm.ppf((1 + level) / 2) ** 2
    a = squared * line[0, 0] + _next_clinic(tau2, max(len(found), 1), level) ** 2
    spread = (float(a), float(squared * 2 * line[0, 1]), float(squared * line[1, 1]))
    tau = float(np.sqrt(np.median(tau2)))
    return Band(level, spread, tau, len(found), assumed, _sentence(level, len(found), assumed))


def _next_clinic(tau2: Numbers, sites: int, level: float) -> float:
    """How far from the mean of ``sites`` clinics, itself off by a part of it, the next one may be."""
    deviation = np.sqrt(np.maximum(tau2, _LEAST_TAU2) * (1 + 1 / sites))
    return float(
        brentq(lambda far: norm.cdf(far / deviation).mean() - (1 + level) / 2, 0, 10 * deviation[-1])
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
