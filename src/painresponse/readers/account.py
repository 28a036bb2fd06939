"""What became of every row and every cell of an import."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

Losses = Counter[tuple[str, str]]
"""How often, by reason and column."""

REASONS = {
    "wrong_width": "the row has more or fewer fields than the first line",
    "duplicate_row": "the whole row was given before",
    "no_subject": "the row does not say whom it is about",
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
}


@dataclass(frozen=True)
class ImportReport:
    """An import in figures; no value and no identifier among them.

    ``rejected`` and ``warnings`` count by reason and column; the reasons are worded in REASONS and WARNINGS.
    ``empty`` counts, by column, the cells that say nothing; ``unmapped`` the events, by code, that no concept
    knows; ``sources`` gives the SHA-256 of every file read.
    """

    rows: int
    events: int
    subjects: int
    rejected: dict[str, dict[str, int]] = field(default_factory=dict)
    empty: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, dict[str, int]] = field(default_factory=dict)
    unmapped: dict[str, int] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        return dict(vars(self))


def by_reason(losses: Losses) -> dict[str, dict[str, int]]:
    """The same counts as reason, then column; sorted, so that equal imports give equal reports."""
    nested: dict[str, dict[str, int]] = {}
    for (reason, column), count in sorted(losses.items()):
        if count:
            nested.setdefault(reason, {})[column] = count
    return nested
