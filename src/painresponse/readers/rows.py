"""Rows of one kind of table: whom each is about, and when; what cannot be placed is counted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from painresponse.readers.account import Losses
from painresponse.readers.cells import Times, instants, is_missing
from painresponse.readers.layout import Layout, TableLayout
from painresponse.readers.sheets import read_sheet

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Rows:
    """Rows of one length n: cells as text, the subject's number, the time (NaT where a table has none)."""

    cells: pd.DataFrame
    subject: NDArray[np.int64]
    times: Times

    def __len__(self) -> int:
        return len(self.subject)

    def taken(self, keep: Mask) -> "Rows":
        """Some of them."""
        return Rows(self.cells[keep].reset_index(drop=True), self.subject[keep], self.times.taken(keep))


@dataclass(frozen=True)
class Reading:
    """The rows of a table that can be placed, how many there were, what was lost, and what was doubtful."""

    rows: Rows
    given: int
    losses: Losses
    warnings: Losses


def read_rows(
    paths: Sequence[Path], table: TableLayout, *, layout: Layout, numbers: dict[str, int]
) -> Reading:
    """Read every file of a table. ``numbers`` gives each subject its number, and grows by the new ones."""
    sheets = [read_sheet(path, table, layout) for path in paths]
    repeated = np.concatenate([sheet.cells.duplicated().to_numpy() for sheet in sheets])
    columns = sorted({name.strip() for name in table.columns()})
    cells = pd.concat([sheet.cells[columns] for sheet in sheets], ignore_index=True)
    times = _times(cells, table, layout)
    whom = cells[table.subject.strip()]
    fates = _fates(cells, table, layout=layout, times=times, repeated=repeated)
    broken = sum(sheet.wrong_width for sheet in sheets)
    keep = fates == ""
    losses = Counter(
        {(reason, table.files): int((fates == reason).sum()) for reason in np.unique(fates[~keep])}
    )
    losses["wrong_width", table.files] += broken
    rows = Rows(cells, _numbered(whom, numbers), times).taken(keep)
    warnings = Counter(
        {
            ("ambiguous_time", table.time): int(rows.times.ambiguous.sum()),
            ("line_break", table.files): sum(sheet.line_breaks for sheet in sheets),
        }
    )
    return Reading(rows, len(cells) + broken, losses, warnings)


def _times(cells: pd.DataFrame, table: TableLayout, layout: Layout) -> Times:
    if not table.time:
        return Times.never(len(cells))
    dates = {word.strip(): date for word, date in table.visits.items()}
    return instants(cells[table.time.strip()].replace(dates), layout)


def _fates(
    cells: pd.DataFrame, table: TableLayout, *, layout: Layout, times: Times, repeated: Mask
) -> NDArray[np.str_]:
    """Why each row cannot be used; empty where it can."""
    nobody = is_missing(cells[table.subject.strip()], layout)
    if not table.time:
        return np.select([repeated, nobody], ["duplicate_row", "no_subject"], "")
    undated = is_missing(cells[table.time.strip()], layout)
    outside = (times.at < np.datetime64(layout.first_day)) | (
        times.at >= np.datetime64(layout.last_day) + np.timedelta64(1, "D")
    )
    return np.select(
        [repeated, nobody, undated, np.isnat(times.at), outside],
        ["duplicate_row", "no_subject", "no_time", "unreadable_time", "impossible_time"],
        "",
    )


def _numbered(whom: pd.Series, numbers: dict[str, int]) -> NDArray[np.int64]:
    """Numbers by first appearance: they tell nothing of the identifiers, and stay when rows are added."""
    for identifier in whom.unique():
        numbers.setdefault(identifier, len(numbers) + 1)
    return whom.map(numbers).to_numpy(np.int64)
