"""What a section says in a sentence, and the line of each target on the first page."""

from collections.abc import Mapping
from typing import Any

from painresponse.report.record import at, metric
from painresponse.report.wording import ends, estimate, number, percent

KINDS = {
    "boosted": "boosted trees",
    "logistic": "logistic regression",
    "prevalence": "share of responders",
}
FOLLOWED, KNOWN, RESPONDED = "alive at the horizon", "outcome known", "responded"
"""Steps of a flow: who could have been followed up, who was, who responded."""

DAYS_A_MONTH = 30.4375
SLOPES_HELD = (0.8, 1.2)
SUSPECT_AUC = 0.80
"""On real data an AUC above it is more often a leak than a discovery."""

Account = Mapping[str, Any]
Tag = tuple[str, str]


def line(account: Account, *, synthetic: bool) -> dict[str, Any]:
    """A target's row of the first page."""
    episodes, responders = counts(account)
    return {
        "episodes": episodes,
        "responders": responders,
        "share": responders / episodes if episodes and responders is not None else None,
        "lost": lost(account),
        "lost_share": lost_share(account),
        "kind": kind(account),
        "auc": metric(account, "auc"),
        "slope": metric(account, "calibration_slope"),
        "ici": metric(account, "ici"),
        "against": against_twin(account),
        "difference": at(account, "performance", "differences", "auc_over_twin"),
        "suspect": not synthetic and (ends(metric(account, "auc"))[0] or 0) > SUSPECT_AUC,
    }


def counts(account: Account) -> tuple[int | None, int | None]:
    """Episodes with a known outcome, and responders among them."""
    sources = (account.get("sample_size") or {}, account)
    told = next((one for one in sources if one.get("episodes") is not None), None)
    if told:
        return told["episodes"], told.get("responders")
    flow = account.get("flow") or {}
    return flow.get(KNOWN), flow.get(RESPONDED)


def lost(account: Account) -> int | None:
    """How many could have been followed up and were not."""
    missing, flow = account.get("missing") or {}, account.get("flow") or {}
    if missing.get("lost") is not None:
        return missing["lost"]
    if FOLLOWED in flow and KNOWN in flow:
        return max(flow[FOLLOWED] - flow[KNOWN], 0)
    return None


def lost_share(account: Account) -> float | None:
    """Of those who could have been followed up."""
    gone, (known, _) = lost(account), counts(account)
    if gone is None or known is None or not gone + known:
        return None
    return gone / (gone + known)


def kind(account: Account) -> str:
    """Of the model, in words."""
    named = str(at(account, "model", "kind") or "not recorded")
    return KINDS.get(named, named)


def too_small(account: Account) -> bool:
    """Whether the episodes bear no individual model."""
    return at(account, "sample_size", "allowed") == "prevalence"


def against_twin(account: Account) -> Tag:
    """In a few words, and how good that is."""
    chosen = at(account, "model", "kind")
    if chosen in _SIMPLER:
        return _SIMPLER[chosen]
    _, low, high = ends(at(account, "performance", "differences", "auc_over_twin"))
    if low is None or high is None:
        return "not examined", "plain"
    if low > 0:
        return "better", "good"
    return ("worse", "stop") if high < 0 else ("not beyond noise", "warn")


_SIMPLER = {"logistic": ("twin chosen", "plain"), "prevalence": ("no individual model", "warn")}


def beats_twin(account: Account) -> str:
    """Whether the model earns its keep over a regression on the same predictors."""
    difference = at(account, "performance", "differences", "auc_over_twin")
    _, low, high = ends(difference)
    if low is None or high is None:
        return ""
    better = (
        "better beyond noise" if low > 0 else "worse beyond noise" if high < 0 else "not better beyond noise"
    )
    said = f"Against the logistic twin the response model is {better}"
    return f"{said}: difference in AUC {estimate(difference, 3)}."


def calibrated(account: Account) -> str:
    """Whether 0.7 means seven in ten."""
    slope = metric(account, "calibration_slope")
    middle = ends(slope)[0]
    if middle is None:
        return ""
    said = _spread(*ends(slope))
    large = ends(metric(account, "calibration_in_the_large"))[0]
    shift = "" if large is None else f"; share of responders minus mean prediction {number(large, 3)}"
    return f"{said}: calibration slope {estimate(slope)}{shift}."


def _spread(slope: float, low: float | None, high: float | None) -> str:
    least, most = SLOPES_HELD
    if least <= slope <= most:
        return "Predictions are about as spread out as they should be"
    too = "too extreme" if slope < least else "too timid"
    sure = low is not None and high is not None and not low <= 1 <= high
    return f"Predictions are {too}" if sure else f"Predictions seem {too}, though not beyond noise"


def followed_up(account: Account) -> str:
    """How many were lost, in a sentence."""
    gone, share = lost(account), lost_share(account)
    if gone is None:
        return "How many were lost to follow-up was not recorded."
    of = "" if share is None else f" ({percent(share, 1)} of those who could have been followed up)"
    return f"{gone:,} episodes{of} were lost to follow-up: their outcome is unknown, not a failure."


def adds(difference: Any) -> str:
    """What a block of predictors is worth, from the gain in AUC with it."""
    _, low, high = ends(difference)
    if low is None or high is None:
        return "Unclear."
    return "Adds." if low > 0 else "Harms." if high < 0 else "Adds nothing beyond noise."


def transfers(account: Account) -> str:
    """What to expect of a centre the model has not seen."""
    pooled = at(account, "sites", "auc") or {}
    if pooled.get("value") is None:
        return "Too few centres are large enough to be pooled."
    said = f"Over {pooled['sites']} centres the AUC is {estimate(pooled)}"
    if pooled.get("prediction_low") is None:
        return f"{said}; too few centres to say what to expect of a new one."
    low, high = number(pooled["prediction_low"]), number(pooled["prediction_high"])
    return f"{said}; in a new centre it would lie between {low} and {high} (I² {percent(pooled.get('i2'))})."


def lasts(account: Account) -> str:
    """How long a response lasts, in a sentence."""
    found = account.get("durability") or {}
    if not found.get("n"):
        return ""
    at_first, over = f"{found['n']:,}", f"{found['events']:,}"
    said = f"Of {at_first} responders at the first follow-up {over} were seen to lose their response"
    if found.get("median") is None:
        return f"{said}; half have not lost it within the time observed."
    return f"{said}; half have lost it by month {found['median'] / DAYS_A_MONTH:.0f}."


def agreed(account: Account) -> str:
    """Whether models learnt without each fold find the same predictors important."""
    correlation = at(account, "importance", "rank_correlation")
    if correlation is None:
        return ""
    models = at(account, "importance", "models")
    return (
        f"Importances found without each of {models} folds go together with a rank correlation of "
        f"{number(correlation)}."
    )


def recalibrated(account: Account) -> str:
    """What another clinic should change before use."""
    chosen = at(account, "recalibration", "chosen")
    if chosen is None:
        return ""
    if chosen == "none":
        return "Closed testing finds no need to change the model here."
    return f"Closed testing finds that the {chosen} should be changed before the model is used here."


def sentences(account: Account) -> dict[str, str]:
    """What the sections of an account say, by name."""
    return {
        one.__name__: one(account)
        for one in (beats_twin, calibrated, followed_up, transfers, lasts, agreed, recalibrated)
    }
