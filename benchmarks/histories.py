"""Random histories for the benchmarks, and about 360 features over them, said once for every engine."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from painresponse.clinic import Catalogue, load_catalogue
from painresponse.records.coding import Matcher

EVENTS_EACH, SHARD = 200, 2_500
DAY = 86_400_000_000
INDEX = 18_000 * DAY
WINDOWS = {"in 30 d": 30, "in 90 d": 90, "in 1 y": 365, "ever": 10**6}
WORDS = ("count", "mean", "min", "max", "last", "days since last", "slope", "spread")
NUMERIC = 45


@cache
def catalogue() -> Catalogue:
    """Read once: no engine's time should hold it."""
    return load_catalogue()


@cache
def sentences() -> dict[str, str]:
    """360 features: 45 concepts, eight summary words, each in one of four windows."""
    names = [name for name, one in catalogue().concepts.concepts.items() if one.codes][:NUMERIC]
    spans = list(WINDOWS)
    return {
        f"{name} {word}": f"{word} of {name} {spans[(place + turn) % len(spans)]}"
        for place, name in enumerate(names)
        for turn, word in enumerate(WORDS)
    }


@cache
def meanings() -> Matcher[str]:
    """Codes to concept names."""
    concepts = catalogue().concepts
    return Matcher((pattern, name) for name, patterns in concepts.patterns().items() for pattern in patterns)


def write(folder: Path, subjects: int) -> int:
    """Random histories over the packaged codes, sorted, 2,500 subjects a shard; how many events."""
    (folder / "data").mkdir(parents=True)
    for shard in range(subjects // SHARD):
        table = _shard(np.random.default_rng(shard), shard)
        pq.write_table(table, folder / "data" / f"{shard}.parquet", compression="zstd")
    return subjects * EVENTS_EACH


@cache
def codes() -> list[str]:
    """The codes the histories are made of."""
    return [code for code, _ in _coded()]


def _coded() -> list[tuple[str, tuple[float, float]]]:
    """Codes with the limits of their values."""
    concepts = catalogue().concepts
    return [*_measured(concepts), *_treated(concepts)]


def _measured(concepts) -> Iterator[tuple[str, tuple[float, float]]]:
    for concept in concepts.concepts.values():
        for code in concept.codes[:2]:
            yield code.rstrip("*"), concept.soft or concept.hard or (0, 1)


def _treated(concepts) -> Iterator[tuple[str, tuple[float, float]]]:
    for treatment in concepts.treatments.values():
        for ingredient in treatment.ingredients:
            yield ingredient.code, (1, 100)
            yield f"{ingredient.code}//STOP", (1, 100)


def _shard(rng: np.random.Generator, shard: int) -> pa.Table:
    names, low_high = codes(), np.array([limits for _, limits in _coded()], float).T
    n = SHARD * EVENTS_EACH
    subject = np.repeat(np.arange(SHARD) + shard * SHARD + 1, EVENTS_EACH)
    time_us = INDEX - (rng.random(n) * 1500 - 30).astype(int) * DAY + rng.integers(0, DAY, n)
    order = np.lexsort((time_us, subject))
    code = rng.integers(0, len(names), n)
    value = rng.uniform(*low_high[:, code]).astype(np.float32)
    return pa.table(
        {
            "subject_id": subject[order],
            "time": time_us[order].astype("datetime64[us]"),
            "code": pa.DictionaryArray.from_arrays(code[order].astype(np.int32), names).cast(pa.string()),
            "numeric_value": value[order],
        }
    )
