"""A finished bundle on another clinic's patients, scored as it would be there, judged by their outcomes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from painresponse.clinic import Catalogue, load_catalogue
from painresponse.clinic.targets import expanded
from painresponse.errors import CohortError, DefinitionError
from painresponse.evaluation.predictions import Numbers
from painresponse.readers import histories
from painresponse.records import Asks
from painresponse.scoring.bundle import Bundle, TargetCard
from painresponse.scoring.scorer import Scorer
from painresponse.training.cohorts import Cohort, gather
from painresponse.training.examples import Examples
from painresponse.validation.elsewhere import Answers, account_elsewhere

SAME = ("intervention", "stage", "outcome", "horizon")
"""What a clinic's target must have in common with the bundle's to be the same question."""

UNREAD = ("R00_UNREAD", "The bundle knows none of the codes in the patient's history.")


@dataclass(frozen=True)
class _Scored:
    """Asks x targets: probabilities, NaN where refused, and which of the ``refusals`` it was (-1: none)."""

    subject: NDArray[np.int64]
    index: NDArray[np.int64]
    targets: tuple[str, ...]
    probability: Numbers
    refused: NDArray[np.int64]
    refusals: tuple[tuple[str, str], ...]

    def of(self, target: str, examples: Examples) -> Answers:
        """The answers for the episodes of one target, in their order."""
        column = self.targets.index(target)
        asked = pd.MultiIndex.from_arrays([self.subject, self.index])
        place = asked.get_indexer(pd.MultiIndex.from_arrays([examples.subject, examples.index]))
        unread = place < 0
        return Answers(
            np.where(unread, np.nan, self.probability[place, column]),
            np.where(unread, len(self.refusals), self.refused[place, column]),
            (*self.refusals, UNREAD),
        )


@dataclass(frozen=True)
class Answered:
    """A bundle's answers for the episodes of a clinic, by target; ``skipped`` says why others have none."""

    bundle: Bundle
    catalogue: Catalogue
    cohort: Cohort
    answers: dict[str, Answers]
    skipped: dict[str, str]


def external(
    bundle: Path,
    data: Path,
    *,
    config: Path | None = None,
    allow_synthetic: bool = False,
    resamples: int = 300,
    seed: int = 2026,
    progress: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Judge every target of a bundle that the clinic's catalogue asks too; plain values, nobody's own.

    Outcomes are the clinic's, features and refusals the bundle's. ``targets`` holds an account by target,
    ``skipped`` why others have none. ``progress`` is called twice a shard.
    Raises DefinitionError where a target of the same name is another question, CohortError where the
    catalogue asks none of the bundle's, and what reading either raises.
    """
    found = answered(bundle, data, config=config, allow_synthetic=allow_synthetic, progress=progress)
    learnt = {card.name: card.responders / card.episodes for card in found.bundle.targets}
    accounts = {
        name: account_elsewhere(
            examples,
            found.answers[name],
            learnt_share=learnt[name],
            flow=found.cohort.attrition[name].steps,
            resamples=resamples,
            seed=seed,
        )
        for name, examples in found.cohort.examples.items()
    }
    named = data.resolve().name
    return {
        "bundle": found.bundle.name,
        "digest": found.bundle.digest,
        "synthetic": found.bundle.synthetic,
        "data": named,
        "targets": {name: {"data": named, **one} for name, one in accounts.items()},
        "skipped": found.skipped,
    }


def answered(
    bundle: Path,
    data: Path,
    *,
    config: Path | None = None,
    allow_synthetic: bool = False,
    progress: Callable[[], None] = lambda: None,
) -> Answered:
    """Ask a bundle about every episode of another clinic, as `external` does, and raise as it does."""
    scorer = Scorer.load(bundle, allow_synthetic=allow_synthetic)
    catalogue, skipped = same_questions(scorer.bundle, load_catalogue(config, data=data))
    cohort = gather(histories(data, catalogue.concepts), catalogue, progress=progress)
    scored = _score(scorer, data, cohort, progress)
    answers = {name: scored.of(name, examples) for name, examples in cohort.examples.items()}
    return Answered(scorer.bundle, catalogue, cohort, answers, skipped)


def same_questions(bundle: Bundle, catalogue: Catalogue) -> tuple[Catalogue, dict[str, str]]:
    """The clinic's catalogue with the bundle's targets alone, and why some are left out."""
    asked = expanded(catalogue.targets)
    skipped = {
        card.name: "The clinic's catalogue does not predict it."
        for card in bundle.targets
        if card.name not in asked
    }
    shared = [card for card in bundle.targets if card.name in asked]
    if not shared:
        raise CohortError(
            f"The clinic's catalogue predicts none of the targets of bundle {bundle.name!r}. Name some "
            f"of them under predict in the site configuration: {', '.join(sorted(skipped))}."
        )
    for card in shared:
        _check_same(card, {word: getattr(asked[card.name], word) for word in SAME})
    return replace(catalogue, targets={card.name: asked[card.name] for card in shared}), skipped


def _check_same(card: TargetCard, asked: dict[str, str]) -> None:
    for word, here in asked.items():
        there = getattr(card, word)
        if there != here:
            raise DefinitionError(
                f"The target {card.name!r} is another question here: its {word} is {here!r}, in the bundle "
                f"{there!r}. Give the clinic's target the bundle's {word}, or another name."
            )


def _score(scorer: Scorer, data: Path, cohort: Cohort, progress: Callable[[], None]) -> _Scored:
    """Every episode of every target once, by the bundle's own reading of the histories."""
    asks = episode_asks(cohort)
    targets = tuple(cohort.examples)
    parts = []
    for records, _ in histories(data, scorer.measures):
        here = np.isin(asks.subject, records.subjects())
        parts.append(scorer.score(records, Asks(asks.subject[here], asks.index[here]), targets=targets))
        progress()
    return _Scored(
        np.concatenate([part.subject for part in parts]),
        np.concatenate([part.index for part in parts]),
        parts[0].targets,
        np.concatenate([part.probability for part in parts]),
        np.concatenate([part.refused for part in parts]),
        parts[0].refusals,
    )


def episode_asks(cohort: Cohort) -> Asks:
    """Each subject and index of any target once: targets of one stage share their episodes."""
    pairs = [np.stack([one.subject, one.index], axis=1) for one in cohort.examples.values()]
    subject, index = np.unique(np.concatenate(pairs), axis=0).T
    return Asks(subject, index)
