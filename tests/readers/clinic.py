"""A small clinic: CSV tables and a site configuration in a folder, brought in."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from painresponse.clinic import load_catalogue
from painresponse.readers.account import ImportReport
from painresponse.readers.tables import import_csv

HEAD = """
[import]
delimiter = ";"
decimal = ","
dates = ["%d/%m/%Y %H:%M", "%d/%m/%Y"]
missing = ["n/a"]
"""

VISITS = """
[[import.tables]]
subject = "patient"
time = "when"
"""

PAIN = """
[[import.tables.events]]
column = "NRS"
concept = "pain"
"""

SEX = """
[[import.tables.events]]
column = "sex"
codes = { f = "GENDER//F", m = "GENDER//M" }
static = true
"""


def bring_in(
    folder: Path, site: str, text: str | dict[str, str], *, encoding="utf-8", **more
) -> ImportReport:
    """Import ``text`` (one table, or tables by file name) under a site configuration, to ``folder/out``."""
    tables = {"visits.csv": text} if isinstance(text, str) else text
    source = folder / "tables"
    source.mkdir(exist_ok=True)
    for name, content in tables.items():
        (source / name).write_bytes(content.encode(encoding))
    (folder / "site.toml").write_text(site, encoding="utf-8")
    catalogue = load_catalogue(folder / "site.toml")
    return import_csv(source, folder / "out", catalogue=catalogue, site=folder / "site.toml", **more)


def told(folder: Path) -> list[tuple]:
    """The events of ``folder/out``: subject, time, code, value."""
    rows = [
        row for path in sorted((folder / "out" / "data").iterdir()) for row in pq.read_table(path).to_pylist()
    ]
    return [tuple(row[name] for name in ("subject_id", "time", "code", "numeric_value")) for row in rows]


def known(folder: Path) -> list[datetime]:
    """When each event of ``folder/out`` was known."""
    rows = pq.read_table(folder / "out" / "data" / "0.parquet").to_pylist()
    return [row["available_time"] or row["time"] for row in rows]


def reported(folder: Path) -> dict:
    """The report kept with the data."""
    return json.loads((folder / "out" / "metadata" / "import.json").read_text(encoding="utf-8"))


def born(seen: datetime, age: int) -> datetime:
    """Midnight of the birth worked out from an age in whole years."""
    moment = seen - timedelta(days=(age + 0.5) * 365.25)
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def float32(text: str) -> float:
    """A number as a float32 holds it."""
    return float(np.float32(text))
