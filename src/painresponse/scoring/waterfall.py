"""A prediction as a picture: from what a model says of nobody in particular, step by step, to its answer.

Every step is an arrow with its points in figures, so that nothing is said by colour alone; the colours are
two of Okabe and Ito's, which colour-blind readers tell apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from textwrap import fill
from typing import TYPE_CHECKING, Any

from painresponse.errors import WorkError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RAISES, LOWERS, INK, PALE = "#0072B2", "#D55E00", "#222222", "#767676"
WIDTH, ROW, MARGINS = 8.0, 0.56, 1.9
"""Inches: of a picture, of one of its steps, and above and below them."""

_LABEL, _LINE, _NOTE = 46, 62, 84
"""Letters of a label, of the title, and of the lines below, before they are broken."""

_THICK = 0.56
_BLANK = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
_HEAD = 0.018
_BESIDE = 0.018


@dataclass(frozen=True)
class Picture:
    """What a waterfall shows: ``steps`` (words, percentage points) that lead from ``base`` to the answer.

    Words may stand on several lines. ``base`` and the ends of the ``interval`` are percentages.
    """

    title: str
    base: float
    steps: Sequence[tuple[str, float]]
    interval: tuple[float, float]
    note: str = ""

    def ends(self) -> list[float]:
        """Where each step begins, and the answer."""
        return list(accumulate((points for _, points in self.steps), initial=self.base))


def axes_for(steps: Sequence[int], *, shown: bool = False) -> "list[Axes]":
    """Axes one below the other, in one figure, for pictures of so many steps each or refusals (0).

    ``shown``: in a figure that a notebook shows by itself. Raises WorkError where matplotlib is missing.
    """
    try:
        from matplotlib import figure, pyplot
    except ModuleNotFoundError:
        raise WorkError("Drawing needs matplotlib: pip install 'painresponse[train]' brings it.") from None
    heights = [MARGINS + ROW * (one + 2 if one else 0) for one in steps]
    new: Any = pyplot.figure if shown else figure.Figure
    sheet = new(figsize=(WIDTH, sum(heights)), layout="constrained")
    return list(sheet.subplots(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0])


def draw(picture: Picture, axes: "Axes") -> "Axes":
    """Draw a waterfall: the base above, the answer with its interval below."""
    ends = picture.ends()
    _scale(picture, ends, axes)
    for row, (start, stop) in enumerate(pairwise(ends), start=1):
        _step(axes, row, start, stop)
    for row, end in enumerate(ends):
        axes.plot([end, end], [row, row + 1], color=PALE, linewidth=0.9, linestyle=":", zorder=1)
    last = len(ends)
    axes.plot(picture.interval, [last, last], color=INK, linewidth=1.6, marker="|", markersize=11)
    axes.plot([ends[0], ends[-1]], [0, last], "o", color=INK, markersize=7, zorder=3)
    _say(axes, ends[0], 0, f"{ends[0]:.1f} %", right=True)
    axes.text(
        ends[-1], last - 0.22, f"{ends[-1]:.1f} %", ha="center", va="bottom", weight="bold", bbox=_BLANK
    )
    _words(picture, axes)
    return axes


def refuse(words: str, title: str, axes: "Axes") -> "Axes":
    """In the place of a picture, why there is none."""
    axes.set_axis_off()
    axes.set_title(_broken(title, _LINE), loc="left", fontsize="medium", weight="bold")
    axes.text(0, 0.95, _broken(words, _LINE), transform=axes.transAxes, va="top")
    return axes


def _scale(picture: Picture, ends: Sequence[float], axes: "Axes") -> None:
    """Room beside the outermost ends for the figures."""
    reach = (*ends, *picture.interval)
    low, high = min(reach), max(reach)
    room = 0.15 * max(high - low, 5.0)
    axes.set_xlim(low - room, high + room)
    axes.set_ylim(len(ends) + 0.6, -0.6)


def _step(axes: "Axes", row: int, start: float, stop: float) -> None:
    """An arrow as thick as a bar, its head no longer than itself."""
    left, right = axes.get_xlim()
    forth = 1 if stop >= start else -1
    neck = stop - forth * min(abs(stop - start), _HEAD * (right - left))
    top, bottom = row - _THICK / 2, row + _THICK / 2
    outline = [(start, top), (neck, top), (stop, row), (neck, bottom), (start, bottom)]
    across, down = zip(*outline, strict=True)
    axes.fill(across, down, color=RAISES if forth > 0 else LOWERS, linewidth=0, zorder=2)
    _say(axes, stop, row, _points(stop - start), right=forth > 0)


def _points(points: float) -> str:
    return f"{points:+.1f}".replace("-", "−") if abs(points) >= 0.05 else "0.0"


def _say(axes: "Axes", x: float, row: int, words: str, *, right: bool) -> None:
    left, end = axes.get_xlim()
    beside = _BESIDE * (end - left)
    x, side = (x + beside, "left") if right else (x - beside, "right")
    axes.text(x, row, words, ha=side, va="center", color=INK)


def _words(picture: Picture, axes: "Axes") -> None:
    low, high = picture.interval
    labels = [
        "before anything is known of the patient",
        *(words for words, _ in picture.steps),
        f"predicted response\nin 9 of 10 clinics {low:.0f} to {high:.0f} %",
    ]
    axes.set_yticks(range(len(labels)), [_broken(one, _LABEL) for one in labels], fontsize="small")
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_title(_broken(picture.title, _LINE), loc="left", fontsize="medium", weight="bold")
    said = "\n".join(filter(None, ("predicted response, %; arrows: percentage points", picture.note)))
    axes.set_xlabel(_broken(said, _NOTE), fontsize="small")


def _broken(words: str, letters: int) -> str:
    return "\n".join(fill(line, letters) for line in words.splitlines())
