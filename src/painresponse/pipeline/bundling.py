"""From made targets to the bundle: models, cards, and what the features looked like in training."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from painresponse.clinic import Catalogue
from painresponse.export.bundling import make_bundle
from painresponse.export.graph import Sigmoid, TargetModel
from painresponse.pipeline.making import Made
from painresponse.scoring.drift import LEVELS
from painresponse.training.cohorts import Cohort
from painresponse.training.examples import Examples
from painresponse.training.support import Support


def bundled(
    out: Path,
    catalogue: Catalogue,
    cohort: Cohort,
    *,
    made: dict[str, Made],
    supports: dict[str, Support],
    provenance: dict[str, Any],
) -> str:
    """Write the bundle of all targets that were made; returns its SHA-256."""
    whole = {name: one for name, one in made.items() if one.fitted}
    examples = {name: cohort.examples[name] for name in whole}
    least = catalogue.safety.diagnosis_episodes
    seen = {name: {"diagnoses": _diagnoses(one, least)} for name, one in examples.items()}
    return make_bundle(
        out,
        catalogue,
        [_model(one, supports[name]) for name, one in whole.items()],
        cards={name: {**_card(one, supports[name]), **seen[name]} for name, one in whole.items()},
        provenance=provenance,
        reference=_reference(list(examples.values())),
        accounts={name: one.account for name, one in whole.items()},
        skipped={name: one.why_not for name, one in made.items() if one.why_not},
        review_by=_review_by(examples.values(), provenance["settings"]["review_days"]),
    )


def _review_by(examples: Iterable[Examples], days: int) -> str:
    """So many days after the newest index that any model knew: no clock is asked."""
    newest = max(one.index.max() for one in examples)
    return str(np.datetime64(int(newest), "us").astype("datetime64[D]") + days)


def _diagnoses(examples: Examples, least: int) -> list[str]:
    """The diagnosis groups with enough episodes whose outcome is known."""
    group = examples.labelled().groups["diagnosis"]
    return [str(one) for one in np.unique(group) if one and (group == one).sum() >= least]


def _model(made: Made, support: Support) -> TargetModel:
    fitted = made.fitted
    likely = Sigmoid(support.booster, support.calibration.slope, support.calibration.intercept)
    return TargetModel(
        fitted.target, fitted.booster, fitted.slope, fitted.intercept, made.band.spread, support=likely
    )


def _card(made: Made, support: Support) -> dict[str, Any]:
    fitted = made.fitted
    return {
        "episodes": int(fitted.episodes),
        "responders": int(fitted.events),
        "kind": fitted.learnt.kind,
        "why": fitted.why,
        # a hair below, so that the last bit of a sigmoid refuses nobody
        "least_support": support.threshold * (1 - 1e-9) if support.threshold > 0 else None,
        "leans_on": [one["name"] for one in made.account["importance"]["features"]],
        "metrics": {
            name: [round(float(one), 6) if np.isfinite(one) else None for one in value]
            for name, value in fitted.metrics.items()
        },
    }


def _reference(examples: list[Examples]) -> dict[str, list[float | None]]:
    """Quantiles of every feature over all trained episodes, then the share that was known."""
    x = np.concatenate([one.x for one in examples])
    known = ~np.isnan(x)
    table = {}
    for place, name in enumerate(examples[0].names):
        values = x[known[:, place], place].astype(np.float64)
        marks = np.quantile(values, LEVELS) if len(values) else np.full(len(LEVELS), np.nan)
        share = float(known[:, place].mean())
        table[name] = [None if np.isnan(one) else round(float(one), 6) for one in (*marks, share)]
    return table
