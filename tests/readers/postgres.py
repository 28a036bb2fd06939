"""A real PostgreSQL server of our own, for as long as a test needs it."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from adbc_driver_postgresql import dbapi

from tests.readers.omop import Tables, columns, typed

PASSWORD = "s3cret-of-the-clinic"
TYPES = {
    "int64": "BIGINT",
    "int32": "INTEGER",
    "double": "NUMERIC",
    "date32[day]": "DATE",
    "timestamp[us]": "TIMESTAMP",
}


def binaries() -> Path | None:
    """Where the server's programs are."""
    found = shutil.which("initdb")
    places = (
        [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    )
    return next((place for place in places if (place / "initdb").is_file()), None)


@dataclass(frozen=True)
class Server:
    """A running server: its programs, its folder, its port."""

    programs: Path
    folder: Path
    port: int
    user: str

    def uri(
        self, *, user: str = "clinic", password: str = PASSWORD, database: str = "cdm", port: int = 0
    ) -> str:
        """An address of it."""
        return f"postgresql://{user}:{password}@127.0.0.1:{port or self.port}/{database}"

    def run(self, program: str, *words: str) -> None:
        """One of its programs, as a user it accepts: the server will not run as root."""
        whom = ["runuser", "-u", self.user, "--"] if self.user else []
        subprocess.run(
            [*whom, str(self.programs / program), *words],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )

    def stop(self) -> None:
        """As if the power failed."""
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")

    def execute(self, *statements: str, database: str = "cdm") -> None:
        """Say something to it."""
        with dbapi.connect(self.uri(database=database), autocommit=True) as connection:
            for statement in statements:
                with connection.cursor() as cursor:
                    cursor.execute(statement)

    def asked(self, statement: str) -> list[tuple]:
        """What it answers."""
        with dbapi.connect(self.uri()) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def load(self, tables: Tables, schema: str = "public", *, loud: bool = False) -> None:
        """Tables into a schema, made anew; ``loud``: their names and columns in capitals."""
        self.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE", f"CREATE SCHEMA {schema}")
        for name, rows in tables.items():
            held = typed(rows)
            named = [f'"{one.upper() if loud else one}"' for one in columns(rows)]
            kinds = [TYPES.get(str(field.type), "VARCHAR") for field in held.schema]
            cells = ", ".join(f"{one} {kind}" for one, kind in zip(named, kinds, strict=True))
            place = f'{schema}."{name.upper() if loud else name}"'
            self.execute(f"CREATE TABLE {place} ({cells})")
            told = ["(" + ", ".join(map(_literal, row.values())) + ")" for row in held.to_pylist()]
            if told:
                self.execute(f"INSERT INTO {place} VALUES {', '.join(told)}")


def _literal(cell: object) -> str:
    return "NULL" if cell is None else "'" + str(cell).replace("'", "''") + "'"


@contextmanager
def server() -> Iterator[Server]:
    """A fresh server with an empty database ``cdm``. Without programs the test is skipped; in CI it fails."""
    programs = binaries()
    if programs is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no PostgreSQL server is installed here")
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    made = Server(programs, folder, _free_port(), _somebody())
    try:
        _start(made)
        yield made
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            made.stop()
        shutil.rmtree(folder)


def _somebody() -> str:
    """Whom to run as; nobody in particular unless we are root."""
    if os.geteuid() != 0:
        return ""
    names = {one.pw_name for one in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _start(made: Server) -> None:
    secret = made.folder / "secret"
    secret.write_text(PASSWORD)
    if made.user:
        for path in (made.folder, secret):
            shutil.chown(path, made.user)
    data, options = (
        str(made.folder / "data"),
        f"-p {made.port} -k {made.folder} -c listen_addresses=127.0.0.1 -c fsync=off",
    )
    made.run(
        "initdb", "-D", data, "-U", "clinic", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "-N"
    )
    made.run("pg_ctl", "-D", data, "-w", "-o", options, "-l", str(made.folder / "log"), "start")
    made.execute("CREATE DATABASE cdm", database="postgres")
