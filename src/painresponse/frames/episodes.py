"""Who was given an intervention, when the decision was made, and whether they responded: as a frame."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from painresponse.clinic import Catalogue
from painresponse.clinic.targets import expanded
from painresponse.errors import DefinitionError, unknown
from painresponse.frames.histories import catalogue_for, collected
from painresponse.schema import PREDICTION, SUBJECT
from painresponse.training.cohorts import gather


def episodes(histories: Any, target: str, *, catalogue: Catalogue | None = None) -> pd.DataFrame:
    """The eligible treated episodes of a target, a row each, as `train` learns from them.

    Columns: subject_id, prediction_time (the index), ``outcome`` (1 response, 0 none, NaN unknown), ``site``
    (the clinic's number), and the label of every grouping of patients (sex, age_band, diagnosis; empty where
    unknown). In ``.attrs``: ``target``, its ``label`` in words, the ``flow`` (episodes left after each step)
    and the ``levels`` of intractable pain. Raises DefinitionError for a target the catalogue does not have,
    RecordError on a frame that cannot be read.

    >>> import pandas as pd, painresponse as pr
    >>> events = pd.DataFrame({
    ...     "subject_id": [1, 1],
    ...     "time": pd.to_datetime(["1960-01-01 00:00", "2020-05-01 09:30"]),
    ...     "code": ["MEDS_BIRTH", "PR//scs_lead"],
    ...     "numeric_value": [None, None],
    ... })
    >>> found = pr.episodes(events, "scs_trial")
    >>> found.attrs["flow"]["adult"], found.attrs["flow"]["intractable pain"]
    (1, 0)
    """
    whole = catalogue_for(histories, catalogue)
    every = expanded(whole.targets)
    if target not in every:
        raise DefinitionError(unknown("target", target, every))
    alone = replace(whole, targets={target: every[target]})
    cohort = gather([collected(histories, whole)], alone)
    found, attrition = cohort.examples[target], cohort.attrition[target]
    columns = {
        SUBJECT: found.subject,
        PREDICTION: found.index.astype("datetime64[us]"),
        "outcome": found.y,
        "site": pd.array(np.where(found.site < 0, pd.NA, found.site), "Int64"),
        **found.groups,
    }
    frame = pd.DataFrame(columns)
    frame.attrs = {
        "target": target,
        "label": alone.label(target),
        "flow": dict(attrition.steps),
        "levels": dict(attrition.levels),
    }
    return frame
