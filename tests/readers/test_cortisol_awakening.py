"""Cortisol after awakening: the published areas, rises and slopes of every night, found again.

216 nights of five saliva samples each, and what the authors worked out of them. The rows are not shipped.
"""

import csv
from collections import defaultdict
from datetime import datetime, timedelta
from math import inf, isnan
from pathlib import Path

import numpy as np
import pytest

from painresponse.concepts import Concepts
from painresponse.engine import Plan, compute, curves
from painresponse.language import FeatureSet, parse
from painresponse.records import Asks, collect
from painresponse.records.rows import history, instant
from painresponse.scoring.golden import stacked

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "cortisol_awakening"
SAMPLES, PUBLISHED = FOLDER / "cortisol_samples_cleaned.csv", FOLDER / "cortisol_features_cleaned.csv"

pytestmark = pytest.mark.skipif(not SAMPLES.is_file(), reason=f"the samples are not in {FOLDER}")

Night = tuple[str, str]
NOMINAL = (0, 15, 30, 45, 60)
MEASURES = {
    "auc_g": ("auc_ground", 5),
    "auc_i": ("auc_increase", 5),
    "max_inc": ("rise", 5),
    "max_val": ("peak", 5),
    "slopeS0S3": ("slope", 4),
    "slopeS0S4": ("slope", 5),
}
"""What the authors call a measure, what we do, and how many samples it takes."""

SENTENCES = {
    "auc_g": "last of morning.auc_ground in 1 d",
    "auc_i": "last of morning.auc_increase in 1 d",
    "max_inc": "last of morning.rise in 1 d",
    "max_val": "last of morning.peak in 1 d",
    "slopeS0S3": "last of morning.slope_45 in 1 d",
    "slopeS0S4": "last of morning.slope in 1 d",
}


def number(text: str) -> float:
    """An empty cell is unknown."""
    return float(text or "nan")


@pytest.fixture(scope="module")
def nights() -> dict[Night, np.ndarray]:
    """Minutes after the first sample (NaN where nobody wrote the time down) and nmol/L, by night."""
    found = defaultdict(list)
    with SAMPLES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["subject"], row["night"]].append((number(row["time"]), float(row["cortisol"])))
    return {night: np.array(samples) for night, samples in found.items()}


@pytest.fixture(scope="module")
def published() -> dict[Night, dict[str, float]]:
    """What the authors worked out of each night."""
    found = defaultdict(dict)
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["subject"], row["night"]][row["saliva_feature"]] = number(row["cortisol"])
    return found


@pytest.fixture(scope="module")
def complete(nights) -> list[Night]:
    """The nights whose five samples all have a time."""
    return [night for night, samples in nights.items() if len(samples) == 5 and not np.isnan(samples).any()]


def furthest_off(samples: np.ndarray) -> float:
    """Minutes by which a night misses the nominal times, infinite where a time is unknown."""
    return inf if np.isnan(samples).any() else float(np.abs(samples[:, 0] - NOMINAL).max())


def answers(nights: dict[Night, np.ndarray], *, tolerance: float) -> dict[Night, tuple[float, ...]]:
    """What the engine says of each night at noon, from events as any clinic would give them."""
    said = Concepts.from_plain(
        {
            "concepts": {"saliva": {"label": "cortisol", "unit": "nmol/L", "hard": [0.05, 200]}},
            "treatments": {},
            "profiles": {
                "morning": {
                    "label": "awakening",
                    "of": "saliva",
                    "kind": "awakening",
                    "minutes": list(NOMINAL),
                    "tolerance": tolerance,
                }
            },
        }
    )
    subjects = {who: place for place, who in enumerate(sorted({who for who, _ in nights}))}
    raw = stacked([_events(samples, night, subjects[night[0]]) for night, samples in nights.items()])
    records, account = collect(raw, said)
    assert account.rejected == {}
    noon = [instant(_morning(night) + timedelta(hours=6), "noon") for night in nights]
    asks = Asks(np.array([subjects[who] for who, _ in nights]), np.array(noon))
    plan = Plan(FeatureSet(tuple((name, parse(one)) for name, one in SENTENCES.items())), said)
    return dict(zip(nights, map(tuple, compute(plan, records, asks).tolist()), strict=True))


def _morning(night: Night) -> datetime:
    """Six o'clock on one of two days: some nights lack their date."""
    return datetime(2019, 12, 2, 6) + timedelta(days=int(night[1]))


def _events(samples: np.ndarray, night: Night, subject: int):
    times = [
        None if isnan(minute) else _morning(night) + timedelta(minutes=minute) for minute in samples[:, 0]
    ]
    units = ["nmol/L"] * len(samples)
    return history(times, ["PR//saliva"] * len(samples), samples[:, 1].tolist(), units=units, subject=subject)


def test_every_complete_night_has_the_published_areas_rise_and_slopes(nights, published, complete):
    """213 of 216 nights, six measures each, to 1e-9: by formula, in float64, on the data as published."""
    assert (len(nights), len(complete)) == (216, 213)
    for night in complete:
        minutes, values = nights[night].T
        for theirs, (ours, samples) in MEASURES.items():
            found = curves.MEASURES[ours](minutes[:samples], values[:samples])
            assert abs(found - published[night][theirs]) <= 1e-9, (night, theirs)


def test_the_other_nights_have_no_published_curve_either(nights, published, complete):
    for night in set(nights) - set(complete):
        assert not published[night].keys() & {"auc_g", "auc_i", "slopeS0S3", "slopeS0S4"}


@pytest.mark.parametrize(("tolerance", "count"), [(0, 95), (5, 192), (7, 201)])
def test_a_night_is_a_curve_if_no_sample_is_further_off_than_the_tolerance(nights, tolerance, count):
    """Through the whole path, from events to features; the others are unknown, never zero."""
    found = answers(nights, tolerance=tolerance)
    known = {night for night, values in found.items() if not any(map(isnan, values))}
    assert known == {night for night, samples in nights.items() if furthest_off(samples) <= tolerance}
    assert len(known) == count
    assert all(map(isnan, (value for night in set(found) - known for value in found[night])))


def test_the_whole_path_agrees_as_far_as_the_float32_of_records_reaches(nights, published):
    """Half a unit in the last place of each value: 6e-8 of the largest, over the minutes for an area."""
    for night, values in answers(nights, tolerance=7).items():
        if isnan(values[0]):
            continue
        minutes, samples = nights[night].T
        reach = 6e-8 * samples.max()
        for (name, _), value in zip(SENTENCES.items(), values, strict=True):
            size = {"auc_g": minutes[-1], "auc_i": 2 * minutes[-1]}.get(name, 2)
            assert abs(value - published[night][name]) <= reach * size, (night, name)


@pytest.mark.parametrize("lost", range(5))
def test_a_night_that_lacks_any_one_sample_is_no_curve(nights, lost):
    """The five that remain of a longer night are not read as a shorter one."""
    left = {night: np.delete(samples, lost, axis=0) for night, samples in nights.items()}
    assert all(isnan(value) for values in answers(left, tolerance=5).values() for value in values)
