"""Golden patients: made-up histories that travel in the bundle with their rows and scores, to be replayed.

They are drawn from the concepts alone, never from a clinic's data, so nothing of a real patient can leave.
"""

from typing import Any

import numpy as np

from painresponse.concepts import Concept, Concepts, Profile, Treatment
from painresponse.records.coding import codes_of, stops
from painresponse.schema import BIRTH, LOCAL_PREFIX

PATIENTS = 8
INDEX = np.datetime64("2022-06-01T09:00:00")
_SEED = 20220601

Event = tuple[str | None, str, float | None, str | None]


def golden_patients(concepts: Concepts) -> list[dict[str, Any]]:
    """Histories as columns (time, code, value, unit) with their index; the same for the same concepts.

    Every unit that a concept accepts is met by one of them: a conversion that changed would move their rows.
    Half of them had nothing that disturbs a measurement, so that the undisturbed ones are met too.
    """
    rng = np.random.default_rng(_SEED)
    return [_patient(rng, concepts, number) for number in range(PATIENTS)]


def _patient(rng: np.random.Generator, concepts: Concepts, number: int) -> dict[str, Any]:
    events: list[Event] = [(_days_ago(rng, 20 * 365, 80 * 365), BIRTH, None, None)]
    share = rng.uniform(0.2, 0.9)  # sparse and rich histories
    calm = _disturbers(concepts) if number % 2 else set()
    for place, (name, concept) in enumerate(concepts.concepts.items()):
        if name != "birth" and name not in calm and rng.random() < share:
            events += [_measurement(rng, name, concept) for _ in range(rng.integers(1, 4))]
        due = [unit for turn, unit in enumerate(_units(concept)) if (place + turn) % PATIENTS == number]
        if name != "birth" and name not in calm:
            events += [_measurement(rng, name, concept, unit=unit) for unit in due]
    for name, treatment in concepts.treatments.items():
        if rng.random() < share:
            events += _trial(rng, name, treatment)
    for profile in concepts.profiles.values():
        if rng.random() < share:
            events += _curve(rng, profile, concepts.concepts[profile.of])
    time, code, value, unit = map(list, zip(*events, strict=True))
    return {"index": str(INDEX), "time": time, "code": code, "value": value, "unit": unit}


def _disturbers(concepts: Concepts) -> set[str]:
    return {one.concept for concept in concepts.concepts.values() for one in concept.disturbed_by}


def _units(concept: Concept) -> list[str]:
    return [concept.unit, *concept.units]


def _measurement(rng: np.random.Generator, name: str, concept: Concept, *, unit: str | None = None) -> Event:
    code = str(rng.choice([*concept.codes, LOCAL_PREFIX + name])).rstrip("*")
    unit = str(rng.choice(_units(concept))) if unit is None else unit
    return _days_ago(rng, 0, 900), code, _value(rng, concept, unit), unit or None


def _value(rng: np.random.Generator, concept: Concept, unit: str) -> float | None:
    """A usual value, said in a unit."""
    limits = concept.soft or concept.hard
    if limits is None:
        return None
    factor, offset = (*concept.units.get(unit, (1.0,)), 0.0)[:2]
    return float(np.float32((rng.uniform(*limits) - offset) / factor))


def _curve(rng: np.random.Generator, profile: Profile, concept: Concept) -> list[Event]:
    """One day of samples, at the profile's minutes or four hours apart from six on."""
    midnight = INDEX.astype("datetime64[D]") - np.timedelta64(int(rng.integers(1, 600)), "D")
    minutes = profile.minutes or tuple(240.0 * turn for turn in range(profile.least + 1))
    times = [midnight + np.timedelta64(round(360 + one), "m") for one in minutes]
    code = concept.codes[0] if concept.codes else LOCAL_PREFIX + profile.of
    return [(str(time), code, _value(rng, concept, concept.unit), concept.unit) for time in times]


def _trial(rng: np.random.Generator, name: str, treatment: Treatment) -> list[Event]:
    """A beginning and, mostly, how long it lasts: said with it, or by its end some weeks later."""
    begun = int(rng.integers(100, 1500))
    lasted = int(rng.integers(3, 200))
    code, dose, unit = LOCAL_PREFIX + name, None, None
    if treatment.ingredients:
        ingredient = treatment.ingredients[rng.integers(len(treatment.ingredients))]
        code, unit = str(rng.choice(codes_of(ingredient))), ingredient.unit
        dose = float(np.float32((ingredient.adequate or 20.0) * rng.choice([0.4, 1.0, 1.5])))
    said = rng.random()
    begin = f"{code}//PRN" if said > 0.9 else code
    events: list[Event] = [(_at(begun), begin, dose, unit)]
    if said < 0.5:
        events.append((_at(begun - lasted), str(rng.choice(stops(code))), None, None))
    elif said < 0.8:
        events.append((_at(begun), f"{code}//DAYS", float(lasted), "d"))
    return events


def _days_ago(rng: np.random.Generator, least: int, most: int) -> str:
    minutes = int(rng.integers(least * 1440, most * 1440))
    return str(INDEX - np.timedelta64(minutes, "m"))


def _at(days_ago: int) -> str:
    return str(INDEX - np.timedelta64(days_ago, "D"))
