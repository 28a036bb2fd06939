"""Who responds: the potential outcome of every intervention for every patient, and its course over time.

The response score of a patient to an arm is ``L = intercept + signal * seen + unseen + noise`` in log-odds,
with logistic noise; relief of 50 % or more is ``L > 0``. `unseen` is the hidden severity and the site.
Noise is kept as a standard normal ``z``, so that trial and implant, or two follow-ups, can correlate.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.random import Generator
from scipy.optimize import brentq
from scipy.special import expit, log_ndtr, ndtr, ndtri

from painresponse.simulate.choices import SiteEffects, choice_probabilities, send_to_sites
from painresponse.simulate.people import People, draw_people, linear
from painresponse.simulate.plan import Arm, Plan, Preset

MEMORY_A_MONTH = 0.85
"""Correlation of a patient's response noise one month apart."""

_TRIAL_RELIEF_PER_LOGIT = 18
_REFERENCE_SEED = 20260101
_REFERENCE_PEOPLE = 60_000


@dataclass(frozen=True, slots=True)
class Population:
    """The response model in numbers: signal, sites, and the intercept of every target."""

    signal: float
    sites: SiteEffects
    intercepts: dict[str, float]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage for every patient, given or not: ``seen`` with the intercept (log-odds), and noise ``z``."""

    seen: np.ndarray
    z: np.ndarray
    probability: np.ndarray
    score: np.ndarray

    @property
    def responds(self) -> np.ndarray:
        """At least half the pain gone."""
        return self.score > 0


@dataclass(frozen=True, slots=True)
class Potential:
    """What one arm would do for every patient: its final stage, and its trial if it has one."""

    final: Stage
    trial: Stage | None
    implanted: np.ndarray


def found_population(plan: Plan, preset: Preset, *, signal: float, sites: SiteEffects) -> Population:
    """Solve every intercept once, so that the treated respond as often as the preset says.

    Uses its own large reference draw weighted by P(arm), so that no shard depends on another.
    """
    rng = np.random.default_rng(_REFERENCE_SEED)
    people = draw_people(_REFERENCE_PEOPLE, rng, plan=plan)
    people |= send_to_sites(people, rng, sites=sites)
    chances = choice_probabilities(people, people["hidden"][:, None], plan=plan, sites=sites)
    strength, rates = preset.signal * signal, plan.rates[preset.rates]
    intercepts: dict[str, float] = {}
    for name, arm in plan.arms.items():
        seen = strength * linear(arm.responds, people)
        weight = chances[name][:, 0]
        intercepts |= _solve(arm, seen, unseen(people), weight, plan=plan, rates=rates, rng=rng)
    return Population(strength, sites, intercepts)


def _solve(
    arm: Arm,
    seen: np.ndarray,
    hidden: np.ndarray,
    weight: np.ndarray,
    *,
    plan: Plan,
    rates: dict[str, float],
    rng: Generator,
) -> dict[str, float]:
    if not arm.trial_target:
        return {arm.target: _intercept(lambda b: expit(b + seen + hidden), weight, rates[arm.target])}
    share = plan.trial.share
    start = _intercept(lambda b: expit(b + share * (seen + hidden)), weight, rates[arm.trial_target])
    z = rng.standard_normal(len(seen))
    kept = weight * _implant_chance(start + share * (seen + hidden) + noise(z), plan)
    final = _intercept(lambda b: chance_after_trial(b + seen + hidden, z, plan=plan), kept, rates[arm.target])
    return {arm.trial_target: start, arm.target: final}


def _intercept(chance: Callable[[float], np.ndarray], weight: np.ndarray, rate: float) -> float:
    return float(brentq(lambda b: np.average(chance(b), weights=weight) - rate, -12, 12, xtol=1e-6))


def unseen(people: People) -> np.ndarray:
    """What moves the response and is in no record: hidden severity and the site's own effect."""
    return people["hidden"] + people["site_response"]


def noise(z: np.ndarray) -> np.ndarray:
    """Logistic noise with the same rank as the standard normal ``z``, exact in the tails."""
    return log_ndtr(z) - log_ndtr(-z)


def chance_after_trial(score: np.ndarray, trial_z: np.ndarray, *, plan: Plan) -> np.ndarray:
    """P(response) to the implant for a log-odds ``score``, when the noise of the trial is known."""
    rho = plan.trial.noise_correlation
    needed = -ndtri(expit(score))
    return ndtr((rho * trial_z - needed) / np.sqrt(1 - rho**2))


def potential(people: People, arm: Arm, rng: Generator, *, plan: Plan, population: Population) -> Potential:
    """Draw what the arm would do for every patient, whoever gets it."""
    seen = population.signal * linear(arm.responds, people)
    hidden, z = unseen(people), rng.standard_normal(len(seen))
    base = population.intercepts[arm.target] + seen
    if not arm.trial_target:
        final = Stage(base, z, expit(base + hidden), base + hidden + noise(z))
        return Potential(final, None, np.ones(len(seen), bool))
    share, rho = plan.trial.share, plan.trial.noise_correlation
    start = population.intercepts[arm.trial_target] + share * seen
    score = start + share * hidden + noise(z)
    trial = Stage(start, z, expit(start + share * hidden), score)
    later = rho * z + np.sqrt(1 - rho**2) * rng.standard_normal(len(z))
    chance = chance_after_trial(base + hidden, z, plan=plan)
    final = Stage(base, later, chance, base + hidden + noise(later))
    return Potential(final, trial, rng.random(len(z)) < _implant_chance(score, plan))


def _implant_chance(score: np.ndarray, plan: Plan) -> np.ndarray:
    return np.where(score > 0, plan.trial.implanted_if_success, plan.trial.implanted_if_failure)


def trial_relief(score: np.ndarray) -> np.ndarray:
    """Relief in a trial (%), which the record holds only between -20 and 100."""
    return np.clip(50 + _TRIAL_RELIEF_PER_LOGIT * score, -20, 100)


def trial_score(percent: np.ndarray) -> np.ndarray:
    """The response score behind a relief in a trial (%)."""
    return (percent - 50) / _TRIAL_RELIEF_PER_LOGIT


def relief(score: np.ndarray, arm: Arm) -> np.ndarray:
    """Pain relief (%) of a response score."""
    return np.clip(50 + arm.relief_per_logit * score, -30, 100)


def course(
    people: People, arm: Arm, rng: Generator, *, plan: Plan, would: Potential
) -> dict[float, np.ndarray]:
    """The response score at every follow-up (months): noise fades into new noise, the benefit drifts.

    What the noise shares with the trial stays, so that the implanted are as selected at every follow-up.
    """
    months = [month for month, _ in arm.course]
    start = months.index(arm.primary)
    rho = plan.trial.noise_correlation if would.trial else 0.0
    lasting = rho * would.trial.z if would.trial else 0.0
    own = {arm.primary: (would.final.z - lasting) / np.sqrt(1 - rho**2)}
    for road in (months[start:], months[start::-1]):
        for near, far in pairwise(road):
            own[far] = _fade(own[near], abs(far - near), rng)
    base = would.final.seen + unseen(people)
    return {
        month: base + noise(lasting + np.sqrt(1 - rho**2) * own[month]) + shift for month, shift in arm.course
    }


def _fade(z: np.ndarray, months: float, rng: Generator) -> np.ndarray:
    kept = MEMORY_A_MONTH**months
    return kept * z + np.sqrt(1 - kept**2) * rng.standard_normal(len(z))
