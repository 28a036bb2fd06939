"""Figures of a fitted response model, as matplotlib figures; nothing is shown or saved here.

Colours are those of Okabe and Ito, told apart by colour-blind readers, and every line also has its own dash.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score, roc_curve

from painresponse.evaluation.bootstrap import subject_weights
from painresponse.evaluation.logistic import logistic_lines
from painresponse.report import forests, lines
from painresponse.report.record import groups

Numbers = NDArray[np.float64]

_BLUE, _ORANGE, _GREEN, _PINK, _GREY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#666666"
_LINES = ((_BLUE, "-"), (_ORANGE, "--"), (_PINK, ":"), (_GREEN, "-."))
_GROUPS = 10
_RESAMPLES = 200
_Z95 = 1.959964


def all_figures(
    fitted: Any,
    *,
    title: str,
    words: Mapping[str, str] | None = None,
    oracle: Numbers | None = None,
) -> dict[str, Figure]:
    """Every figure of a response model by name; ``oracle`` are simulated patients' true ones."""
    table = fitted.out_of_fold
    scores = {
        "response model": table.probability,
        "logistic regression twin": table.twin,
        "baseline pain alone": table.baseline,
    }
    if oracle is not None:
        scores["the simulation's own truth"] = oracle
    return {
        "calibration": calibration_figure(table.y, table.probability, subject=table.subject, title=title),
        "roc": roc_figure(table.y, scores, title=title),
        "importance": importance_figure(fitted.importance, title=title, words=words),
    }


def figures_of(account: Mapping[str, Any]) -> dict[str, Figure]:
    """Every figure there is something to draw for in a target's account, by section."""
    curve = account.get("calibration") or {}
    learnt = account.get("importance") or {}
    drawn = {
        "calibration": lines.calibration(curve),
        "roc": lines.roc(curve.get("roc") or {}),
        "decisions": lines.decisions(account.get("decisions") or ()),
        "subgroups": forests.subgroups(groups(account)),
        "sites": forests.sites(account.get("sites") or {}),
        "durability": lines.durability(account.get("durability") or {}),
        "blocks": forests.blocks(account.get("blocks") or ()),
        "importance": forests.importance(learnt.get("features") or ()),
        "dependence": lines.dependence(learnt.get("dependence") or ()),
    }
    return {name: figure for name, figure in drawn.items() if figure}


def calibration_figure(y: Numbers, probability: Numbers, *, subject: NDArray[np.int64], title: str) -> Figure:
    """Share who responded against predicted probability, with 95 % intervals; below, who got which."""
    figure = Figure(figsize=(5.2, 6.0), layout="constrained")
    curve, people = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    curve.plot([0, 1], [0, 1], color=_GREY, linewidth=1, linestyle=":", label="perfect")
    _calibration_band(curve, y, probability, subject)
    _calibration_points(curve, y, probability)
    curve.set(xlim=(0, 1), ylim=(0, 1), ylabel="share who responded", title=_wrapped(title))
    curve.legend(loc="upper left", frameon=False, fontsize="small")
    _people(people, y, probability)
    return figure


