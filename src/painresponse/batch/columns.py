"""Scores as columns, one line for each ask and target: the same in a file and in a notebook."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from painresponse.batch.asking import pieces
from painresponse.records import Asks, Records
from painresponse.schema import PREDICTION, SUBJECT
from painresponse.scoring.reasons import Reason
from painresponse.scoring.scorer import Scorer, Scores

ASKS_AT_ONCE = 1_000
"""Asks answered and written together: their contributions are asks x targets x features numbers."""

BUNDLE = "painresponse_bundle"
"""Under this name a file of scores says the SHA-256 of its bundle."""

T = TypeVar("T")
Table = Sequence[Sequence[Sequence[T]]]
"""By ask and target, some things."""

_WORD = pa.dictionary(pa.int32(), pa.string())
_REASON = pa.struct(
    {
        "feature": pa.string(),
        "words": pa.string(),
        "value": pa.string(),
        "points": pa.float64(),
        "text": pa.string(),
    }
)
# said in full: a shard without a refusal, or without an ask, must have the same columns as the others
SCORES = pa.schema(
    {
        SUBJECT: pa.int64(),
        PREDICTION: pa.timestamp("us"),
        "target": _WORD,
        "probability": pa.float64(),
        "low": pa.float64(),
        "high": pa.float64(),
        "support": pa.float64(),
        "refusal": _WORD,
        "reason": _WORD,
        "known_features": pa.float64(),
        "reasons": pa.list_(_REASON),
        "flags": pa.list_(pa.string()),
        "data_provenance": _WORD,
    }
)


def answers(
    scorer: Scorer, records: Records, asks: Asks, *, targets: tuple[str, ...] | None, reasons: int
) -> Iterator[Scores]:
    """What a scorer says to all asks in order, to some of them at a time."""
    for piece in pieces(asks, ASKS_AT_ONCE):
        yield scorer.score(records, piece, targets=targets, reasons=reasons)


def notes(scorer: Scorer) -> dict[str, str]:
    """What must be said with every table of a scorer's answers."""
    return {
        "data_provenance": provenance(scorer),
        BUNDLE: scorer.bundle.digest,
        "painresponse_bundle_name": scorer.bundle.name,
        "notices": json.dumps(scorer.notices, ensure_ascii=False),
    }


def provenance(scorer: Scorer) -> str:
    """What kind of patients the models learnt from."""
    return "synthetic" if scorer.bundle.synthetic else "clinic"


def score_table(scores: Scores, kind: str) -> pa.Table:
    """The columns `SCORES`, refusals kept with their reason; ``kind`` is that of the patients learnt from."""
    n, width = scores.probability.shape
    place = scores.refused.ravel()
    columns = {
        SUBJECT: np.repeat(scores.subject, width),
        PREDICTION: np.repeat(scores.index, width).astype("datetime64[us]"),
        "target": _words(np.tile(np.arange(width), n), scores.targets),
        "probability": scores.probability.ravel(),
        "low": scores.low.ravel(),
        "high": scores.high.ravel(),
        "support": scores.support.ravel(),
        "refusal": _words(place, [code for code, _ in scores.refusals]),
        "reason": _words(place, [words for _, words in scores.refusals]),
        "known_features": np.repeat(scores.known, width),
        "reasons": _lists(scores.reasons, n * width, _reasons),
        "flags": _lists(
            getattr(scores, "flags", None), n * width, lambda flags: pa.array(flags, pa.string())
        ),
        "data_provenance": _words(np.zeros(n * width, np.int64), [kind]),
    }
    return pa.table(columns, schema=SCORES)


def _words(place: NDArray[np.int64], words: Sequence[str]) -> pa.DictionaryArray:
    """By line the word it points to, none where it points before the first; the same word may stand twice."""
    different = list(dict.fromkeys(words))
    number = np.array([different.index(one) for one in words], np.int32)
    return pa.DictionaryArray.from_arrays(
        pa.array(number[place], mask=place < 0), pa.array(different, pa.string())
    )


def _flags(flags: Sequence[str]) -> pa.StringArray:
    return pa.array(flags, pa.string())


def _reasons(reasons: Sequence[Reason]) -> pa.StructArray:
    columns = {
        "feature": [one.name for one in reasons],
        "words": [one.words for one in reasons],
        "value": [one.value for one in reasons],
        "points": [one.points for one in reasons],
        "text": [one.text for one in reasons],
    }
    arrays = [pa.array(column, _REASON.field(name).type) for name, column in columns.items()]
    return pa.StructArray.from_arrays(arrays, fields=list(_REASON))


def _lists(cells: Table[T] | None, lines: int, values: Callable[[Sequence[T]], pa.Array]) -> pa.ListArray:
    """By line a list of its own, from a table by ask and target; all of them empty without one."""
    flat = [] if cells is None else [cell for line in cells for cell in line]
    ends = np.cumsum([0, *map(len, flat)], dtype=np.int32) if flat else np.zeros(lines + 1, np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), values([one for cell in flat for one in cell]))
