"""The histories of a clinic's patients as one value: what a notebook begins with."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from painresponse import markup, schema
from painresponse.clinic import Catalogue, load_catalogue
from painresponse.errors import RecordError
from painresponse.frames.meanings import Meaning, meanings
from painresponse.readers import events_of, read_shard, shards
from painresponse.readers.meds import refuse_divided
from painresponse.readers.writing import event_table
from painresponse.records import Intake, RawEvents, Records, collect
from painresponse.records.coding import Matcher
from painresponse.scoring.wording import printed


@dataclass(frozen=True, eq=False)
class Histories:
    """Event histories, one a patient, and the catalogue they are read with; never changed once made.

    ``events`` is the Arrow table: subject_id, time (empty where a fact has none), code, numeric_value
    (float32), unit, available_time (empty where known at once), sorted by subject and time. It speaks Arrow,
    so that whatever takes a frame of events takes it as well. ``len`` counts patients.
    """

    events: pa.Table
    catalogue: Catalogue

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The events as a pandas frame."""
        return self.events.to_pandas()

    @cached_property
    def subjects(self) -> NDArray[np.int64]:
        """The distinct subjects, ascending."""
        return np.unique(self._subject)

    @cached_property
    def meanings(self) -> Matcher[Meaning]:
        """What its codes mean by its catalogue."""
        return meanings(self.catalogue.concepts)

    @property
    def records(self) -> Records:
        """The events ready to compute on, in canonical units."""
        return self._collected[0]

    @property
    def intake(self) -> Intake:
        """How many events were kept, and how many rejected and why."""
        return self._collected[1]

    def of(self, subject: int) -> "Histories":
        """The history of one patient. Raises RecordError where there is none."""
        first, stop = np.searchsorted(self._subject, [subject, subject + 1])
        if first == stop:
            raise RecordError(
                "There is no such patient in these histories. Those there are stand in .subjects."
            )
        return replace(self, events=self.events.slice(int(first), int(stop - first)))

    def __len__(self) -> int:
        return len(self.subjects)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.events.__arrow_c_stream__(requested_schema)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Histories":
        return self

    def __repr__(self) -> str:
        return f"<Histories: {', '.join(self._told())}>"

    def _repr_html_(self) -> str:
        alone = len(self) == 1
        body = _last_events(self) if alone else _commonest(self)
        shown = min(markup.MOST, len(self.events))
        title = f"Last {shown} events" if alone else "Commonest concepts"
        return markup.panel(f"Histories: {', '.join(self._told())}", body and f"<p>{title}</p>", body)

    @cached_property
    def _subject(self) -> NDArray[np.int64]:
        return self.events[schema.SUBJECT].to_numpy()

    @cached_property
    def _collected(self) -> tuple[Records, Intake]:
        return collect(events_of(self), self.catalogue.concepts)

    def _told(self) -> Iterator[str]:
        patients = len(self)
        yield f"{patients:,} patient{'' if patients == 1 else 's'}"
        yield f"{len(self.events):,} events"
        born = pc.equal(self.events[schema.CODE], schema.BIRTH)
        ends = pc.min_max(self.events[schema.TIME].filter(pc.invert(born))).as_py()
        if ends["min"] is not None:
            yield f"{ends['min']:%Y-%m-%d} to {ends['max']:%Y-%m-%d}"


def histories(source: Any, catalogue: Catalogue | None = None) -> Histories:
    """The histories of a MEDS folder (a path) or a frame of MEDS events (pandas, Polars, pyarrow, DuckDB).

    They are read with the ``catalogue`` given, else with the site configuration that the folder keeps, else
    with the packaged one. A whole folder is held in memory: `painresponse features` and `score` work through
    larger ones. Raises RecordError where the events cannot be read.

    >>> import pandas as pd, painresponse as pr
    >>> events = pd.DataFrame({
    ...     "subject_id": [1, 1, 2],
    ...     "time": pd.to_datetime(["2024-03-01 09:00", "2024-05-01 09:30", "2024-05-02 14:00"]),
    ...     "code": ["PR//pain"] * 3,
    ...     "numeric_value": [7, 4, 8],
    ... })
    >>> clinic = pr.histories(events)
    >>> clinic
    <Histories: 2 patients, 3 events, 2024-03-01 to 2024-05-02>
    >>> clinic.of(2).frame["numeric_value"].tolist()
    [8.0]
    """
    if isinstance(source, str | Path):
        folder = Path(source)
        return Histories(_sorted(_folder(folder)), catalogue or load_catalogue(data=folder))
    return Histories(_sorted(events_of(source)), catalogue_for(source, catalogue))


def catalogue_for(source: Any, catalogue: Catalogue | None) -> Catalogue:
    """The catalogue given, else that of the histories, else the packaged one."""
    if catalogue is None and isinstance(source, Histories):
        return source.catalogue
    return catalogue or load_catalogue()


def collected(source: Any, catalogue: Catalogue) -> tuple[Records, Intake]:
    """Records and intake of histories or of a frame of events, read with this catalogue."""
    if isinstance(source, Histories) and source.catalogue is catalogue:
        return source.records, source.intake
    return collect(events_of(source), catalogue.concepts)


def _folder(folder: Path) -> RawEvents:
    found = shards(folder)
    refuse_divided(found)
    return events_of(pa.concat_tables([_sorted(read_shard(path)) for path in found]))


def _sorted(events: RawEvents) -> pa.Table:
    order = np.lexsort((events.time, events.subject))
    return event_table(events, order).drop_columns([schema.TEXT])


def _commonest(histories: Histories) -> str:
    frame = histories.frame
    known = {code: found[0] for code in frame[schema.CODE].unique() if (found := histories.meanings.of(code))}
    units = {one.label: printed(one.unit) for one in known.values()}
    label = frame[schema.CODE].map({code: one.label for code, one in known.items()})
    counted = frame[schema.SUBJECT].groupby(label).agg(["size", "nunique"]).nlargest(markup.MOST, "size")
    lines = [(one, units[one], f"{size:,}", f"{whom:,}") for one, size, whom in counted.itertuples()]
    return markup.table(("concept", "unit", "events", "patients"), lines)


def _last_events(histories: Histories) -> str:
    lines = [
        _line(one, histories.meanings)
        for one in histories.events.slice(max(len(histories.events) - markup.MOST, 0)).to_pylist()
    ]
    return markup.table(("time", "event", "value", "unit", "known from"), lines)


def _line(event: dict[str, Any], known: Matcher[Meaning]) -> tuple[str, ...]:
    meaning = next(iter(known.of(event[schema.CODE])), None)
    value = event[schema.VALUE]
    return (
        _minute(event[schema.TIME]) or "no time",
        meaning.words if meaning else event[schema.CODE],
        "" if value is None else f"{value:.6g}",
        printed(event[schema.UNIT] or (meaning.unit if meaning and value is not None else "")),
        _minute(event[schema.AVAILABLE]),
    )


def _minute(time: Any) -> str:
    return "" if time is None else f"{time:%Y-%m-%d %H:%M}"
