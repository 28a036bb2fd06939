"""The tables of a target, made from its account."""

from collections.abc import Callable, Mapping
from typing import Any

from painresponse.report import judged
from painresponse.report.record import at
from painresponse.report.table import Table
from painresponse.report.verdicts import adds
from painresponse.report.wording import UNKNOWN, between, count, estimate, number, percent, words

Account = Mapping[str, Any]

ANALYSES = {
    "complete": "those whose outcome is known",
    "weighted": "weighted for who was lost",
    "imputed": "the lost imputed",
    "worst": "none of the lost responded",
    "best": "all of the lost responded",
}
MOST_FEATURES = 15


def tables_of(account: Account) -> dict[str, Table]:
    """Every table there is something to fill with, by name."""
    made = {make.__name__: make(account) for make in _MAKERS}
    return {name: table for name, table in made.items() if table.lines}


def flow(account: Account) -> Table:
    """What every rule left, in the order of the rules."""
    steps = list((account.get("flow") or {}).items())
    before = [None, *(left for _, left in steps)]
    lines = [
        (step, count(left), "" if last is None else count(last - left))
        for (step, left), last in zip(steps, before, strict=False)
    ]
    return Table(
        ("Step", "Left", "Not left"), lines, "Episodes left by each rule, in the order of the rules."
    )


def sample_size(account: Account) -> Table:
    """What a model of each kind needs, by criterion."""
    size = account.get("sample_size") or {}
    keys = ("parameters", "episodes", "shrinkage", "optimism", "margin", "error")
    lines = [
        (name, *(count(at(size, key, one)) for one in keys))
        for key, name in (
            ("least", "the smallest individual model"),
            ("every", "a regression of all candidates"),
        )
        if size.get(key)
    ]
    if size.get("boosted") is not None:
        lines.append(("boosted trees", UNKNOWN, count(size["boosted"]), *[UNKNOWN] * 4))
    head = (
        "Needed for",
        "Parameters",
        "Episodes",
        "By shrinkage",
        "By optimism",
        "By overall share",
        "By error",
    )
    return Table(
        head, lines, "Episodes with a known outcome: those needed for all criteria, then for each alone."
    )


def missing(account: Account) -> Table:
    """The figures under every assumption about the lost."""
    told = (
        ("prevalence", 2),
        ("auc", 2),
        ("calibration_slope", 2),
        ("calibration_in_the_large", 3),
        ("brier", 3),
    )
    lines = [
        (ANALYSES.get(name, words(name)), *(estimate(figures.get(key), digits) for key, digits in told))
        for name, figures in (at(account, "missing", "figures") or {}).items()
    ]
    head = ("Assuming", "Share who respond", "AUC", "Calibration slope", "In the large", "Brier score")
    return Table(head, lines, "What the figures of everybody would be.")


def tipping(account: Account) -> Table:
    """How much worse the lost must have fared before a conclusion falls."""
    lines = [
        (
            number(one.get("odds")),
            percent(one.get("responders"), 1),
            estimate(one.get("auc")),
            estimate(one.get("over"), 3),
            number(one.get("calibration_in_the_large"), 3),
            _yes(one.get("calibrated")),
            _yes(one.get("ahead")),
        )
        for one in at(account, "missing", "table") or ()
    ]
    head = ("Odds times", "Respond", "AUC", "Over the comparator", "In the large", "Calibrated", "Ahead")
    return Table(
        head, lines, "Tipping points: if the odds of the lost were so many times those expected of them."
    )


def durability(account: Account) -> Table:
    """Still responding at the horizons."""
    lines = [
        (
            name,
            count(one.get("at_risk")),
            percent(one.get("share")),
            between(percent(one.get("low")), percent(one.get("high"))),
        )
        for name, one in (at(account, "durability", "marks") or {}).items()
    ]
    return Table(("At", "Still followed", "Still responding", "95 % interval"), lines)


def blocks(account: Account) -> Table:
    """What each block of predictors is worth."""
    lines = [
        (
            words(one.get("block")),
            count(
                one["features"] if isinstance(one.get("features"), int) else len(one.get("features") or ())
            ),
            estimate(one.get("difference"), 3),
            str(one.get("sentence") or adds(one.get("difference"))),
        )
        for one in account.get("blocks") or ()
    ]
    return Table(("Block", "Predictors", "Gain in AUC", "In words"), lines, prose=True)


def importance(account: Account) -> Table:
    """The predictors that matter most, which way, and how often models learnt without a fold agree."""
    lines = [
        (
            words(one.get("name")),
            percent(one.get("share"), 1),
            str(one.get("direction") or UNKNOWN),
            percent(one.get("stability")),
            str(one.get("words") or UNKNOWN),
        )
        for one in (at(account, "importance", "features") or ())[:MOST_FEATURES]
    ]
    head = ("Predictor", "Share", "More of it", "Folds that agree", "In words")
    return Table(head, lines, prose=True)


def overlaps(account: Account) -> Table:
    """How many patients of the other interventions lie below the threshold of this one."""
    lines = [
        (words(one.get("intervention")), count(one.get("patients")), percent(one.get("below"), 1))
        for one in at(account, "support", "overlaps") or ()
    ]
    return Table(("Patients of another intervention", "Patients", "Below the threshold"), lines)


def refused(account: Account) -> Table:
    """What a finished model refused to score, and why."""
    lines = [
        (
            str(one.get("code")),
            count(one.get("episodes")),
            percent(one.get("share"), 1),
            str(one.get("words")),
        )
        for one in account.get("refused") or ()
    ]
    return Table(("Refused", "Episodes", "Share", "Why"), lines, prose=True)


_MAKERS: tuple[Callable[[Account], Table], ...] = (
    flow,
    refused,
    sample_size,
    missing,
    tipping,
    durability,
    blocks,
    importance,
    overlaps,
    judged.performance,
    judged.differences,
    judged.decisions,
    judged.subgroups,
    judged.sites,
    judged.per_site,
    judged.time,
    judged.recalibration,
)


def _yes(held: bool | None) -> str:
    return UNKNOWN if held is None else "yes" if held else "no"
