"""The page: one HTML file with everything in it, like the report's."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from painresponse.monitoring.drawings import figures_of
from painresponse.monitoring.effects import TOTAL
from painresponse.monitoring.expected import CAUTION
from painresponse.monitoring.findings import Monitoring, amount
from painresponse.monitoring.outcomes import ALL
from painresponse.publishing import publish_bytes
from painresponse.report.page import drawn, page_html
from painresponse.report.table import Table
from painresponse.report.wording import count, estimate, number, percent

MOST = 20
"""Features in a table; files for machines have them all."""

OF_A_TARGET = 3

_ALTS = {
    "moved": "Features that moved, or most likely did: their stability index, and what chance makes of it.",
    "points": "How far the mean prediction of each target moved, with 95 % intervals.",
    "quarters": "Observed over predicted responders by quarter, with 95 % intervals.",
    "course": "What was owned by day by who bet against the model, and the amount that is an alarm.",
}


def monitoring_html(found: Monitoring) -> str:
    """The page as text: no script, no request, printable."""
    figures = {name: drawn(one, f"monitor-{name}", _ALTS[name]) for name, one in figures_of(found).items()}
    return page_html(
        "monitor.html",
        found=found,
        synthetic=found.about.synthetic,
        figures=figures,
        tables=tables_of(found),
        caution=CAUTION,
    )


def write_page(path: Path, found: Monitoring) -> None:
    """Publish the page under this name, whole or not at all. Raises WorkError if it cannot be written."""
    publish_bytes(Path(path), monitoring_html(found).encode())


def tables_of(found: Monitoring) -> Mapping[str, Table]:
    """Every table of the page, by name."""
    return {
        "moved": _moved(found),
        "effects": _effects(found),
        "answers": _answers(found.scores),
        "refused": _refused(found.refusals),
        "expected": _expected(found.expected),
        "calibration": _calibration(found.calibration),
        "quarters": _quarters(found.calibration),
        "wealth": _wealth(found.wealth),
    }


def _moved(found: Monitoring) -> Table:
    lines = [
        (
            f"{found.words[one.feature]}: {one.compared}",
            number(one.psi, 3),
            number(one.chance, 3),
            percent(one.known),
            percent(one.known_in_training),
            _p(one.adjusted),
            "moved" if one.moved else "",
        )
        for one in found.features.head(MOST).itertuples()
    ]
    head = ("Feature", "Index", "By chance", "Known", "In training", "p, all features in mind", "")
    return Table(head, lines, f"Those that moved, then those least likely by chance; {len(lines)} of them.")


def _effects(found: Monitoring) -> Table:
    shown = found.effects[found.effects["feature"] != TOTAL].groupby("target", sort=False).head(OF_A_TARGET)
    lines = [
        (_words(one.target), found.words[one.feature], estimate([one.points, one.low, one.high], 1))
        for one in shown.itertuples()
    ]
    return Table(
        ("Target", "Feature", "Mean prediction moved, percentage points"),
        lines,
        f"Of each target the {OF_A_TARGET} features that moved its mean prediction farthest.",
        prose=True,
    )


def _answers(scores: pd.DataFrame) -> Table:
    lines = [
        (
            _words(one.target),
            count(one.asks),
            percent(_known(one.refused)),
            percent(_known(one.mean)),
            percent(_known(one.lower_quartile)),
            percent(_known(one.upper_quartile)),
            number(_known(one.psi), 3),
            number(_known(one.chance), 3),
        )
        for one in scores.itertuples()
    ]
    head = ("Target", "Asks", "Refused", "Mean", "Lower quartile", "Upper quartile", "Index", "By chance")
    return Table(head, lines, "Predictions; their index is against those of training.")


def _refused(refusals: pd.DataFrame) -> Table:
    lines = [(_words(one.target), one.code, one.words, count(one.asks)) for one in refusals.itertuples()]
    return Table(("Target", "Code", "Why", "Asks"), lines, prose=True)


def _expected(expected: pd.DataFrame) -> Table:
    lines = [
        (
            _words(str(target)),
            *(cell for name in ("responders", "auc", "brier") for cell in _beside(own, name)),
        )
        for target, own in expected.groupby("target", sort=False)
    ]
    named = ("Responders", "AUC", "Brier score")
    head = ("Target", *(f"{one}, {when}" for one in named for when in ("expected", "in training")))
    return Table(head, lines, "95 % intervals from resampling subjects.")


def _beside(own: pd.DataFrame, figure: str) -> Iterator[str]:
    one = own[own["figure"] == figure].iloc[0]
    yield estimate([one["expected"], one["low"], one["high"]], 3)
    yield estimate([_known(one[name]) for name in ("training", "training_low", "training_high")], 3)


def _calibration(calibration: pd.DataFrame) -> Table:
    lines = [_line(_words(one.target), one) for one in calibration.itertuples() if one.quarter == ALL]
    return Table(("Target", *_FIGURES), lines, "All quarters; 95 % intervals from resampling subjects.")


def _quarters(calibration: pd.DataFrame) -> Table:
    shown = (one for one in calibration.itertuples() if one.target == ALL and one.quarter != ALL)
    return Table(("Quarter of the index", *_FIGURES), [_line(one.quarter, one) for one in shown])


_FIGURES = ("Episodes", "Responded", "Predicted", "Observed over predicted", "Added to log-odds", "Slope")


def _line(name: str, one: Any) -> tuple[str, ...]:
    figures = (
        [_known(getattr(one, word + end)) for end in ("", "_low", "_high")]
        for word in ("ratio", "intercept", "slope")
    )
    shares = (count(one.episodes), percent(one.observed), percent(one.predicted))
    return (name, *shares, *(estimate(figure) for figure in figures))


def _wealth(wealth: pd.DataFrame) -> Table:
    lines = [
        (
            _words(one.target),
            count(one.episodes),
            amount(one.wealth),
            amount(one.most),
            count(one.needed),
            f"{one.says}, since {one.since}" if one.alarm else "",
        )
        for one in wealth.itertuples()
    ]
    return Table(("Against", "Outcomes", "Owned now", "At most", "An alarm from", ""), lines)


def _words(name: str) -> str:
    return "all targets" if name == ALL else name.replace("_", " ")


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else number(float(value), 3)


def _known(value: float) -> float | None:
    """None where it is no number, for the wording."""
    return None if value != value else float(value)
