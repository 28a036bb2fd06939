"""How many episodes a model needs, and which kind of model those there are can bear.

The criteria are published: Riley 2019 (Stat Med 38:1276) for shrinkage, optimism and the overall share, van
Smeden 2019 (Stat Methods Med Res 28:2455) for the error of a prediction, Riley 2020 (BMJ 368:m441) for all. A
parameter is a coefficient that may be estimated: every predictor considered counts, not only those kept.
"""

from dataclasses import dataclass, replace
from math import ceil, exp, floor, inf, log, log1p, sqrt
from typing import Literal

import numpy as np
from scipy.special import log_expit, logit, ndtri

from painresponse.errors import CohortError, DefinitionError

Rung = Literal["boosted", "logistic", "prevalence"]
_Z = 1.96
_MOST_PARAMETERS_OF_ERROR = 30
_NODES, _NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(80)


@dataclass(frozen=True)
class Criteria:
    """What a prediction model is asked to reach; the defaults are those of Riley 2020.

    ``r2`` is the Cox-Snell R² the model is expected to have; None: ``r2_share`` of the largest possible,
    Riley's advice where nothing better is known. ``shrinkage``: the least expected shrinkage factor;
    ``optimism``: the largest expected drop of Nagelkerke's R²; ``margin``: half the 95 % interval of the
    overall share; ``error``: the mean absolute error of a prediction.
    """

    r2: float | None = None
    r2_share: float = 0.15
    shrinkage: float = 0.9
    optimism: float = 0.05
    margin: float = 0.05
    error: float = 0.05

    def anticipated(self, prevalence: float) -> float:
        """The Cox-Snell R² reckoned with. Raises DefinitionError if no model can have it."""
        most = largest_r2(prevalence)
        r2 = self.r2_share * most if self.r2 is None else self.r2
        if not 0 < r2 < min(most, self.shrinkage):
            raise DefinitionError(
                f"A Cox-Snell R² of {r2:.3g} cannot be: at a prevalence of {prevalence:.3g} and a shrinkage "
                f"of {self.shrinkage:.3g} it is above 0, below {min(most, self.shrinkage):.3g}. Give another."
            )
        return r2


@dataclass(frozen=True)
class Needed:
    """Episodes with a known outcome that so many parameters need: for all criteria, then for each.

    ``error`` is None beyond 30 parameters, where its formula was not studied.
    """

    parameters: int
    episodes: int
    shrinkage: int
    optimism: int
    margin: int
    error: int | None


@dataclass(frozen=True)
class GateSettings:
    """Where the rungs of the ladder lie.

    ``margin`` of the overall share, in place of Riley's in ``criteria``: Harrell's least for the intercept of
    a logistic regression (Regression Modeling Strategies, 2015: 96 episodes). An imprecise share is no
    reason to give that share to everybody, but beyond this nothing should be said of individuals.
    ``parameters_least``: with one parameter, a model is the baseline score alone, which is a comparator.
    ``boosted_multiple``: trees need over ten times the events of a regression (van der Ploeg 2014, BMC Med
    Res Methodol 14:137), so they are tried where there are so many times the episodes that a regression of
    ``boosted_parameters`` needs. Whether they are then used is for the comparison with the regression.
    """

    criteria: Criteria = Criteria()
    margin: float = 0.1
    parameters_least: int = 2
    boosted_multiple: float = 10.0
    boosted_parameters: int = 5


@dataclass(frozen=True)
class Verdict:
    """Which kind of model the episodes bear, and from how many candidate parameters it may choose.

    ``margin``: half the 95 % interval of the share who responded; ``r2``: the Cox-Snell R² reckoned with;
    ``least``: what the smallest individual model needs; ``every``: what a regression of all candidates needs;
    ``boosted``: the episodes that boosted trees need; ``sentence``: all of it for people.
    """

    allowed: Rung
    parameters: int
    episodes: int
    responders: int
    margin: float
    r2: float
    least: Needed
    every: Needed
    boosted: int
    sentence: str


def largest_r2(prevalence: float) -> float:
    """The Cox-Snell R² of a model that is never wrong. Raises DefinitionError unless 0 < prevalence < 1."""
    if not 0 < prevalence < 1:
        raise DefinitionError(f"A prevalence lies above 0 and below 1, not at {prevalence:.3g}.")
    return 1 - exp(-2 * _entropy(prevalence))


def r2_from_auc(auc: float, prevalence: float) -> float:
    """The Cox-Snell R² of a calibrated model with this AUC (Riley 2021, Stat Med 40:859).

    The linear predictor is normal among responders and among the others, with one variance; where Riley
    simulates, this integrates. Raises DefinitionError unless 0.5 <= auc < 1.
    """
    if not 0.5 <= auc < 1:
        raise DefinitionError(f"An AUC lies at 0.5 or above and below 1, not at {auc:.3g}.")
    null = _entropy(prevalence)
    apart = sqrt(2) * float(ndtri(auc))
    weight = _NODE_WEIGHTS / _NODE_WEIGHTS.sum()
    responders, others = (logit(prevalence) + apart * (_NODES + side * apart / 2) for side in (1, -1))
    fitted = prevalence * weight @ log_expit(responders) + (1 - prevalence) * weight @ log_expit(-others)
    return max(0.0, 1 - exp(-2 * (float(fitted) + null)))


