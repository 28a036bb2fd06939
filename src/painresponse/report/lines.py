"""Figures that are lines: calibration, ROC, decision curve, durability, dependence. Drawn from an account."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from textwrap import fill
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from painresponse.report.drawing import (
    BLUE,
    GREEN,
    GREY,
    LINES,
    ORANGE,
    PINK,
    WIDTH,
    bare,
    legend,
    sheet,
)
from painresponse.report.record import at
from painresponse.report.verdicts import DAYS_A_MONTH
from painresponse.report.wording import MODELS

MOST_DEPENDENCES = 6
_LINE, _LONGEST_NAME = 0.15, 36
_TOP = 1.02

Section = Mapping[str, Any]


def calibration(section: Section) -> Figure | None:
    """Share who responded against predicted probability, with a 95 % band; below, who got which."""
    if not section.get("predicted"):
        return None
    counts = section.get("histogram")
    figure = Figure(figsize=(WIDTH, 5.6 if counts else 4.4), layout="constrained")
    curve, people = (
        figure.subplots(2, 1, sharex=True, height_ratios=(3.4, 1)) if counts else (figure.subplots(), None)
    )
    bare(curve).plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":", label="perfect")
    predicted = section["predicted"]
    _band(curve, predicted, section.get("low"), section.get("high"), BLUE)
    curve.plot(predicted, section["observed"], color=BLUE, linewidth=1.8, label="observed, 95 % band")
    _tenths(curve, section.get("tenths") or ())
    curve.set(xlim=(0, 1), ylim=(0, 1), ylabel="share who responded")
    legend(curve, where="upper left")
    if people is not None:
        _people(people, counts)
    (curve if people is None else people).set_xlabel("predicted probability of response")
    return figure


def roc(section: Section) -> Figure | None:
    """Responders found for the others mistaken for them, a line for each model."""
    found = section.get("found")
    if not found:
        return None
    figure, axes = sheet(4.6)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":")
    told = {who: line for who, line in found.items() if who != "prevalence"}
    for (who, line), (colour, dash) in zip(told.items(), LINES, strict=False):
        axes.plot(
            section["false_alarms"],
            line,
            color=colour,
            linestyle=dash,
            linewidth=1.8,
            label=MODELS.get(who, who),
        )
    axes.set(xlim=(0, 1), ylim=(0, _TOP), xlabel="non-responders flagged", ylabel="responders flagged")
    legend(axes, where="lower right")
    return figure


def decisions(section: Sequence[Section]) -> Figure | None:
    """Net benefit by threshold of the model, with its interval, of its twin, and of treating all or none."""
    if not section:
        return None
    figure, axes = sheet(4.0)
    thresholds = [one["threshold"] for one in section]
    model = [one["net_benefit"] for one in section]
    _band(axes, thresholds, [one[1] for one in model], [one[2] for one in model], BLUE)
    axes.plot(thresholds, [one[0] for one in model], color=BLUE, linewidth=1.8, label=MODELS["model"])
    twin = [at(one, "comparators", "twin") for one in section]
    if all(twin):
        axes.plot(thresholds, [one[0] for one in twin], color=ORANGE, linestyle="--", label=MODELS["twin"])
    everybody = [one["treat_all"][0] for one in section]
    axes.plot(thresholds, everybody, color=PINK, linestyle=":", linewidth=1.8, label="everybody")
    axes.axhline(0, color=GREY, linewidth=1, label="nobody")
    top = max((one[2] or one[0] or 0 for one in model), default=0.1)
    axes.set(xlim=(0, 1), ylim=(-0.15 * top, 1.1 * top))
    axes.set(xlabel="threshold probability", ylabel="net benefit, responses a patient")
    legend(axes, where="upper right")
    return figure


def durability(section: Section) -> Figure | None:
    """Share whose response still lasts, by months since the intervention, with its 95 % band."""
    curve = section.get("curve") or {}
    if not curve.get("days"):
        return None
    figure, axes = sheet(3.4)
    months = [days / DAYS_A_MONTH for days in curve["days"]]
    _band(axes, months, curve.get("low"), curve.get("high"), GREEN, step="post")
    axes.step(months, curve["share"], where="post", color=GREEN, linewidth=1.8)
    axes.set(
        xlim=(0, None), ylim=(0, _TOP), xlabel="months since the intervention", ylabel="still responding"
    )
    return figure


def dependence(lines: Sequence[Section]) -> Figure | None:
    """How the prediction goes with a predictor, in log-odds, for the few that matter most."""
    shown = [one for one in lines if one.get("x")][:MOST_DEPENDENCES]
    if not shown:
        return None
    names = [fill(one["name"].replace("_", " "), _LONGEST_NAME) for one in shown]
    rows = (len(shown) + 1) // 2
    row = 1.75 + _LINE * max(name.count("\n") for name in names)
    figure = Figure(figsize=(WIDTH, row * rows + 0.4), layout="constrained")
    grid = figure.subplots(rows, 2, sharey=True, squeeze=False).ravel()
    for axes, one, name in zip(grid, shown, names, strict=False):
        bare(axes).axhline(0, color=GREY, linewidth=0.8, linestyle=":")
        axes.plot(one["x"], one["effect"], color=BLUE, linewidth=1.4, marker="o", markersize=2.5)
        axes.set_xlabel(name, fontsize="small")
        axes.tick_params(labelsize="small")
    for axes in grid[len(shown) :]:
        axes.set_visible(False)
    figure.supylabel("change of log-odds", fontsize="medium")
    return figure


def _band(
    axes: Axes, x: Sequence[float], low: Any, high: Any, colour: str, *, step: Literal["post"] | None = None
) -> None:
    """Only where both ends are known."""
    known = [one for one in zip(x, low or (), high or (), strict=False) if None not in one]
    if known:
        axes.fill_between(*zip(*known, strict=True), step=step, color=colour, alpha=0.18, linewidth=0)


def _tenths(axes: Axes, tenths: Sequence[Section]) -> None:
    """Parts of the patients, of like predictions, with Wilson's intervals."""
    if not tenths:
        return
    observed = [one["observed"] for one in tenths]
    reach = (
        [one["observed"] - one["low"] for one in tenths],
        [one["high"] - one["observed"] for one in tenths],
    )
    axes.errorbar(
        [one["predicted"] for one in tenths],
        observed,
        yerr=reach,
        fmt="o",
        markersize=4,
        color=ORANGE,
        elinewidth=1,
        label="patients of like prediction",
    )


def _people(axes: Axes, counts: Section) -> None:
    """Responders upwards, the others downwards."""
    edges = counts["edges"]
    widths = [right - left for left, right in pairwise(edges)]
    for key, sign, colour, label in (
        ("responders", 1, BLUE, "responded"),
        ("others", -1, ORANGE, "did not"),
    ):
        heights = [sign * one for one in counts[key]]
        axes.bar(edges[:-1], heights, widths, align="edge", color=colour, label=label)
    axes.axhline(0, color="black", linewidth=0.6)
    axes.set_ylabel("episodes")
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}")
    axes.margins(y=0.15)
    legend(bare(axes))
