"""What pooling found, on one HTML page in the style of the reports."""

from pathlib import Path
from typing import Any

from markupsafe import Markup

from painresponse.clinics import tables
from painresponse.clinics.measures import MEASURES, Measure
from painresponse.publishing import publish_bytes
from painresponse.report.forests import centres
from painresponse.report.page import drawn, page_html
from painresponse.report.wording import count, listed, words

Plain = dict[str, Any]

_NO_SKILL = 0.5


def write_page(path: Path, found: Plain) -> None:
    """Publish what `pooling.pool` gave under this name. Raises WorkError if it cannot be written."""
    publish_bytes(Path(path), pooled_html(found).encode())


def pooled_html(found: Plain) -> str:
    """One page with everything in it: no script, no request."""
    views = [_target(one, f"target-{place}", found["sites"]) for place, one in enumerate(found["targets"])]
    return page_html("clinics.html", found=found, views=views, sites=listed(found["sites"]))


def question(target: Plain) -> str:
    """What was asked, in a line."""
    asked = target["question"]
    said = f"{asked['intervention']} ({asked['stage']}): {asked['outcome']}, {asked['horizon']}"
    return words(said)


def _target(target: Plain, slug: str, sites: list[str]) -> Plain:
    return {
        "slug": slug,
        "target": target["target"],
        "question": question(target),
        "overview": tables.at_home_and_abroad(target, sites),
        "bundles": [_bundle(one, f"{slug}-{place}") for place, one in enumerate(target["bundles"])],
    }


def _bundle(bundle: Plain, slug: str) -> Plain:
    makers = (tables.counted, tables.measured, tables.pooled, tables.influence)
    forests = (_forest(bundle, name, measure, slug) for name, measure in MEASURES.items())
    return {
        "name": tables.name_of(bundle),
        "unjudged": listed(bundle["unjudged"]) if bundle["unjudged"] else "",
        "forests": [one for one in forests if one],
        "tables": [made for make in makers if (made := make(bundle)).lines],
    }


def _forest(bundle: Plain, name: str, measure: Measure, slug: str) -> Markup | None:
    rows = [
        (_row(one), [one["figures"][name][end] for end in ("value", "low", "high")])
        for one in bundle["sites"]
        if name in one["figures"]
    ]
    mark = _NO_SKILL if measure.as_log_odds else measure.ideal
    figure = centres(rows, bundle["pooled"].get(name) or {}, words=measure.words, mark=mark)
    alt = f"{measure.words} of {bundle['bundle']} at {len(rows)} clinics with 95 % intervals, and pooled"
    return drawn(figure, f"{slug}-{name}", alt) if figure else None


def _row(site: Plain) -> str:
    episodes = site["counts"].get("episodes")
    return f"{site['site']} ({count(episodes)})" if episodes else str(site["site"])
