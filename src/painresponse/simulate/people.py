"""The people of the synthetic clinic: latent traits, and everything about them before treatment.

A population is a table of columns, one value a person: a dict of equally long arrays. Means and spreads are
those of the clinical specification (own assumptions unless a study is named in ``configs/simulation.toml``).
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.random import Generator
from scipy.special import expit, logit

from painresponse.errors import DefinitionError, unknown
from painresponse.simulate.plan import Diagnosis, Plan, Terms

People = dict[str, np.ndarray]

_TRAITS = ("sensitisation", "distress", "inflammation", "resilience")
_CORRELATION = np.array(
    [
        [1.00, 0.45, 0.20, -0.25],
        [0.45, 1.00, 0.20, -0.45],
        [0.20, 0.20, 1.00, -0.10],
        [-0.25, -0.45, -0.10, 1.00],
    ]
)
_YOUNGEST_WITH_PAIN = 8


def draw_people(count: int, rng: Generator, *, plan: Plan) -> People:
    """Draw so many people with every observed and hidden trait, standardised features included."""
    people = _latent(count, rng, plan)
    for draw in (_person, _circumstances, _questionnaires, _findings, _biology):
        people |= draw(people, rng)
    people |= _standardised(people, plan)
    return people


def linear(terms: Terms, people: Mapping[str, np.ndarray]) -> np.ndarray:
    """A linear score of the columns named, per person; ``a*b`` is a product and ``1`` the constant."""
    score = np.zeros(len(people["age"]))
    for term, weight in terms.items():
        score += weight * np.prod([_column(people, name) for name in term.split("*")], axis=0)
    return score


def _column(people: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    if name == "1":
        return np.ones(len(people["age"]))
    if name not in people:
        raise DefinitionError(unknown("feature of the simulated patients", name, people))
    return people[name].astype(float)


def _latent(count: int, rng: Generator, plan: Plan) -> People:
    groups = list(plan.diagnoses.values())
    group = rng.choice(len(groups), count, p=[each.share for each in groups])
    traits = rng.multivariate_normal(np.zeros(4), _CORRELATION, count, method="cholesky")
    people = dict(zip(_TRAITS, traits.T, strict=True))
    shift, load = (
        np.array([getattr(each, name) for each in groups]) for name in ("sensitised", "neuropathic")
    )
    people["neuropathy"] = load[group] + 0.15 * people["sensitisation"] + 0.70 * rng.standard_normal(count)
    people["sensitisation"] = 0.95 * people["sensitisation"] + shift[group]
    people["hidden"] = plan.hidden.sd * rng.standard_normal(count)
    people["group"] = group
    people |= {f"dx_{name}": group == number for number, name in enumerate(plan.diagnoses)}
    people["age"] = np.clip(_of(groups, "age")[group] + 12 * rng.standard_normal(count), 18, 90)
    people["female"] = rng.random(count) < _of(groups, "female")[group]
    return people


def _of(groups: list[Diagnosis], name: str) -> np.ndarray:
    return np.array([getattr(group, name) for group in groups])


def _person(people: People, rng: Generator) -> People:
    e, D, S = _noise(people, rng), people["distress"], people["sensitisation"]
    nrs = np.round(np.clip(7.1 + 0.35 * S + 0.30 * D + 1.1 * e(), 4, 10), 1)
    longest = np.minimum(45, people["age"] - _YOUNGEST_WITH_PAIN)
    duration = np.clip(np.exp(np.log(6) + 0.85 * e()), 0.5, longest)
    bmi = np.clip(np.exp(np.log(29.3) + 0.20 * e()), 16, 60)
    return {"nrs": nrs, "duration": duration, "log_duration": np.log(duration), "bmi": bmi}


def _circumstances(people: People, rng: Generator) -> People:
    D, R, age = people["distress"], people["resilience"], people["age"]
    pain = (people["nrs"] - 7.1) / 1.2
    weight = (people["bmi"] - 30) / 6
    chance = partial(_chance, rng)
    opioid = chance(0.35 + 0.25 * pain + 0.15 * D)
    dose = np.clip(np.exp(np.log(42) + 0.85 * rng.standard_normal(len(age))), 5, 600)
    mme = np.where(opioid, dose, 0.0)
    return {
        "smoker": chance(-1.20 + 0.30 * D - 0.02 * (age - 55)),
        "employed": (age < 66) & chance(-0.20 - 0.35 * D + 0.35 * R - 0.25 * pain),
        "education_post_secondary": chance(-0.45 + 0.25 * R),
        "litigation": chance(np.full(len(age), logit(0.12))),
        "substance_use_history": chance(-2.4 + 0.35 * D),
        "treatment_expectation": chance(0.10 + 0.50 * R),
        "active_lifestyle": chance(-0.60 + 0.45 * R - 0.25 * weight),
        "opioid": opioid,
        "mme": mme,
        "log_mme": np.log1p(mme),
    }


def _questionnaires(people: People, rng: Generator) -> People:
    S, D, R = people["sensitisation"], people["distress"], people["resilience"]
    e, pain = _noise(people, rng), (people["nrs"] - 7.1) / 1.2
    return {
        "dn4": _score(3.9 + 1.9 * people["neuropathy"] + 0.9 * e(), 0, 10),
        "csi": _score(42 + 11 * S + 4 * D + 5 * e(), 0, 100),
        "phq9": _score(10.5 + 5.2 * D + 2 * e(), 0, 27),
        "gad7": _score(8.5 + 4.3 * D + 2 * e(), 0, 21),
        "pcs": _score(25 + 7.5 * D + 3 * S - 2 * R + 6 * e(), 0, 52),
        "pseq": _score(24 + 7 * R - 3 * D + 6 * e(), 0, 60),
        "tsk17": _score(41 + 3 * D - 2 * R + 6 * e(), 17, 68),
        "isi": _score(14 + 3 * D + 2 * S + 4 * e(), 0, 28),
        "odi": _score(48 + 4 * D + 4 * S - 4 * R + 3 * pain + 8 * e(), 0, 100),
    }


def _findings(people: People, rng: Generator) -> People:
    S, N, count = people["sensitisation"], people["neuropathy"], len(people["age"])
    after_surgery = people["dx_psps_t2"]
    operations = np.where(after_surgery, 1 + rng.poisson(0.8, count), rng.poisson(0.20, count))
    relief = 78 + 4 * people["resilience"] - 4 * S + 12 * rng.standard_normal(count)
    return {
        "pain_sites": np.clip(1 + rng.poisson(np.exp(0.55 + 0.35 * S)), 1, 12),
        "prior_spine_surgery": operations,
        "any_spine_surgery": operations > 0,
        "allodynia": rng.random(count) < expit(-1.2 + 0.9 * N + 0.35 * S),
        "dx_radiculopathy": (after_surgery | people["dx_peripheral_nerve_injury"]) & (N > 0.2),
        "block_relief": np.clip(relief, 50, 100),
        "dual_block": rng.random(count) < 0.45,
        "paraspinal_tenderness": rng.random(count) < 0.55,
        "painful_joints": 1 + rng.binomial(3, 0.45, count),
        "failed_device": rng.random(count) < 0.03,
    }


def _biology(people: People, rng: Generator) -> People:
    e, mme, count = _noise(people, rng), people["mme"], len(people["age"])
    weight = (people["bmi"] - 30) / 6
    log_il6 = np.log(2.1) + 0.55 * people["inflammation"] + 0.12 * weight + 0.35 * e()
    log_crp = np.log(2.4) + 0.75 * people["inflammation"] + 0.35 * weight + 0.60 * e()
    odds_blunted = np.exp(
        -0.60 + 0.25 * people["sensitisation"] + 0.004 * np.minimum(mme, 200) - 0.10 * people["distress"]
    )
    odds_hyper = np.exp(-1.40 + 0.45 * people["distress"] - 0.60 * (mme > 90))
    state = rng.random(count) * (1 + odds_blunted + odds_hyper)
    suppressed = np.select([mme < 60, mme <= 200], [0.0, 0.20], 0.45)
    return {
        "log_il6": log_il6,
        "log_crp": log_crp,
        "hpa_blunted": (state >= 1) & (state < 1 + odds_blunted),
        "hpa_hyper": state >= 1 + odds_blunted,
        "hpa_suppressed": rng.random(count) < suppressed,
        "heart_rate": 74 + 1.5 * people["distress"] + 8 * e(),
        "systolic": 118 + 0.35 * people["age"] + 11 * e(),
        "diastolic": 76 + 0.4 * weight + 7 * e(),
    }


def _standardised(people: People, plan: Plan) -> People:
    return {f"z_{name}": (people[name] - centre) / spread for name, (centre, spread) in plan.scales.items()}


def _noise(people: People, rng: Generator) -> Callable[[], np.ndarray]:
    return partial(rng.standard_normal, len(people["age"]))


def _chance(rng: Generator, score: np.ndarray) -> np.ndarray:
    return rng.random(len(score)) < expit(score)


def _score(value: np.ndarray, lowest: float, highest: float) -> np.ndarray:
    return np.clip(np.round(value), lowest, highest)
