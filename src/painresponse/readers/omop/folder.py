"""OMOP tables as a folder of CSV, tab-separated or Parquet files, named in any case."""

# ruff: noqa: S608 -- every identifier is declared here or quoted; no value is ever put into a statement

import csv
import gzip
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import duckdb
import pyarrow as pa

from painresponse.errors import DefinitionError, RecordError
from painresponse.readers.account import Losses, fingerprint
from painresponse.readers.omop.source import RAW, Wanted
from painresponse.readers.omop.tables import LOOKED_AT
from painresponse.readers.omop.workshop import Database, has_no_room, literal, make, quoted

SUFFIXES = (".parquet", ".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
MISSING = ("", "NA", "NULL", "\\N")
_DAMAGED = "cannot be read: it is damaged, cut short, or no file of its kind. Export it again."


@dataclass(frozen=True)
class File:
    """The files of one table, which have the same columns: ``headings`` in the order they stand."""

    paths: tuple[Path, ...]
    headings: tuple[str, ...]
    delimiter: str = ""
    quote: str = '"'

    @property
    def is_parquet(self) -> bool:
        """Whether it is no text."""
        return not self.delimiter


class Folder:
    """A folder of tables; a table may also be a folder of Parquet files."""

    def __init__(self, path: Path, *, encoding: str = "utf-8", room: Path):
        if not path.is_dir():
            raise RecordError(
                f"There is no folder {path}. Give a folder of OMOP tables, or an address that "
                "begins with postgresql://."
            )
        self.name, self._encoding, self._room = str(path), encoding, room
        self._files = {table: self._opened(paths) for table, paths in _found(path).items()}
        self.sources: dict[str, str] = {}

    def columns(self, table: str) -> tuple[str, ...]:
        """The columns of a table in lower case; none where it is missing."""
        return self._files[table].headings if table in self._files else ()

    def lay(
        self, db: Database, table: str, columns: Sequence[str], *, wanted: Wanted | None = None
    ) -> Losses:
        """Put these columns of a table into the workshop as RAW. Raises RecordError on damaged files."""
        file = self._files[table]
        chosen, reader = ", ".join(map(quoted, columns)), self._reader(file)
        try:
            make(
                db,
                f"CREATE OR REPLACE TABLE {RAW} AS SELECT {chosen} FROM {reader} WHERE {_any_of(db, wanted)}",
            )
            losses = Counter() if file.is_parquet else _rejected(db, table, file)
        except duckdb.Error as error:
            if has_no_room(error):
                raise
            raise RecordError(f"{_named(file.paths)} {_DAMAGED}") from None
        self.sources.update({path.name: fingerprint(path) for path in file.paths})
        return losses

    def _opened(self, paths: tuple[Path, ...]) -> File:
        if _suffix(paths[0]) == ".parquet":
            return File(paths, _schema(paths))
        return _described(paths, _first_line(paths[0], self._encoding))

    def _reader(self, file: File) -> str:
        if file.is_parquet:
            return _parquet(file.paths)
        columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in file.headings)
        empty = ", ".join(map(literal, MISSING))
        return (
            f"read_csv({literal(str(self._in_utf8(file.paths[0])))}, header = true, auto_detect = false, "
            f"columns = {{{columns}}}, delim = {literal(file.delimiter)}, quote = {literal(file.quote)}, "
            f"escape = {literal(file.quote)}, nullstr = [{empty}], store_rejects = true, rejects_limit = 0)"
        )

    def _in_utf8(self, path: Path) -> Path:
        if self._encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig"):
            return path
        copy = self._room / "text.csv"
        try:
            with _text(path, self._encoding) as file, copy.open("w", encoding="utf-8", newline="") as out:
                shutil.copyfileobj(file, out)
        except UnicodeError:
            raise RecordError(_encoded(path, self._encoding)) from None
        return copy


