"""The feature matrix of a frame of events: the numbers that models see."""

from typing import Any

import pandas as pd

from painresponse.clinic import Catalogue
from painresponse.engine import Plan, rows
from painresponse.frames.histories import catalogue_for, collected
from painresponse.readers import asks_of, last_known
from painresponse.records import Asks, Records
from painresponse.schema import PREDICTION, SUBJECT


def features(histories: Any, asks: Any = None, *, catalogue: Catalogue | None = None) -> pd.DataFrame:
    """The feature matrix (asks x features, float32, unknown NaN) of histories, as models see it.

    ``histories`` are `Histories` or a frame of MEDS events, ``asks`` a frame of subject_id and
    prediction_time, in which a date means its midnight; without asks every patient is asked about a day after
    the last event. The first two columns are those of the asks, in their order. Raises RecordError on frames
    that cannot be read.

    >>> import pandas as pd, painresponse as pr
    >>> events = pd.DataFrame({
    ...     "subject_id": [1, 1],
    ...     "time": pd.to_datetime(["2024-04-10 09:00", "2024-05-01 09:30"]),
    ...     "code": ["PR//pain", "PR//pain"],
    ...     "numeric_value": [7, 4],
    ... })
    >>> asks = pd.DataFrame({"subject_id": [1], "prediction_time": pd.to_datetime(["2024-05-01"])})
    >>> float(pr.features(events, asks)["pain_mean_30d"].iloc[0])  # the 4 was told later
    7.0
    """
    catalogue = catalogue_for(histories, catalogue)
    records, _ = collected(histories, catalogue)
    asked = asked_of(asks, records)
    frame = matrix_of(Plan(catalogue.features, catalogue.concepts), records, asked)
    frame.insert(0, SUBJECT, asked.subject)
    frame.insert(1, PREDICTION, asked.index.astype("datetime64[us]"))
    return frame


def matrix_of(plan: Plan, records: Records, asks: Asks, index: Any = None) -> pd.DataFrame:
    """Asks x features, float32; nothing else."""
    return pd.DataFrame(rows(plan, records, asks), columns=list(plan.features.names), index=index)


def asked_of(asks: Any, records: Records) -> Asks:
    """The asks of a frame; without one, a day after every patient's last event."""
    return last_known(records) if asks is None else asks_of(asks)
