"""A DuckDB database beside the folder being written: what does not fit in memory lies there for the while."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from painresponse.errors import WorkError

Database = duckdb.DuckDBPyConnection
_NO_ROOM = re.compile(
    "no space left|could not write|cannot write|failed to write|failed to offload|out of memory|too large|"
    "max_temp_directory_size|could not fsync",
    re.IGNORECASE,
)


@contextmanager
def workshop(folder: Path, memory: str) -> Iterator[Database]:
    """An empty database in ``folder``, which it may fill; nothing of it is asked from the network.

    What fails in it is the machine's doing: a WorkError, never with a value in it.
    """
    settings = {
        "memory_limit": memory,
        "temp_directory": str(folder / "spill"),
        "preserve_insertion_order": "false",
        "autoinstall_known_extensions": "false",
        "TimeZone": "UTC",
    }
    try:
        with duckdb.connect(str(folder / "workshop.duckdb"), config=settings) as db:
            yield db
    except duckdb.Error as error:
        raise WorkError(failure(error)) from None


def make(db: Database, statement: str) -> None:
    """Do what a statement says, to its end: DuckDB takes no other work while a result is pending."""
    db.execute(statement).fetchall()


def hold(db: Database, name: str, table: pa.Table) -> None:
    """A small table from here into the workshop."""
    db.register("held", table)
    make(db, f"CREATE TABLE {name} AS FROM held")
    db.unregister("held")


def has_no_room(error: duckdb.Error) -> bool:
    """Whether disk or memory ran out."""
    return bool(_NO_ROOM.search(str(error)))


def failure(error: duckdb.Error) -> str:
    """What to do about a failure of the machine."""
    if has_no_room(error):
        return (
            "The import ran out of room on the disk or in memory. It needs about as much disk beside the "
            "folder to write as the tables take uncompressed. Nothing was changed."
        )
    kind = str(error).partition(":")[0]
    return f"The import broke off inside DuckDB ({kind}). Nothing was changed; please report it."


def quoted(name: str) -> str:
    """An identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text of SQL."""
    return "'" + text.replace("'", "''") + "'"
