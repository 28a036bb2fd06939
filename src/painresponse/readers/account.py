"""What became of every row and every cell of an import."""

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPORT_FILE = Path("metadata") / "import.json"
"""Where an imported data set keeps its report."""

Losses = Counter[tuple[str, str]]
"""How often, by reason and column."""

REASONS = {
    "wrong_width": "the row has more or fewer fields than the first line",
    "duplicate_row": "the whole row was given before",
    "no_subject": "the row does not say whom it is about",
    "unknown_subject": "the row is about somebody the table of persons does not hold",
    "no_code": "the row does not say what it is about",
    "no_time": "there is no time",
    "unreadable_time": "the time fits none of the date forms",
    "impossible_time": "the time lies before first_day or after last_day",
    "unreadable_number": "the cell is no number in the form declared",
    "unknown_word": "the word has no meaning in the configuration",
    "impossible_value": "the value is impossible in the concept's unit",
    "conflict": "the subject's rows contradict one another",
    "repeated": "the same event was given before",
}

WARNINGS = {
    "ambiguous_time": "times that fit two of the date forms with different results; the first form was taken",
    "conflict": "subjects whose rows disagree; all were kept",
    "line_break": "cells that run over a line break, as an unclosed quote makes them do",
    "no_such_row": "conditions that no row meets",
    "zoned_time": "times with a time zone, which are no clinic clock; the day alone was taken",
    "other_day": "times on another day than their date; the date alone was taken",
    "beyond": "values said to lie beyond what was measured; the limit was taken",
    "impossible_duration": "supplies that end before they begin or last over a century; they were ignored",
    "undated_stop": "treatments stopped of which nothing says when; the stop was left out",
    "unknown_stop": "words for why a treatment was stopped that have no meaning in the configuration",
    "renumbered": "subjects numbered anew, for their identifiers are no whole numbers",
}

GAPS = {
    "not_in_concept": "rows whose concept the table CONCEPT does not hold",
    "without_concept": "rows without a standard concept",
}

FEW = 5
"""What fewer subjects than this share is not told word by word where it may be free text."""


@dataclass(frozen=True)
class ImportReport:
    """An import in figures; no value and no identifier among them.

    ``rejected`` and ``warnings`` count by reason and column; the reasons are worded in REASONS and WARNINGS.
    ``empty`` counts, by column, the cells that say nothing; ``unmapped`` the events, by code, that no concept
    knows; ``units`` the values by code and unit; ``sources`` gives the SHA-256 of every file read. Of a
    database or its export: ``tables`` the rows of every table read (0: nothing but headings), ``missing`` the
    tables that are not there, ``gaps`` (worded in GAPS) what its vocabulary lacks, ``about`` its versions.
    """

    rows: int
    events: int
    subjects: int
    rejected: dict[str, dict[str, int]] = field(default_factory=dict)
    empty: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, dict[str, int]] = field(default_factory=dict)
    unmapped: dict[str, int] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    units: dict[str, dict[str, int]] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    gaps: dict[str, dict[str, int]] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        return dict(vars(self))

    def to_json(self) -> bytes:
        """As the file that lies beside the imported data."""
        return (json.dumps(self.to_plain(), indent=2, ensure_ascii=False) + "\n").encode()


def by_reason(losses: Losses) -> dict[str, dict[str, int]]:
    """The same counts as reason, then column; sorted, so that equal imports give equal reports."""
    nested: dict[str, dict[str, int]] = {}
    for (reason, column), count in sorted(losses.items()):
        if count:
            nested.setdefault(reason, {})[column] = count
    return nested


def key_file(numbers: Mapping[str, int]) -> bytes:
    """Who is who: subject numbers and the identifiers they stand for, as CSV. Never part of the data set."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(["subject_id", "identifier"])
    rows.writerows((number, identifier) for identifier, number in numbers.items())
    return text.getvalue().encode()


def fingerprint(path: Path) -> str:
    """SHA-256 of a file that was read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
