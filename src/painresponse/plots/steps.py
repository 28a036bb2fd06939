"""How a cohort came about, step by step."""

from collections.abc import Mapping
from itertools import pairwise

from matplotlib.axes import Axes

from painresponse.plots.canvas import canvas, names_down
from painresponse.report.drawing import BLUE, GREY

_ROW = 0.3


def cohort_flow(flow: Mapping[str, int], *, ax: Axes | None = None) -> Axes:
    """How many episodes were left after each step, and how many each step took.

    ``flow`` is ``episodes(...).attrs["flow"]``: {step: episodes left}, in order.

    >>> import painresponse as pr
    >>> axes = pr.plots.cohort_flow({"begin events": 120, "adult": 118, "outcome known": 90, "responded": 41})
    >>> [one.get_text() for one in axes.texts]
    ['120', '118  (−2)', '90  (−28)', '41  (−49)']
    """
    axes = canvas(ax, 0.9 + _ROW * len(flow))
    left = list(flow.values())
    bars = axes.barh(range(len(flow)), left, color=BLUE, height=0.65)
    lost = [0, *(before - after for before, after in pairwise(left))]
    words = [f"{now:,}" + (f"  (−{gone:,})" if gone else "") for now, gone in zip(left, lost, strict=True)]
    axes.bar_label(bars, words, padding=4, fontsize="small")
    names_down(axes, list(flow))
    axes.margins(x=0.2)
    axes.set_xlabel("episodes left (taken by the step)")
    axes.spines["left"].set_color(GREY)
    return axes
