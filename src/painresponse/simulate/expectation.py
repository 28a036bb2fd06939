"""The oracle: the best any model could know, P(response | everything recorded, without noise or gaps).

Hidden severity and site, which no feature tells, are integrated out with their weights among those who get
the arm: choosing by them makes the choice informative. After a trial the weights also use the recorded
relief, which is cut off at 100 % and at -20 %: beyond, only "at least so much" is known.
"""

import numpy as np
from scipy.special import expit, ndtri

from painresponse.simulate.choices import choice_probabilities
from painresponse.simulate.people import People
from painresponse.simulate.plan import Plan
from painresponse.simulate.response import (
    Population,
    Potential,
    chance_after_trial,
    trial_relief,
    trial_score,
)

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
_TAIL = (np.arange(12) + 0.5) / 12
_TINY = 1e-12


def hidden_weights(
    people: People, *, plan: Plan, population: Population
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Shifts of the score that may be hidden (values,), and per arm their weights (people, values)."""
    severity, sites = plan.hidden.sd * _NODES, population.sites
    shifts = (sites.response[:, None] + severity).ravel()
    by_site = [
        choice_probabilities(
            {**people, "site": np.full(len(people["site"]), site)}, severity[None, :], plan=plan, sites=sites
        )
        for site in range(len(sites.response))
    ]
    return shifts, {
        name: _normalised(np.concatenate([_WEIGHTS * chances[name] for chances in by_site], axis=1))
        for name in plan.arms
    }


def expect(seen: np.ndarray, hidden: np.ndarray, *, weights: np.ndarray) -> np.ndarray:
    """P(response) given the score: ``seen`` (people,), ``hidden`` (values,), ``weights`` (people, values)."""
    return (weights * expit(seen[:, None] + hidden)).sum(axis=1)


def expect_after_trial(
    potential: Potential, hidden: np.ndarray, *, weights: np.ndarray, plan: Plan
) -> np.ndarray:
    """P(response) to the implant given the score and the recorded relief in the trial."""
    relief = trial_relief(potential.trial.score)
    start = potential.trial.seen[:, None] + plan.trial.share * hidden
    later = potential.final.seen[:, None] + hidden
    chance = np.empty(len(relief))
    cut = (relief >= 100) | (relief <= -20)
    for rows, given in ((cut, _given_cut), (~cut, _given_relief)):
        chance[rows] = given(relief[rows, None], start[rows], later[rows], weights[rows], plan)
    return chance


def _given_relief(
    relief: np.ndarray, start: np.ndarray, later: np.ndarray, weights: np.ndarray, plan: Plan
) -> np.ndarray:
    """The relief gives the noise of the trial for every hidden value: weigh by its density."""
    rank = expit(trial_score(relief) - start)
    posterior = _normalised(weights * rank * (1 - rank))
    return (posterior * chance_after_trial(later, _normal(rank), plan=plan)).sum(axis=1)


def _given_cut(
    relief: np.ndarray, start: np.ndarray, later: np.ndarray, weights: np.ndarray, plan: Plan
) -> np.ndarray:
    """Average over the part of the trial noise beyond the cut, in equal slices of probability."""
    rank, high = expit(trial_score(relief) - start), relief >= 100
    mass = np.where(high, 1 - rank, rank)
    chance = np.zeros_like(mass)
    for part in _TAIL:
        beyond = np.where(high, rank, 0) + part * mass
        chance += chance_after_trial(later, _normal(beyond), plan=plan) / len(_TAIL)
    return (_normalised(weights * mass) * chance).sum(axis=1)


def _normal(rank: np.ndarray) -> np.ndarray:
    return ndtri(np.clip(rank, _TINY, 1 - _TINY))


def _normalised(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum(axis=1, keepdims=True)
