"""Laboratory values: rarely measured, by a clock, and known only some hours after the blood was drawn.

Serum cortisol follows the hour of the draw: a two-harmonic diurnal curve for each state of the stress axis,
suppressed by opioids, by steroid injections, and differing by assay (clinical specification; V:S61, V:S63).
"""

import numpy as np
from numpy.random import Generator

from painresponse.simulate.charts import observed
from painresponse.simulate.events import Piece, after_hours, at, some
from painresponse.simulate.people import People
from painresponse.simulate.plan import Measure, Plan

_CURVES = {
    "normal": (5.113, -0.665, 0.207, -0.173, -0.191),
    "blunted": (5.002, -0.454, 0.106, -0.116, -0.138),
    "hyper": (5.591, -0.525, 0.099, -0.135, -0.210),
}
_SLOPES = {"normal": -0.125, "blunted": -0.075, "hyper": -0.095}
_NMOL_PER_UG = 27.589
_SALIVA_HOURS = (0.0, 0.5, 4.0, 8.0, 13.0)
_MOST_DRAWS = 4


def laboratory(people: People, rng: Generator, *, plan: Plan, steroid_day: np.ndarray) -> list[Piece]:
    """Every laboratory result before the index; ``steroid_day`` is NaN for people without an injection."""
    own = 0.22 * rng.standard_normal(len(people["age"]))
    panel = plan.laboratory
    return [
        *_serum_cortisol(people, rng, plan, own=own, steroid_day=steroid_day),
        *_saliva(people, rng, panel["cortisol_saliva"]),
        *_single("cortisol_hair", _hair(people, own, rng), people, rng, plan),
        *(
            piece
            for name, usual in _usual(people, rng).items()
            for piece in _single(name, np.exp(usual), people, rng, plan)
        ),
    ]


def _usual(people: People, rng: Generator) -> People:
    """Logarithms of the values of everything measured once, in the unit of the plan."""
    count, mme = len(people["age"]), people["mme"]
    e = rng.standard_normal((8, count))
    diabetic = people["dx_painful_diabetic_neuropathy"]
    return {
        "il6": people["log_il6"],
        "crp": people["log_crp"],
        "esr": np.log(12) + 0.40 * people["inflammation"] + 0.50 * e[0],
        "testosterone": np.log(15) - 0.15 * (mme > 0) - 0.30 * (mme > 100) + 0.35 * e[1],
        "tsh": np.log(1.8) + 0.50 * e[2],
        "hba1c": np.where(diabetic, np.log(7.5) + 0.16 * e[3], np.log(5.6) + 0.07 * e[3]),
        "vitamin_d": np.log(55) + 0.40 * e[4],
        "hrv_rmssd": np.log(27) + 0.10 * people["resilience"] - 0.015 * (people["age"] - 55) + 0.40 * e[5],
    }


def _single(name: str, value: np.ndarray, people: People, rng: Generator, plan: Plan) -> list[Piece]:
    """One result in the year before the index, for those it is ordered for."""
    measure = plan.laboratory[name]
    drawn = at(people["day"] - rng.integers(3, 330, len(value)), rng.uniform(7.5, 15, len(value)))
    return [_result(measure, observed(measure, people, rng), drawn, np.round(value, 2), rng)]


def _result(
    measure: Measure, marks: np.ndarray, drawn: np.ndarray, value: np.ndarray, rng: Generator
) -> Piece:
    answered = after_hours(drawn, 4, 72, rng=rng)
    return some(marks, measure.code, drawn, value=value, unit=measure.unit, known=answered)


