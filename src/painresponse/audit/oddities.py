"""Events whose times contradict what they are: known too soon to be true, or outside a life."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from painresponse.audit.copies import Mask
from painresponse.concepts import Concepts
from painresponse.records import Records
from painresponse.records.coding import Matcher
from painresponse.records.tables import Ints
from painresponse.schema import MICROSECONDS_PER_DAY as DAY
from painresponse.schema import STATIC

FROM_A_LABORATORY = ("laboratory", "cortisol")
"""Families whose values are known some hours after the sample at best."""

NEVER = 2**62

ODD = {
    "known at once": "laboratory values said to be known when the sample was taken, or never said when",
    "known before": "events said to be known before they happened",
    "before birth": "events before the day of birth",
    "after death": "events after the day of death",
}
"""What each kind of oddity is."""


def oddities(records: Records, concepts: Concepts) -> Counter[tuple[str, str]]:
    """Events by kind of oddity and by concept (where there is one)."""
    dated = records.time != STATIC
    found: Counter[tuple[str, str]] = Counter()
    for name, concept in concepts.concepts.items():
        if concept.family in FROM_A_LABORATORY:
            measured = coded(records, concepts, name) & dated
            found["known at once", name] += int((measured & (records.available == records.time)).sum())
    found["known before", ""] += int((dated & (records.available < records.time)).sum())
    born, died = _first_day(records, concepts, "birth"), _first_day(records, concepts, "death")
    found["before birth", ""] += int((dated & (born < NEVER) & (records.time // DAY < born)).sum())
    found["after death", ""] += int((dated & (records.time // DAY > died)).sum())
    return +found


def coded(records: Records, concepts: Concepts, name: str) -> Mask:
    """Events of a concept."""
    matcher = Matcher((pattern, True) for pattern in concepts.patterns()[name])
    chosen: Iterable[bool] = [bool(matcher.of(code)) for code in records.codes]
    return np.array([*chosen, False], bool)[records.code]


def _first_day(records: Records, concepts: Concepts, name: str) -> Ints:
    """By event: the first day on which its subject has an event of a concept, NEVER where it has none."""
    subjects, row = np.unique(records.subject, return_inverse=True)
    first = np.full(len(subjects), NEVER)
    here = coded(records, concepts, name) & (records.time != STATIC)
    np.minimum.at(first, row[here], records.time[here] // DAY)
    return first[row]
