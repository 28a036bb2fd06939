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
    RED,
    SKY,
    WIDTH,
    bare,
    legend,
    sheet,
)
from painresponse.report.record import at
from painresponse.report.verdicts import DAYS_A_MONTH
from painresponse.report.wording import MODELS

MOST_DEPENDENCES = 6
EFFECT = "change of log-odds"
_LINE, _LONGEST_NAME = 0.15, 36
_TOP = 1.02
_PREDICTED = "predicted probability of response"
_OTHERS = ((ORANGE, "--"), (GREEN, "-."), (SKY, "-"), (RED, "--"))
"""Of comparators; everybody's line is pink."""

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
    draw_calibration(curve, section)
    if people is not None:
        curve.set_xlabel("")
        _people(people, counts).set_xlabel(_PREDICTED)
    return figure


def draw_calibration(axes: Axes, section: Section) -> Axes:
    """The curve alone: asdict of evaluation.curves.CalibrationCurve."""
    bare(axes).plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":", label="perfect")
    predicted = section["predicted"]
    _band(axes, predicted, section.get("low"), section.get("high"), BLUE)
    axes.plot(predicted, section["observed"], color=BLUE, linewidth=1.8, label="observed, 95 % band")
    _tenths(axes, section.get("tenths") or ())
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel=_PREDICTED, ylabel="share who responded")
    legend(axes, where="upper left")
    return axes


def roc(section: Section) -> Figure | None:
    """Responders found for the others mistaken for them, a line for each model."""
    if not section.get("found"):
        return None
    figure, axes = sheet(4.6)
    draw_roc(axes, section)
    return figure


def draw_roc(axes: Axes, section: Section) -> Axes:
    """All lines of asdict of evaluation.curves.RocCurves; that of the prevalence says nothing."""
    bare(axes).plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":")
    told = {who: line for who, line in section["found"].items() if who != "prevalence"}
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
    return axes


def decisions(section: Sequence[Section]) -> Figure | None:
    """Net benefit by threshold of the model, with its interval, of its twin, and of treating all or none."""
    if not section:
        return None
    figure, axes = sheet(4.0)
    twin = [{**one, "comparators": {"twin": at(one, "comparators", "twin")}} for one in section]
    draw_decisions(axes, twin)
    return figure


def draw_decisions(axes: Axes, section: Sequence[Section]) -> Axes:
    """A line for the model and for every comparator there is: asdict of evaluation.decisions.Decision."""
    bare(axes)
    thresholds = [one["threshold"] for one in section]
    model = [one["net_benefit"] for one in section]
    _band(axes, thresholds, [one[1] for one in model], [one[2] for one in model], BLUE)
    axes.plot(thresholds, [one[0] for one in model], color=BLUE, linewidth=1.8, label=MODELS["model"])
    for who, (colour, dash) in zip(section[0].get("comparators") or {}, _OTHERS, strict=False):
        other = [at(one, "comparators", who) for one in section]
        if all(other):
            axes.plot(
                thresholds,
                [one[0] for one in other],
                color=colour,
                linestyle=dash,
                label=MODELS.get(who, who),
            )
    everybody = [one["treat_all"][0] for one in section]
    axes.plot(thresholds, everybody, color=PINK, linestyle=":", linewidth=1.8, label="everybody")
    axes.axhline(0, color=GREY, linewidth=1, label="nobody")
    top = max((one[2] or one[0] or 0 for one in model), default=0.1)
    axes.set(xlim=(0, 1), ylim=(-0.15 * top, 1.1 * top))
    axes.set(xlabel="threshold probability", ylabel="net benefit, responses a patient")
    legend(axes, where="upper right")
    return axes


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
        draw_dependence(axes, one).set_xlabel(name, fontsize="small")
        axes.tick_params(labelsize="small")
    for axes in grid[len(shown) :]:
        axes.set_visible(False)
    figure.supylabel(EFFECT, fontsize="medium")
    return figure


def draw_dependence(axes: Axes, line: Section) -> Axes:
    """The line of one predictor: asdict of training.explanation.Dependence."""
    bare(axes).axhline(0, color=GREY, linewidth=0.8, linestyle=":")
    axes.plot(line["x"], line["effect"], color=BLUE, linewidth=1.4, marker="o", markersize=2.5)
    return axes


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


def _people(axes: Axes, counts: Section) -> Axes:
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
    return axes