def _found(folder: Path) -> dict[str, tuple[Path, ...]]:
    """The files of every table looked at."""
    found: dict[str, tuple[Path, ...]] = {}
    for path in sorted(folder.iterdir()):
        table, suffix = path.name.lower().split(".")[0], _suffix(path)
        parts = tuple(sorted(path.glob("*.parquet"))) if path.is_dir() else (path,) if suffix else ()
        if table not in LOOKED_AT or not parts:
            continue
        if table in found:
            raise DefinitionError(
                f"{folder} holds the table {table} twice: {found[table][0].name} and {path.name}. Keep one."
            )
        found[table] = parts
    return found


def _suffix(path: Path) -> str:
    return next((one for one in SUFFIXES if path.name.lower().endswith(one)), "")


def _schema(paths: tuple[Path, ...]) -> tuple[str, ...]:
    try:
        described = duckdb.execute(f"DESCRIBE SELECT * FROM {_parquet(paths)}").fetchall()
    except duckdb.Error:
        raise RecordError(f"{_named(paths)} {_DAMAGED}") from None
    return _distinct([str(name) for name, *_ in described], paths[0])


def _parquet(paths: tuple[Path, ...]) -> str:
    return f"read_parquet([{', '.join(literal(str(path)) for path in paths)}], union_by_name = true)"


def _text(path: Path, encoding: str) -> IO[str]:
    coded = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding=coded, newline="")
    return path.open(encoding=coded, newline="")


def _first_line(path: Path, encoding: str) -> str:
    try:
        with _text(path, encoding) as file:
            return file.readline(2**20).rstrip("\r\n")
    except UnicodeError:
        raise RecordError(_encoded(path, encoding)) from None
    except (OSError, EOFError):
        raise RecordError(f"{path} {_DAMAGED}") from None


def _described(paths: tuple[Path, ...], line: str) -> File:
    """Vocabulary files are tab-separated without quotes: a concept's name may hold half a pair of them."""
    delimiter = "\t" if "\t" in line else ";" if line.count(";") > line.count(",") else ","
    quote = "" if delimiter == "\t" and '"' not in line else '"'
    headings = next(csv.reader([line], delimiter=delimiter), [])
    if not any(heading.strip() for heading in headings):
        raise RecordError(f"{paths[0]} is empty: not even the headings are there. Export it again.")
    return File(paths, _distinct(headings, paths[0]), delimiter, quote)


def _distinct(headings: Sequence[str], path: Path) -> tuple[str, ...]:
    """In lower case. Two columns may not have one name."""
    names = tuple(heading.strip().lower() for heading in headings)
    if len(set(names)) < len(names):
        raise RecordError(f"{path} has two columns of one name. Rename one of them.")
    return names


def _any_of(db: Database, wanted: Wanted | None) -> str:
    """The condition that a row has one of the values wanted; numbers in files may be text."""
    conditions = []
    for column, values in (wanted or {}).items():
        db.register(f"wanted_{column}", pa.table({"wanted": values.cast(pa.string())}))
        conditions.append(f"CAST({quoted(column)} AS VARCHAR) IN (SELECT wanted FROM wanted_{column})")
    return " OR ".join(conditions) or "true"


def _rejected(db: Database, table: str, file: File) -> Losses:
    ((kinds, lines),) = db.execute(
        "SELECT coalesce(list(DISTINCT error_type::VARCHAR), []), count(DISTINCT line) FROM reject_errors"
    ).fetchall()
    make(db, "DROP TABLE reject_errors; DROP TABLE reject_scans")
    if "INVALID ENCODING" in kinds:
        raise RecordError(_encoded(file.paths[0], "utf-8"))
    if "UNQUOTED VALUE" in kinds:
        raise RecordError(
            f"{file.paths[0]}: a quote is opened and never closed, or stands within a word. Within quotes a "
            "quote is written twice."
        )
    return Counter({("wrong_width", table): lines})


def _encoded(path: Path, encoding: str) -> str:
    return (
        f"{path} is not written in {encoding}. Say its encoding in the site configuration: "
        '[import.omop] encoding = "cp1252".'
    )


def _named(paths: tuple[Path, ...]) -> str:
    return str(paths[0] if len(paths) == 1 else paths[0].parent)
