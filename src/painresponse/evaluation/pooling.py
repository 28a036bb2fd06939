"""One value from several sites' own, and how far the next site may be from it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from scipy.stats import chi2, t
from statsmodels.stats.meta_analysis import combine_effects

from painresponse.errors import CohortError

_ENDS = 0.975


@dataclass(frozen=True)
class Pooled:
    """A random-effects mean of ``sites`` sites with its 95 % interval, and how much the sites differ.

    ``tau2`` is the variance between sites, on the scale pooled on; ``i2`` the share of the variation that is
    not sampling error (Higgins 2002); ``q`` and ``p`` Cochran's test that the sites do not differ. In
    ``prediction_low`` to ``prediction_high`` lies the value of a new site (Higgins 2009), 95 %, somewhat
    less often with few sites (Nagashima 2019); None with fewer than three.
    """

    value: float
    low: float
    high: float
    prediction_low: float | None
    prediction_high: float | None
    sites: int
    tau2: float
    i2: float
    q: float
    p: float


def pooled(values: ArrayLike, standard_errors: ArrayLike) -> Pooled:
    """From each site's value and its standard error, above 0.

    Between-site variance by Paule and Mandel (1982). The interval is Hartung and Knapp's, never narrower than
    without their factor (Roever 2015): with this variance their factor is 1 or less.
    Raises CohortError for fewer than two sites or for a standard error that is none.
    """
    value, variance = np.asarray(values, dtype=float), np.asarray(standard_errors, dtype=float) ** 2
    _poolable(value, variance)
    found = combine_effects(value, variance, method_re="pm", maxiter=1000)
    k, mean, error = len(value), float(found.mean_effect_re), float(found.sd_eff_w_re)
    near = float(t.ppf(_ENDS, k - 1)) * error
    far = float(t.ppf(_ENDS, k - 2) * np.sqrt(found.tau2 + error**2)) if k > 2 else None
    q = max(0.0, float(found.q))
    return Pooled(
        value=mean,
        low=mean - near,
        high=mean + near,
        prediction_low=None if far is None else mean - far,
        prediction_high=None if far is None else mean + far,
        sites=k,
        tau2=float(found.tau2),
        i2=max(0.0, 1 - (k - 1) / q) if q else 0.0,
        q=q,
        p=float(chi2.sf(q, k - 1)),
    )


def likely_tau2(values: ArrayLike, standard_errors: ArrayLike, *, count: int = 200) -> NDArray[np.float64]:
    """How much sites may differ: ``count`` equally likely between-site variances, ascending.

    The confidence distribution of the generalised Q (Viechtbauer 2007; used for the next site by Nagashima
    2019): the share of them below any value is the confidence that the variance is. Raises as `pooled` does.
    """
    value, variance = np.asarray(values, dtype=float), np.asarray(standard_errors, dtype=float) ** 2
    _poolable(value, variance)
    tried = np.concatenate([[0.0], variance.min() * np.geomspace(1e-4, 1e8, 1000)])
    weight = 1 / (variance + tried[:, None])
    mean = (weight * value).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
    confidence = chi2.sf((weight * (value - mean) ** 2).sum(axis=1), len(value) - 1)
    return np.interp((np.arange(count) + 0.5) / count, confidence, tried)


def as_share(found: Pooled) -> Pooled:
    """A value pooled as log-odds, as a share; ``tau2`` stays that of the log-odds."""
    ends = ("value", "low", "high", "prediction_low", "prediction_high")
    known = {name: getattr(found, name) for name in ends if getattr(found, name) is not None}
    return replace(found, **{name: float(expit(value)) for name, value in known.items()})


def _poolable(values: NDArray[np.float64], variances: NDArray[np.float64]) -> None:
    if len(values) < 2:
        raise CohortError(f"Pooling needs at least two sites, got {len(values)}. Report the site by itself.")
    usable = np.isfinite(values) & np.isfinite(variances) & (variances > 0)
    if not usable.all():
        raise CohortError(
            f"{int((~usable).sum())} of {len(values)} sites have no value or no standard error above 0. "
            "Leave them out and say so."
        )
