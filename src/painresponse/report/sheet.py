"""The leaflet of one target as text, in full: its outcome, its model, how good it is, for whom, and why."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from painresponse.report import judged, parts, tables, verdicts
from painresponse.report.prose import Section, columns, paragraph, point, points, section
from painresponse.report.record import at, groups
from painresponse.report.shortfalls import group_name
from painresponse.report.table import Table
from painresponse.report.wording import count, estimate, percent

Leaflet = Mapping[str, Any]
Account = Mapping[str, Any]

MOST_IMPORTANT = 15
_NO_GAIN = [0.0, 0.0, 0.0]


def sheet(leaflet: Leaflet) -> list[Section]:
    """Of a leaflet that holds one target (leaflet.of_target)."""
    (account,) = leaflet["targets"]
    return [
        parts.head(leaflet),
        section(f"What {account['target']} predicts", _predicts(account)),
        section("How well", _performance(account)),
        section("Whom it fits less well, and elsewhere", _transfer(account)),
        section("On whom", _people(account)),
        section("What moves its predictions", _movers(account)),
        *parts.sections(leaflet),
    ]


def _predicts(account: Account) -> Iterator[str]:
    yield from paragraph(str(account.get("label") or ""))
    model = account["summary"]["kind"]
    yield from ("", *paragraph(f"Model: {model}. {at(account, 'model', 'sentence') or ''}"))
    yield from points(list(account.get("notes") or ()))


def _performance(account: Account) -> Iterator[str]:
    yield from paragraph("On patients the model never saw; 95 % intervals in brackets.")
    yield from ("", *columns(_distinct(_picked(judged.performance(account), 0, 1, 2))), "")
    if at(account, "model", "kind") == "logistic":
        yield from point("The logistic twin, a regression on the same features, is the model itself.")
    yield from points([verdicts.calibrated(account), *_gains(account)])
    yield from parts.intervals([account])
    yield from parts.warnings(account)


def _gains(account: Account) -> Iterator[str]:
    """Over comparators that are not the model itself."""
    led = at(account, "performance", "differences") or {}
    real = {name: one for name, one in led.items() if list(one) != _NO_GAIN}
    told = judged.differences({"performance": {"differences": real}})
    yield from (f"{name}: {gained}" for name, gained in told.lines)


def _transfer(account: Account) -> Iterator[str]:
    yield from points([f"{one['group']}: {'; '.join(one['how'])}" for one in account["shortfalls"]])
    if not account["shortfalls"] and groups(account):
        yield from point("No group that was looked at is fitted less well beyond noise.")
    if not groups(account):
        yield from point("Groups of patients were not examined.")
    yield from points([one for one in (at(account, "subgroups", "note"), _elsewhere(account)) if one])
    yield from point(
        at(account, "time", "sentence") or "Whether it holds for later patients was not examined."
    )


def _elsewhere(account: Account) -> str:
    if not account.get("sites"):
        return "Differences between centres were not examined."
    return str(at(account, "sites", "sentence") or verdicts.transfers(account))


def _people(account: Account) -> Iterator[str]:
    flow = tables.flow(account)
    yield from columns(_picked(flow, 0, 1)) if flow.lines else paragraph(_counts(account))
    missing = at(account, "missing", "sentences") or [verdicts.followed_up(account)]
    yield from ("", *points([*missing, verdicts.lasts(account)]))
    members = _members(account)
    if members.lines:
        yield from ("", *columns(members))


def _counts(account: Account) -> str:
    summary = account["summary"]
    return f"{count(summary['episodes'])} episodes, {count(summary['responders'])} responders."


def _members(account: Account) -> Table:
    lines = [
        (
            group_name(one),
            count(one.get("episodes")),
            percent(one["events"] / one["episodes"]) if one.get("episodes") else "",
            estimate(at(one, "figures", "auc")) if one.get("figures") else "too small to tell",
        )
        for one in groups(account)
        if one.get("grouping") != "site"
    ]
    return Table(("group", "episodes", "responded", "AUC"), lines)


def _movers(account: Account) -> Iterator[str]:
    if account.get("importance"):
        yield from (*paragraph(parts.SHARES), "")
    yield from (*parts.movers(account, MOST_IMPORTANT), "", *paragraph(verdicts.agreed(account)))
    added = tables.blocks(account)
    if added.lines:
        yield from ("", *paragraph("Gain in AUC with all that reads a kind of record:"))
        yield from ("", *columns(_picked(added, 0, 1, 2)))


def _picked(table: Table, *places: int) -> Table:
    """Some of its columns."""
    lines = [[line[place] for place in places] for line in table.lines]
    return replace(table, head=[table.head[place] for place in places], lines=lines)


def _distinct(table: Table) -> Table:
    """Without lines that only repeat the first under another name."""
    first, *others = table.lines or [()]
    kept = [line for line in others if line[1:] != first[1:]]
    return replace(table, lines=[first, *kept] if first else [])
