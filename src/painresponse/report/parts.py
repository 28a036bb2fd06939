"""What the leaflet of a bundle and that of one target have in common, from its head to its provenance."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from painresponse.report import statements
from painresponse.report.prose import Section, columns, paragraph, point, points, section
from painresponse.report.record import at
from painresponse.report.table import Table
from painresponse.report.verdicts import SUSPECT_AUC
from painresponse.report.wording import UNKNOWN, listed, percent

Leaflet = Mapping[str, Any]
Account = Mapping[str, Any]

SHARES = "Share of all that moves a prediction, and which way more of it does. What moves it is no cause."
"""Above every list of important features."""

UNEXAMINED = "Not examined."

_HASH = re.compile("[0-9a-f]{64}")
_SHOWN_OF_HASH = 16


def head(leaflet: Leaflet) -> Section:
    """Its name and what every reader must know first."""
    return Section(
        f"Bundle {leaflet['name']}", [line for one in leaflet["notices"] for line in paragraph(one)]
    )


def sections(leaflet: Leaflet) -> list[Section]:
    """When it refuses, what it must not be used for, its limits, where it comes from."""
    return [
        section("When it refuses to answer", _refusals(leaflet)),
        *([section("What it warns of", _warned(leaflet))] if leaflet["flags"] else []),
        section("What it must not be used for", points(leaflet["misuse"])),
        section("Limits", points(leaflet["limits"])),
        section("Where it comes from", _provenance(leaflet)),
    ]


def intervals(targets: Sequence[Account]) -> Iterator[str]:
    """What the interval of a prediction holds, once for all targets it is the same for."""
    told: dict[str, list[str]] = {}
    for account in targets:
        sentence = at(account, "interval", "sentence")
        if sentence:
            told.setdefault(sentence, []).append(account["target"])
    for sentence, names in told.items():
        whose = "" if len(names) == len(targets) else f" of {listed(names)}"
        yield from point(f"Interval{whose}: {sentence[:1].lower()}{sentence[1:]}")


def warnings(account: Account) -> Iterator[str]:
    """What should make anybody doubt the figures of a target."""
    if account["summary"]["suspect"]:
        yield from point(
            f"{account['target']}: on real data an AUC above {SUSPECT_AUC} is more often a leak than a "
            "discovery. Run painresponse audit before believing it."
        )


def movers(account: Account, most: int) -> list[str]:
    """The features that move a target's predictions most, in words."""
    found = (at(account, "importance", "features") or ())[:most]
    if not found:
        return paragraph(UNEXAMINED)
    lines = [
        (
            percent(one.get("share")),
            str(one.get("direction") or UNKNOWN),
            str(one.get("words") or one["name"]),
        )
        for one in found
    ]
    return columns(Table(("", "", ""), lines, prose=True))


def _refusals(leaflet: Leaflet) -> Iterator[str]:
    yield from paragraph("Then it gives a code and a reason instead of a probability.")
    yield from _coded(leaflet["refusals"], leaflet)


def _warned(leaflet: Leaflet) -> Iterator[str]:
    yield from paragraph("A flag stands beside a probability and changes nothing of it.")
    yield from _coded(leaflet["flags"], leaflet)


def _coded(told: Sequence[Mapping[str, Any]], leaflet: Leaflet) -> Iterator[str]:
    everything = {one["target"] for one in leaflet["targets"]}
    for one in told:
        whose = "" if everything <= set(one["targets"]) else f" ({listed(one['targets'])})"
        yield from point(f"{one['code']}: {one['words']}{whose}")


def _provenance(leaflet: Leaflet) -> Iterator[str]:
    known = leaflet["provenance"]
    told = [
        *statements.provenance(leaflet),
        ("Fingerprint of the catalogue", known.get("catalogue_fingerprint")),
        ("Fingerprint of the features", known.get("feature_fingerprint")),
        ("Fingerprint of the settings", known.get("settings_fingerprint")),
        ("Seed", at(known, "settings", "seed")),
        ("Date", known.get("date") or "not recorded; the same training gives the same bytes"),
        ("Schema of the bundle", leaflet["schema"]),
    ]
    lines = [(name, _short(str(said))) for name, said in told if said is not None]
    yield from columns(Table(("", ""), lines, prose=True))
    yield from ("", f"  SHA-256 {leaflet['sha256']}")
    yield from paragraph("Seal intact; golden patients replayed with the same answers.")


def _short(said: str) -> str:
    """Enough of a hash to tell it from another."""
    return f"{said[:_SHOWN_OF_HASH]}…" if _HASH.fullmatch(said) else said
