"""Histories written as small tables, and what a feature says of them.

    patient | days before | code | value | unit | known
    --------+-------------+------+-------+------+------
          1 | 30          | pain | 7     |      |
          1 | always      | sex  |       |      |

``days before`` counts back from the index (below zero: after it); ``always`` is a fact without a time. A
``time`` column gives clock times instead. ``known`` says, in days before, when the clinic learned of it;
empty means at once.
"""

from datetime import datetime, timedelta

import numpy as np

from painresponse.concepts import Concepts
from painresponse.engine import Plan, compute
from painresponse.language import FeatureSet, parse
from painresponse.records import Asks, RawEvents, collect
from painresponse.records.rows import history
from painresponse.scoring.golden import stacked
from tests.lib.vocabulary import VOCABULARY, code_of

INDEX = datetime(2026, 3, 1, 9)
"""The instant at which every table is asked."""

Row = dict[str, str]


def table(text: str) -> list[Row]:
    """The rows of a table, by column name."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    names, *rows = [[cell.strip() for cell in line.split("|")] for line in lines if set(line) - set("-+ ")]
    return [dict(zip(names, row, strict=True)) for row in rows]


def events_of(rows: list[Row]) -> RawEvents:
    """Table rows as raw events."""
    patients = sorted({int(row["patient"]) for row in rows})
    return stacked([_history(one, [row for row in rows if int(row["patient"]) == one]) for one in patients])


def answers(
    text: str, *features: str, concepts: Concepts = VOCABULARY
) -> dict[int, tuple[float | None, ...]]:
    """What each feature says of each patient of a table; None is unknown."""
    records, _ = collect(events_of(table(text)), concepts)
    patients = np.array(sorted({int(row["patient"]) for row in table(text)}))
    index = np.full(len(patients), np.datetime64(INDEX, "us").astype(np.int64))
    plan = Plan(FeatureSet(tuple((one, parse(one)) for one in features)), concepts)
    values = compute(plan, records, Asks(patients, index))
    return {
        int(patient): tuple(None if np.isnan(one) else float(one) for one in line)
        for patient, line in zip(patients, values, strict=True)
    }


def answer(text: str, feature: str, *, concepts: Concepts = VOCABULARY) -> dict[int, float | None]:
    """What one feature says of each patient of a table; None is unknown."""
    return {patient: found[0] for patient, found in answers(text, feature, concepts=concepts).items()}


def _history(patient: int, rows: list[Row]) -> RawEvents:
    return history(
        [_instant(row.get("days before", ""), row.get("time", "")) for row in rows],
        [code_of(row["code"]) for row in rows],
        [float(row["value"]) if row.get("value") else None for row in rows],
        units=[row.get("unit") or None for row in rows],
        available=[_instant(row["known"], "") if row.get("known") else None for row in rows],
        subject=patient,
    )


def _instant(days: str, time: str) -> datetime | str | None:
    if time:
        return time
    return None if days == "always" else INDEX - timedelta(days=float(days))
