"""A training record with every section, its figures computed from made-up predictions by the real modules."""

import json
from dataclasses import asdict
from functools import cache
from typing import Any

import numpy as np
from scipy.special import expit

from painresponse.evaluation.bootstrap import estimated, subject_weights
from painresponse.evaluation.curves import calibration_curve, prediction_counts, roc_curves
from painresponse.evaluation.decisions import decision_curve
from painresponse.evaluation.follow_up import FollowUpSettings, follow_up
from painresponse.evaluation.measures import measured
from painresponse.evaluation.predictions import Predictions
from painresponse.evaluation.recalibration import recalibration
from painresponse.evaluation.sample_size import gate
from painresponse.evaluation.sites import pooled_sites
from painresponse.evaluation.subgroups import subgroups

EPISODES, LOST = 2400, 310
_DRAWS = {"resamples": 100, "seed": 1}


def record(*, kind: str = "synthetic") -> dict[str, Any]:
    """Three targets: boosted trees, the twin, and one too small for either; the first validated elsewhere."""
    return {
        "name": "example",
        "provenance": {
            "kind": kind,
            "data": "example clinic",
            "data_fingerprint": "3f" * 32,
            "settings": {"seed": 1, "folds": 5},
            "versions": {"painresponse": "0.1.0", "lightgbm": "4.6.0"},
        },
        "features": [
            {
                "name": f"pain_{days}",
                "sentence": f"mean of pain in {days} d",
                "words": f"mean pain, {days} days",
            }
            for days in range(1, 61)
        ],
        "targets": [full_account(), twin_account(), small_account()],
        "skipped": {"cbt_course": "12 responses and 80 non-responses: too few to train."},
    }


@cache
def full_account() -> dict[str, Any]:
    """Boosted trees with every section there is, and the external validation."""
    account = _judged(_eligible(0.0, seed=3))
    return {
        "target": "scs_permanent",
        "label": "spinal cord stimulation (permanent implant): at least 50 % less pain, 6 months",
        **_named(),
        "flow": _flow(),
        "sample_size": plain(gate(EPISODES - LOST, 1150, 60)),
        "model": {
            "kind": "boosted",
            "sentence": "Boosted trees were chosen: better than the regression beyond noise.",
            "parameters": {"trees": 140, "max depth": 4, "learning rate": 0.05},
        },
        **account,
        "time": _time(),
        "durability": _durability(),
        "blocks": [
            {"block": "biomarkers", "features": 24, "difference": [0.001, -0.004, 0.006],
             "sentence": "Biomarkers add nothing beyond noise."},
            {"block": "social", "features": ["employed", "education"], "difference": [0.012, 0.004, 0.021]},
        ],
        "importance": _importance(),
        "support": {
            "sentence": "Below the threshold the answer is: Not enough patients like this one were given it.",
            "threshold": 0.021,
            "below_given": [0.024, 0.02, 0.03],
            "auc": [0.8, 0.78, 0.82],
            "overlaps": [{"intervention": "idd", "patients": 800, "below": 0.21}],
        },
        "interval": {"level": 0.9, "coverage": [0.9, 0.88, 0.92], "sentence": "Held-out centres: 90 %."},
        "notes": ["The first centre joined late."],
        "external": {"data": "another clinic", **_judged(_eligible(-0.5, seed=9)), "flow": _flow(),
                     "recalibration": plain(recalibration(_known(_eligible(-0.5, seed=9)), **_DRAWS))},
    }  # fmt: skip


def twin_account() -> dict[str, Any]:
    """A target whose model is the logistic regression, with few sections."""
    return {
        "target": "mpp_programme",
        "label": "multidisciplinary pain programme (programme): at least 30 % less pain, 12 months",
        "model": {"kind": "logistic", "sentence": "Boosted trees did not beat the regression beyond noise."},
        "flow": _flow(),
        "performance": {"model": {"auc": [0.68, 0.62, 0.74], "calibration_slope": [0.96, 0.7, 1.2]}},
    }


def small_account() -> dict[str, Any]:
    """Too few episodes for any individual model, and nothing else known."""
    return {
        "target": "idd_trial",
        "label": "intrathecal drug delivery (trial): at least 50 % relief in the intrathecal trial",
        "sample_size": plain(gate(45, 20, 60)),
        "model": {"kind": "prevalence", "sentence": "Everybody is given the share who responded."},
    }


def plain(value: Any) -> Any:
    """As it comes back from the bundle: JSON and nothing else."""
    shown = [asdict(one) for one in value] if isinstance(value, tuple) else asdict(value)
    return json.loads(json.dumps(shown))


