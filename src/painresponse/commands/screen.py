"""What commands print: tables for people, JSON for machines, progress only on a terminal."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
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

PIPED_WIDTH = 120
out = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
err = Console(stderr=True, highlight=False)


NARROW = 30
"""Cells up to this long are never broken over lines."""


def say(text: str = "") -> None:
    """A line for people."""
    out.print(text, markup=False)


def heading(text: str) -> None:
    """A heading for people."""
    out.print(f"\n{text}", style="bold", markup=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """A table; numbers to the right."""
    rows = [list(row) for row in rows]
    drawn = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(columns):
        numeric = all(isinstance(row[place], int | float) or row[place] in ("", "–") for row in rows)
        longest = max((len(_shown(row[place])) for row in rows), default=0)
        justify = "right" if numeric and rows else "left"
        drawn.add_column(name, justify=justify, overflow="fold", no_wrap=longest <= NARROW)
    for row in rows:
        drawn.add_row(*map(_shown, row))
    out.print(drawn, markup=False)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return "–" if value != value else f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def machine(value: Any) -> None:
    """JSON on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


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
    with Progress(*columns, console=err, transient=True, disable=quiet or not err.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done=1, of=total: bar.update(task, advance=done, total=of)


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
