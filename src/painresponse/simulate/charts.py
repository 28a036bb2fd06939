"""What a pain clinic writes down before the index day: visits, diagnoses, pain, findings, questionnaires."""

import numpy as np
from numpy.random import Generator
from scipy.special import expit, logit

from painresponse.schema import BIRTH, LOCAL_PREFIX, MICROSECONDS_PER_DAY, STATIC
from painresponse.simulate.events import Piece, some, visit
from painresponse.simulate.people import People, linear
from painresponse.simulate.plan import Measure, Plan

PAIN = "LOINC//72514-3"
_VITALS = {
    "heart_rate": ("LOINC//8867-4", "/min"),
    "systolic": ("LOINC//8480-6", "mm[Hg]"),
    "diastolic": ("LOINC//8462-4", "mm[Hg]"),
}
_QUIET_DAYS = 36
"""For so long before the index the baseline is the only pain score: others would move its mean."""

_FIRST_DAY, _LAST_DAY = (np.datetime64(day, "D").astype(int) for day in ("2017-01-01", "2022-12-31"))


def index_days(people: People, rng: Generator) -> People:
    """When the index intervention begins: a day, and microseconds at an hour of its own."""
    day = rng.integers(_FIRST_DAY, _LAST_DAY + 1, len(people["age"]))
    start = visit(day, rng)
    birth = np.floor(day - people["age"] * 365.25).astype(np.int64) * MICROSECONDS_PER_DAY
    onset = day - np.round(people["duration"] * 365.25)
    return {"day": day, "start": start, "birth": birth, "onset_day": onset}


def reasons(people: People, plan: Plan) -> People:
    """What makes a clinic measure more: marks that `simulation.toml` may name."""
    mme, axial, radicular = people["mme"], people["dx_axial_facet"], people["dx_radiculopathy"]
    return {
        "spine": people["dx_psps_t2"] | axial | people["dx_si_joint"] | radicular,
        "depressed": people["z_phq9"] > 1,
        "tired": people["phq9"] > 15,
        "very_sensitised": people["sensitisation"] > 1,
        "very_neuropathic": people["neuropathy"] > 0.5,
        "nerve_pain": people["neuropathy"] > 0.3,
        "injectable": axial | radicular,
        "inflamed": people["inflammation"] > 1,
        "mme_over_50": mme > 50,
        "mme_over_90": mme > 90,
        "research_site": people["site"] + 1 == plan.sites.research,
    }


def observed(measure: Measure, people: People, rng: Generator) -> np.ndarray:
    """Marks the people of whom the measure is written down."""
    chance = expit(logit(measure.observed) + linear(measure.more, people))
    return rng.random(len(chance)) < chance


def charts(people: People, rng: Generator, *, plan: Plan) -> list[Piece]:
    """Every event of this kind before the index day."""
    seen = _visits(people, rng)
    return [
        *_identity(people, seen),
        *_diagnoses(people, seen, rng, plan),
        *_pain(people, seen, rng),
        *vitals(people, seen, rng, taken=(seen != STATIC) & (rng.random(seen.shape) < 0.9)),
        *_findings(people, seen, rng, plan),
        *_questionnaires(people, rng, plan),
    ]


def _visits(people: People, rng: Generator) -> np.ndarray:
    """Quarterly visits over one to two years (people, visits), latest first; STATIC where there was none."""
    count, rounds = len(people["age"]), 9
    before = 48 + 91 * np.arange(rounds) + rng.integers(-9, 10, (count, rounds))
    history = rng.uniform(365, 730, (count, 1))
    came = (before <= history) & (rng.random((count, rounds)) < 0.9)
    came[:, 0] = True
    return np.where(came, visit(people["day"][:, None] - before, rng), STATIC)


def _identity(people: People, seen: np.ndarray) -> list[Piece]:
    everyone = np.ones(len(people["age"]), bool)
    timeless = np.full(len(people["age"]), STATIC)
    first = np.where(seen == STATIC, np.iinfo(np.int64).max, seen).min(axis=1)
    onset = people["onset_day"].astype(np.int64) * MICROSECONDS_PER_DAY
    return [
        some(everyone, BIRTH, people["birth"]),
        some(people["female"], "GENDER//F", timeless),
        some(~people["female"], "GENDER//M", timeless),
        some(everyone, "PR//site", first, value=people["site"] + 1.0),
        some(everyone, "PR//pain_onset", onset),
    ]


