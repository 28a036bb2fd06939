"""What a server answered: its audit log holds the SHA-256 of each request, and the site kept the requests.

A log names no patient and no probability. A kept request has the history as it was sent, so the bundle says
of it to the bit what it said then; whose it is, the name of its file says: the subject's number, and after
``-`` or ``_`` whatever tells one request of a subject from another (``17.json``, ``17-2026-03-01.json``).
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from painresponse.errors import RecordError
from painresponse.monitoring.past import COLUMNS
from painresponse.records import Asks, RawEvents
from painresponse.records.rows import ask, history
from painresponse.schema import SUBJECT
from painresponse.scoring.scorer import Scorer

ROUTE, SPOKE = "/v1/score", "ok"

_SUBJECT = re.compile(r"(\d{1,18})(?:[-_].*)?")
_AT_ONCE = 1_000


@dataclass(frozen=True)
class _Kept:
    """A kept request: whose, the history sent, the instant asked about, the targets that spoke."""

    subject: int
    raw: RawEvents
    asks: Asks
    spoke: frozenset[str]


def answered_requests(log: Path, folder: Path, scorer: Scorer) -> tuple[pd.DataFrame, int]:
    """Past scores of kept requests that this bundle answered; and how many files no line of the log knows so.

    Raises RecordError for a log or folder that cannot be read, and where no kept request was answered by this
    bundle.
    """
    answered = _answered(log, scorer.bundle.digest)
    files = _files(folder)
    kept = [one for path in files for one in _kept(path, answered)]
    if not kept:
        raise RecordError(
            f"None of the {len(files):,} files under {folder} is a request of one patient that this bundle "
            f"answered by {log}. Keep the bodies sent to {ROUTE} byte for byte, each in a file named by the "
            "subject's number."
        )
    parts = [_said(scorer, kept[first : first + _AT_ONCE]) for first in range(0, len(kept), _AT_ONCE)]
    return pd.concat(parts, ignore_index=True), len(files) - len(kept)


def _answered(log: Path, digest: str) -> dict[str, frozenset[str]]:
    """By the hash of a request of one patient: the targets of this bundle that spoke."""
    try:
        lines = log.read_bytes().splitlines()
    except OSError as error:
        raise RecordError(f"Cannot read the audit log {log}: {error.strerror}.") from None
    return {
        entry["input"]: frozenset(name for name, codes in entry["outcomes"].items() if SPOKE in codes)
        for entry in map(_entry, lines)
        if entry.get("route") == ROUTE
        and entry.get("patients") == 1
        and digest in entry.get("models", {}).values()
    }


def _entry(line: bytes) -> dict[str, Any]:
    """What a line says; nothing where it was begun and never ended."""
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise RecordError(f"There is no folder {folder}. Give the one where the site keeps its requests.")
    return sorted(path for path in folder.glob("**/*") if path.is_file())


def _kept(path: Path, answered: dict[str, frozenset[str]]) -> Iterator[_Kept]:
    """The request of a file, if this bundle answered it and its name says whose it is."""
    data, named = path.read_bytes(), _SUBJECT.fullmatch(path.stem)
    spoke = answered.get(sha256(data).hexdigest())
    if named is None or spoke is None:
        return
    sent = json.loads(data)
    events = sent["events"]
    columns = ([one.get(name) for one in events] for name in ("time", "code", "value"))
    raw = history(
        *columns,
        units=[one.get("unit") for one in events],
        available=[one.get("available_time") for one in events],
    )
    yield _Kept(int(named[1]), raw, ask(sent["index"]), spoke)


def _said(scorer: Scorer, kept: Sequence[_Kept]) -> pd.DataFrame:
    records, _ = scorer.read_each([one.raw for one in kept])
    index = np.concatenate([one.asks.index for one in kept])
    scores = scorer.score(records, Asks(np.arange(len(kept)), index))
    lines = [
        (one.subject, target, int(index[row]), scores.probability[row, column])
        for row, one in enumerate(kept)
        for column, target in enumerate(scores.targets)
        if target in one.spoke
    ]
    return pd.DataFrame(lines, columns=COLUMNS).astype({SUBJECT: np.int64})
