"""What a bundle says of histories: a frame of scores, and the reasons of single patients."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from painresponse.batch.columns import SCORES, answers, provenance, score_table
from painresponse.batch.scores import REASONS
from painresponse.frames.matrix import asked_of
from painresponse.readers import events_of
from painresponse.scoring.explanation import Explanation
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
    ``histories`` are `Histories` or a frame of MEDS events, ``asks`` a frame of subject_id and
    prediction_time; without asks every patient is asked about a day after the last event. The notices are in
    ``.attrs["notices"]``. Raises BundleError for a bundle that cannot be opened, or a synthetic one unless
    that is allowed, RecordError on frames that cannot be read.

    >>> import pandas as pd, painresponse as pr
    >>> events = pd.DataFrame({
    ...     "subject_id": [1, 1],
    ...     "time": pd.to_datetime(["1960-01-01 00:00", "2020-05-01 09:30"]),
    ...     "code": ["MEDS_BIRTH", "PR//pain"],
    ...     "numeric_value": [None, 7],
    ... })
    >>> scores = pr.score("models/synthetic.onnx", events, targets=("rfa",), allow_synthetic=True)
    >>> scores["refusal"].tolist()  # nothing like those it learnt from
    ['R06_OUT_OF_DOMAIN']
    """
    scorer = _opened(scorer, allow_synthetic=allow_synthetic)
    records, _ = scorer.read(events_of(histories))
    said = answers(scorer, records, asked_of(asks, records), targets=targets, reasons=reasons)
    tables = [SCORES.empty_table(), *(score_table(one, provenance(scorer)) for one in said)]
    frame = pa.concat_tables(tables).cast(_PLAIN).to_pandas()
    frame.attrs["notices"] = list(scorer.notices)
    return frame


def explain(
    scorer: Scorer | str | Path,
    histories: Any,
    asks: Any = None,
    *,
    targets: tuple[str, ...] | None = None,
    allow_synthetic: bool = False,
) -> list[Explanation]:
    """Why a bundle says what it says: one `Explanation` for each ask and target, in the order of `score`.

    It is taken and refused as in `score`; an explanation shows itself in words and draws itself
    (``plots.waterfall``).

    >>> import pandas as pd, painresponse as pr
    >>> events = pd.DataFrame({
    ...     "subject_id": [1, 1],
    ...     "time": pd.to_datetime(["2010-01-01 00:00", "2020-05-01 09:30"]),
    ...     "code": ["MEDS_BIRTH", "PR//pain"],
    ...     "numeric_value": [None, 7],
    ... })
    >>> (one,) = pr.explain("models/synthetic.onnx", events, targets=("rfa",), allow_synthetic=True)
    >>> one.refusal[0]
    'R01_AGE'
    """
    scorer = _opened(scorer, allow_synthetic=allow_synthetic)
    records, _ = scorer.read(events_of(histories))
    return scorer.explain(records, asked_of(asks, records), targets=targets)


def _opened(scorer: Scorer | str | Path, *, allow_synthetic: bool) -> Scorer:
    return scorer if isinstance(scorer, Scorer) else Scorer.load(scorer, allow_synthetic=allow_synthetic)
