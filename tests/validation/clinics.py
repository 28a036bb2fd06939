"""Episodes whose truth is known, at sites and in years that may differ from what the features tell."""

from dataclasses import replace
from functools import partial

import numpy as np
from scipy.special import expit, logit

from painresponse.schema import MICROSECONDS_PER_DAY as DAY
from painresponse.training.examples import Examples
from painresponse.training.response import learn
from painresponse.training.settings import training_settings
from painresponse.validation.unseen import Learner
from tests.training_models.patients import INFORMATIVE, simulate

QUICK = replace(training_settings(), points_trials=10, trees_trials=2, inner_folds=4, most_trees=60)
"""The packaged settings with a shorter search; with much less the regression is not tuned well enough to be
calibrated."""

YEARS = 6


def points(seed: int = 1) -> Learner:
    """The whole of learning, allowed a logistic regression."""
    return partial(learn, settings=replace(QUICK, seed=seed), boosted=False)


def clinics(
    subjects: int,
    *,
    seed: int,
    sites: int = 8,
    spread: float = 0.0,
    drift: float = 0.0,
    columns: int = 40,
    signal: float = 1.0,
) -> Examples:
    """Episodes over six years; ``spread`` of the log-odds between sites, ``drift`` of them over the years.

    The first 20 columns carry the response, the others nothing.
    """
    found = simulate(subjects, seed=seed, lost=0.0, signal=signal)
    rng = np.random.default_rng([seed, 1])
    examples, n = found.examples, len(found.examples)
    site = rng.integers(sites, size=subjects)[examples.subject]
    begun = rng.random(n)
    strangeness = rng.standard_normal(sites) * spread
    margin = logit(found.truth) + strangeness[site] + drift * (begun - 0.5)
    return replace(
        examples,
        names=examples.names[:columns],
        x=np.ascontiguousarray(examples.x[:, :columns]),
        y=(rng.random(n) < expit(margin)).astype(float),
        index=(begun * YEARS * 365 * DAY).astype(np.int64),
        site=site.astype(np.int64),
        groups={"sex": rng.choice(np.array(["female", "male"]), n)},
    )


INFORMATIVE_NAMES = clinics(2, seed=0).names[:INFORMATIVE]
