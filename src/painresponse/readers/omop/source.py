"""Where OMOP tables come from: what a folder of files and a live database have in common."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import pyarrow as pa

from painresponse.readers.account import Losses
from painresponse.readers.omop.workshop import Database

RAW = "raw"
"""The name under which a table is laid down in the workshop."""

Wanted = Mapping[str, pa.Array]
"""Column to the values of the rows wanted; a row that has any of them is wanted."""


class Source(Protocol):
    """Tables of one CDM, by their names in lower case."""

    name: str
    sources: dict[str, str]

    def columns(self, table: str) -> tuple[str, ...]:
        """The columns of a table in lower case; none where it is missing."""
        ...

    def lay(
        self, db: Database, table: str, columns: Sequence[str], *, wanted: Wanted | None = None
    ) -> Losses:
        """Put these columns of a table into the workshop as RAW; says which rows could not be read.

        Raises RecordError on damaged files, WorkError when a database goes away.
        """
        ...
