"""What pooling found, as tables for people: bundles at home and abroad, pooled, without each clinic."""

from collections.abc import Sequence
from typing import Any

from painresponse.clinics.measures import MEASURES
from painresponse.report.table import Table
from painresponse.report.wording import UNKNOWN, between, count, estimate, number, percent

Plain = dict[str, Any]

_DIGITS = 3
_TOO_FEW = "too few"
_POOLED = ("pooled abroad", "a new clinic", "I²")
_LEAST_P = 0.001


def at_home_and_abroad(target: Plain, sites: Sequence[str]) -> Table:
    """The AUC of every bundle (a column) at home and at every clinic (a line), and pooled."""
    bundles = target["bundles"]
    pooled = zip(*(_pooled(one["pooled"].get("auc"), 2) for one in bundles), strict=True)
    lines = [
        ("at home, cross-validated", *(estimate(one["home"].get("auc")) for one in bundles)),
        *((site, *(_auc_at(one, site) for one in bundles)) for site in sites),
        *((name, *cells) for name, cells in zip(_POOLED, pooled, strict=True)),
    ]
    return Table(("AUC", *map(name_of, bundles)), lines, "Every bundle at home and abroad; 95 % intervals.")


def counted(bundle: Plain) -> Table:
    """How many each clinic judged the bundle on."""
    words = ("episodes", "subjects", "responded", "lost", "refused")
    lines = [(one["site"], *(_told(one, word) for word in words)) for one in bundle["sites"]]
    head = ("Clinic", "Episodes", "Subjects", "Responded", "Lost to follow-up", "Refused")
    return Table(head, lines, "Episodes, subjects and responders are those scored with a known outcome.")


def measured(bundle: Plain) -> Table:
    """Every measure, at home and at each clinic."""
    sites = [one["site"] for one in bundle["sites"] if one["figures"]]
    lines = [
        (
            _capital(measure.words),
            estimate(bundle["home"].get(name), _DIGITS),
            *(estimate(one["figures"].get(name), _DIGITS) for one in bundle["sites"] if one["figures"]),
        )
        for name, measure in MEASURES.items()
    ]
    head = ("Measure", "At home, cross-validated", *sites)
    return Table(head, lines, "Each clinic's own figures; 95 % intervals.")


def pooled(bundle: Plain) -> Table:
    """Every measure pooled, and how much the clinics differ."""
    lines = [
        (
            _capital(measure.words),
            count(found["sites"]),
            *_pooled(found, _DIGITS),
            number(found["tau2"], 4),
            number(found["p"], _DIGITS) if found["p"] >= _LEAST_P else f"< {_LEAST_P}",
            _moved(found["without"]),
        )
        for name, measure in MEASURES.items()
        if (found := bundle["pooled"].get(name))
    ]
    head = ("Measure", "Clinics", "Pooled", "A new clinic", "I²", "τ²", "p alike", "Without one clinic")
    return Table(head, lines, "Random effects; 95 % intervals. τ² of the AUC is that of its log-odds.")


def _moved(without: dict[str, list[float]]) -> str:
    """The least and the greatest that is pooled without one clinic."""
    values = [value for value, *_ in without.values()]
    return between(*(number(end(values), _DIGITS) for end in (min, max))) if values else UNKNOWN


def influence(bundle: Plain) -> Table:
    """What is pooled without each clinic in turn."""
    shown = {name: found["without"] for name, found in bundle["pooled"].items() if found["without"]}
    sites = dict.fromkeys(site for without in shown.values() for site in without)
    lines = [(site, *(estimate(without.get(site), _DIGITS) for without in shown.values())) for site in sites]
    head = ("Without", *(_capital(MEASURES[name].words) for name in shown))
    return Table(head, lines, "Pooled without one clinic in turn: does one of them decide?")


def name_of(bundle: Plain) -> str:
    """A bundle as it is told from others of the same name."""
    return f"{bundle['bundle']} ({bundle['digest'][:8]})"


def _auc_at(bundle: Plain, site: str) -> str:
    found = next((one for one in bundle["sites"] if one["site"] == site), None)
    if found is None:
        return UNKNOWN
    return estimate(found["figures"]["auc"]) if "auc" in found["figures"] else _TOO_FEW


def _pooled(found: Plain | None, digits: int) -> tuple[str, str, str]:
    """Value, where a new clinic's would lie, and I²."""
    if found is None:
        return UNKNOWN, UNKNOWN, UNKNOWN
    new = [found["prediction_low"], found["prediction_high"]]
    ahead = UNKNOWN if None in new else between(*(number(one, digits) for one in new))
    return estimate(found, digits), ahead, percent(found["i2"])


def _told(site: Plain, word: str) -> str:
    return count(site["counts"][word]) if word in site["counts"] else f"< {site['least']}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
