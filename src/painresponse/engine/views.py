"""Views: sources made of another source's events, by what else happened around them.

A view keeps the events in a stretch before or after an anchor (the first or last event of a concept), or
those that nothing disturbed. All is judged from what the ask may see.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from painresponse.engine.streams import NEVER, Stream, joined
from painresponse.language.words import Window
from painresponse.records.tables import Ints

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class View:
    """Source ``number``, made of the events of ``base``.

    ``anchor`` is the source whose last (or first) event bounds the window, -1 where nothing does;
    ``disturbers`` gives source and microseconds.
    """

    number: int
    base: int
    anchor: int
    last: bool
    after: bool
    span: int
    disturbers: tuple[tuple[int, int], ...]

    @classmethod
    def of(
        cls, number: int, base: int, anchor: int, window: Window, disturbers: tuple[tuple[int, int], ...]
    ) -> "View":
        """The view a window asks for."""
        last = window.anchor is not None and window.anchor.which == "last"
        return cls(number, base, anchor, last, window.side == "after", window.span.microseconds, disturbers)


class Views:
    """The views of a plan as arrays to look up in."""

    def __init__(self, views: Sequence[View], sources: int):
        order = sorted(views, key=lambda one: one.base)
        base = np.array([one.base for one in order], np.int64)
        self.copies = np.bincount(base, minlength=sources)
        self.start = np.cumsum(self.copies) - self.copies
        self.number = np.array([one.number for one in order], np.int64)
        self.after = np.array([one.after for one in order], bool)
        self.span = np.array([one.span for one in order], np.int64)
        anchors = sorted({(one.anchor, one.last) for one in order if one.anchor >= 0})
        self.anchors = np.array(anchors, np.int64).reshape(-1, 2)
        self.anchor = np.array(
            [anchors.index((one.anchor, one.last)) if one.anchor >= 0 else -1 for one in order], np.int64
        )
        groups = list(dict.fromkeys(one.disturbers for one in order if one.disturbers))
        self.group = np.array(
            [groups.index(one.disturbers) if one.disturbers else -1 for one in order], np.int64
        )
        self.groups = len(groups)
        flat = sorted((source, group, span) for group, pairs in enumerate(groups) for source, span in pairs)
        self.disturbs = np.array(flat, np.int64).reshape(-1, 3)
        self.disturb_copies = np.bincount(self.disturbs[:, 0], minlength=sources)
        self.disturb_start = np.cumsum(self.disturb_copies) - self.disturb_copies

    def __len__(self) -> int:
        return len(self.number)


def with_views(views: Views, stream: Stream, rows: int) -> Stream:
    """The stream and, beside it, the events of every view."""
    if not len(views):
        return stream
    event, view = repeated(views.copies[stream.source], views.start[stream.source])
    keep = np.ones(len(event), bool)
    if len(views.anchors):
        keep &= _bounded(views, stream, rows, event, view)
    if views.groups:
        keep &= ~_disturbed(views, stream, event, view)
    event, view = event[keep], view[keep]
    return joined(
        stream,
        Stream(
            stream.row[event], views.number[view], stream.ring[event], stream.age[event], stream.value[event]
        ),
    )


def repeated(copies: Ints, start: Ints) -> tuple[Ints, Ints]:
    """For each event its place, once for every copy, and which of the things at ``start`` the copy is."""
    event = np.repeat(np.arange(len(copies)), copies)
    offset = np.cumsum(copies) - copies
    return event, np.arange(len(event)) + np.repeat(start - offset, copies)


def _bounded(views: Views, stream: Stream, rows: int, event: Ints, view: Ints) -> Mask:
    """Whether each event lies in the stretch its view's anchor bounds; true where there is no anchor."""
    found = _anchor_ages(views, stream, rows)
    free = views.anchor[view] < 0
    anchor = found[np.where(free, 0, views.anchor[view]), stream.row[event]]
    age, span = stream.age[event], views.span[view]
    before = (age > anchor) & (age <= anchor + span)
    after = (age <= anchor) & (age > anchor - span)
    inside: Mask = free | ((anchor >= 0) & np.where(views.after[view], after, before))
    return inside


def _anchor_ages(views: Views, stream: Stream, rows: int) -> Ints:
    """By anchor and row: the age of the anchoring event, -1 where it never happened or has no time."""
    ages = np.full((len(views.anchors), rows), -1, np.int64)
    timed = stream.age < NEVER
    for place, (source, last) in enumerate(views.anchors):
        here = ((stream.source == source) & timed).nonzero()[0]
        if not len(here):
            continue
        if last:
            newest = np.full(rows, NEVER, np.int64)
            np.minimum.at(newest, stream.row[here], stream.age[here])
            ages[place] = np.where(newest == NEVER, -1, newest)
        else:
            np.maximum.at(ages[place], stream.row[here], stream.age[here])
    return ages


def _disturbed(views: Views, stream: Stream, event: Ints, view: Ints) -> Mask:
    """Whether something that disturbs an event of the view happened too close before it."""
    disturber, rule = repeated(views.disturb_copies[stream.source], views.disturb_start[stream.source])
    asked = np.flatnonzero(views.group[view] >= 0)
    out = np.zeros(len(event), bool)
    if not len(disturber) or not len(asked):
        return out
    row, age = stream.row[disturber], stream.age[disturber]
    group, span = views.disturbs[rule, 1], views.disturbs[rule, 2]
    out[asked] = covered(
        row * views.groups + group,
        np.where(age == NEVER, 0, age - span),  # what has no time has always been so
        age,
        where=stream.row[event[asked]] * views.groups + views.group[view[asked]],
        at=stream.age[event[asked]],
    )
    return out


def covered(key: Ints, low: Ints, high: Ints, *, where: Ints, at: Ints) -> Mask:
    """Whether some stretch ``[low, high]`` of the same key holds the point ``at``.

    Counted, not searched: stretches begun less stretches over.
    """
    values, rank = np.unique(np.concatenate([low, high, at]), return_inverse=True)
    low, high, at = np.split(rank, [len(low), len(low) + len(high)])
    size = len(values)
    begun = np.searchsorted(np.sort(key * size + low), where * size + at, side="right")
    over = np.searchsorted(np.sort(key * size + high), where * size + at, side="left")
    held: Mask = begun > over
    return held
