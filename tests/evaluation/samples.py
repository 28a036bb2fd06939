"""Predictions whose truth is known."""

import numpy as np
from scipy.special import expit

from painresponse.evaluation.predictions import Predictions


def sample(
    n: int,
    *,
    seed: int = 0,
    slope: float = 1.0,
    shift: float = 0.0,
    episodes_each: int = 1,
    sites: int = 4,
    site_spread: float = 0.0,
) -> Predictions:
    """Episodes whose log-odds of response are ``slope * predicted + shift``, and more at some sites."""
    rng = np.random.default_rng(seed)
    predicted, site = rng.normal(size=n), rng.integers(-1, sites, n)
    strangeness = np.append(rng.normal(size=sites) * site_spread, 0.0)
    y = (rng.random(n) < expit(slope * predicted + shift + strangeness[site])).astype(float)
    return Predictions(
        subject=np.arange(n) // episodes_each,
        y=y,
        probability=expit(predicted),
        site=site,
        comparators={"baseline": expit(predicted.round()), "prevalence": np.full(n, y.mean())},
        groups={"sex": rng.choice(np.array(["female", "male", ""]), n, p=[0.5, 0.49, 0.01])},
    )


def reversed_sample(predictions: Predictions) -> Predictions:
    """The same episodes in the opposite order."""
    return predictions.taken(np.arange(len(predictions))[::-1])
