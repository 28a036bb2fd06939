"""What commands print: tables for people, JSON for machines, progress only on a terminal."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from shutil import get_terminal_size
from textwrap import fill
from typing import Any

from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from painresponse.language.lineage import Lineage

PIPED = os.terminal_size((120, 24))
"""Columns and lines of what goes to a file or another program, unless COLUMNS says otherwise."""

_size = get_terminal_size(PIPED)  # rich itself would give a dumb terminal, and a pipe beside one, 80 columns
out = Console(highlight=False, width=_size.columns, height=_size.lines)
err = Console(stderr=True, highlight=False)

NARROW = 30
"""Cells up to this long are never broken over lines."""

_GAP = 2


def say(text: str = "") -> None:
    """Lines for people, broken between words only (a long path can still be copied), and indented alike."""
    for line in text.splitlines() or [""]:
        deep = " " * (len(line) - len(line.lstrip(" -")))
        whole = fill(line, out.width, subsequent_indent=deep, break_long_words=False, break_on_hyphens=False)
        out.print(whole, markup=False, soft_wrap=True)


def heading(text: str) -> None:
    """A heading for people."""
    out.print(f"\n{text}", style="bold", markup=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table, numbers to the right; where not even its words fit, one line below the other instead."""
    given = [list(row) for row in rows]
    shown = [list(map(_shown, row)) for row in given]
    widths = _widths([list(one) for one in zip(columns, *shown, strict=True)], out.width)
    if widths is None:
        _below_one_another(columns, shown)
        return
    drawn = _grid()
    for place, (name, width) in enumerate(zip(columns, widths, strict=True)):
        numeric = all(isinstance(row[place], int | float) or row[place] in ("", "–") for row in given)
        side: JustifyMethod = "right" if numeric and given else "left"
        drawn.add_column(name, justify=side, overflow="fold", width=width)
    for row in shown:
        drawn.add_row(*row)
    out.print(drawn, markup=False)


def _grid(**more: Any) -> Table:
    return Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold", **more)


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """How wide each column is, its name the first of its cells; None if words would have to be broken."""
    least = [max(1, *(_least(cell) for cell in (*one[1:], *one[0].split()))) for one in columns]
    most = [max(1, *(cell_len(line) for cell in one for line in cell.splitlines())) for one in columns]
    spare = room - sum(least) - _GAP * (len(columns) - 1)
    if spare < 0:
        return None
    wanted = sum(most) - sum(least)
    share = min(1.0, spare / wanted) if wanted else 0.0
    return [low + int(share * (high - low)) for low, high in zip(least, most, strict=True)]


def _least(cell: str) -> int:
    """As narrow as a cell may become."""
    parts = cell.splitlines() if cell_len(cell) <= NARROW else cell.split()
    return max(map(cell_len, parts), default=1)


def _below_one_another(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for row in rows:
        drawn = _grid(show_header=False)
        drawn.add_column(style="bold", overflow="fold", max_width=out.width // 2)
        drawn.add_column(overflow="fold")
        for name, cell in zip(columns, row, strict=True):
            drawn.add_row(name, cell)
        out.print(drawn, markup=False)
        out.print()


def _shown(value: object) -> str:
    if isinstance(value, float):
        return "–" if value != value else f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def machine(value: Any) -> None:
    """JSON on standard output; what is no number there (NaN) is null."""
    sys.stdout.write(json.dumps(_countable(value), ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    sys.stdout.flush()  # here a closed pipe is still an error like any other


def _countable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _countable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_countable(one) for one in value]
    return None if isinstance(value, float) and not isfinite(value) else value


@contextmanager
def progress(what: str, total: int | None, *, quiet: bool = False) -> Iterator[Callable[..., None]]:
    """A progress bar on a terminal, with rate and remaining time; nothing when piped.

    Yields the function that moves it by one step, or by so many of so many.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=quiet or not _moving()) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done=1, of=total: bar.update(task, advance=done, total=of)


def _moving() -> bool:
    """Whether a bar can move where errors go: FORCE_COLOR makes colours of a pipe, but no terminal."""
    return sys.stderr.isatty() and not err.is_dumb_terminal


class _Rate(ProgressColumn):
    """Steps a second, once there were some."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


def lineage(found: Lineage, *, json: bool = False) -> None:
    """A feature's lineage: its sentence, the same in words, and its sources."""
    if json:
        machine(found.to_plain())
        return
    heading(found.name)
    say(found.sentence)
    say(f"\nIn words: {found.words}.")
    for name, words in found.sources.items():
        say(f"\n{name}: {words}")
    say(f"\n{found.seen}")
