"""The only maker of feature rows: training, cohorts and single requests all come through here."""

import numpy as np
from numpy.typing import NDArray

from painresponse.engine.codebook import Meanings
from painresponse.engine.combinations import combine
from painresponse.engine.plan import Plan
from painresponse.engine.profiles import profile_events
from painresponse.engine.streams import NEVER, Stream, joined
from painresponse.engine.summaries import summarise
from painresponse.engine.trials import treatment_events
from painresponse.engine.views import repeated, with_views
from painresponse.engine.windows import Known, known
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


DERIVED = (treatment_events, profile_events)
"""What makes the sources that no single event gives."""


def _some(plan: Plan, records: Records, asks: Asks) -> Floats:
    seen = known(records, asks)
    meaning = plan.codebook.numbers(records.codes)[records.code[seen.event]]
    stream = joined(
        _coded(plan, records, asks, seen, meaning),
        *(make(plan, records, asks, seen, meaning) for make in DERIVED),
    )
    work = summarise(plan, with_views(plan.views, stream, len(asks)), len(asks))
    combine(plan.steps, work)
    return work[:, plan.output]


def _coded(plan: Plan, records: Records, asks: Asks, seen: Known, meaning: Ints) -> Stream:
    """The known events as the sources their codes feed, one copy for each."""
    book = plan.codebook.meanings
    place, rule = repeated(book.copies[meaning], book.start[meaning])
    row, event = seen.row[place], seen.event[place]
    time = records.time[event]
    if book.clocked.any():
        keep = ~book.clocked[rule] | _in_hours(time, book.hours[rule])
        row, event, rule, time = row[keep], event[keep], rule[keep], time[keep]
    age = np.where(time == STATIC, NEVER, asks.index[row] - time)
    return Stream.of(plan.spans, row, book.source[rule], age, _read(records.value[event], book, rule))


def _read(given: Values, book: Meanings, rule: Ints) -> Floats:
    """Values as the sources read them. A stop (scale 0) is a dose of zero, whatever stands in its value."""
    scale, value = book.scale[rule], given.astype(np.float64)
    if book.log.any():
        with np.errstate(invalid="ignore", divide="ignore"):  # what has no logarithm is unknown
            value = np.where(book.log[rule], np.log(np.where(value > 0, value, np.nan)), value)
    return np.where(scale == 0, 0.0, value * scale + book.shift[rule])


def _in_hours(time: Ints, hours: Ints) -> NDArray[np.bool_]:
    clock = time % MICROSECONDS_PER_DAY
    inside: NDArray[np.bool_] = (clock >= hours[:, 0]) & (clock < hours[:, 1]) & (time != STATIC)
    return inside
