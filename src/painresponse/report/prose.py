"""Text of a fixed width: paragraphs, points, and tables whose long cells go over several lines."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from painresponse.report.table import Table

WIDTH = 80
"""Columns of the narrowest terminal people use."""

_INDENT, _GAP = "  ", "  "
_NARROWEST = 12


@dataclass(frozen=True)
class Section:
    """A title and the finished lines under it."""

    title: str
    lines: Sequence[str]


def section(title: str, lines: Iterable[str]) -> Section:
    """With no more than one empty line in a row, and none at its ends."""
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return Section(title, kept[:-1] if kept and not kept[-1] else kept)


@dataclass(frozen=True)
class _Column:
    width: int
    right: bool

    def placed(self, cell: str) -> str:
        return cell.rjust(self.width) if self.right else cell.ljust(self.width)


def paragraph(text: str, *, deep: int = 1) -> list[str]:
    """A text over as many lines as it needs, so ``deep`` under the title; none where it is empty."""
    return _wrapped(text, deep * _INDENT, deep * _INDENT)


def point(text: str) -> list[str]:
    """A text with a dash before it."""
    return _wrapped(text, f"{_INDENT}- ", f"{_INDENT}  ")


def points(texts: Sequence[str]) -> list[str]:
    """A point for each."""
    return [line for text in texts for line in point(text)]


def columns(table: Table) -> list[str]:
    """A table, numbers to the right; too wide, its first column gives way, the last if it is ``prose``."""
    if not table.lines:
        return []
    shape = _shape(table)
    head = _over_lines(table.head, shape, low=True) if any(table.head) else ()
    return [*head, *(line for cells in table.lines for line in _over_lines(cells, shape))]


def _wrapped(text: str, first: str, others: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)


def _shape(table: Table) -> list[_Column]:
    cells = list(zip(*table.lines, strict=True))
    widths = [
        max(len(text) for text in (*told, *head.split(), ""))
        for head, told in zip(table.head, cells, strict=True)
    ]
    elastic = len(widths) - 1 if table.prose else 0
    others = sum(widths) - widths[elastic] + len(_GAP) * (len(widths) - 1) + len(_INDENT)
    widths[elastic] = min(widths[elastic], max(WIDTH - others, _NARROWEST))
    return [_Column(width, _are_numbers(told)) for width, told in zip(widths, cells, strict=True)]


def _are_numbers(cells: Sequence[str]) -> bool:
    return all(not cell or cell[0].isdigit() or cell[0] in "–−" for cell in cells)


def _over_lines(cells: Sequence[str], shape: Sequence[_Column], *, low: bool = False) -> Iterator[str]:
    """The cells of a row side by side, each within its width; ``low``: they end on the same line."""
    parts = [
        textwrap.wrap(cell, one.width, break_on_hyphens=False) for cell, one in zip(cells, shape, strict=True)
    ]
    height = max(map(len, parts))
    if low:
        parts = [[""] * (height - len(one)) + one for one in parts]
    for line in zip_longest(*parts, fillvalue=""):
        placed = (one.placed(cell) for one, cell in zip(shape, line, strict=True))
        yield (_INDENT + _GAP.join(placed)).rstrip()
