"""A cohort scored shard by shard, Parquet in and Parquet out."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from painresponse.batch.asking import asker
from painresponse.errors import CohortError
from painresponse.publishing import publish
from painresponse.readers import histories
from painresponse.records import Asks, Records
from painresponse.schema import PREDICTION, SUBJECT
from painresponse.scoring.scorer import Scorer

_WORD = pa.dictionary(pa.int32(), pa.string())
# said in full: a shard without a refusal, or without an ask, must have the same columns as the others
_SCORES = pa.schema(
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
        "data_provenance": _WORD,
    }
)
Progress = Callable[[], None]


@dataclass(frozen=True)
class Scored:
    """What a cohort run did: questions asked, answers given, refusals by code."""

    asks: int
    scores: int
    refused: dict[str, int] = field(default_factory=dict)


def score_folder(
    scorer: Scorer,
    folder: Path,
    out: Path,
    *,
    asks: Asks | None = None,
    targets: tuple[str, ...] | None = None,
    progress: Progress = lambda: None,
) -> Scored:
    """Score a MEDS folder into a Parquet file with one line for each ask and target.

    Without asks every subject is asked about a day after the last event. Raises CohortError when nobody in
    the folder is asked about. The file appears whole or not at all.
    """
    notes = {
        "data_provenance": "synthetic" if scorer.bundle.synthetic else "clinic",
        "painresponse_bundle": scorer.bundle.digest,
        "notices": json.dumps(scorer.notices, ensure_ascii=False),
    }
    asked, given, refused = 0, 0, dict[str, int]()

    def tables() -> Iterator[pa.Table]:
        nonlocal asked, given
        for records, part in _parts(folder, scorer, asks):
            scores = scorer.score(records, part, targets=targets)
            asked += len(part)
            given += int((scores.refused < 0).sum())
            for place in scores.refused[scores.refused >= 0]:
                code = scores.reasons[place][0]
                refused[code] = refused.get(code, 0) + 1
            yield _scores_table(scores.table(), scorer)
            progress()

    publish(out, lambda draft: _write(draft, tables(), notes))
    return Scored(asked, given, refused)


def _parts(folder: Path, scorer: Scorer, asks: Asks | None) -> Iterator[tuple[Records, Asks]]:
    """Each shard's records with the asks about its subjects."""
    about = asker(asks)
    found = 0
    for records, _ in histories(folder, scorer.measures):
        part = about(records)
        found += len(part)
        yield records, part
    if not found:
        raise CohortError(
            f"Nobody in {folder} is asked about: the asks name none of its subjects. "
            "Check that both number the subjects alike."
        )


def _scores_table(columns: dict[str, Any], scorer: Scorer) -> pa.Table:
    provenance = "synthetic" if scorer.bundle.synthetic else "clinic"
    return pa.table({**columns, "data_provenance": [provenance] * len(columns[SUBJECT])}, schema=_SCORES)


def _write(draft: Path, tables: Iterator[pa.Table], notes: dict[str, str]) -> None:
    first = next(tables)
    schema = first.schema.with_metadata(notes)
    with pq.ParquetWriter(draft, schema, compression="zstd", write_page_checksum=True) as writer:
        writer.write_table(first.replace_schema_metadata(notes))
        for table in tables:
            writer.write_table(table.replace_schema_metadata(notes))
