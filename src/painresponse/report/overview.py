"""The leaflet of a whole bundle as text: what its targets have in common, and a line or two for each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from painresponse.report import parts
from painresponse.report.prose import Section, columns, paragraph, point, points, section
from painresponse.report.record import at, groups, sites_seen
from painresponse.report.table import Table
from painresponse.report.verdicts import FOLLOWED
from painresponse.report.wording import (
    UNKNOWN,
    between,
    count,
    estimate,
    listed,
    number,
    percent,
    plural,
    words,
)

Leaflet = Mapping[str, Any]
Account = Mapping[str, Any]

MOST_IMPORTANT = 3
_LEAST_KNOWN = 0.005


def overview(leaflet: Leaflet) -> list[Section]:
    """From what it predicts to where it comes from; short where `sheet` tells more."""
    return [
        parts.head(leaflet),
        section("What it predicts", _predicts(leaflet)),
        section("From what", _inputs(leaflet["inputs"])),
        section("What moves the predictions most", _movers(leaflet["targets"])),
        section("How well", _performance(leaflet)),
        section("On whom", _people(leaflet)),
        *parts.sections(leaflet),
        section("More", points(_more(leaflet))),
    ]


def _predicts(leaflet: Leaflet) -> Iterator[str]:
    for sentence in leaflet["purpose"]:
        yield from point(sentence)
    for account in leaflet["targets"]:
        yield from ("", f"  {account['target']}")
        yield from paragraph(str(account.get("label") or ""), deep=2)
    for name, reason in leaflet["skipped"].items():
        yield from ("", *paragraph(f"Without a model: {name}. {reason}"))


def _inputs(inputs: Mapping[str, Any]) -> Iterator[str]:
    yield from paragraph(
        f"{plural(inputs['features'], 'feature')} of a patient's history before the index day; one that "
        "reads two families counts in both."
    )
    lines = [(family, count(features)) for family, features in inputs["families"].items()]
    yield from ("", *columns(Table(("family", "features"), lines)))
    yield from _biomarkers(inputs["biomarkers"])


def _biomarkers(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    seen = [one for one in found if one["known"] is None or one["known"] >= _LEAST_KNOWN]
    never = [one["label"] for one in found if one not in seen]
    if seen:
        lines = [(one["label"], one["unit"], count(one["features"]), percent(one["known"])) for one in seen]
        yield from ("", *columns(Table(("biomarker", "unit", "features", "known in training"), lines)))
    if never:
        yield from ("", *paragraph(f"Read, but hardly ever known in training: {listed(never)}."))


def _movers(targets: Sequence[Account]) -> Iterator[str]:
    if not any(account.get("importance") for account in targets):
        yield from paragraph(parts.UNEXAMINED)
        return
    yield from paragraph(parts.SHARES)
    for account in targets:
        yield from ("", f"  {account['target']}", *parts.movers(account, MOST_IMPORTANT))


def _performance(leaflet: Leaflet) -> Iterator[str]:
    targets = leaflet["targets"]
    yield from paragraph(
        "On patients the model never saw; 95 % intervals in brackets. Calibration slope: 1 is right, below 1 "
        "is too extreme. The order is that of the catalogue, no ranking."
    )
    yield from ("", *columns(_figures(targets)), "")
    if any(at(account, "performance", "differences") or account.get("sites") for account in targets):
        score = words(at(leaflet["provenance"], "settings", "baseline") or "the first measurement")
        yield from paragraph(
            "The logistic twin is a regression on the same features; chosen, it is the model. The baseline "
            f"score is {score} alone. A new centre: where 95 of 100 would lie."
        )
        yield from ("", *columns(_against(targets)), "")
    yield from parts.intervals(targets)
    for account in targets:
        yield from (*parts.warnings(account), *_worse(account))


def _figures(targets: Sequence[Account]) -> Table:
    lines = [
        (
            account["target"],
            str(at(account, "model", "kind") or UNKNOWN),
            estimate(account["summary"]["auc"]),
            estimate(account["summary"]["slope"]),
        )
        for account in targets
    ]
    return Table(("target", "model", "AUC", "calibration slope"), lines)


def _against(targets: Sequence[Account]) -> Table:
    lines = [
        (
            account["target"],
            account["summary"]["against"][0],
            estimate(at(account, "performance", "differences", "auc_over_baseline"), 3),
            _elsewhere(account),
        )
        for account in targets
    ]
    head = ("target", "against the logistic twin", "AUC gained over baseline score", "AUC in a new centre")
    return Table(head, lines)


def _elsewhere(account: Account) -> str:
    pooled = at(account, "sites", "auc") or {}
    if pooled.get("prediction_low") is None:
        return UNKNOWN
    return between(number(pooled["prediction_low"]), number(pooled["prediction_high"]))


def _worse(account: Account) -> Iterator[str]:
    found = [one["group"] + (" (blocks release)" if one["blocks"] else "") for one in account["shortfalls"]]
    if found:
        yield from point(f"{account['target']} fits less well, beyond noise, in {listed(found)}.")


def _people(leaflet: Leaflet) -> Iterator[str]:
    source = "Simulated patients" if leaflet["synthetic"] else "Patients of a clinic"
    seen = sites_seen(leaflet)
    centres = f" of {plural(seen, 'centre')}" if seen else ""
    yield from paragraph(f"{source}{centres}; from which years is not recorded. {_ages(leaflet)}")
    yield from ("", *columns(_flows(leaflet["targets"])))
    yield from ("", *paragraph("Lost: alive at the horizon, but the outcome is unknown; not a failure."))


def _ages(leaflet: Leaflet) -> str:
    """Of all trained episodes, where age is a feature."""
    marks = next((one.get("quartiles") for one in leaflet["features"] if one["sentence"] == "age"), None)
    if not marks or None in marks:
        return ""
    return f"Median age {marks[1]:.0f}; half were {marks[0]:.0f} to {marks[2]:.0f} years old."


def _flows(targets: Sequence[Account]) -> Table:
    lines = [
        (
            account["target"],
            count(at(account, "flow", FOLLOWED)),
            _of(account["summary"]["lost"], account["summary"]["lost_share"]),
            count(account["summary"]["episodes"]),
            _of(account["summary"]["responders"], account["summary"]["share"]),
            percent(_women(account)),
        )
        for account in targets
    ]
    return Table(("target", "eligible", "lost", "outcome known", "responded", "women"), lines)


def _of(how_many: int | None, share: float | None) -> str:
    return count(how_many) if share is None else f"{count(how_many)} ({percent(share)})"


def _women(account: Account) -> float | None:
    """Share of the episodes, None where the sexes were not looked at."""
    sizes = {one["label"]: one["episodes"] for one in groups(account) if one.get("grouping") == "sex"}
    return sizes["female"] / sum(sizes.values()) if sizes.get("female") else None


def _more(leaflet: Leaflet) -> list[str]:
    name = leaflet["targets"][0]["target"] if leaflet["targets"] else "TARGET"
    return [
        f"One target in full: --target {name}",
        "Figures: --figures FOLDER. A page for print: painresponse report. For machines: --json",
    ]
