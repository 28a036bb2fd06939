"""Histories of random patients whom no target refuses, 200 events each, as a MEDS folder.

Two in five events are pain scores, two in five other measurements, the rest prescriptions, over two years.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.histories import DAY, EVENTS_EACH, INDEX, SHARD, catalogue
from painresponse.engine import Plan, rows
from painresponse.readers import histories, last_known

FIRST = {
    "MEDS_BIRTH": 50 * 365,
    "CPT//63650": 80,
    "CPT//62322//INTRATHECAL_TRIAL": 70,
    "CPT//64490//DIAGNOSTIC": 60,
}
"""What everybody has, so many days ago: a birth date, and what must come before some targets."""

PAIN = "PR//pain"
SHARES = (0.4, 0.4, 0.2)


def write(folder: Path, patients: int) -> int:
    """2,500 patients a shard; how many events."""
    (folder / "data").mkdir(parents=True)
    for shard in range(patients // SHARD):
        table = _shard(np.random.default_rng(shard), shard)
        pq.write_table(table, folder / "data" / f"{shard}.parquet", compression="zstd")
    return patients // SHARD * SHARD * EVENTS_EACH


def feature_rows(folder: Path) -> np.ndarray:
    """The packaged features of the first shard's patients, as scoring computes them."""
    concepts = catalogue().concepts
    records, _ = next(histories(folder, concepts))
    return rows(Plan(catalogue().features, concepts), records, last_known(records))


@cache
def _kinds() -> tuple[list[str], np.ndarray]:
    """Codes, and for each the least and largest value and how often it comes."""
    concepts = catalogue().concepts
    measured = [one for one in concepts.concepts.values() if one.codes and (one.soft or one.hard)]
    given = [drug for one in concepts.treatments.values() for drug in one.ingredients]
    known = [
        (PAIN, (4, 10), SHARES[0]),
        *((one.codes[0].rstrip("*"), one.soft or one.hard, SHARES[1] / len(measured)) for one in measured),
        *((one.code, (1, 100), SHARES[2] / len(given)) for one in given),
        *((code, (np.nan, np.nan), 0) for code in FIRST),
    ]
    codes, limits, share = zip(*known, strict=True)
    return list(codes), np.column_stack([limits, share])


def _shard(rng: np.random.Generator, shard: int) -> pa.Table:
    codes, limits = _kinds()
    code = rng.choice(len(codes), (SHARD, EVENTS_EACH), p=limits[:, 2] / limits[:, 2].sum())
    days = rng.uniform(1, 730, code.shape)
    code[:, : len(FIRST)] = np.arange(len(codes) - len(FIRST), len(codes))
    days[:, : len(FIRST)] = list(FIRST.values())
    order = np.argsort(-days, axis=1)
    code, days = (np.take_along_axis(one, order, axis=1).ravel() for one in (code, days))
    low, high, _ = limits[code].T
    return pa.table(
        {
            "subject_id": np.repeat(np.arange(SHARD) + shard * SHARD + 1, EVENTS_EACH),
            "time": (INDEX - (days * DAY).astype(np.int64)).astype("datetime64[us]"),
            "code": pa.DictionaryArray.from_arrays(code.astype(np.int32), codes).cast(pa.string()),
            "numeric_value": (low + rng.random(len(code)) * (high - low)).round(1).astype(np.float32),
        }
    )
