"""What is wrong with a history or a model as a whole: then nothing is scored, and the answer says why."""

import numpy as np

from painresponse.records import Asks, RawEvents, Tally
from painresponse.schema import STATIC
from painresponse.scoring.refusals import LATER, STALE, UNITS, Refusal
from painresponse_serve.questions import Question

_IMPOSSIBLE = ("unit", "unit_unclear", "limits", "unit_contradicted", "not_finite")


def fault_of(question: Question, tally: Tally, *, alarmed: bool) -> Refusal | None:
    """The first reason not to score one patient's history at all."""
    if alarmed:
        return STALE
    if _later(question.raw, question.asks):
        return LATER
    return UNITS if any(reason in _IMPOSSIBLE for reason in tally.rejected) else None


def _later(raw: RawEvents, asks: Asks) -> bool:
    """Whether anything in it happened, or became known, after the index."""
    timed = raw.time != STATIC
    return bool(np.any(timed & (np.maximum(raw.time, raw.available) > asks.index[0])))
