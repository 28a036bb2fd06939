"""Golden patients: made-up histories that travel in the bundle with their rows and scores, to be replayed.

They are drawn from the concepts alone, never from a clinic's data, so nothing of a real patient can leave.
"""

from typing import Any

import numpy as np

from painresponse.concepts import Concept, Concepts, Treatment
from painresponse.records.coding import stops
from painresponse.schema import BIRTH, LOCAL_PREFIX

PATIENTS = 8
INDEX = np.datetime64("2022-06-01T09:00:00")
_SEED = 20220601

Event = tuple[str | None, str, float | None, str | None]


def golden_patients(concepts: Concepts) -> list[dict[str, Any]]:
    """Histories as columns (time, code, value, unit) with their index; the same for the same concepts."""
    rng = np.random.default_rng(_SEED)
    return [_patient(rng, concepts) for _ in range(PATIENTS)]


def _patient(rng: np.random.Generator, concepts: Concepts) -> dict[str, Any]:
    events: list[Event] = [(_days_ago(rng, 20 * 365, 80 * 365), BIRTH, None, None)]
    share = rng.uniform(0.2, 0.9)  # sparse and rich histories
    for name, concept in concepts.concepts.items():
        if name != "birth" and rng.random() < share:
            events += [_measurement(rng, name, concept) for _ in range(rng.integers(1, 4))]
    for name, treatment in concepts.treatments.items():
        if rng.random() < share:
            events += _trial(rng, name, treatment)
    time, code, value, unit = map(list, zip(*events, strict=True))
    return {"index": str(INDEX), "time": time, "code": code, "value": value, "unit": unit}


def _measurement(rng: np.random.Generator, name: str, concept: Concept) -> Event:
    code = str(rng.choice([*concept.codes, LOCAL_PREFIX + name])).rstrip("*")
    time = _days_ago(rng, 0, 900)
    limits = concept.soft or concept.hard
    if limits is None:
        return time, code, None, None
    canonical = rng.uniform(*limits)
    unit = str(rng.choice([concept.unit, *concept.units])) or None
    factor, offset = (*concept.units.get(unit or "", (1.0,)), 0.0)[:2]
    return time, code, float(np.float32((canonical - offset) / factor)), unit


def _trial(rng: np.random.Generator, name: str, treatment: Treatment) -> list[Event]:
    """A beginning and, mostly, an end some weeks later."""
    begun = int(rng.integers(100, 1500))
    lasted = int(rng.integers(3, 200))
    code, dose, unit = LOCAL_PREFIX + name, None, None
    if treatment.ingredients:
        ingredient = treatment.ingredients[rng.integers(len(treatment.ingredients))]
        code, unit = ingredient.code, ingredient.unit
        dose = float(np.float32((ingredient.adequate or 20.0) * rng.choice([0.4, 1.0, 1.5])))
    events: list[Event] = [(_at(begun), code, dose, unit)]
    if rng.random() < 0.8:
        events.append((_at(begun - lasted), str(rng.choice(stops(code))), None, None))
    return [event for event in events if event[0] is not None]


def _days_ago(rng: np.random.Generator, least: int, most: int) -> str:
    minutes = int(rng.integers(least * 1440, most * 1440))
    return str(INDEX - np.timedelta64(minutes, "m"))


def _at(days_ago: int) -> str:
    return str(INDEX - np.timedelta64(days_ago, "D"))
