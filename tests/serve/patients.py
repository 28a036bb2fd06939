"""Patients to score, none of whom exist."""

from typing import Any

import numpy as np

INDEX = np.datetime64("2026-03-01T09:00:00")
RANGES = {
    "PR//odi": (0, 100),
    "PR//crp": (1, 30),
    "PR//phq9": (0, 27),
    "PR//bmi": (15, 45),
    "LOINC//72514-3": (0, 10),
    "RxNorm//10689": (50, 400),
    "SOMETHING//ELSE": (1, 30),
}
"""Codes and the values they may have."""


def event(code: str, days: float | None = 10, value: float | None = None, **more: Any) -> dict[str, Any]:
    """Something that happened so many days before the index; None: a fact without time."""
    return {"time": None if days is None else before(days), "code": code, "value": value, **more}


def before(days: float) -> str:
    """The instant so many days before the index."""
    return str(INDEX - np.timedelta64(int(days * 86_400), "s"))


def patient(*more: dict[str, Any], pain: float = 7, age: float = 50, **asked: Any) -> dict[str, Any]:
    """A request for a patient of whom enough is known to be scored."""
    known = [event("MEDS_BIRTH", age * 365.25), event("PR//pain", 5, pain), event("PR//pain", 20, pain)]
    steps = [event("PR//scs_lead", 30), event("PR//block_diagnostic", 60)]  # what a later stage comes after
    return {"index": str(INDEX), "events": [*known, *more, *steps], **asked}


def somebody(seed: int) -> dict[str, Any]:
    """A patient whose history is drawn at random."""
    rng = np.random.default_rng(seed)
    codes = rng.choice(list(RANGES), 60)
    events = [
        event(str(code), float(days), float(rng.uniform(*RANGES[code])))
        for code, days in zip(codes, rng.uniform(0.1, 900, 60), strict=True)
    ]
    return patient(*events, pain=float(rng.uniform(4, 10)), age=float(rng.uniform(20, 80)))
