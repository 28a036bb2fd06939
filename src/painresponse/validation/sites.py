"""Would it hold in a clinic it never saw? Every site in turn is left out of learning and judged."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from painresponse.evaluation.pooling import Pooled
from painresponse.evaluation.predictions import Predictions
from painresponse.evaluation.rounding import Figure, rounded
from painresponse.evaluation.sites import Site, pooled_sites
from painresponse.training.examples import Examples
from painresponse.training.lessons import Lesson
from painresponse.training.splits import Rows
from painresponse.validation.unseen import (
    LEAST_TO_JUDGE,
    LEAST_TO_LEARN,
    Learner,
    of_each,
    predicted,
    together,
    without,
)


@dataclass(frozen=True)
class Share:
    """Calibration in the large of one site: the share who responded, and the mean that others foretold."""

    site: int
    episodes: int
    observed: Figure
    predicted: Figure


@dataclass(frozen=True)
class Transfer:
    """How models of the other sites do at each site left out, pooled with what to expect of a new clinic.

    ``sites`` are those judged by themselves. ``auc`` as a share, ``intercept`` (slope fixed at 1) and
    ``slope`` on the log-odds are pooled with random effects, None with fewer than two sites. ``joined``
    are the sites too small for that, left out and judged together (its site is -1). ``needed`` could not be
    left out: without them there was too little to learn from. With neither ``sites`` nor ``joined`` nothing
    could be examined, and the sentence says why.
    """

    sentence: str
    sites: tuple[Site, ...] = ()
    auc: Pooled | None = None
    intercept: Pooled | None = None
    slope: Pooled | None = None
    shares: tuple[Share, ...] = ()
    joined: Site | None = None
    too_small: tuple[int, ...] = ()
    needed: tuple[int, ...] = ()


class OutOfSite(NamedTuple):
    """The account, and what models that never saw a site predicted there (None where nothing was)."""

    account: Transfer
    predictions: Predictions | None


def leave_one_site_out(examples: Examples, known: Lesson, *, learner: Learner) -> OutOfSite:
    """Learn on all sites but one, judge on that one, site by site; the smallest count as one.

    ``known`` is the lesson of the examples. A subject seen at the site left out is not learnt from, nor are
    episodes of unknown site.
    """
    labelled = examples.labelled()
    sites = np.unique(labelled.site[labelled.site >= 0])
    if len(sites) < 2:
        return OutOfSite(Transfer(_alone(len(sites))), None)
    large, small = _by_size(known, labelled.site, sites)
    sides = {one: _sides(known, labelled.site, one) for one in (*((one,) for one in large), small) if one}
    parts = [
        predicted(labelled, known, learner=learner, seen=seen, unseen=own)
        for seen, own in sides.values()
        if min(of_each(known.y, seen) - LEAST_TO_LEARN, of_each(known.y, own) - LEAST_TO_JUDGE) >= 0
    ]
    if not parts:
        return OutOfSite(Transfer(_TOO_SMALL, too_small=small, needed=large), None)
    predictions = together(parts)
    return OutOfSite(_account(predictions, large, small), predictions)


def _by_size(known: Lesson, site: Rows, sites: Rows) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Sites with enough outcomes to be judged by themselves, and the others."""
    enough = np.array([of_each(known.y, np.flatnonzero(site == one)) >= LEAST_TO_JUDGE for one in sites])
    return tuple(sites[enough].tolist()), tuple(sites[~enough].tolist())


def _sides(known: Lesson, site: Rows, out: tuple[int, ...]) -> tuple[Rows, Rows]:
    """What to learn from without these sites, and what to judge on."""
    own = np.flatnonzero(np.isin(site, out))
    return without(known.subject, np.flatnonzero((site >= 0) & ~np.isin(site, out)), own), own


def _account(predictions: Predictions, large: tuple[int, ...], small: tuple[int, ...]) -> Transfer:
    found = pooled_sites(predictions)
    account = Transfer(
        "",
        tuple(one for one in found.sites if one.site in large),
        found.auc,
        found.intercept,
        found.slope,
        tuple(_share(predictions, one) for one in found.sites if one.episodes >= LEAST_TO_JUDGE),
        _joined(predictions, small),
        small,
        tuple(one for one in large if one not in predictions.site),
    )
    return replace(account, sentence=_sentence(account))


def _joined(predictions: Predictions, small: tuple[int, ...]) -> Site | None:
    rows = np.flatnonzero(np.isin(predictions.site, small))
    if not len(rows):
        return None
    part = predictions.taken(rows)
    return replace(pooled_sites(replace(part, site=np.zeros_like(part.site))).sites[0], site=-1)


def _share(predictions: Predictions, one: Site) -> Share:
    own = predictions.site == one.site
    observed, foretold = predictions.y[own].mean(), predictions.probability[own].mean()
    return Share(one.site, one.episodes, rounded(observed), rounded(foretold))


_TOO_SMALL = (
    f"No site has {LEAST_TO_JUDGE} responders and as many others while the rest have {LEAST_TO_LEARN}: "
    "whether the model transfers to another clinic was not examined."
)


def _alone(sites: int) -> str:
    found = "All episodes come from one site" if sites else "The site of no episode is known"
    return f"{found}: whether the model transfers to another clinic was not examined."


def _sentence(account: Transfer) -> str:
    return " ".join([*_of_sites(account), *_of_the_small(account), *_of_the_needed(account)])


def _of_sites(account: Transfer) -> list[str]:
    auc, intercept = account.auc, account.intercept
    if auc is None:
        return ["Too few sites can be judged by themselves to say what to expect of a new one."]
    said = f"Left out in turn, {auc.sites} sites have an AUC of {_range(auc.value, auc.low, auc.high)}"
    if auc.prediction_low is not None:
        said += f"; in a new clinic it would be from {auc.prediction_low:.2f} to {auc.prediction_high:.2f}"
    if intercept is not None and intercept.p < 0.05:
        said += f"; shares of responders differ more than the models tell (I² {intercept.i2:.0%})"
    return [f"{said}."]


def _of_the_small(account: Transfer) -> list[str]:
    if account.joined is None or account.joined.auc is None:
        return []
    count = f"{len(account.too_small)} small sites together ({account.joined.episodes:,} episodes)"
    return [f"{count}, judged by the others: AUC {_range(*account.joined.auc)}."]


def _of_the_needed(account: Transfer) -> list[str]:
    if not account.needed:
        return []
    return [f"{len(account.needed)} of the sites could not be left out: the rest are too few to learn from."]


def _range(value: Figure, low: Figure, high: Figure) -> str:
    shown = (float("nan") if one is None else one for one in (value, low, high))
    return "{:.2f} (95 % interval {:.2f} to {:.2f})".format(*shown)
