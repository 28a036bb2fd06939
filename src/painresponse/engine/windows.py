"""Which events lie before the index: the one place that compares times."""

from dataclasses import dataclass

import numpy as np

from painresponse.records.tables import Asks, Ints, Records


@dataclass(frozen=True)
class Known:
    """Pairs of an ask (``row``) and an event it may see (``event``), ordered by row, then as the records."""

    row: Ints
    event: Ints


def known(records: Records, asks: Asks) -> Known:
    """Every event that happened, and was known to the clinic, before the ask's index instant."""
    first = np.searchsorted(records.subject, asks.subject, side="left")
    stop = np.searchsorted(records.subject, asks.subject, side="right")
    count = stop - first
    row = np.repeat(np.arange(len(asks)), count)
    start = np.cumsum(count) - count
    event = np.arange(len(row)) + np.repeat(first - start, count)
    index = np.repeat(asks.index, count)
    before = (records.time[event] < index) & (records.available[event] < index)
    return Known(row[before], event[before])


def ring(age: Ints, spans: Ints) -> Ints:
    """The place of the narrowest of the ascending ``spans`` whose window still holds an event this old."""
    return np.searchsorted(spans, age, side="left")