def _serum_cortisol(
    people: People, rng: Generator, plan: Plan, *, own: np.ndarray, steroid_day: np.ndarray
) -> list[Piece]:
    """One draw, sometimes more over two years, each at its hour; some sites report ug/dL."""
    measure, count, pieces = plan.laboratory["cortisol"], len(own), []
    draws = np.where(observed(measure, people, rng), 1 + rng.poisson(0.6, count), 0)
    us_units = people["site"] + 1 >= plan.sites.us_units_from
    units = np.where(us_units, "ug/dL", measure.unit)
    for number in range(_MOST_DRAWS):
        day = people["day"] - rng.integers(3, 200 if number == 0 else 730, count)
        hour = _draw_hours(count, rng)
        since = np.where(day >= steroid_day, day - steroid_day, np.nan)
        level = np.exp(serum_cortisol(people, hour, rng, own=own, days_since_steroid=since))
        level = np.round(np.where(us_units, level / _NMOL_PER_UG, level), 1)
        drawn = at(day, hour)
        known = after_hours(drawn, 4, 72, rng=rng)
        pieces.append(some(draws > number, measure.code, drawn, value=level, unit=units, known=known))
    return pieces


def _draw_hours(count: int, rng: Generator) -> np.ndarray:
    part = rng.choice(3, count, p=[0.72, 0.18, 0.10])
    return rng.uniform(np.array([7, 10, 13])[part], np.array([10, 13, 18])[part])


def serum_cortisol(
    people: People, hour: np.ndarray, rng: Generator, *, own: np.ndarray, days_since_steroid: np.ndarray
) -> np.ndarray:
    """Natural logarithm of serum cortisol (nmol/L) at a clock hour."""
    e, count = rng.standard_normal((3, len(hour))), len(hour)
    mass_spectrometry = people["site"] % 3 == 0
    stress = 0.15 * (rng.random(count) < 0.15)
    steroid = np.where(days_since_steroid <= 42, 0.9 * np.exp(-days_since_steroid / 14), 0.0)
    usual = _curve(people, hour) + own + 0.18 * e[0] + 0.10 * e[1] + stress - 0.10 * (people["mme"] > 90)
    level = np.where(people["hpa_suppressed"], np.log(115) + 0.35 * e[2], usual)
    return level - steroid - 0.15 * mass_spectrometry


def _curve(people: People, hour: np.ndarray) -> np.ndarray:
    once, twice = 2 * np.pi * hour / 24, 4 * np.pi * hour / 24
    waves = np.stack([np.ones_like(once), np.cos(once), np.sin(once), np.cos(twice), np.sin(twice)])
    return (np.array([_CURVES[state] for state in _states(people)]).T * waves).sum(axis=0)


def _states(people: People) -> np.ndarray:
    return np.select([people["hpa_blunted"], people["hpa_hyper"]], ["blunted", "hyper"], "normal")


def _saliva(people: People, rng: Generator, measure: Measure) -> list[Piece]:
    """A day's series at home, from waking to evening, with the awakening rise half an hour in."""
    count, state = len(people["age"]), _states(people)
    marks = observed(measure, people, rng)
    slope = np.array([_SLOPES[each] for each in state]) + 0.03 * rng.standard_normal(count)
    rise = np.where(people["hpa_blunted"], np.log(1.25), np.log(1.5))
    day, waking = people["day"] - rng.integers(5, 120, count), rng.uniform(5.5, 8.5, count)
    pieces = []
    for hours in _SALIVA_HOURS:
        level = np.log(12) + slope * hours + rise * (hours == 0.5) + 0.35 * rng.standard_normal(count)
        pieces.append(_result(measure, marks, at(day, waking + hours), np.round(np.exp(level), 2), rng))
    return pieces


def _hair(people: People, own: np.ndarray, rng: Generator) -> np.ndarray:
    """Hair cortisol (pg/mg), weakly tied to serum; higher on opioids, lower where they suppress (V:S57)."""
    shift = 0.45 * people["hpa_hyper"] + 0.20 * (people["mme"] > 0) - 0.35 * people["hpa_suppressed"]
    return np.exp(np.log(46) + shift + 0.625 * own + 0.53 * rng.standard_normal(len(own)))
