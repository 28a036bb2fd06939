"""Columns of a raw table as SQL: numbers, words and times, whether the cells are typed or text."""

from dataclasses import dataclass

from painresponse.readers.omop.source import RAW
from painresponse.readers.omop.workshop import Database, quoted

_ZONE = r"':[0-9.]+ ?(Z|z|[+-][0-9]{2}(:?[0-9]{2})?)$'"


@dataclass(frozen=True, slots=True)
class Cells:
    """The columns of the raw table in the workshop; one that is missing is NULL in every row."""

    types: dict[str, str]

    @classmethod
    def of(cls, db: Database) -> "Cells":
        """As they lie there now."""
        described = db.execute(f"DESCRIBE {RAW}").fetchall()
        return cls({str(name).lower(): str(kind) for name, kind, *_ in described})

    def has(self, column: str) -> bool:
        """Whether the column is there."""
        return column in self.types

    def raw(self, column: str) -> str:
        """The cell as it is."""
        return f"{RAW}.{quoted(column)}" if self.has(column) else "NULL"

    def text(self, column: str) -> str:
        """The cell as trimmed text, empty where there is none."""
        return f"coalesce(trim(CAST({self.raw(column)} AS VARCHAR)), '')"

    def whole(self, column: str) -> str:
        """The cell as a whole number (an identifier of a concept), 0 where there is none."""
        return f"coalesce(TRY_CAST({self.raw(column)} AS BIGINT), 0)"

    def number(self, column: str) -> str:
        """The cell as a number, NULL where it is none."""
        number = f"TRY_CAST({self.raw(column)} AS DOUBLE)"
        return f"CASE WHEN NOT isnan({number}) THEN {number} END"

    def is_no_number(self, column: str) -> str:
        """Whether something stands there that is no number."""
        return f"({self.raw(column)} IS NOT NULL AND TRY_CAST({self.raw(column)} AS DOUBLE) IS NULL)"

    def day(self, column: str) -> str:
        """The cell as a date (2024-01-31 or 20240131, whatever clock follows), NULL where it is none."""
        cell = self.raw(column)
        if not self._is_text(column):
            return f"TRY_CAST({cell} AS DATE)"
        iso, compact = f"TRY_CAST(left(trim({cell}), 10) AS DATE)", f"try_strptime(trim({cell}), '%Y%m%d')"
        return f"coalesce({iso}, CAST({compact} AS DATE))"

    def clock(self, column: str) -> str:
        """The cell as an instant on the clinic's clock, NULL where it is none or belongs to a time zone."""
        cell = self.raw(column)
        if self._is_text(column):
            return f"CASE WHEN NOT regexp_matches({cell}, {_ZONE}) THEN TRY_CAST({cell} AS TIMESTAMP) END"
        return "CAST(NULL AS TIMESTAMP)" if self._is_zoned(column) else f"TRY_CAST({cell} AS TIMESTAMP)"

    def zoned(self, column: str) -> str:
        """Whether the cell is an instant of a time zone."""
        cell = self.raw(column)
        if self._is_text(column):
            return f"coalesce(regexp_matches({cell}, {_ZONE}), false)"
        return f"({cell} IS NOT NULL)" if self._is_zoned(column) else "false"

    def _is_text(self, column: str) -> bool:
        return self.types.get(column) == "VARCHAR"

    def _is_zoned(self, column: str) -> bool:
        return "WITH TIME ZONE" in self.types.get(column, "")
