"""A random cohort over any vocabulary: no clinic, only many events of every kind, in and out of windows."""

import numpy as np

from painresponse.concepts import Concepts
from painresponse.records import RawEvents
from painresponse.records.coding import stops
from painresponse.schema import LOCAL_PREFIX
from tests.lib.strategies import INDEX

MINUTE = 60_000_000
YEAR = 365 * 86_400_000_000


def random_cohort(
    concepts: Concepts, *, people: int, seed: int, years_after: float = 0, events: int = 60
) -> RawEvents:
    """About ``events`` events for each person, in the five years before the index and so many years after."""
    rng = np.random.default_rng(seed)
    codes, low, high = _codes(concepts)
    total = people * events
    code = rng.integers(len(codes), size=total)
    time = (
        INDEX + rng.integers(-5 * YEAR // MINUTE, int(years_after * YEAR) // MINUTE + 1, size=total) * MINUTE
    )
    late = rng.integers(0, 40 * 24 * 60, size=total) * MINUTE
    value = rng.uniform(low[code], high[code]).astype(np.float32)
    value[rng.random(total) < 0.1] = np.nan
    return RawEvents(
        rng.integers(people, size=total),
        time,
        time + np.where(rng.random(total) < 0.3, late, 0),
        code.astype(np.int32),
        codes,
        value,
        np.full(total, -1, np.int32),
        (),
    )


def _codes(concepts: Concepts) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Codes in an order of no meaning, with the limits of their values."""
    limits = {}
    for name, concept in concepts.concepts.items():
        for code in (*concept.codes, LOCAL_PREFIX + name):
            limits[code.replace("*", "1")] = concept.hard or (0.0, 1e6)
    for name, treatment in concepts.treatments.items():
        for code in (*(one.code for one in treatment.ingredients), LOCAL_PREFIX + name):
            limits |= dict.fromkeys((code, *stops(code)), (0.0, 3000.0))
    names = sorted(limits, key=lambda code: code[::-1])
    return tuple(names), *np.array([limits[one] for one in names]).T
