"""Patients of several clinics, what a bundle said of them, and the summaries their clinics hand out."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import expit

from painresponse.clinic import Catalogue
from painresponse.clinics.counts import LEAST
from painresponse.clinics.evaluating import summed_up
from painresponse.clinics.summary import SCHEMA, BundleMark, SiteSummary, TargetSummary
from painresponse.scoring.bundle import TargetCard
from painresponse.training.examples import Examples
from painresponse.validation.elsewhere import Answers
from tests.validation.clinics import clinics

REFUSALS = (("R01_AGE", "Too young."),)
MARK = BundleMark("north", "a" * 64, True, "b" * 64)


def patients(
    subjects: int,
    *,
    seed: int = 1,
    sites: int = 6,
    spread: float = 0.0,
    lost: float = 0.1,
    refused: float = 0.1,
) -> tuple[Examples, Answers]:
    """Episodes at several clinics, and a model that is right but for a ``spread`` between the clinics."""
    examples = clinics(subjects, seed=seed, sites=sites, columns=1)
    rng = np.random.default_rng([seed, 2])
    n, margin = len(examples), rng.normal(size=len(examples))
    odd = rng.standard_normal(sites) * spread
    y = (rng.random(n) < expit(margin + odd[examples.site])).astype(float)
    no_score = rng.random(n) < refused
    return (
        replace(examples, y=np.where(rng.random(n) < lost, np.nan, y)),
        Answers(np.where(no_score, np.nan, expit(margin)), np.where(no_score, 0, -1), REFUSALS),
    )


def some(examples: Examples, answers: Answers, rows: np.ndarray) -> tuple[Examples, Answers]:
    """Some of the episodes with their answers."""
    return examples.taken(rows), replace(
        answers, probability=answers.probability[rows], refused=answers.refused[rows]
    )


def summary(site: str, targets: Sequence[TargetSummary], *, bundle: BundleMark = MARK) -> SiteSummary:
    """What a clinic hands out."""
    return SiteSummary(SCHEMA, "0.1.0", site, True, LEAST, bundle, tuple(targets))


def summaries(
    examples: Examples, answers: Answers, card: TargetCard, catalogue: Catalogue
) -> list[SiteSummary]:
    """One of each clinic, made from its own episodes alone."""
    found = []
    for site in np.unique(examples.site):
        own = some(examples, answers, np.flatnonzero(examples.site == site))
        told = summed_up(*own, card=card, catalogue=catalogue, least=LEAST)
        found.append(summary(f"clinic {site}", [told]))
    return found
