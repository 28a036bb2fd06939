"""How often the 90 % interval holds the true share of responders at simulated sites the model never saw.

Every site of every seed is left out in turn: the models and their intervals are made from the other five, and
the sealed chances tell what share of the patients given a probability responds at the sixth. That share is
itself known from some hundred patients only: ``covered`` takes it as it is found, ``in_truth`` allows for its
standard error. A site's own effect is the same for all its interventions, so the sites, not the targets, are
the independent draws.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from benchmarks import ledger
from benchmarks.base_cohort import Base, catalogue, made, read, room
from benchmarks.models import arguments
from painresponse.clinic import Catalogue
from painresponse.evaluation.band import band
from painresponse.evaluation.calibration import log_odds, platt
from painresponse.evaluation.predictions import Predictions
from painresponse.training.lessons import Lesson, lesson
from painresponse.training.response import learn
from painresponse.training.settings import TrainingSettings, training_settings
from painresponse.training.splits import each_fold, subject_folds

Numbers = NDArray[np.float64]
FIGURES = ("covered", "in_truth", "width", "tau")
_EDGE = 1e-3


def main(words: Sequence[str] = ()) -> None:
    """Judge the sites not judged yet and print the table."""
    declared = catalogue()
    asked = arguments("intervals.json", seeds=10, targets=list(declared.targets)).parse_args(words)
    settings = training_settings(declared.training)
    settings = replace(settings, points_trials=settings.quick_trials)
    with room() as folder:
        for seed in range(1, asked.seeds + 1):
            key = {"preset": asked.preset, "patients": asked.patients, "seed": seed}
            if not all(ledger.has(asked.results, key | {"target": one}) for one in asked.targets):
                bases = read(made(folder, seed, preset=asked.preset, patients=asked.patients))
                for target in asked.targets:
                    for row in _sites(bases[target].labelled(), declared, settings):
                        ledger.add(asked.results, key | row | {"made_with": ledger.made_with()})
                    print(f"seed {seed} {target}", file=sys.stderr, flush=True)
    show([row for row in ledger.rows(asked.results) if row["preset"] == asked.preset])


def _sites(base: Base, declared: Catalogue, settings: TrainingSettings) -> Iterator[ledger.Row]:
    """One target: each of its sites, left out of learning."""
    examples, target = base.examples, declared.targets[base.examples.target]
    known = lesson(examples, better=target.better, worse=target.worse)
    # what is observed is the true response with the noise of asking: the chances as the labels see them
    chance = platt(log_odds(base.chance), examples.y).probability(log_odds(base.chance))
    for site in np.unique(examples.site):
        seen, unseen = np.flatnonzero(examples.site != site), np.flatnonzero(examples.site == site)
        given = learn(known.taken(seen), settings, boosted=False).chosen.probability(known.x[unseen])
        found = band(_predictions(known.taken(seen), examples.site[seen], settings))
        low, high = found.ends(given)
        share, error = _share(given, chance[unseen])
        off, reach = log_odds(share) - log_odds(given), log_odds(high) - log_odds(given)
        wider = np.sqrt(reach**2 + (norm.ppf((1 + found.level) / 2) * error / (share * (1 - share))) ** 2)
        yield {
            "target": examples.target,
            "site": int(site),
            "covered": float((np.abs(off) <= reach).mean()),
            "in_truth": float((np.abs(off) <= wider).mean()),
            "width": float((high - low).mean()),
            "tau": found.tau,
        }


def _predictions(known: Lesson, site: NDArray[np.int64], settings: TrainingSettings) -> Predictions:
    probability = np.empty(len(known))
    for rows, held_out in each_fold(subject_folds(known.y, known.subject, settings.folds, seed=1)):
        model = learn(known.taken(rows), settings, boosted=False).chosen
        probability[held_out] = model.probability(known.x[held_out])
    return Predictions(known.subject, known.y, probability, site)


def _share(given: Numbers, chance: Numbers) -> tuple[Numbers, Numbers]:
    """The share responding of those given each probability, smooth in the log-odds; its standard error."""
    powers = np.vander(log_odds(given), 3 if np.ptp(given) else 1)
    found = np.linalg.pinv(powers) @ chance
    left = chance - powers @ found
    covariance = np.linalg.pinv(powers.T @ powers) * (left @ left) / (len(left) - powers.shape[1])
    error = np.sqrt(np.einsum("ij,jk,ik->i", powers, covariance, powers))
    return np.clip(powers @ found, _EDGE, 1 - _EDGE), error


def show(known: list[ledger.Row]) -> None:
    """Print the share covered by target, and overall with the standard error between sites."""
    frame = pd.DataFrame(known)
    table = frame.groupby("target", sort=False).agg(dict.fromkeys(FIGURES, "mean"))
    print(table.to_string(float_format="{:.3f}".format))
    for figure in ("covered", "in_truth"):
        sites = frame.groupby(["seed", "site"])[figure].mean()
        print(f"{figure}: {sites.mean():.3f}, standard error {sites.sem():.3f}, {len(sites)} sites")
    print(ledger.provenance(known))


if __name__ == "__main__":
    main(sys.argv[1:])
