"""The tables of how good a model is: against its comparators, by group, by centre, over time, elsewhere."""

from collections.abc import Mapping
from typing import Any

from painresponse.report.record import at, groups, metric
from painresponse.report.table import Table
from painresponse.report.wording import (
    MEASURES,
    MODELS,
    between,
    count,
    ends,
    estimate,
    number,
    percent,
    words,
)

Account = Mapping[str, Any]

UPDATES = {"none": "nothing", "intercept": "the intercept", "intercept and slope": "intercept and slope"}


def performance(account: Account) -> Table:
    """The response model and every comparator by the same measures."""
    told = (("auc", 2), ("calibration_slope", 2), ("calibration_in_the_large", 3), ("ici", 3), ("brier", 3))
    lines = [
        (
            MODELS.get(who, words(who)),
            *(estimate(metric(account, name, who), digits) for name, digits in told),
        )
        for who in account.get("performance") or {}
        if who != "differences"
    ]
    head = ("Model", "AUC", "Calibration slope", "In the large", "ICI", "Brier score")
    return Table(
        head, lines, "On subjects the model never saw; 95 % intervals from resampling whole subjects."
    )


def differences(account: Account) -> Table:
    """The response model's lead over each comparator, resample by resample."""
    found = at(account, "performance", "differences") or {}
    lines = [(_led(name), estimate(one, 3)) for name, one in found.items()]
    return Table(("Difference", "95 % interval in brackets"), lines)


def decisions(account: Account) -> Table:
    """What acting at every second threshold would mean."""
    shares = ("flagged", "sensitivity", "specificity", "positive_predictive_value")
    lines = [
        (
            percent(one.get("threshold")),
            estimate(one.get("net_benefit"), 3),
            estimate(one.get("gain"), 3),
            *(percent(ends(one.get(name))[0]) for name in shares),
            estimate(one.get("treated_per_responder"), 1),
        )
        for one in (account.get("decisions") or ())[1::2]
    ]
    return Table(
        ("At", "Net benefit", "Over the better of all and none", "Flagged", "Responders flagged",
         "Others spared", "Flagged who respond", "Flagged per responder"),
        lines,
        "Flagged per responder: how many flagged patients are given the intervention for each who responds. "
        "It is no number needed to treat: what would have happened without the intervention is not known.",
    )  # fmt: skip


def subgroups(account: Account) -> Table:
    """Every group, those too small with their counts only."""
    told = (("auc", 2), ("calibration_slope", 2), ("calibration_in_the_large", 3))
    lines = [
        (
            words(f"{one.get('grouping')}: {one.get('label')}"),
            count(one.get("episodes")),
            count(one.get("events")),
            *(estimate(at(one, "figures", name), digits) for name, digits in told),
            *(number(ends(at(one, "figures", name))[0], 3) for name in ("brier", "net_benefit")),
            "too small to tell" if one.get("too_small") else "blocks release" if one.get("blocks") else "",
        )
        for one in groups(account)
    ]
    head = ("Group", "Episodes", "Responders", "AUC", "Calibration slope", "In the large", "Brier score")
    return Table((*head, "Net benefit", ""), lines)


def sites(account: Account) -> Table:
    """Pooled over centres, and where a new centre's value would lie."""
    named = (("auc", "AUC"), ("intercept", "calibration intercept"), ("slope", "calibration slope"))
    found = [(name, at(account, "sites", key)) for key, name in named]
    lines = [
        (
            name,
            estimate(one),
            between(number(one.get("prediction_low")), number(one.get("prediction_high"))),
            percent(one.get("i2")),
            number(one.get("tau2"), 3),
            count(one.get("sites")),
        )
        for name, one in found
        if one
    ]
    return Table(("Pooled", "Value", "A new centre", "I²", "τ²", "Centres"), lines)


def per_site(account: Account) -> Table:
    """Every centre that could be judged."""
    shares = {one.get("site"): one for one in at(account, "sites", "shares") or ()}
    lines = [
        (
            f"centre {one.get('site')}",
            count(one.get("episodes")),
            count(one.get("events")),
            *(estimate(one.get(name)) for name in ("auc", "intercept", "slope")),
            percent(at(shares.get(one.get("site")), "observed")),
            percent(at(shares.get(one.get("site")), "predicted")),
        )
        for one in at(account, "sites", "sites") or ()
    ]
    head = ("Centre", "Episodes", "Responders", "AUC", "Calibration intercept", "Calibration slope")
    return Table((*head, "Responded", "Foretold"), lines)


def time(account: Account) -> Table:
    """Models of what was known at a cut, on the episodes that began later."""
    lines = [
        (
            percent(one.get("share")),
            *(count(one.get(name)) for name in ("learnt", "waiting", "judged", "responders")),
            estimate(at(one, "figures", "auc")),
            estimate(at(one, "figures", "calibration_slope")),
            estimate(at(one, "figures", "calibration_in_the_large"), 3),
        )
        for one in at(account, "time", "cuts") or ()
    ]
    head = (
        "Cut after",
        "Learnt from",
        "Not known yet",
        "Judged on",
        "Responders",
        "AUC",
        "Calibration slope",
    )
    return Table(
        (*head, "In the large"), lines, "Learnt from what was known at a cut, judged on what began later."
    )


def recalibration(account: Account) -> Table:
    """A finished model's predictions before and after each update, on subjects it was not fitted to."""
    told = (("calibration_intercept", 2), ("calibration_slope", 2), ("ici", 3), ("brier", 3))
    lines = [
        (
            UPDATES.get(one.get("kind"), words(one.get("kind"))),
            number(one.get("intercept")),
            number(one.get("slope")),
            *(estimate(at(one, "figures", name), digits) for name, digits in told),
        )
        for one in at(account, "recalibration", "updates") or ()
    ]
    head = ("Change", "Added", "Times", "Calibration intercept", "Calibration slope", "ICI", "Brier score")
    return Table(
        head, lines, "What is added to the log-odds and what they are multiplied by, and what comes of it."
    )


def _led(name: str) -> str:
    """``auc_over_twin`` as words."""
    measure, _, other = name.partition("_over_")
    said = MEASURES.get(measure, words(measure))
    return f"{said} over {MODELS.get(other, words(other))}" if other else said
