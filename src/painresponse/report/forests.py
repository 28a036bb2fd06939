"""Figures that are rows: subgroups, centres, feature blocks, importance, follow-up. Drawn from an account."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from painresponse.report.drawing import BLUE, GREY, RED, WIDTH, bare, sheet

ROW = 0.27
MOST_IMPORTANT = 15
_LINE = 0.13
_LONGEST_NAME, _LONGEST_LINE = 34, 40
_SLOPES_ALLOWED = (0.7, 1.3)

Section = Mapping[str, Any]


def subgroups(groups: Sequence[Section]) -> Figure | None:
    """AUC and calibration slope of each group with 95 % intervals; crosses in red block release."""
    shown = [one for one in groups if one.get("figures")]
    if not shown:
        return None
    figure = Figure(figsize=(WIDTH, 1.1 + ROW * len(shown)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    names = [f"{one['grouping']}: {one['label']}".replace("_", " ") for one in shown]
    blocks = [bool(one.get("blocks")) for one in shown]
    _forest(left, [one["figures"].get("auc") for one in shown], names=names, marked=blocks)
    _forest(right, [one["figures"].get("calibration_slope") for one in shown], names=names, marked=blocks)
    left.axvline(0.5, color=GREY, linewidth=1, linestyle=":")
    right.axvspan(*_SLOPES_ALLOWED, color=GREY, alpha=0.13, linewidth=0)
    right.axvline(1, color=GREY, linewidth=1, linestyle=":")
    left.set_xlabel("AUC")
    right.set_xlabel("calibration slope")
    return figure


def sites(section: Section) -> Figure | None:
    """AUC in each centre, then pooled, and where a new centre's would lie."""
    per_site = [one for one in section.get("sites") or () if one.get("auc")]
    rows = [(f"centre {one['site']} ({one['episodes']:,})", one["auc"]) for one in per_site]
    return centres(rows, section.get("auc") or {}, words="AUC", mark=0.5)


def centres(
    rows: Sequence[tuple[str, Any]], found: Section, *, words: str, mark: float | None
) -> Figure | None:
    """One measure in each centre by name, then pooled; ``mark`` is a value to compare with."""
    if not rows:
        return None
    shown = [*rows, *_pooled(found)]
    figure, axes = sheet(1.1 + ROW * len(shown))
    _forest(axes, [estimate for _, estimate in shown], names=[name for name, _ in shown])
    axes.axhline(len(rows) - 0.5, color=GREY, linewidth=0.8)
    if mark is not None:
        axes.axvline(mark, color=GREY, linewidth=1, linestyle=":")
    axes.set_xlabel(words)
    return figure


def _pooled(found: Section) -> list[tuple[str, list[float]]]:
    if found.get("value") is None:
        return []
    rows = [("pooled", [found["value"], found["low"], found["high"]])]
    if found.get("prediction_low") is not None:
        rows.append(("a new centre", [found["value"], found["prediction_low"], found["prediction_high"]]))
    return rows


def blocks(section: Sequence[Section]) -> Figure | None:
    """What is lost in AUC without a block of predictors; a line across 0 adds nothing beyond noise."""
    shown = [one for one in section if one.get("difference")]
    if not shown:
        return None
    figure, axes = sheet(1.1 + ROW * len(shown))
    names = [str(one["block"]).replace("_", " ") for one in shown]
    _forest(axes, [one["difference"] for one in shown], names=names)
    axes.axvline(0, color=GREY, linewidth=1, linestyle=":")
    axes.set_xlabel("gain in AUC with the block")
    return figure


def importance(features: Sequence[Section]) -> Figure | None:
    """What the model learnt most from, as shares, not causes."""
    shown = sorted(features, key=lambda one: one["share"] or 0)[-MOST_IMPORTANT:]
    if not shown:
        return None
    names = [fill(one["name"].replace("_", " "), _LONGEST_LINE) for one in shown]
    row = ROW + _LINE * max(name.count("\n") for name in names)
    figure, axes = sheet(0.9 + row * max(len(shown), 3))
    bars = axes.barh(range(len(shown)), [100 * (one["share"] or 0) for one in shown], color=BLUE, height=0.65)
    axes.bar_label(bars, fmt="%.0f %%", padding=3, fontsize="small")
    axes.set_yticks(range(len(shown)), names, fontsize="small")
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.14)
    figure.supxlabel("share of what moves the predictions, %", fontsize="medium")
    return figure


def _forest(
    axes: Axes, estimates: Sequence[Any], *, names: Sequence[str], marked: Sequence[bool] | None = None
) -> None:
    """A point with its interval for each row, from the top down."""
    for row, estimate in enumerate(estimates):
        if not estimate or estimate[0] is None:
            continue
        value, low, high = estimate
        red = bool(marked and marked[row])
        colour = RED if red else BLUE
        if low is not None and high is not None:
            axes.plot([low, high], [row, row], color=colour, linewidth=1.4)
        axes.plot(
            [value],
            [row],
            marker="x" if red else "o",
            markersize=8 if red else 5,
            markeredgewidth=2 if red else 1,
            color=colour,
        )
    axes.set_yticks(range(len(names)), [_cut(name) for name in names], fontsize="small")
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    bare(axes).grid(axis="x", color=GREY, alpha=0.2, linewidth=0.6)


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
