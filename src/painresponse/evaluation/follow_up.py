"""What losing people to follow-up does to the figures, and how different the lost must be to undo them.

Weighting and imputing assume that the lost answer like others with the same baseline. Nothing in the data can
prove that, so the extremes and a tipping-point table stand beside them (delta adjustment: Cro 2020, Stat Med
39:2815).
"""

from dataclasses import dataclass, replace
from math import exp, inf

import numpy as np
from scipy.special import expit

from painresponse.errors import CohortError, DefinitionError, unknown
from painresponse.evaluation.bootstrap import estimated, subject_weights
from painresponse.evaluation.calibration import log_odds, platt
from painresponse.evaluation.censoring import (
    Known,
    Numbers,
    chance_known,
    either_way,
    imputed,
    weighted_judge,
    weights,
)
from painresponse.evaluation.measures import auc
from painresponse.evaluation.predictions import Predictions
from painresponse.evaluation.rounding import Figure, Interval, interval, rounded


@dataclass(frozen=True)
class FollowUpSettings:
    """How the loss is modelled.

    ``strength``: the inverse penalty of the regression of who was followed; ``truncated``: the quantiles at
    which weights are cut; ``deltas``: how much lower the log-odds of the lost may be; ``within``: how far the
    share of responders may be from the mean prediction and still count as calibrated.
    """

    folds: int = 5
    strength: float = 0.1
    truncated: tuple[float, float] = (0.01, 0.99)
    imputations: int = 20
    imputation_resamples: int = 50
    deltas: tuple[float, ...] = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, inf)
    within: float = 0.05
    resamples: int = 300
    seed: int = 2026


@dataclass(frozen=True)
class Tip:
    """What is expected of everybody if the lost respond with ``odds`` times the odds predicted for them.

    ``odds`` is exp(-delta), ``delta`` None where infinite; ``over`` is the AUC beyond the comparator's.
    Intervals are for who was sampled, not for what each of the lost would have answered.
    """

    delta: Figure
    odds: Figure
    responders: Figure
    calibration_in_the_large: Figure
    auc: Interval
    over: Interval | None
    calibrated: bool
    ahead: bool | None


@dataclass(frozen=True)
class Conclusion:
    """Whether it holds among those followed, and the first delta of the table that undoes it, if any does.

    ``at`` is None where nothing undoes it, and where only the infinite delta does.
    """

    name: str
    holds: bool
    tips: bool
    at: Figure


@dataclass(frozen=True)
class FollowUp:
    """Who was lost, and what that may hide.

    ``effective``: how many unweighted episodes say as much as the weighted (Kish 1965); ``figures`` by
    analysis: complete, weighted, worst (none of the lost responded), best (all did), imputed.
    """

    eligible: int
    known: int
    lost: int
    died: int
    share_lost: Figure
    effective: Figure
    largest_weight: Figure
    figures: dict[str, dict[str, Interval]]
    table: tuple[Tip, ...]
    conclusions: tuple[Conclusion, ...]
    sentences: tuple[str, ...] = ()


def follow_up(
    eligible: Predictions,
    x: Numbers,
    *,
    died: int = 0,
    comparator: str | None = None,
    settings: FollowUpSettings = FollowUpSettings(),
) -> FollowUp:
    """The account of the loss among all eligible episodes; ``eligible.y`` is NaN where the outcome is lost.

    The lost need predictions too; the dead are not among the eligible. ``x`` (n x k, NaN allowed) is the
    baseline that explains the loss, beside the site; ``comparator`` names the probabilities the model should
    be ahead of. Raises CohortError unless responses and others are known, DefinitionError for a comparator
    that is not there.
    """
    known = ~np.isnan(eligible.y)
    _check(eligible, known, comparator)
    followed = eligible.taken(np.flatnonzero(known))
    weight = _weight(eligible, x, known, settings)
    seen = _tip(followed, np.ones(len(followed)), 0.0, comparator, settings)
    table = _table(eligible, known, comparator, settings)
    account = FollowUp(
        eligible=len(eligible),
        known=len(followed),
        lost=len(eligible) - len(followed),
        died=died,
        share_lost=rounded(1 - known.mean()),
        effective=rounded(weight.sum() ** 2 / (weight**2).sum()),
        largest_weight=rounded(weight.max()),
        figures=_figures(eligible, followed, weight, settings),
        table=table,
        conclusions=_conclusions(seen, table),
    )
    return replace(account, sentences=_sentences(account))


def _check(eligible: Predictions, known: Known, comparator: str | None) -> None:
    if comparator is not None and comparator not in eligible.comparators:
        raise DefinitionError(unknown("comparator", comparator, eligible.comparators))
    responders, followed = int(eligible.y[known].sum()), int(known.sum())
    if not 0 < responders < followed:
        raise CohortError(
            f"The loss to follow-up cannot be judged: {responders:,} of {followed:,} known outcomes are a "
            "response; there must be some of both. Gather more follow-up."
        )


