"""The only maker of feature rows: training, cohorts and single requests all come through here."""

import numpy as np
from numpy.typing import NDArray

from painresponse.engine.plan import DAYS_PER_YEAR, Plan, Step
from painresponse.engine.streams import NEVER, Stream, joined
from painresponse.engine.summaries import summarise
from painresponse.engine.trials import trial_events
from painresponse.engine.windows import Known, known
from painresponse.language.words import Age, Difference, Ratio, Total
from painresponse.records.tables import Asks, Floats, Ints, Records, Values
from painresponse.schema import MICROSECONDS_PER_DAY, STATIC

ROWS_AT_ONCE = 1000
"""Rows computed together: bounds the memory, and the keys that `trials` packs rows into."""


def rows(plan: Plan, records: Records, asks: Asks) -> Values:
    """Feature rows (asks x features) as float32, the form that is trained on, exported and scored."""
    with np.errstate(over="ignore"):  # beyond float32 is infinite, in training as in scoring
        return compute(plan, records, asks).astype(np.float32)


def compute(plan: Plan, records: Records, asks: Asks) -> Floats:
    """Feature rows (asks x features) in float64; unknown is NaN."""
    out = np.empty((len(asks), len(plan.features)))
    for first in range(0, len(asks), ROWS_AT_ONCE):
        part = asks.part(first, first + ROWS_AT_ONCE)
        out[first : first + len(part)] = _some(plan, records, part)
    return out


def _some(plan: Plan, records: Records, asks: Asks) -> Floats:
    seen = known(records, asks)
    meaning = plan.codebook.numbers(records.codes)[records.code[seen.event]]
    stream = joined(
        _coded(plan, records, asks, seen, meaning), trial_events(plan, records, asks, seen, meaning)
    )
    work = summarise(plan, stream, len(asks))
    with np.errstate(all="ignore"):  # a zero divisor makes a ratio unknown, below
        for step in plan.steps:
            work[:, step.column] = _combined(step, work)
    return work[:, plan.output]


def _coded(plan: Plan, records: Records, asks: Asks, seen: Known, meaning: Ints) -> Stream:
    """The known events as the sources their codes feed, one copy for each."""
    book = plan.codebook.meanings
    copies = book.copies[meaning]
    row, event = np.repeat(seen.row, copies), np.repeat(seen.event, copies)
    start = np.cumsum(copies) - copies
    rule = np.arange(len(row)) + np.repeat(book.start[meaning] - start, copies)
    time = records.time[event]
    if book.clocked.any():
        keep = ~book.clocked[rule] | _in_hours(time, book.hours[rule])
        row, event, rule, time = row[keep], event[keep], rule[keep], time[keep]
    age = np.where(time == STATIC, NEVER, asks.index[row] - time)
    # a stop (scale 0) is a dose of zero, whatever stands in its value
    scale = book.scale[rule]
    value = np.where(scale == 0, 0.0, records.value[event] * scale)
    return Stream.of(plan.spans, row, book.source[rule], age, value)


def _in_hours(time: Ints, hours: Ints) -> NDArray[np.bool_]:
    clock = time % MICROSECONDS_PER_DAY
    inside: NDArray[np.bool_] = (clock >= hours[:, 0]) & (clock < hours[:, 1]) & (time != STATIC)
    return inside


def _combined(step: Step, work: Floats) -> Floats:
    parts: Floats = work[:, step.parts]
    if step.kind is Age:
        return parts[:, 0] / DAYS_PER_YEAR
    if step.kind is Ratio:
        return np.where(parts[:, 1] == 0, np.nan, parts[:, 0] / parts[:, 1])
    if step.kind is Difference:
        return parts[:, 0] - parts[:, 1]
    if step.kind is Total:
        return _total(parts)
    above: Floats = (parts > 0).sum(axis=1, dtype=np.float64)
    return above


def _total(parts: Floats) -> Floats:
    """Added one by one: the order of a row's sum must not depend on how many rows there are."""
    unknown = np.isnan(parts)
    total: Floats = np.cumsum(np.where(unknown, 0.0, parts), axis=1)[:, -1]
    total[unknown.all(axis=1)] = np.nan
    return total
