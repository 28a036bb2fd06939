"""From the summaries of several clinics to one estimate for each bundle, with what sets the clinics apart."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from painresponse.clinics.agreement import check_agreement
from painresponse.clinics.measures import MEASURES, Figure
from painresponse.clinics.summary import SiteSummary, TargetSummary
from painresponse.evaluation.pooling import Pooled, as_share, pooled
from painresponse.evaluation.rounding import rounded_record

Plain = dict[str, Any]
Told = tuple[SiteSummary, TargetSummary]

LEAST_FOR_INFLUENCE = 3


def pool(summaries: Sequence[SiteSummary]) -> Plain:
    """For every target and bundle each clinic's figures, and every measure pooled with random effects.

    ``targets`` are in the order of the summaries, as plain values: of each bundle its cross-validated figures
    at ``home``, its ``sites``, those ``unjudged`` for too few outcomes, and by measure what is ``pooled``
    (nothing with fewer than two clinics). Raises CohortError where the summaries do not go together.
    """
    check_agreement(summaries)
    names = dict.fromkeys(told.target for one in summaries for told in one.targets)
    return {
        "synthetic": any(one.synthetic or one.bundle.synthetic for one in summaries),
        "sites": sorted({one.site for one in summaries}),
        "notes": _notes(summaries),
        "targets": [_target(name, summaries) for name in names],
    }


def _target(name: str, summaries: Sequence[SiteSummary]) -> Plain:
    told = [(one, found) for one in summaries for found in one.targets if found.target == name]
    digests = dict.fromkeys(one.bundle.digest for one, _ in told)
    return {
        "target": name,
        "question": asdict(told[0][1].question),
        "bundles": [_bundle([pair for pair in told if pair[0].bundle.digest == one]) for one in digests],
    }


def _bundle(told: Sequence[Told]) -> Plain:
    """One bundle's figures for one target."""
    first, found = told[0]
    return {
        "bundle": first.bundle.name,
        "digest": first.bundle.digest,
        "home": {name: list(ends) for name, ends in found.home.items()},
        "sites": [_site(*pair) for pair in told],
        "unjudged": [one.site for one, target in told if not target.figures],
        "pooled": {name: made for name in MEASURES if (made := pooled_measure(name, _figures(name, told)))},
    }


def _site(summary: SiteSummary, found: TargetSummary) -> Plain:
    figures = {name: asdict(figure) for name, figure in found.figures.items()}
    return {
        "site": summary.site,
        "counts": found.counts,
        "withheld": list(found.withheld),
        "least": summary.least,
        "figures": figures,
    }


def _figures(name: str, told: Sequence[Told]) -> dict[str, Figure]:
    return {one.site: target.figures[name] for one, target in told if name in target.figures}


def pooled_measure(name: str, figures: dict[str, Figure]) -> Plain | None:
    """One measure of several clinics pooled, and ``without`` each in turn; None with fewer than two."""
    whole = _pooled(name, figures)
    if whole is None:
        return None
    return {**asdict(rounded_record(whole)), "without": _influence(name, figures)}


def _influence(name: str, figures: dict[str, Figure]) -> dict[str, list[float]]:
    """Value and interval without each clinic in turn; none where a single one would be left."""
    if len(figures) < LEAST_FOR_INFLUENCE:
        return {}
    rest = {
        out: _pooled(name, {site: one for site, one in figures.items() if site != out}) for out in figures
    }
    shown = {out: rounded_record(found) for out, found in rest.items() if found}
    return {out: [found.value, found.low, found.high] for out, found in shown.items()}


def _pooled(name: str, figures: dict[str, Figure]) -> Pooled | None:
    if len(figures) < 2:
        return None
    measure = MEASURES[name]
    found = pooled(*zip(*(measure.measured(one) for one in figures.values()), strict=True))
    return as_share(found) if measure.as_log_odds else _within(found, measure.limits)


def _within(found: Pooled, limits: tuple[float, float]) -> Pooled:
    """Ends no farther than the measure can go."""
    low, high = limits
    ends = ("low", "high", "prediction_low", "prediction_high")
    known = {name: getattr(found, name) for name in ends if getattr(found, name) is not None}
    return replace(found, **{name: min(max(value, low), high) for name, value in known.items()})


def _notes(summaries: Sequence[SiteSummary]) -> list[str]:
    """What a reader must know of how the summaries were made."""
    least = sorted({one.least for one in summaries})
    steps = " or ".join(map(str, least))
    notes = [
        f"Counts are to the nearest {steps}, and those below are withheld: they are not exact on purpose."
    ]
    if len({one.bundle.features for one in summaries}) > 1:
        notes.append("The bundles do not all read the same features.")
    releases = sorted({one.painresponse for one in summaries})
    if len(releases) > 1:
        notes.append(f"The summaries were made by different releases: {', '.join(releases)}.")
    return notes