def roc_figure(y: Numbers, scores: Mapping[str, Numbers], *, title: str) -> Figure:
    """How many responders are found for how many false alarms; one line for each score, at most four."""
    figure = Figure(figsize=(5.2, 5.4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=_GREY, linewidth=1, linestyle=":")
    for (label, score), (colour, dash) in zip(scores.items(), _LINES, strict=False):
        false_alarms, found, _ = roc_curve(y, score)
        label = f"{label}: AUC {roc_auc_score(y, score):.2f}"
        axes.plot(false_alarms, found, color=colour, linestyle=dash, linewidth=1.8, label=label)
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", title=_wrapped(title))
    axes.set(xlabel="non-responders mistaken for responders", ylabel="responders found")
    axes.legend(loc="lower right", frameon=False, fontsize="small")
    _bare(axes)
    return figure


def importance_figure(
    importance: Mapping[str, float], *, title: str, words: Mapping[str, str] | None = None, top: int = 15
) -> Figure:
    """The features that the trees gained most from, as shares of the whole gain. Not causes."""
    whole = sum(importance.values()) or 1.0
    shown = sorted(importance.items(), key=lambda item: item[1])[-top:]
    figure = Figure(figsize=(6.4, 1.3 + 0.26 * max(len(shown), 3)), layout="constrained")
    axes = figure.subplots()
    names = [(words or {}).get(name, name.replace("_", " ")) for name, _ in shown]
    bars = axes.barh(names, [100 * gain / whole for _, gain in shown], color=_BLUE, height=0.7)
    axes.bar_label(bars, fmt="%.0f %%", padding=3, fontsize="small", color=_GREY)
    axes.margins(x=0.12)
    axes.set(xlabel="share of what the model learnt (gain, %)", title=_wrapped(title))
    axes.tick_params(axis="y", length=0)
    _bare(axes)
    return figure


def _calibration_band(axes: Axes, y: Numbers, probability: Numbers, subject: NDArray[np.int64]) -> None:
    """The logistic calibration line and where it lies for 95 % of resampled subjects."""
    odds = logit(np.clip(probability, 1e-6, 1 - 1e-6))
    intercept, slope = logistic_lines(odds, y, subject_weights(subject, _RESAMPLES, seed=0))
    grid = np.linspace(*np.quantile(odds, [0.01, 0.99]), 60)
    lines = expit(intercept[:, None] + slope[:, None] * grid)
    low, high = np.quantile(lines[1:], [0.025, 0.975], axis=0)
    axes.fill_between(expit(grid), low, high, color=_BLUE, alpha=0.15, linewidth=0)
    axes.plot(expit(grid), lines[0], color=_BLUE, linewidth=1.8, label="fitted line, 95 % band")


def _calibration_points(axes: Axes, y: Numbers, probability: Numbers) -> None:
    """Groups of patients of like probability, with Wilson's intervals."""
    groups = [part for part in np.array_split(np.argsort(probability, kind="stable"), _GROUPS) if len(part)]
    predicted = np.array([probability[part].mean() for part in groups])
    observed = np.array([y[part].mean() for part in groups])
    low, high = _wilson(observed, np.array([len(part) for part in groups]))
    axes.errorbar(
        predicted,
        observed,
        yerr=(observed - low, high - observed),
        fmt="o",
        markersize=5,
        color=_ORANGE,
        ecolor=_ORANGE,
        elinewidth=1,
        label="tenths of the patients, 95 % interval",
    )
    _bare(axes)


def _wilson(share: Numbers, n: NDArray[np.int64]) -> tuple[Numbers, Numbers]:
    scale = 1 + _Z95**2 / n
    middle = (share + _Z95**2 / (2 * n)) / scale
    reach = _Z95 * np.sqrt(share * (1 - share) / n + _Z95**2 / (4 * n**2)) / scale
    return np.minimum(middle - reach, share), np.maximum(middle + reach, share)


def _people(axes: Axes, y: Numbers, probability: Numbers) -> None:
    """Responders upwards, the others downwards."""
    edges = np.linspace(0, 1, 41)
    for kind, sign, colour, label in ((1, 1, _BLUE, "responded"), (0, -1, _ORANGE, "did not respond")):
        counts = np.histogram(probability[y == kind], edges)[0]
        axes.bar(edges[:-1], sign * counts, 1 / 40, align="edge", color=colour, label=label)
    axes.axhline(0, color="black", linewidth=0.6)
    axes.set(xlabel="predicted probability of response", ylabel="patients")
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):.0f}")
    axes.legend(loc="best", frameon=False, fontsize="small")
    _bare(axes)


def _bare(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)


def _wrapped(title: str) -> str:
    """A target's label reads ``intervention (stage): outcome, horizon``; its outcome takes a second line."""
    return title.replace(": ", ":\n", 1)
