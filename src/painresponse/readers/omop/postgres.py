"""OMOP tables of a live PostgreSQL, read through ADBC in one unchanging view of the database."""

# ruff: noqa: S608 -- every identifier is declared here or quoted; no value is ever put into a statement

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

import adbc_driver_manager
import adbc_driver_postgresql
import pyarrow as pa
from adbc_driver_manager import dbapi
from adbc_driver_postgresql import dbapi as postgresql

from painresponse.errors import RecordError, WorkError, unknown
from painresponse.readers.account import Losses
from painresponse.readers.omop.source import RAW, Wanted
from painresponse.readers.omop.tables import LOOKED_AT, VOCABULARY
from painresponse.readers.omop.workshop import Database, literal, make, quoted

SCHEMES = ("postgresql://", "postgres://")
BATCH_BYTES = 16 * 2**20
_COLUMNS = """
    SELECT n.nspname, c.relname, a.attname, has_table_privilege(c.oid, 'SELECT')
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname IN ({schemas})
    ORDER BY a.attnum
"""
_SCHEMAS = (
    "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
)
_REFUSED = {
    "password": "did not accept user and password",
    "role": "does not know the user",
    "database": "does not exist on that server",
    "hba": "lets nobody in from here under that name",
}
_Failure = (dbapi.Error, pa.ArrowException, OSError)


class Postgres:
    """A schema of a PostgreSQL database, with its vocabulary where it has one elsewhere."""

    def __init__(self, connection: dbapi.Connection, name: str, *, schemas: Sequence[str]):
        self._connection, self.name = connection, name
        self.sources: dict[str, str] = {}
        self._tables = self._described(tuple(schemas))

    def columns(self, table: str) -> tuple[str, ...]:
        """The columns of a table in lower case; none where it is missing."""
        return tuple(self._tables[table][1]) if table in self._tables else ()

    def lay(
        self, db: Database, table: str, columns: Sequence[str], *, wanted: Wanted | None = None
    ) -> Losses:
        """Put these columns of a table into the workshop as RAW. Raises WorkError if it goes away."""
        place, names = self._tables[table]
        chosen = ", ".join(f"{quoted(names[column])} AS {quoted(column)}" for column in columns)
        statement = f"SELECT {chosen} FROM {place} WHERE {_any_of(names, wanted)}"
        fresh = "CREATE OR REPLACE TABLE {} AS SELECT * FROM batch LIMIT 0"
        for number, batch in enumerate(self._batches(statement, table)):
            db.register("batch", pa.table(batch))
            if number == 0:
                make(db, fresh.format(RAW))
            make(db, f"INSERT INTO {RAW} SELECT * FROM batch")
            db.unregister("batch")
        return Counter()

    def _described(self, schemas: tuple[str, ...]) -> dict[str, tuple[str, dict[str, str]]]:
        """Each table looked at: its place in SQL, and its columns by their names in lower case."""
        with _complaints(self.name, "the list of tables"):
            known = [name for (name,) in self._asked(_SCHEMAS)]
            rows = self._asked(_COLUMNS.format(schemas=", ".join(map(literal, schemas))))
        for schema in schemas:
            if schema not in known:
                raise RecordError(f"{self.name}: {unknown('schema', schema, known)}")
        tables: dict[str, tuple[str, dict[str, str]]] = {}
        for schema, table, column, readable in rows:
            home = schemas[-1] if table.lower() in VOCABULARY else schemas[0]
            if table.lower() not in LOOKED_AT or schema != home:
                continue
            if not readable:
                raise RecordError(
                    f"{self.name}: the user may not read the table {schema}.{table}. Grant SELECT."
                )
            place = f"{quoted(schema)}.{quoted(table)}"
            tables.setdefault(table.lower(), (place, {}))[1][column.lower()] = column
        return tables

    def _asked(self, statement: str) -> list[tuple[str, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def _batches(self, statement: str, table: str) -> Iterator[pa.RecordBatch]:
        """At least one batch, so that the columns are known of an empty table too."""
        with _complaints(self.name, f"the table {table}"), self._connection.cursor() as cursor:
            hint = {adbc_driver_postgresql.StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(BATCH_BYTES)}
            cursor.adbc_statement.set_options(**hint)
            cursor.execute(statement)
            reader = cursor.fetch_record_batch()
            yield pa.RecordBatch.from_pylist([], schema=reader.schema)
            yield from reader


@contextmanager
def connected(uri: str, schemas: Sequence[str]) -> Iterator[Postgres]:
    """A database for reading only, as it stands at this moment.

    ``schemas`` names where the tables are and, last, where the vocabulary is. Raises RecordError when user,
    password, database or schema are wrong, WorkError when the server cannot be reached. No message holds
    more of the address than host and database.
    """
    name = _shown(uri)
    try:
        connection = postgresql.connect(uri)
    except _Failure as error:
        raise _refusal(name, str(error)) from None
    with connection:
        with _complaints(name, "the first word"), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield Postgres(connection, name, schemas=schemas)


def _shown(uri: str) -> str:
    """The address without user, password and options."""
    try:
        parts = urlsplit(uri)
        return f"postgresql://{parts.hostname or ''}{parts.path}"
    except ValueError:
        return "The database"


def _refusal(name: str, said: str) -> RecordError | WorkError:
    said = said.lower()
    for word, sign in (
        ("password", "password authentication failed"),
        ("password", "no password supplied"),
        ("role", "role "),
        ("hba", "pg_hba.conf"),
        ("database", "does not exist"),
    ):
        if sign in said:
            return RecordError(
                f"{name} {_REFUSED[word]}. Check the address; PGPASSWORD or ~/.pgpass may hold it."
            )
    return WorkError(f"{name} cannot be reached. Check that the server runs, its host and its port.")


@contextmanager
def _complaints(name: str, what: str) -> Iterator[None]:
    """Failures while reading, told without a word of the server's: it may quote what it read."""
    try:
        yield
    except adbc_driver_manager.ProgrammingError:
        raise RecordError(
            f"{name}: {what} cannot be read as OMOP CDM 5.3 or 5.4. Check schema and rights."
        ) from None
    except _Failure:
        raise WorkError(
            f"{name} went away while {what} was read. Nothing was changed; start again."
        ) from None


def _any_of(names: dict[str, str], wanted: Wanted | None) -> str:
    """The condition that a row has one of the values wanted; a quoted literal takes the column's type."""
    conditions = [
        f"{quoted(names[column])} IN ({', '.join(literal(str(value)) for value in values.to_pylist())})"
        for column, values in (wanted or {}).items()
        if len(values)
    ]
    return " OR ".join(conditions) or ("false" if wanted else "true")
