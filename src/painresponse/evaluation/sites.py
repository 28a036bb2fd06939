"""How well the predictions hold at each site, and what to expect of a new one."""

from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import norm, rankdata

from painresponse.evaluation.bootstrap import Estimate
from painresponse.evaluation.calibration import log_odds
from painresponse.evaluation.logistic import logistic_fits
from painresponse.evaluation.measures import LEAST_OF_EACH
from painresponse.evaluation.pooling import Pooled, as_share, pooled
from painresponse.evaluation.predictions import Numbers, Predictions
from painresponse.evaluation.rounding import Interval, interval, rounded_record

Measured = tuple[float, float]
"""A value and its standard error."""

_HALF = float(norm.ppf(0.975))


@dataclass(frozen=True)
class SiteEstimate:
    """One site's own figures with their standard errors, exact.

    ``events`` are responders. A figure is None where the site cannot tell: with fewer than ten responders or
    ten others, or where the figure has no error, as a perfect AUC.
    ``auc`` is on the scale of log-odds, where it is pooled; ``intercept`` is that with the slope fixed at 1.
    """

    site: int
    episodes: int
    events: int
    auc: Measured | None = None
    intercept: Measured | None = None
    slope: Measured | None = None


@dataclass(frozen=True)
class Site:
    """One site for a reader: the AUC as a share, each figure with its 95 % interval."""

    site: int
    episodes: int
    events: int
    auc: Interval | None
    intercept: Interval | None
    slope: Interval | None


@dataclass(frozen=True)
class Sites:
    """Every known site, and its figures pooled (None with fewer than two to pool); the AUC as a share."""

    sites: tuple[Site, ...]
    auc: Pooled | None
    intercept: Pooled | None
    slope: Pooled | None


def pooled_sites(predictions: Predictions) -> Sites:
    """Pool what the known sites have, rounded for a reader."""
    found = site_estimates(predictions)
    auc, intercept, slope = (_pooled_of(found, name) for name in ("auc", "intercept", "slope"))
    rounded = (one and rounded_record(one) for one in (auc and as_share(auc), intercept, slope))
    return Sites(tuple(map(_readable, found)), *rounded)


def site_estimates(predictions: Predictions) -> tuple[SiteEstimate, ...]:
    """Each known site's own figures, with standard errors that let a subject have several episodes."""
    known = np.unique(predictions.site[predictions.site >= 0])
    return tuple(
        _site(int(site), predictions.taken(np.flatnonzero(predictions.site == site))) for site in known
    )


def auc_by_delong(y: Numbers, p: Numbers, subject: NDArray[np.int64]) -> Measured:
    """AUC and its standard error (DeLong 1988; with several episodes of a subject, Obuchowski 1997).

    The error is not a number where all responders, or all others, are one subject.
    """
    event = y == 1
    ranks, events, others = rankdata(p), event.sum(), (~event).sum()
    above = (ranks[event] - rankdata(p[event])) / others
    below = 1 - (ranks[~event] - rankdata(p[~event])) / events
    auc, deviation = above.mean(), np.empty(len(y))
    deviation[event], deviation[~event] = (above - auc) / events, (below - auc) / others
    return float(auc), float(np.sqrt(_variance(deviation, event, subject)))


def calibration_lines(y: Numbers, p: Numbers, subject: NDArray[np.int64]) -> tuple[Measured, Measured]:
    """Calibration intercept (slope fixed at 1) and slope on the log-odds, with cluster-robust errors."""
    x = log_odds(p)
    constant = np.ones_like(x)
    line = np.stack([constant, x], axis=1)
    return _last(constant[:, None], y, subject, offset=x), _last(line, y, subject, offset=0.0)


def mean_by_subject(values: Numbers, subject: NDArray[np.int64]) -> Measured:
    """A mean over episodes and its cluster-robust error; not a number where all are one subject's."""
    _, member = np.unique(subject, return_inverse=True)
    mean = values.mean()
    sums = np.bincount(member, values - mean)
    count = len(sums)
    if count < 2:
        return float(mean), np.nan
    return float(mean), float(np.sqrt(count / (count - 1) * (sums**2).sum()) / len(values))


def _site(site: int, part: Predictions) -> SiteEstimate:
    y, p, subject = part.y, part.probability, part.subject
    counts = SiteEstimate(site, len(y), int(y.sum()))
    if min(counts.events, counts.episodes - counts.events) < LEAST_OF_EACH:
        return counts
    auc, error = auc_by_delong(y, p, subject)
    if not (0 < auc < 1 and error > 0):
        return counts
    figures = ((float(logit(auc)), error / (auc * (1 - auc))), *calibration_lines(y, p, subject))
    return SiteEstimate(counts.site, counts.episodes, counts.events, *map(_usable, figures))


def _usable(measured: Measured) -> Measured | None:
    return measured if all(map(isfinite, measured)) and measured[1] > 0 else None


def _readable(one: SiteEstimate) -> Site:
    auc, intercept, slope = map(_ends, (one.auc, one.intercept, one.slope))
    share = auc and Estimate(*(float(expit(end)) for end in auc))
    shown = (figure and interval(figure) for figure in (share, intercept, slope))
    return Site(one.site, one.episodes, one.events, *shown)


def _ends(measured: Measured | None) -> Estimate | None:
    if measured is None:
        return None
    value, error = measured
    return Estimate(value, value - _HALF * error, value + _HALF * error)


def _pooled_of(found: tuple[SiteEstimate, ...], name: str) -> Pooled | None:
    had = [getattr(one, name) for one in found if getattr(one, name) is not None]
    return pooled(*zip(*had, strict=True)) if len(had) > 1 else None


def _variance(deviation: Numbers, event: NDArray[np.bool_], subject: NDArray[np.int64]) -> float:
    """Of the sum of the deviations of events and of others, added up by subject first."""
    _, member = np.unique(subject, return_inverse=True)
    sums = [np.bincount(member, deviation * kind) for kind in (event, ~event)]
    holders = [len(np.unique(member[kind])) for kind in (event, ~event)]
    if min(holders) < 2:
        return np.nan
    own = sum(count / (count - 1) * (total**2).sum() for total, count in zip(sums, holders, strict=True))
    count = len(sums[0])
    return max(0.0, float(own + 2 * count / (count - 1) * (sums[0] * sums[1]).sum()))


def _last(design: Numbers, y: Numbers, subject: NDArray[np.int64], *, offset: Numbers | float) -> Measured:
    """The last coefficient of a logistic regression, its error from scores summed by subject (Liang 1986)."""
    found = logistic_fits(design, y, np.ones((1, len(y))), offset=offset)[0]
    chance = expit(design @ found + offset)
    _, member = np.unique(subject, return_inverse=True)
    scores = np.zeros((member.max() + 1, design.shape[1]))
    np.add.at(scores, member, design * (y - chance)[:, None])
    inverse = np.linalg.pinv(design.T @ (design * (chance * (1 - chance))[:, None]), hermitian=True)
    count, spread = len(scores), scores @ inverse[:, -1]
    return float(found[-1]), float(np.sqrt(count / (count - 1) * (spread**2).sum()))