def _diagnoses(people: People, seen: np.ndarray, rng: Generator, plan: Plan) -> list[Piece]:
    """A code at the latest visit and at some of those before."""
    groups = {f"dx_{name}": group.code for name, group in plan.diagnoses.items() if group.code}
    bedridden = (people["odi"] >= 81) & (rng.random(len(people["odi"])) < 0.5)
    pieces = [some(bedridden, "ICD10CM//Z74.01", seen[:, 0])]
    for name, code in {**groups, "dx_radiculopathy": "ICD10CM//M54.16"}.items():
        coded = people[name][:, None] & (seen != STATIC) & (rng.random(seen.shape) < 0.6)
        coded[:, 0] = people[name]
        pieces += _over_visits(code, seen, coded)
    return pieces


def _pain(people: People, seen: np.ndarray, rng: Generator) -> list[Piece]:
    """Quarterly scores since the pain began, and one baseline score in the weeks before the index."""
    count = len(people["nrs"])
    began = people["onset_day"][:, None] * MICROSECONDS_PER_DAY
    scored = (seen > began) & (rng.random(seen.shape) < 0.9)
    levels = people["nrs"][:, None] + 0.7 * rng.standard_normal(seen.shape)
    baseline = visit(people["day"] - rng.integers(2, 26, count), rng)
    return [
        *_over_visits(PAIN, seen, scored, value=pain_score(levels), unit="{score}"),
        some(rng.random(count) < 0.97, PAIN, baseline, value=people["nrs"], unit="{score}"),
    ]


def pain_score(level: np.ndarray) -> np.ndarray:
    """A level of pain as the numeric rating scale holds it."""
    return np.round(np.clip(level, 0, 10), 1)


def quiet(people: People) -> np.ndarray:
    """The last moment at which pain scores other than the baseline may stand."""
    return (people["day"] - _QUIET_DAYS) * MICROSECONDS_PER_DAY


def vitals(people: People, when: np.ndarray, rng: Generator, *, taken: np.ndarray) -> list[Piece]:
    """Vital signs at visits; ``when`` and ``taken`` are (people, visits)."""
    pieces = []
    for name, (code, unit) in _VITALS.items():
        value = np.round(people[name][:, None] + 5 * rng.standard_normal(when.shape))
        pieces += _over_visits(code, when, taken, value=value, unit=unit)
    weighed = taken & (rng.random(when.shape) < 0.5)
    bmi = np.round(people["bmi"][:, None] + 0.3 * rng.standard_normal(when.shape), 1)
    return [*pieces, *_over_visits("LOINC//39156-5", when, weighed, value=bmi, unit="kg/m2")]


def _over_visits(
    code: str, seen: np.ndarray, marks: np.ndarray, *, value: np.ndarray | None = None, unit: str = ""
) -> list[Piece]:
    who, _ = np.nonzero(marks)
    return [Piece(code, who, seen[marks], None if value is None else value[marks], unit)]


def _findings(people: People, seen: np.ndarray, rng: Generator, plan: Plan) -> list[Piece]:
    """Circumstances and examination, and what happened to the spine before: at the latest visit."""
    count = len(people["age"])
    device_day = people["day"] - rng.uniform(0.2, 0.9, count) * (people["day"] - people["onset_day"])
    pieces = [some(people["failed_device"], f"{LOCAL_PREFIX}failed_device", visit(device_day, rng))]
    for name, measure in plan.findings.items():
        known, value = observed(measure, people, rng), people[name].astype(float)
        pieces.append(some(known, measure.code, seen[:, 0], value=value, unit=measure.unit))
    return pieces


def _questionnaires(people: People, rng: Generator, plan: Plan) -> list[Piece]:
    """Each questionnaire in the weeks before the index, and for some an older one."""
    count, pieces = len(people["age"]), []
    for name, measure in plan.questionnaires.items():
        asked = observed(measure, people, rng)
        when = visit(people["day"] - rng.integers(2, 81, count), rng)
        older = visit(people["day"] - rng.integers(120, 401, count), rng)
        again = asked & (rng.random(count) < measure.again)
        value = questionnaire_score(people[name] + measure.wobble * rng.standard_normal(count), name)
        pieces.append(some(asked, measure.code, when, value=people[name], unit="{score}"))
        pieces.append(some(again, measure.code, older, value=value, unit="{score}"))
        people[f"asked_{name}"] = asked
    return pieces


_RANGES = {"odi": (0, 100), "phq9": (0, 27), "gad7": (0, 21), "pcs": (0, 52), "pseq": (0, 60)} | {
    "tsk17": (17, 68),
    "isi": (0, 28),
    "csi": (0, 100),
    "dn4": (0, 10),
}


def questionnaire_score(level: np.ndarray, name: str) -> np.ndarray:
    """A level as the questionnaire holds it: whole points within its range."""
    return np.clip(np.round(level), *_RANGES[name])
