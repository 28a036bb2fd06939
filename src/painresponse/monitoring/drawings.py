"""The figures of the page: what moved, by how much that moved predictions, what came of them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from painresponse.monitoring.effects import TOTAL
from painresponse.monitoring.findings import Monitoring
from painresponse.monitoring.outcomes import ALL
from painresponse.report.drawing import BLUE, GREY, LINES, RED, legend, sheet
from painresponse.report.forests import ROW, centres

MOST = 15
"""Rows a figure has room for."""

_SHORTEST = 1.1


def figures_of(found: Monitoring) -> dict[str, Figure]:
    """Every figure there is something to draw for, by name."""
    drawn = {
        "moved": moved(found.features, found.settings.least_index),
        "points": points(found.effects),
        "quarters": quarters(found.calibration),
        "course": course(found.course, found.wealth),
    }
    return {name: figure for name, figure in drawn.items() if figure}


def moved(features: pd.DataFrame, least: float) -> Figure | None:
    """The stability index of the features that moved, or most likely did, and what chance makes of it."""
    shown = features.head(MOST).iloc[::-1]
    if shown.empty:
        return None
    figure, axes = sheet(_SHORTEST + ROW * len(shown))
    place = np.arange(len(shown))
    for marked, colour, words in ((True, RED, "moved"), (False, BLUE, "by chance, or too little")):
        own = (shown["moved"] == marked).to_numpy()
        axes.plot(shown["psi"][own], place[own], "o", color=colour, label=words if own.any() else None)
    axes.plot(shown["chance"], place, "|", color=GREY, markersize=9, label="mean by chance")
    axes.axvline(least, color=GREY, linewidth=1, linestyle=":")
    axes.set_xlim(left=0)
    axes.set_yticks(
        place, [_named(one.feature, one.compared) for one in shown.itertuples()], fontsize="small"
    )
    axes.set_xlabel("population stability index")
    legend(axes)
    return figure


def points(effects: pd.DataFrame) -> Figure | None:
    """By how many percentage points each target's mean prediction moved, with 95 % intervals."""
    totals = effects[effects["feature"] == TOTAL]
    rows = [(_words(one.target), [one.points, one.low, one.high]) for one in totals.itertuples()]
    return centres(rows, {}, words="mean prediction moved, percentage points", mark=0)


def quarters(calibration: pd.DataFrame) -> Figure | None:
    """Observed over predicted responders of all targets, by quarter of the index, with 95 % intervals."""
    own = calibration[(calibration["target"] == ALL) & calibration["ratio"].notna()]
    shown = own[own["quarter"] != ALL]
    if shown.empty:
        return None
    figure, axes = sheet(2.6)
    place = np.arange(len(shown))
    reach = [shown["ratio"] - shown["ratio_low"], shown["ratio_high"] - shown["ratio"]]
    axes.errorbar(place, shown["ratio"], yerr=reach, fmt="o", markersize=4, color=BLUE, elinewidth=1)
    axes.axhline(1, color=GREY, linewidth=1, linestyle=":")
    step = -(-len(shown) // 8)
    axes.set_xticks(place[::step], shown["quarter"].iloc[::step], rotation=30, ha="right", fontsize="small")
    axes.set_ylabel("observed over predicted")
    return figure


def course(course: pd.DataFrame, wealth: pd.DataFrame) -> Figure | None:
    """What is owned by day against all targets and, after that, against those it is most against."""
    names = _foremost(wealth)
    if course.empty or not names:
        return None
    figure, axes = sheet(2.8)
    for name, (colour, style) in zip(names, LINES, strict=False):
        own = course[course["target"] == name]
        days = own["day"].to_numpy().astype("datetime64[D]")
        axes.step(days, own["wealth"], where="post", color=colour, linestyle=style, label=_words(name))
    needed = dict(zip(wealth["target"], wealth["needed"], strict=True))
    axes.axhline(needed[names[0]], color=RED, linewidth=1, linestyle=":")
    axes.set_yscale("log")
    axes.set_ylabel("owned, times the stake")
    axes.tick_params(axis="x", rotation=30)
    legend(axes)
    return figure


def _foremost(wealth: pd.DataFrame) -> Sequence[str]:
    """All targets together first; of the others those with outcomes and the most against them."""
    there = wealth[wealth["episodes"] > 0]
    rest = there[there["target"] != ALL].sort_values("most", ascending=False, kind="stable")
    return [*there.loc[there["target"] == ALL, "target"], *rest["target"].head(len(LINES) - 1)]


def _named(feature: str, compared: str) -> str:
    return _words(feature) if compared == "values" else f"{_words(feature)} ({compared})"


def _words(name: str) -> str:
    return "all targets" if name == ALL else name.replace("_", " ")