def _weight(eligible: Predictions, x: Numbers, known: Known, settings: FollowUpSettings) -> Numbers:
    beside_sites = np.column_stack([x, eligible.site[:, None] == np.unique(eligible.site)]).astype(float)
    chance = chance_known(
        beside_sites,
        known,
        eligible.subject,
        folds=settings.folds,
        strength=settings.strength,
        seed=settings.seed,
    )
    return weights(chance, known, truncated=settings.truncated)[known]


def _figures(
    eligible: Predictions, followed: Predictions, weight: Numbers, settings: FollowUpSettings
) -> dict[str, dict[str, Interval]]:
    analyses = {
        "complete": (followed, np.ones(len(followed))),
        "weighted": (followed, weight),
        "worst": either_way(eligible, np.nan_to_num(eligible.y, nan=0.0)),
        "best": either_way(eligible, np.nan_to_num(eligible.y, nan=1.0)),
    }
    judged = {
        name: weighted_judge(*analysis, resamples=settings.resamples, seed=settings.seed)
        for name, analysis in analyses.items()
    }
    judged["imputed"] = imputed(
        eligible,
        imputations=settings.imputations,
        resamples=settings.imputation_resamples,
        seed=settings.seed,
    )
    return {name: {one: interval(figure) for one, figure in all_.items()} for name, all_ in judged.items()}


def _table(
    eligible: Predictions, known: Known, comparator: str | None, settings: FollowUpSettings
) -> tuple[Tip, ...]:
    odds, deltas = log_odds(eligible.probability), sorted(settings.deltas)
    recalibrated = platt(odds[known], eligible.y[known])
    margin = recalibrated.slope * odds + recalibrated.intercept
    answers = (np.where(known, eligible.y, expit(margin - delta)) for delta in deltas)
    return tuple(
        _tip(*either_way(eligible, answer), delta, comparator, settings)
        for delta, answer in zip(deltas, answers, strict=True)
    )


def _tip(
    predictions: Predictions,
    weight: Numbers,
    delta: float,
    comparator: str | None,
    settings: FollowUpSettings,
) -> Tip:
    y, p = predictions.y, predictions.probability
    resampled = subject_weights(predictions.subject, settings.resamples, seed=settings.seed) * weight
    area, share = auc(y, p, resampled), weight @ y / weight.sum()
    off = share - weight @ p / weight.sum()
    over = comparator and estimated(area - auc(y, predictions.comparators[comparator], resampled))
    return Tip(
        delta=rounded(delta),
        odds=rounded(exp(-delta)),
        responders=rounded(share),
        calibration_in_the_large=rounded(off),
        auc=interval(estimated(area)),
        over=interval(over) if over else None,
        calibrated=bool(abs(off) <= settings.within),
        ahead=over.low > 0 if over else None,
    )


def _conclusions(seen: Tip, table: tuple[Tip, ...]) -> tuple[Conclusion, ...]:
    found = [
        _conclusion("calibrated in the large", seen.calibrated, [row.calibrated for row in table], table)
    ]
    if seen.ahead is not None:
        still = [bool(row.ahead) for row in table]
        found.append(_conclusion("ahead of its comparator", seen.ahead, still, table))
    return tuple(found)


def _conclusion(name: str, holds: bool, still: list[bool], table: tuple[Tip, ...]) -> Conclusion:
    tips = holds and not all(still)
    return Conclusion(name, holds, tips, table[still.index(False)].delta if tips else None)


def _sentences(account: FollowUp) -> tuple[str, ...]:
    died = f" {account.died:,} more died before it could be known." if account.died else ""
    if not account.lost:
        return (f"The outcome of all {account.eligible:,} episodes is known.{died}",)
    share = {name: f"{100 * (one['prevalence'][0] or 0):.0f} %" for name, one in account.figures.items()}
    return (
        f"{account.lost:,} of {account.eligible:,} episodes ({100 * account.lost / account.eligible:.0f} %) "
        f"were lost to follow-up.{died}",
        f"Of those followed {share['complete']} responded; of all, {share['weighted']} by weighting for the "
        f"loss and {share['imputed']} by imputing; {share['worst']} if none of the lost responded, "
        f"{share['best']} if all did.",
        f"The weights leave the information of {account.effective:,.0f} of {account.known:,} episodes; the "
        f"largest is {account.largest_weight:.1f}.",
        *map(_said, account.conclusions),
    )


def _said(conclusion: Conclusion) -> str:
    if not conclusion.holds:
        return f"The model is not {conclusion.name} even among those followed."
    if not conclusion.tips:
        return f"The model stays {conclusion.name} even if none of the lost responded."
    if conclusion.at is None:
        return f"The model is {conclusion.name} unless none of the lost responded."
    if conclusion.at == 0:
        return (
            f"The model is {conclusion.name} among those followed only, not if the lost respond as expected."
        )
    times = f"{exp(-conclusion.at):.2f} times the odds expected of them"
    return f"The model is {conclusion.name} unless the lost respond with {times} or less."