def _judged(eligible: Predictions) -> dict[str, Any]:
    predictions = _known(eligible)
    curve = plain(calibration_curve(predictions, **_DRAWS))
    curve |= {"roc": plain(roc_curves(predictions)), "histogram": plain(prediction_counts(predictions))}
    settings = FollowUpSettings(resamples=60, imputations=3)
    age = eligible.subject[:, None] % 60.0
    return {
        "performance": _performance(predictions),
        "calibration": curve,
        "decisions": plain(decision_curve(predictions, **_DRAWS)),
        "subgroups": plain(subgroups(predictions, **_DRAWS)),
        "sites": plain(pooled_sites(predictions)),
        "missing": plain(follow_up(eligible, age, died=7, comparator="twin", settings=settings)),
    }


@cache
def _eligible(shift: float, *, seed: int) -> Predictions:
    """Episodes of five centres, some lost; in those aged over 65 the predictions are far too extreme."""
    random = np.random.default_rng(seed)
    signal = random.normal(0, 0.9, EPISODES)
    age = random.choice(["18-44", "45-64", "65+"], EPISODES)
    truth = np.where(age == "65+", 0.45 * signal, signal) + shift
    y = (random.random(EPISODES) < expit(truth)).astype(float)
    y[random.choice(EPISODES, LOST, replace=False)] = np.nan
    return Predictions(
        subject=np.arange(EPISODES) * 2 // 3,
        y=y,
        probability=expit(signal),
        site=random.integers(0, 5, EPISODES),
        comparators={
            "twin": expit(signal + random.normal(0, 0.5, EPISODES)),
            "baseline": expit(0.3 * signal + random.normal(0, 0.3, EPISODES)),
            "prevalence": np.full(EPISODES, 0.5),
        },
        groups={
            "sex": random.choice(["female", "male", ""], EPISODES, p=[0.55, 0.44, 0.01]),
            "age band": age,
        },
    )


def _known(eligible: Predictions) -> Predictions:
    return eligible.taken(np.flatnonzero(~np.isnan(eligible.y)))


def _performance(predictions: Predictions) -> dict[str, Any]:
    weights = subject_weights(predictions.subject, 100, seed=1)
    models = {"model": predictions.probability, **predictions.comparators}
    drawn = {who: measured(predictions.y, p, weights) for who, p in models.items()}
    told = {who: {name: list(estimated(one)) for name, one in all_.items()} for who, all_ in drawn.items()}
    told["differences"] = {
        f"auc_over_{who}": list(estimated(drawn["model"]["auc"] - drawn[who]["auc"]))
        for who in predictions.comparators
    }
    return told


def _named() -> dict[str, str]:
    return {
        "intervention": "spinal cord stimulation",
        "stage": "permanent implant",
        "outcome": "at least 50 % less pain",
        "horizon": "6 months",
    }


def _flow() -> dict[str, int]:
    return {
        "begin events": 4100,
        "adult": 4050,
        "intractable pain": 2600,
        "baseline known": 2440,
        "alive at the horizon": EPISODES,
        "outcome known": EPISODES - LOST,
        "responded": 1150,
    }


def _time() -> dict[str, Any]:
    figures = {"auc": [0.7, 0.66, 0.74], "calibration_slope": [0.92, 0.8, 1.05]}
    cuts = [
        {"share": 0.5, "learnt": 14, "waiting": 900, "judged": 1045, "responders": 520, "figures": {}},
        {"share": 0.8, "learnt": 1500, "waiting": 172, "judged": 418, "responders": 210, "figures": figures},
    ]
    return {"sentence": "Learnt from 1,500 episodes, judged on 418.", "figures": figures, "cuts": cuts}


def _durability() -> dict[str, Any]:
    days = list(range(0, 731, 30))
    share = [round(0.5 ** (day / 600), 4) for day in days]
    curve = {"days": days, "share": share, "low": [one - 0.03 for one in share[:-1]] + [None],
             "high": [one + 0.03 for one in share]}  # fmt: skip
    marks = {"12 months": {"days": 365.0, "at_risk": 410, "share": 0.66, "low": 0.62, "high": 0.7}}
    return {"n": 1150, "events": 600, "kinds": {}, "median": 600.0, "curve": curve, "marks": marks}


def _importance() -> dict[str, Any]:
    x = [float(one) for one in np.linspace(0, 10, 20)]
    names = (
        "baseline pain, mean of 30 days",
        "opioid dose, MME a day, highest in the last year",
        "age",
        "smoker",
    )
    features = [
        {
            "name": ("pain_mean_30d", "opioid_mme_highest", "age", "smoker")[place],
            "words": words,
            "share": 0.4 / (1 + place),
            "stability": 1 - 0.1 * place,
            "direction": "raises",
        }
        for place, words in enumerate(names)
    ]
    lines = [
        {"name": one["name"], "words": one["words"], "x": x, "effect": np.sin(x).tolist()} for one in features
    ]
    return {"features": features, "dependence": lines, "rank_correlation": 0.83, "models": 5}
