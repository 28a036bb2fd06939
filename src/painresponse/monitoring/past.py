"""What the bundle said in the past: files of scores, requests a server answered, or the same said again.

All of them as a frame of subject, target, ``asked`` (microseconds) and probability, NaN where refused.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from painresponse.batch.columns import BUNDLE
from painresponse.errors import RecordError
from painresponse.monitoring.asked import Asked
from painresponse.readers.arrow import need
from painresponse.readers.meds import refuse_sealed
from painresponse.schema import PREDICTION, SUBJECT

COLUMNS = [SUBJECT, "target", "asked", "probability"]

_NEEDED = (SUBJECT, PREDICTION, "target", "probability")


def said_again(asked: Asked) -> pd.DataFrame:
    """What the bundle says now of those asked about: to the bit what it said then, of the same records."""
    width = len(asked.targets)
    return pd.DataFrame(
        {
            SUBJECT: np.repeat(asked.subject, width),
            "target": np.tile(np.array(asked.targets, object), len(asked.subject)),
            "asked": np.repeat(asked.index, width),
            "probability": asked.probability.ravel(),
        }
    )


def past_scores(given: Any, digest: str) -> tuple[pd.DataFrame, int]:
    """Scores from files or folders of `painresponse score`, or a frame of them; and how many files were left
    out, because they are another bundle's.

    Raises RecordError where a file cannot be read or lacks a column, and where none is this bundle's.
    """
    if not isinstance(given, str | Path | list | tuple):
        need(list(given.columns), _NEEDED, "The frame of scores")
        return _columns(pd.DataFrame(given)), 0
    files = list(_files([given] if isinstance(given, str | Path) else given))
    own = [path for path in files if _bundle_of(path) == digest]
    if not own:
        raise RecordError(
            f"None of the {len(files):,} files of scores was written with this bundle (SHA-256 "
            f"{digest[:12]}…). Give those that painresponse score made with it."
        )
    read = [_columns(pq.read_table(path, columns=[*_NEEDED]).to_pandas()) for path in own]
    return pd.concat(read, ignore_index=True), len(files) - len(own)


def _files(given: Iterable[str | Path]) -> Iterable[Path]:
    for path in map(Path, given):
        refuse_sealed(path)
        yield from sorted(path.glob("**/*.parquet")) if path.is_dir() else (path,)


def _bundle_of(path: Path) -> str:
    """The bundle a file of scores names. Raises RecordError where it is no such file."""
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError):
        raise RecordError(
            f"{path} cannot be read as a file of scores. Give Parquet that painresponse score wrote."
        ) from None
    need(schema.names, _NEEDED, str(path))
    return (schema.metadata or {}).get(BUNDLE.encode(), b"").decode()


def _columns(scores: pd.DataFrame) -> pd.DataFrame:
    asked = scores[PREDICTION].to_numpy().astype("datetime64[us]").astype(np.int64)
    return pd.DataFrame(
        {
            SUBJECT: scores[SUBJECT].to_numpy(np.int64),
            "target": scores["target"].astype(object).to_numpy(),
            "asked": asked,
            "probability": scores["probability"].to_numpy(np.float64, na_value=np.nan),
        }
    )
