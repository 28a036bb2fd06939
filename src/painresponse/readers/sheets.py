"""CSV files as they stand: trimmed text under trimmed headings."""

import csv
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from painresponse.errors import DefinitionError, RecordError, unknown
from painresponse.readers.layout import Layout, TableLayout


@dataclass(frozen=True)
class Sheet:
    """The cells of a file, how many rows were of the wrong width, and how many cells hold a line break."""

    cells: pd.DataFrame
    wrong_width: int
    line_breaks: int


def read_sheet(path: Path, table: TableLayout, layout: Layout) -> Sheet:
    """Read a file. Raises RecordError when that cannot be, DefinitionError when a column named is missing."""
    try:
        headings, lines = _headings(path, layout)
        _find(table.columns(), headings, path)
        columns, broken = _parse(path, len(headings), lines=lines, layout=layout)
        breaks = sum(broken) + sum(pc.sum(pc.match_substring(one, "\n")).as_py() or 0 for one in columns)
        if breaks and _quotes(path, layout) % 2:
            raise RecordError(
                f"{path}: a quote is opened and never closed, and swallows the rows after it. Close it; "
                "within quotes a quote is written twice."
            )
    except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise RecordError(
            f"{path} cannot be read: {reason or 'it is not what it seems'}. Look at encoding "
            f"({layout.encoding}) and delimiter ({layout.delimiter!r}) in the site configuration."
        ) from None
    trimmed = pa.table(
        [pc.utf8_trim_whitespace(one) for one in columns], names=list(map(str, range(len(headings))))
    )
    return Sheet(trimmed.to_pandas().set_axis(headings, axis="columns"), len(broken), breaks)


def _headings(path: Path, layout: Layout) -> tuple[list[str], int]:
    """The headings, and how many lines they take."""
    with path.open(encoding=layout.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=layout.delimiter)
        return [name.strip() for name in next(reader, [])], reader.line_num


def _find(named: set[str], headings: list[str], path: Path) -> None:
    wanted = {name.strip() for name in named}
    if not wanted & set(headings):  # then the first line may be a patient: say nothing of it
        raise DefinitionError(
            f"No column the site configuration names is in the first line of {path}. Look at delimiter and "
            "encoding; the first line must hold the headings."
        )
    for name in sorted(wanted):
        if name not in headings:
            raise DefinitionError(f"{path}: {unknown('column', name, headings)}")
        if headings.count(name) > 1:
            raise DefinitionError(f"{path} has the column {name!r} more than once. Rename one of them.")


def _parse(path: Path, width: int, *, lines: int, layout: Layout) -> tuple[list[pa.ChunkedArray], list[bool]]:
    """The columns, and for each row of the wrong width whether it runs over a line break."""
    names = list(map(str, range(width)))
    broken: list[bool] = []

    def skip(row: pyarrow.csv.InvalidRow) -> str:
        broken.append("\n" in row.text)
        return "skip"

    read = pyarrow.csv.ReadOptions(column_names=names, skip_rows=lines, encoding=layout.encoding)
    parse = pyarrow.csv.ParseOptions(
        delimiter=layout.delimiter, newlines_in_values=True, invalid_row_handler=skip
    )
    convert = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
    )
    return pyarrow.csv.read_csv(path, read, parse, convert).columns, broken


def _quotes(path: Path, layout: Layout) -> int:
    with path.open(encoding=layout.encoding, newline="") as file:
        return sum(line.count('"') for line in file)