def needed(parameters: int, prevalence: float, *, criteria: Criteria = Criteria()) -> Needed:
    """Episodes needed for a model that may choose from so many parameters, at this share of responders.

    Raises DefinitionError where parameters, prevalence or R² cannot be.
    """
    if parameters < 1:
        raise DefinitionError(f"A model has at least 1 parameter, not {parameters}.")
    shrinkage, optimism = (_up(parameters / rate) for rate in _parameters_per_episode(prevalence, criteria))
    margin = _up((_Z / criteria.margin) ** 2 * prevalence * (1 - prevalence))
    error = (
        _error_needs(parameters, prevalence, criteria) if parameters <= _MOST_PARAMETERS_OF_ERROR else None
    )
    return Needed(
        parameters, max(shrinkage, optimism, margin, error or 0), shrinkage, optimism, margin, error
    )


def parameters_allowed(n: int, prevalence: float, *, criteria: Criteria = Criteria()) -> int:
    """The most parameters n episodes bear by every criterion; 0 where the overall share is too uncertain."""
    if n < needed(1, prevalence, criteria=criteria).margin:
        return 0
    rates = _parameters_per_episode(prevalence, criteria)
    return floor(round(min(*(n * rate for rate in rates), _error_allows(n, prevalence, criteria)), 9))


def gate(
    episodes: int, responders: int, candidate_parameters: int, *, settings: GateSettings = GateSettings()
) -> Verdict:
    """Which kind of model so many episodes with a known outcome bear: boosted, logistic or prevalence only.

    Raises CohortError without episodes, DefinitionError where the criteria cannot be.
    """
    if episodes < 1:
        raise CohortError("No episode has a known outcome: nothing can be predicted. Gather follow-up first.")
    share = min(max(responders, 0.5), episodes - 0.5) / episodes
    criteria = replace(settings.criteria, margin=settings.margin)
    least = min(settings.parameters_least, candidate_parameters)
    allowed = min(candidate_parameters, parameters_allowed(episodes, share, criteria=criteria))
    boosted = _up(
        settings.boosted_multiple * needed(settings.boosted_parameters, share, criteria=criteria).episodes
    )
    rung: Rung = "prevalence" if allowed < least else "logistic" if episodes < boosted else "boosted"
    verdict = Verdict(
        allowed=rung,
        parameters=0 if rung == "prevalence" else allowed,
        episodes=episodes,
        responders=responders,
        margin=_Z * sqrt(share * (1 - share) / episodes),
        r2=criteria.anticipated(share),
        least=needed(least, share, criteria=criteria),
        every=needed(candidate_parameters, share, criteria=criteria),
        boosted=boosted,
        sentence="",
    )
    return replace(verdict, sentence=_sentence(verdict))


def _sentence(verdict: Verdict) -> str:
    counted = f"{verdict.episodes:,} episodes ({verdict.responders:,} responders)"
    choice = f"may choose from {verdict.parameters:,} of {_predictors(verdict.every)}"
    if verdict.allowed == "prevalence":
        return (
            f"{counted} are too few for an individual model: at least {verdict.least.episodes:,} are needed "
            f"for even {_predictors(verdict.least)}; everybody is given the share who responded."
        )
    if verdict.allowed == "logistic":
        return (
            f"{counted} bear a logistic regression that {choice}; all of them would need "
            f"{verdict.every.episodes:,}, boosted trees {verdict.boosted:,}."
        )
    return f"{counted} are enough to try boosted trees; a model {choice}."


def _predictors(needs: Needed) -> str:
    return f"{needs.parameters:,} candidate predictor" + "s" * (needs.parameters > 1)


def _parameters_per_episode(prevalence: float, criteria: Criteria) -> tuple[float, float]:
    """By the criteria of shrinkage and of optimism."""
    r2, most = criteria.anticipated(prevalence), largest_r2(prevalence)
    shrinkages = criteria.shrinkage, r2 / (r2 + criteria.optimism * most)
    one, other = ((s - 1) * log1p(-r2 / s) for s in shrinkages)
    return one, other


def _error_needs(parameters: int, prevalence: float, criteria: Criteria) -> int:
    rarer = min(prevalence, 1 - prevalence)
    return _up(exp((-0.508 + 0.259 * log(rarer) + 0.504 * log(parameters) - log(criteria.error)) / 0.544))


def _error_allows(n: int, prevalence: float, criteria: Criteria) -> float:
    """No bound beyond the parameters the formula was studied for."""
    rarer = min(prevalence, 1 - prevalence)
    most = exp((0.544 * log(n) + 0.508 - 0.259 * log(rarer) + log(criteria.error)) / 0.504)
    return inf if most >= _MOST_PARAMETERS_OF_ERROR else most


def _entropy(prevalence: float) -> float:
    return -prevalence * log(prevalence) - (1 - prevalence) * log1p(-prevalence)


def _up(n: float) -> int:
    """Rounded up, but not by the last digit of a float."""
    return ceil(round(n, 9))
