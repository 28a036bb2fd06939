"""Cells of a clinic's tables as numbers and as instants."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from painresponse.readers.layout import Layout

Instants = NDArray[np.datetime64]


def is_missing(cells: pd.Series, layout: Layout) -> NDArray[np.bool_]:
    """Which cells say nothing."""
    return cells.isin(["", *(word.strip() for word in layout.missing)]).to_numpy(bool)


def numbers(cells: pd.Series, layout: Layout) -> NDArray[np.float64]:
    """Cells as numbers, NaN where they are none in the form declared (``<5`` is none, nor is ``1.234`` under
    a decimal comma without thousands)."""
    point, comma = re.escape(layout.decimal), re.escape(layout.thousands)
    whole = rf"(?:\d+|\d{{1,3}}(?:{comma}\d{{3}})+)" if comma else r"\d+"
    readable = cells.str.fullmatch(rf"[+-]?{whole}(?:{point}\d+)?").to_numpy(bool)
    plain = cells.str.replace(layout.thousands, "", regex=False) if comma else cells
    values = np.full(len(cells), np.nan)
    values[readable] = plain[readable].str.replace(layout.decimal, ".", regex=False).astype(float)
    return values


@dataclass(frozen=True)
class Times:
    """When rows say something happened: NaT where unreadable; which are whole days; which fit two forms."""

    at: Instants
    whole_day: NDArray[np.bool_]
    ambiguous: NDArray[np.bool_]

    @classmethod
    def never(cls, count: int) -> "Times":
        """No times at all."""
        nothing = np.zeros(count, bool)
        return cls(np.full(count, np.datetime64("NaT", "us")), nothing, nothing)

    def taken(self, keep: NDArray[np.bool_]) -> "Times":
        """Those of some rows."""
        return Times(self.at[keep], self.whole_day[keep], self.ambiguous[keep])

    def known(self) -> Instants:
        """When it was known at the latest: a day without a clock time is over at midnight."""
        return np.where(self.whole_day, self.at + np.timedelta64(1, "D"), self.at)


def instants(cells: pd.Series, layout: Layout) -> Times:
    """Cells as instants, by the first date form that fits."""
    at = np.full(len(cells), np.datetime64("NaT", "us"))
    whole_day, ambiguous = np.zeros(len(cells), bool), np.zeros(len(cells), bool)
    for form in layout.dates:
        parsed = pd.to_datetime(cells, format=form, errors="coerce").to_numpy().astype("datetime64[us]")
        fits, first = ~np.isnat(parsed), np.isnat(at)
        ambiguous |= fits & ~first & (parsed != at)
        whole_day |= fits & first & ("%H" not in form and "%I" not in form)
        at = np.where(first, parsed, at)
    return Times(at, whole_day, ambiguous)
