"""For the notebook: data frames in, data frames out, through the same engine and scorer as everywhere."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from painresponse.batch.columns import SCORES, answers, provenance, score_table
from painresponse.batch.scores import REASONS
from painresponse.clinic import Catalogue, load_catalogue
from painresponse.engine import Plan, rows
from painresponse.readers import asks_of, events_of, last_known
from painresponse.records import Asks, Records, collect
from painresponse.schema import PREDICTION, SUBJECT
from painresponse.scoring.scorer import Scorer

_PLAIN = pa.schema(
    [one.with_type(pa.string()) if pa.types.is_dictionary(one.type) else one for one in SCORES]
)
"""Words as words: as categories they would not compare with those of another frame."""


def score(
    scorer: Scorer | str | Path,
    histories: Any,
    asks: Any = None,
    *,
    targets: tuple[str, ...] | None = None,
    reasons: int = REASONS,
    allow_synthetic: bool = False,
) -> pd.DataFrame:
    """Predicted response: one line for each ask and target, refusals kept with their reason.

    The columns and numbers are those that `painresponse score` writes, so many largest reasons among them.
    ``histories`` is a frame of MEDS events, ``asks`` one of subject_id and prediction_time; without asks
    every subject is asked about a day after the last event. The notices are in ``.attrs["notices"]``.
    """
    if not isinstance(scorer, Scorer):
        scorer = Scorer.load(scorer, allow_synthetic=allow_synthetic)
    records, _ = scorer.read(events_of(histories))
    said = answers(scorer, records, _asks(asks, records), targets=targets, reasons=reasons)
    tables = [SCORES.empty_table(), *(score_table(one, provenance(scorer)) for one in said)]
    frame = pa.concat_tables(tables).cast(_PLAIN).to_pandas()
    frame.attrs["notices"] = list(scorer.notices)
    return frame


def features(histories: Any, asks: Any = None, *, catalogue: Catalogue | None = None) -> pd.DataFrame:
    """The feature matrix (asks x features, float32) of a frame of MEDS events, as models see it."""
    catalogue = catalogue or load_catalogue()
    records, _ = collect(events_of(histories), catalogue.concepts)
    asked = _asks(asks, records)
    matrix = rows(Plan(catalogue.features, catalogue.concepts), records, asked)
    frame = pd.DataFrame(matrix, columns=list(catalogue.features.names))
    frame.insert(0, SUBJECT, asked.subject)
    frame.insert(1, PREDICTION, asked.index.astype("datetime64[us]"))
    return frame


def _asks(asks: Any, records: Records) -> Asks:
    return last_known(records) if asks is None else asks_of(asks)
