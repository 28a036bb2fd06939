"""The account of one target at a clinic the model was not learnt from."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from painresponse.evaluation.calibration import log_odds
from painresponse.evaluation.follow_up import FollowUpSettings, follow_up
from painresponse.evaluation.judged import judged
from painresponse.evaluation.predictions import Numbers, Predictions
from painresponse.evaluation.recalibration import recalibration
from painresponse.evaluation.rounding import rounded
from painresponse.evaluation.sites import pooled_sites
from painresponse.training.examples import Examples
from painresponse.validation.unseen import LEAST_TO_JUDGE

Account = dict[str, Any]


@dataclass(frozen=True)
class Answers:
    """What a bundle said of each episode: the probability, NaN where it refuses.

    ``refused`` is which of the ``refusals`` it refuses for, -1 where it does not.
    """

    probability: Numbers
    refused: NDArray[np.int64]
    refusals: tuple[tuple[str, str], ...]


def account_elsewhere(
    examples: Examples,
    answers: Answers,
    *,
    learnt_share: float,
    flow: Mapping[str, int],
    resamples: int,
    seed: int,
) -> Account:
    """As plain values: who took part, who was refused, and where enough outcomes are known how good it was.

    Figures are of episodes that were not refused. The comparator ``prevalence`` gives everybody
    ``learnt_share``, the share of responders the model was learnt from.
    """
    eligible = _predictions(examples, answers, learnt_share)
    known = eligible.taken(np.flatnonzero(~np.isnan(eligible.y)))
    refused = _refusals(answers)
    account: Account = {"notes": _notes(len(examples), refused), "flow": dict(flow), "refused": refused}
    events = int(known.y.sum())
    if min(events, len(known) - events) < LEAST_TO_JUDGE:
        account["notes"].append(
            f"{events:,} of {len(known):,} scored episodes with a known outcome responded: too few of either "
            f"to judge the model here; it takes {LEAST_TO_JUDGE} responders and as many others."
        )
        return account
    account |= _judged(known, resamples, seed)
    account["missing"] = _missing(eligible, resamples, seed)
    account["notes"].append(_suggestion(account["recalibration"]))
    return account


def _predictions(examples: Examples, answers: Answers, share: float) -> Predictions:
    """Of the episodes that were not refused; the outcome is NaN where it is lost."""
    scored = np.flatnonzero(~np.isnan(answers.probability))
    some = examples.taken(scored)
    return Predictions(
        some.subject,
        some.y,
        answers.probability[scored],
        some.site,
        comparators={"prevalence": np.full(len(scored), share)},
        groups=some.groups,
    )


def _refusals(answers: Answers) -> list[Account]:
    """How many episodes were refused for what, the commonest first."""
    counted = Counter(answers.refusals[place] for place in answers.refused[answers.refused >= 0])
    return [
        {"code": code, "words": words, "episodes": count, "share": rounded(count / len(answers.refused))}
        for (code, words), count in counted.most_common()
    ]


def _judged(known: Predictions, resamples: int, seed: int) -> Account:
    sites = pooled_sites(known)
    return {
        **judged(known, resamples=resamples, seed=seed),
        "sites": asdict(sites) if sites.sites else None,
        "recalibration": asdict(recalibration(known, resamples=resamples, seed=seed)),
    }


def _missing(eligible: Predictions, resamples: int, seed: int) -> Account:
    """What the loss to follow-up may hide; it is explained by what the model says, and by the site."""
    baseline = log_odds(eligible.probability)[:, None]
    return asdict(follow_up(eligible, baseline, settings=FollowUpSettings(resamples=resamples, seed=seed)))


def _notes(episodes: int, refused: list[Account]) -> list[str]:
    count = sum(one["episodes"] for one in refused)
    if not count:
        return [f"None of the {episodes:,} episodes was refused a score."]
    reasons = "; ".join(f"{one['code']} {one['episodes']:,}" for one in refused)
    return [f"{count:,} of {episodes:,} episodes ({count / episodes:.0%}) were refused a score: {reasons}."]


def _suggestion(found: Account) -> str:
    """What the clinic should change before using the model, with the numbers to change it by."""
    if found["chosen"] == "none":
        return "The predictions may be used here as they are: nothing speaks for recalibrating them."
    update = next(one for one in found["updates"] if one["kind"] == found["chosen"])
    return (
        f"Before use here the {found['chosen']} should be changed: log-odds times {update['slope']:.3g}, "
        f"then {update['intercept']:+.3g}. The figures after are of subjects the change was not fitted to."
    )
