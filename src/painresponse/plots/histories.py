"""One patient's history as a picture: a lane for each concept, and what a prediction could see of it."""

from dataclasses import dataclass
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from numpy.typing import NDArray

from painresponse import schema
from painresponse.errors import RecordError
from painresponse.frames.histories import Histories, histories
from painresponse.frames.meanings import TREATMENT, Meaning
from painresponse.plots.canvas import LETTERS, canvas, names_down
from painresponse.records import Records
from painresponse.records.coding import STOPPED
from painresponse.report.drawing import BLUE, GREEN, GREY, ORANGE
from painresponse.scoring.wording import printed

_FACT = "fact"
_UNDRAWN = (schema.BIRTH, f"{schema.LOCAL_PREFIX}site")
"""What is no event: facts, and these."""

_ROW, _HALF, _WIDEST = 0.36, 0.34, 20
Times = NDArray[np.datetime64]


@dataclass(frozen=True)
class _Lane:
    """The events of one concept or drug: when, how much, when it was known, whether it ended a treatment."""

    meaning: Meaning
    time: Times
    available: Times
    value: NDArray[np.float32]
    stops: NDArray[np.bool_]


def timeline(
    patients: Any, subject: int, index: Any = None, *, ax: Axes | None = None, most: int = 14
) -> Axes:
    """A patient's history: a lane for each of so many concepts, the commonest, and for treatments.

    ``patients`` are `Histories` or a frame of events. Measurements are drawn as a line between the limits
    that their label says, in canonical units; treatments from their beginning to their end. With an ``index``
    (a date or time) what a prediction at that instant may not see, because it happened later or was known
    later, is hollow. Birth and facts without a time are left out. Raises RecordError where there is no such
    patient, or none of the events has a time and a meaning.

    >>> import pandas as pd, painresponse as pr
    >>> events = pd.DataFrame({
    ...     "subject_id": [1, 1],
    ...     "time": pd.to_datetime(["2024-03-01 09:00", "2024-05-01 09:30"]),
    ...     "code": ["PR//pain", "PR//pain"],
    ...     "numeric_value": [7, 4],
    ... })
    >>> axes = pr.plots.timeline(events, 1, index="2024-04-01")
    >>> [one.get_text() for one in axes.get_yticklabels()]
    ['average pain, numeric rating scale 0-10 (0 to 10)']
    """
    known = patients if isinstance(patients, Histories) else histories(patients)
    lanes = _lanes(known.of(subject), most)
    if not lanes:
        raise RecordError(
            "This patient has no dated event that the catalogue knows, so there is no timeline."
        )
    at = None if index is None else np.datetime64(pd.Timestamp(index), "us")
    axes = canvas(ax, 1.0 + _ROW * max(len(lanes), 3))
    for row, lane in enumerate(lanes):
        _draw(axes, row, lane, at)
    names_down(axes, [fill(_label(lane), LETTERS) for lane in lanes])
    if at is not None:
        axes.axvline(at, color="black", linewidth=1, label="index")
        axes.plot([], [], "o", color=GREY, markerfacecolor="none", label="not seen: later, or known later")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, fontsize="small")
    axes.set_xlabel("date")
    locator = AutoDateLocator(minticks=3, maxticks=7)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    return axes


def _lanes(one: Histories, most: int) -> list[_Lane]:
    """Of the commonest labels: measurements and findings as they begin, then treatments."""
    records = one.records
    meaning = [next(iter(one.meanings.of(code)), None) for code in records.codes]
    dated = records.time != schema.STATIC
    undrawn = {said.label for code in _UNDRAWN for said in one.meanings.of(code)}
    rows: dict[str, list[int]] = {}
    for row in np.flatnonzero(dated):
        code = records.code[row]
        if (said := meaning[code]) and said.family != _FACT and said.label not in undrawn:
            rows.setdefault(said.label, []).append(int(row))
    common = sorted(rows.values(), key=len, reverse=True)[:most]
    lanes = [_lane(records, meaning, np.array(places)) for places in common]
    return sorted(lanes, key=lambda lane: (lane.meaning.family == TREATMENT, lane.time[0]))


def _lane(records: Records, meaning: list[Meaning | None], rows: NDArray[np.int64]) -> _Lane:
    said = [one for code in records.code[rows] if (one := meaning[code])]
    return _Lane(
        said[0],
        records.time[rows].astype("datetime64[us]"),
        records.available[rows].astype("datetime64[us]"),
        records.value[rows],
        np.array([bool(one.says & STOPPED) for one in said]),
    )


def _draw(axes: Axes, row: int, lane: _Lane, at: np.datetime64 | None) -> None:
    seen = np.ones(len(lane.time), bool) if at is None else (lane.time < at) & (lane.available < at)
    colour = GREEN if lane.meaning.family == TREATMENT else BLUE if _ends(lane) else ORANGE
    height = _heights(row, lane)
    if lane.meaning.family == TREATMENT:
        for begin, end in _stretches(lane):
            axes.plot([begin, end], [row, row], color=colour, linewidth=4, alpha=0.3)
    elif _ends(lane):
        axes.plot(lane.time, height, color=colour, linewidth=0.9, alpha=0.5)
    for those, face in ((seen, colour), (~seen, "none")):
        for stopped, mark in ((False, "o"), (True, "s")):
            some = those & (lane.stops == stopped)
            axes.plot(
                lane.time[some],
                height[some],
                mark,
                color=colour,
                markerfacecolor=face,
                markersize=4,
            )


def _stretches(lane: _Lane) -> list[tuple[np.datetime64, np.datetime64]]:
    """From what first began to what ended it; nothing is drawn of what was never said to be over."""
    found, begun = [], None
    for time, stops in zip(lane.time, lane.stops, strict=True):
        if stops and begun is not None:
            found.append((begun, time))
        begun = None if stops else (time if begun is None else begun)
    return found


def _ends(lane: _Lane) -> tuple[float, float] | None:
    """What the lane is drawn between: the concept's limits where they are near, else its own values."""
    value = lane.value[np.isfinite(lane.value)]
    if lane.meaning.family == TREATMENT or not len(value) or lane.meaning.limits == (0.0, 1.0):
        return None
    low, high = lane.meaning.limits or (-np.inf, np.inf)
    if high - low <= _WIDEST:
        return low, high
    return float(value.min()), float(value.max())


def _heights(row: int, lane: _Lane) -> NDArray[np.float64]:
    ends = _ends(lane)
    if not ends or ends[0] == ends[1]:
        return np.full(len(lane.time), float(row))
    part = (np.nan_to_num(lane.value, nan=ends[0]) - ends[0]) / (ends[1] - ends[0])
    return row + _HALF - 2 * _HALF * part.astype(np.float64)


def _label(lane: _Lane) -> str:
    ends = _ends(lane)
    if not ends:
        return lane.meaning.label
    reach = f"{ends[0]:.4g}" if ends[0] == ends[1] else f"{ends[0]:.4g} to {ends[1]:.4g}"
    return f"{lane.meaning.label} ({' '.join((reach, printed(lane.meaning.unit))).rstrip()})"
