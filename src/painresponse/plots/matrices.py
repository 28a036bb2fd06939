"""What is in a feature matrix: how much is unknown, and how values are spread."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot
from matplotlib.axes import Axes
from numpy.typing import NDArray

from painresponse.clinic import Catalogue
from painresponse.errors import DefinitionError, unknown
from painresponse.plots.canvas import (
    LETTERS,
    STYLES,
    WIDTH,
    called,
    canvas,
    groups_of,
    names_down,
    tall,
    words_of,
)
from painresponse.report.drawing import BLUE, GREY, bare, legend
from painresponse.report.wording import plural
from painresponse.schema import PREDICTION, SUBJECT

_ROW, _APART, _BINS, _FEW = 0.26, 0.22, 20, 12


def missingness(
    matrix: pd.DataFrame,
    by: Any = None,
    *,
    catalogue: Catalogue | None = None,
    ax: Axes | None = None,
    most: int = 30,
) -> Axes:
    """In which share of the rows each feature is unknown: so many of those unknown most often, by group.

    ``matrix`` is what `features` gives, ``by`` a label for each row (a centre, a sex), 1 to 6 different ones.
    Features known of nobody are only counted, those known of everybody left out. Words are those of the
    ``catalogue``, else of the packaged one. Raises DefinitionError for labels that do not fit.

    >>> import pandas as pd, painresponse as pr
    >>> matrix = pd.DataFrame({"pain_last": [7.0, 4.0, None, 6.0], "peg_last": [None] * 4})
    >>> axes = pr.plots.missingness(matrix, by=["north", "north", "south", "south"])
    >>> axes.get_title(loc="right")
    'known of nobody: 1 feature'
    """
    columns, groups, words = _features(matrix), groups_of(by, len(matrix)), words_of(catalogue)
    overall = columns.isna().mean()
    some = overall[(overall > 0) & (overall < 1)]
    shown = some.sort_values(ascending=False, kind="stable").index[:most]
    names = [called(one, words, LETTERS) for one in shown]
    axes = canvas(ax, tall(names, row=_ROW, beside=1.1))
    beside = np.linspace(-_APART, _APART, len(groups)) if len(groups) > 1 else [0.0]
    for (label, rows), (colour, mark), off in zip(groups.items(), STYLES, beside, strict=False):
        share = 100 * columns.loc[rows, shown].isna().mean()
        axes.plot(share, np.arange(len(shown)) + off, mark, color=colour, markersize=4, label=label or None)
    names_down(axes, names)
    axes.set(xlim=(-2, 102), xlabel="unknown, % of rows")
    axes.set_title(
        f"known of nobody: {plural(int((overall == 1).sum()), 'feature')}", loc="right", fontsize="small"
    )
    axes.grid(axis="x", color=GREY, alpha=0.2, linewidth=0.6)
    legend(axes, where="lower left")
    return axes


def distributions(
    matrix: pd.DataFrame,
    names: str | Sequence[str],
    by: Any = None,
    *,
    catalogue: Catalogue | None = None,
    ax: Any = None,
) -> NDArray[np.object_]:
    """How the known values of features are spread, as shares of each group's known rows: axes, one a name.

    ``ax``, where given, are as many axes. Words and units are those of the ``catalogue``, else the packaged
    one. Raises DefinitionError for a feature the matrix does not have.

    >>> import pandas as pd, painresponse as pr
    >>> axes = pr.plots.distributions(pd.DataFrame({"age": [41.0, 52.5, 52.8, None]}), "age")
    >>> axes[0].get_xlabel(), axes[0].get_title(loc="right")
    ('age, years', 'unknown: 25 %')
    """
    names = [names] if isinstance(names, str) else list(names)
    columns, groups = _features(matrix), groups_of(by, len(matrix))
    for name in names:
        if name not in columns:
            raise DefinitionError(unknown("feature", name, columns.columns))
    words = words_of(catalogue)
    places = _places(ax, len(names))
    for axes, name in zip(places, names, strict=True):
        values = columns[name].to_numpy(np.float64)
        _spread(bare(axes), {label: _finite(values[rows]) for label, rows in groups.items()})
        axes.set_title(f"unknown: {100 * np.isnan(values).mean():.0f} %", loc="right", fontsize="small")
        axes.set_xlabel(called(name, words, LETTERS, unit=True), fontsize="small")
        axes.set_ylabel("% of known rows", fontsize="small")
        legend(axes)
    return places


def _features(matrix: pd.DataFrame) -> pd.DataFrame:
    return matrix.drop(columns=[one for one in (SUBJECT, PREDICTION) if one in matrix.columns])


def _places(ax: Any, count: int) -> NDArray[np.object_]:
    if ax is None:
        wide = min(count, 2)
        high = -(-count // wide)
        figure = pyplot.figure(figsize=(WIDTH, 2.7 * high), layout="constrained")
        places = figure.subplots(high, wide, squeeze=False).ravel()
        for spare in places[count:]:
            spare.set_visible(False)
        return places[:count]
    places = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if len(places) != count:
        raise DefinitionError(f"ax must hold as many axes as there are names: {count}, not {len(places)}.")
    return places


def _spread(axes: Axes, groups: dict[str, NDArray[np.float64]]) -> None:
    """Bars where there is one group, outlines where there are several; few values stand apart."""
    everything = np.concatenate(list(groups.values()))
    if not len(everything):
        axes.text(0.5, 0.5, "never known", transform=axes.transAxes, ha="center")
        return
    edges = _edges(everything)
    for (label, values), (colour, _), dash in zip(groups.items(), STYLES, _DASHES, strict=False):
        heights = 100 * np.histogram(values, edges)[0] / max(len(values), 1)
        if len(groups) == 1:
            axes.stairs(heights, edges, fill=True, color=BLUE, label=label or None)
        else:
            axes.stairs(heights, edges, color=colour, linestyle=dash, linewidth=1.6, label=label)
    axes.set_ylim(0, None)


_DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))


def _edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Whole numbers of which there are few keep a bar each."""
    different = np.unique(values)
    if len(different) <= _FEW and (different == np.round(different)).all() and np.ptp(different) <= _BINS:
        return np.arange(different[0], different[-1] + 2) - 0.5
    return np.histogram_bin_edges(values, _BINS)


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[np.isfinite(values)]
