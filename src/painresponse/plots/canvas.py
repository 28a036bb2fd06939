"""Where a picture is drawn: on the axes given, or on new ones that a notebook shows by itself."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib import pyplot
from matplotlib.axes import Axes
from numpy.typing import NDArray

from painresponse.clinic import Catalogue, load_catalogue
from painresponse.errors import DefinitionError
from painresponse.markup import SYNTHETIC
from painresponse.report.drawing import BLUE, GREEN, ORANGE, PINK, RED, SKY, bare
from painresponse.scoring.phrases import Phrase, phrases
from painresponse.scoring.wording import plain

WIDTH = 8.0
"""Inches of a new figure."""

LETTERS = 58
"""Of a feature's name on one line."""

_LINE = 0.13

STYLES = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "^"), (PINK, "D"), (RED, "v"), (SKY, "P"))
"""Colour and mark of each of several groups."""


def canvas(ax: Axes | None, height: float) -> Axes:
    """The axes given without the frame that says nothing, or new ones so many inches high."""
    if ax is None:
        ax = pyplot.figure(figsize=(WIDTH, height), layout="constrained").subplots()
    return bare(ax)


def tall(names: Sequence[str], *, row: float, beside: float) -> float:
    """Inches of a picture with a row for each name, the longest of them broken into lines."""
    lines = max((name.count("\n") for name in names), default=0)
    return beside + (row + _LINE * lines) * max(len(names), 2)


def names_down(axes: Axes, names: Sequence[str]) -> None:
    """A row for each name, the first on top."""
    axes.set_yticks(range(len(names)), names, fontsize="small")
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(names) - 0.4, -0.6)


def called(
    name: str, words: Mapping[str, Phrase], letters: int, *, unit: bool = False, note: str = ""
) -> str:
    """A feature in words, with its unit where values are shown; what has no phrase goes by its name."""
    said = words.get(name, Phrase(plain(name)))
    return fill(", ".join(filter(None, (said.words, said.unit if unit else "", note))), letters)


def words_of(catalogue: Catalogue | None) -> dict[str, Phrase]:
    """The phrases of a catalogue's features, else of the packaged one's."""
    known = catalogue or load_catalogue()
    return phrases(known.features, known.concepts)


def marked(axes: Axes, *, synthetic: bool) -> Axes:
    """With the mark that everything made of simulated patients bears."""
    if synthetic:
        axes.set_title(SYNTHETIC, loc="left", fontsize="small")
    return axes


def groups_of(by: Sequence[object] | None, rows: int) -> dict[str, NDArray[np.bool_]]:
    """Which rows belong to each label, the labels sorted; a row without one belongs to none.

    Raises DefinitionError for another number of rows, or more labels than can be told apart.
    """
    if by is None:
        return {"": np.ones(rows, bool)}
    given = list(by)
    labels = np.array(["" if one else str(label) for one, label in zip(pd.isna(given), given, strict=True)])
    if len(labels) != rows:
        raise DefinitionError(f"by must hold a label for each of the {rows} rows; it has {len(labels)}.")
    known = sorted(set(labels) - {""})
    if not 0 < len(known) <= len(STYLES):
        raise DefinitionError(
            f"by has {len(known)} different labels; 1 to {len(STYLES)} can be told apart. Join or fill some."
        )
    return {label: labels == label for label in known}
