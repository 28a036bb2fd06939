"""The engine's slow twin: what every feature means, said as plainly as Python allows.

Exact fractions, one patient and one feature at a time, no arrays. Unknown is None.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import inf, isinf, log, sqrt
from operator import ge, gt, le, lt

import numpy as np

from painresponse.concepts import Concept, Concepts
from painresponse.language import (
    Age,
    AllOf,
    AnyOf,
    Average,
    Difference,
    Feature,
    HowMany,
    Largest,
    Ratio,
    Several,
    Summary,
    Total,
    Whether,
    Window,
    events,
)
from tests.lib.slow_profiles import once_a_moment, profile_values
from tests.lib.slow_treatments import DAY, days_and_load, stop_of, verdicts

HOUR = 3_600_000_000
YEAR = Fraction(1461, 4) * DAY


@dataclass(frozen=True)
class Event:
    """Times in microseconds, None for a fact without one; ``known`` None: at once."""

    time: int | None
    code: str
    value: float | None = None
    known: int | None = None


# --- what is seen ---


def slow(feature: Feature, history: list[Event], index: int, concepts: Concepts) -> float | None:
    """One feature of one patient at one index."""
    seen = [one for one in unrepeated(history) if _before(one, index)]
    return _value(feature, seen, index, concepts)


def unrepeated(history: list[Event]) -> list[Event]:
    """Events without repetitions: of two that differ only in when they were known, the one known first."""
    first: dict[tuple[object, ...], Event] = {}
    for one in history:
        same = (one.time, one.code, one.value)
        if same not in first or _known(one) < _known(first[same]):
            first[same] = one
    return list(first.values())


def _known(event: Event) -> float:
    if event.known is not None:
        return event.known
    return -inf if event.time is None else event.time


def _before(event: Event, index: int) -> bool:
    return (event.time is None or event.time < index) and _known(event) < index


# --- features ---


def _value(feature: Feature, seen: list[Event], index: int, concepts: Concepts) -> float | None:
    def of(part: Feature) -> float | None:
        return _value(part, seen, index, concepts)

    if isinstance(feature, Age):
        days = of(events("birth").ever().days_since_first())
        return None if days is None else days / 365.25
    if isinstance(feature, Ratio):
        top, bottom = of(feature.top), of(feature.bottom)
        return None if top is None or not bottom else top / bottom
    if isinstance(feature, Difference):
        left, right = of(feature.left), of(feature.right)
        return None if left is None or right is None else left - right
    if isinstance(feature, Total):
        parts = [found for part in feature.parts if (found := of(part)) is not None]
        return _added(parts) if parts else None
    if isinstance(feature, HowMany):
        return float(sum(1 for part in feature.parts if (of(part) or 0) > 0))
    if isinstance(feature, Whether):
        part = of(feature.part)
        return None if part is None else float(COMPARE[feature.comparison](part, feature.value))
    if isinstance(feature, Several):
        return _of_several(feature, [of(part) for part in feature.parts])
    assert isinstance(feature, Summary)
    return summarise(feature.word, _in_window(feature, seen, index, concepts), index)


COMPARE = {"at least": ge, "at most": le, "above": gt, "below": lt}


def _of_several(feature: Several, parts: list[float | None]) -> float | None:
    known = [one for one in parts if one is not None]
    if isinstance(feature, AllOf):
        if any(one <= 0 for one in known):
            return 0.0
        return 1.0 if len(known) == len(parts) else None
    if not known:
        return None
    if isinstance(feature, AnyOf):
        return float(any(one > 0 for one in known))
    if isinstance(feature, Average):
        return _added(known) / len(known) if len(known) > 1 else None
    return max(known) if isinstance(feature, Largest) else known[0]


def _added(parts: list[float]) -> float:
    """One after the other (the built-in sum is more exact in newer Pythons)."""
    total = 0.0
    for one in parts:
        total += one
    return total


def _in_window(feature: Summary, seen: list[Event], index: int, concepts: Concepts) -> list[Event]:
    source = feature.window.events
    if source.concept.endswith(".days") or source.concept == "opioids.mme":
        span = inf if feature.window.span.unit == "ever" else feature.window.span.microseconds
        pieces = days_and_load(source.concept, seen, index, concepts, span=span)
        return [Event(time, source.concept, value) for time, value in pieces]
    found = _source(source.concept, seen, index, concepts)
    if source.hours is not None:
        start, stop = source.hours
        found = [
            one for one in found if one.time is not None and start * HOUR <= one.time % DAY < stop * HOUR
        ]
    if source.undisturbed:
        found = [one for one in found if not _disturbed(one, source.concept, seen, concepts)]
    if feature.window.anchor is not None:
        return _bounded(feature.window, found, seen, index, concepts)
    if feature.window.span.unit == "ever":
        return found
    return [
        one for one in found if one.time is not None and index - one.time <= feature.window.span.microseconds
    ]


def _disturbed(event: Event, concept: str, seen: list[Event], concepts: Concepts) -> bool:
    """Whether something the concept is disturbed by happened too close before the event."""
    declared = concepts.concepts.get(concept.removesuffix(".z"))
    for one in declared.disturbed_by if declared else ():
        for other in (it for it in seen if matches(it.code, one.concept, concepts.concepts[one.concept])):
            if other.time is None or (
                event.time is not None and 0 <= event.time - other.time <= one.days * DAY
            ):
                return True
    return False


def _bounded(
    window: Window, found: list[Event], seen: list[Event], index: int, concepts: Concepts
) -> list[Event]:
    """The events in a stretch before or after the first or last event of another concept."""
    times = [
        one.time for one in _source(window.anchor.concept, seen, index, concepts) if one.time is not None
    ]
    if not times:
        return []
    at = max(times) if window.anchor.which == "last" else min(times)
    span = inf if window.span.unit == "ever" else window.span.microseconds
    if window.side == "before":
        return [one for one in found if _order(one) < at and (span == inf or _order(one) >= at - span)]
    return [one for one in found if one.time is not None and at <= one.time < at + span]


def summarise(word: str, window: list[Event], index: int) -> float | None:
    """One summary word over the events of a window."""
    if word == "count":
        return float(len(window))
    if word == "measured":
        return 1.0 if window else 0.0
    if word in ("days_since_first", "days_since_last"):
        return _days_since(word, window, index)
    return _of_values(word, [one for one in window if one.value is not None])


def _of_values(word: str, valued: list[Event]) -> float | None:
    values = [one.value for one in valued]
    if word == "sum":
        return float(sum(map(Fraction, values)))
    if not values:
        return None
    if word == "mean":
        return float(sum(map(Fraction, values)) / len(values))
    if word == "min":
        return min(values)
    if word == "max":
        return max(values)
    if word == "first":
        earliest = min(_order(one) for one in valued)
        return max(one.value for one in valued if _order(one) == earliest)
    if word == "last":
        latest = max(_order(one) for one in valued)
        return max(one.value for one in valued if _order(one) == latest)
    return _spread(values) if word == "spread" else _slope(valued)


def _order(event: Event) -> float:
    return -inf if event.time is None else event.time


def _days_since(word: str, window: list[Event], index: int) -> float | None:
    times = [_order(one) for one in window]
    if not times:
        return None
    time = min(times) if word == "days_since_first" else max(times)
    return None if isinf(time) else (index - time) / DAY


def _spread(values: list[float]) -> float | None:
    if len(values) < 2:
        return None
    mean = sum(map(Fraction, values)) / len(values)
    return sqrt(sum((Fraction(one) - mean) ** 2 for one in values) / (len(values) - 1))


def _slope(valued: list[Event]) -> float | None:
    if any(one.time is None for one in valued) or len({one.time for one in valued}) < 2:
        return None
    times = [one.time / YEAR for one in valued]
    values = [Fraction(one.value) for one in valued]
    mean_time, mean_value = sum(times) / len(times), sum(values) / len(values)
    together = sum((t - mean_time) * (v - mean_value) for t, v in zip(times, values, strict=True))
    return float(together / sum((t - mean_time) ** 2 for t in times))


# --- sources ---


def _source(name: str, seen: list[Event], index: int, concepts: Concepts) -> list[Event]:
    if name in concepts.concepts:
        return [one for one in seen if matches(one.code, name, concepts.concepts[name])]
    first, _, word = name.rpartition(".")
    if word == "z":
        return _standardised(first, _source(first, seen, index, concepts), concepts)
    if word == "mme":
        return _doses(first, seen, concepts)
    if first in concepts.profiles:
        return _of_curves(first, word, seen, index, concepts)
    pain = [(one.time, one.value) for one in _source("pain", seen, index, concepts) if _scored(one)]
    found = verdicts(first, word, seen, index, concepts, pain=pain)
    return [Event(time, name, value) for time, value in found]


def _of_curves(name: str, word: str, seen: list[Event], index: int, concepts: Concepts) -> list[Event]:
    def dated(concept: str) -> list[Event]:
        found = _source(concept, seen, index, concepts) if concept in concepts.concepts else []
        return [one for one in found if one.time is not None]

    of = concepts.profiles[name].of
    trusted = [(one.time, None if _disturbed(one, of, seen, concepts) else one.value) for one in dated(of)]
    found = profile_values(
        name,
        word,
        concepts,
        samples=once_a_moment(trusted),
        awakenings=[one.time for one in dated("awakening")],
    )
    return [Event(time, name, value) for time, value in found]


def _scored(event: Event) -> bool:
    return event.time is not None and event.value is not None


def _standardised(name: str, found: list[Event], concepts: Concepts) -> list[Event]:
    """Values as standard deviations from the mean of the reference, on the logarithm where it says so."""
    reference = concepts.concepts[name].reference

    def standard(value: float | None) -> float | None:
        if value is None or (reference.log and value <= 0):
            return None
        return ((log(value) if reference.log else value) - reference.mean) / reference.sd

    return [replace(one, value=standard(one.value)) for one in found]


def matches(code: str, name: str, concept: Concept) -> bool:
    """Whether a code means the concept."""
    for assay in concept.assays:
        code = code.removesuffix(f"//{assay}")
    if code == f"PR//{name}":
        return True
    return any(code.startswith(one[:-1]) if one.endswith("*") else code == one for one in concept.codes)


def _doses(drug: str, seen: list[Event], concepts: Concepts) -> list[Event]:
    found = []
    for treatment in concepts.treatments.values():
        for one in treatment.ingredients:
            if one.mme is None or one.name.replace(" ", "_") != drug:
                continue
            for event in seen:
                for code in (one.code, *one.codes):
                    if event.code in (code, f"{code}//PRN"):
                        value = None if event.value is None else event.value * one.mme
                        found.append(Event(event.time, event.code, value))
                    elif stop_of(event.code, code):
                        found.append(Event(event.time, event.code, 0.0))
    return found


# --- intake ---


def slow_conversion(value: float, unit: str | None, concept: Concept) -> float | None:
    """A value in the concept's unit as float32, or None if it is rejected."""
    factor, offset = 1.0, 0.0
    if not unit and concept.bare:
        fits = [one.unit for one in concept.bare if np.float32(one.least) <= value < np.float32(one.below)]
        if not fits:
            return None
        unit = fits[0]
    if unit and concept.unit and unit != concept.unit:
        if unit not in concept.units:
            return None
        factor, offset = (*concept.units[unit], 0.0)[:2]
    converted = float(np.float32(float(np.float32(value)) * factor + offset))
    low, high = concept.hard or (-inf, inf)
    inside = float(np.float32(low)) <= converted <= float(np.float32(high))
    return converted if inside and not isinf(converted) else None
