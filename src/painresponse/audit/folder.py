"""An audit of a MEDS folder: once through to find whom to ask about, once more to try."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from painresponse.audit.copies import every_code, taken
from painresponse.audit.makers import makers_of
from painresponse.audit.oddities import ODD, oddities
from painresponse.audit.proof import Proof
from painresponse.audit.suspicions import Evidence, Hint
from painresponse.audit.trials import audit
from painresponse.clinic import Catalogue
from painresponse.errors import CohortError
from painresponse.readers import histories
from painresponse.records import Asks, Records
from painresponse.records.tables import Ints
from painresponse.schema import STATIC
from painresponse.training.cohorts import gather
from painresponse.training.episodes import find_episodes

SUBJECTS = 2000
"""Audited unless more are asked for."""

SUSPECTS = 20_000
"""Subjects whose episodes are searched for suspicions: bounds the memory."""

GIVEN, EPISODES, AMID = "the asks given", "training episodes", "an instant amid each history"


@dataclass(frozen=True)
class Audit:
    """The proof, and the hints beside it; who was asked about, and where the asks came from."""

    source: str
    subjects: int
    audited: int
    suspects: int
    proof: Proof
    hints: list[Hint]
    sentences: dict[str, str]

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            **self.proof.to_plain(),
            "asks_are": self.source,
            "subjects": self.subjects,
            "subjects_audited": self.audited,
            "subjects_searched_for_suspicions": self.suspects,
            "suspicions_are": "hints, not proof",
            "suspicions": [asdict(hint) for hint in self.hints],
        }


@dataclass
class _Survey:
    """What the first reading finds."""

    subjects: int = 0
    shards: int = 0
    odd: Counter[tuple[str, str]] = field(default_factory=Counter)
    episodes: list[Asks] = field(default_factory=list)
    amid: list[Asks] = field(default_factory=list)
    given: list[Asks] = field(default_factory=list)


def audit_folder(
    folder: Path,
    catalogue: Catalogue,
    *,
    asks: Asks | None = None,
    subjects: int = SUBJECTS,
    seed: int = 1,
    progress: Callable[[], None] = lambda: None,
) -> Audit:
    """Audit a MEDS folder on the asks given, else on its training episodes, else amid its histories.

    ``subjects`` are drawn at random among those asked about. ``progress`` is called twice a shard. Raises
    CohortError when nobody in the folder is asked about.
    """
    survey = _surveyed(folder, catalogue, asks=asks, progress=progress)
    source, wanted = _chosen(survey, given=asks is not None)
    if not len(wanted):
        raise CohortError(
            f"Nobody in {folder} is asked about: the asks name none of its subjects, or no subject has a "
            "dated event. Check that both number the subjects alike."
        )
    rng = np.random.default_rng(seed)
    audited = _drawn(wanted.subject, subjects, rng)
    suspects = _drawn(_whole(survey.episodes).subject, SUSPECTS, rng)
    makers, codes = makers_of(catalogue), every_code(catalogue.concepts)
    proof, evidence = Proof(), Evidence()
    for number, (records, intake) in enumerate(histories(folder, catalogue.concepts)):
        proof += audit(records, _about(wanted, records, audited), makers, codes=codes, seed=[seed, number])
        few = taken(records, np.isin(records.subject, suspects))
        evidence.add(few, gather([(few, intake)], catalogue).examples)
        progress()
    hints, sentences = [*evidence.hints(), *_odd(survey.odd)], catalogue.features.to_plain()
    return Audit(source, survey.subjects, len(audited), len(suspects), proof, hints, sentences)


def _surveyed(
    folder: Path, catalogue: Catalogue, *, asks: Asks | None, progress: Callable[[], None]
) -> _Survey:
    survey = _Survey()
    for records, _ in histories(folder, catalogue.concepts):
        here = records.subjects()
        survey.subjects += len(here)
        survey.odd += oddities(records, catalogue.concepts)
        survey.episodes.append(episode_asks(records, catalogue))
        survey.amid.append(amid(records))
        if asks is not None:
            survey.given.append(_about(asks, records, here))
        progress()
    return survey


def _chosen(survey: _Survey, *, given: bool) -> tuple[str, Asks]:
    if given:
        return GIVEN, _distinct(survey.given)
    episodes = _distinct(survey.episodes)
    return (EPISODES, episodes) if len(episodes) else (AMID, _distinct(survey.amid))


def episode_asks(records: Records, catalogue: Catalogue) -> Asks:
    """The episodes of every target, those that no cohort will take included: eligibility is on trial too."""
    asked = {(one.intervention, one.stage) for one in catalogue.targets.values()}
    stages = [catalogue.interventions[name].stages[stage] for name, stage in sorted(asked)]
    return _distinct([find_episodes(records, catalogue.concepts, stage)[0].asks() for stage in stages])


def amid(records: Records) -> Asks:
    """Each subject at the event two thirds along its dated history: a past to ask about, a future to hide."""
    dated = np.flatnonzero(records.time != STATIC)
    subject, first, count = np.unique(records.subject[dated], return_index=True, return_counts=True)
    return Asks(subject, records.time[dated[first + count * 2 // 3]])


def _whole(parts: list[Asks]) -> Asks:
    nothing = np.zeros(0, np.int64)
    return Asks(
        np.concatenate([nothing, *(part.subject for part in parts)]),
        np.concatenate([nothing, *(part.index for part in parts)]),
    )


def _distinct(parts: list[Asks]) -> Asks:
    whole = _whole(parts)
    pairs = np.unique(np.stack([whole.subject, whole.index]), axis=1)
    return Asks(pairs[0], pairs[1])


def _drawn(subjects: Ints, most: int, rng: np.random.Generator) -> Ints:
    """So many of the subjects at most, at random, ascending."""
    everybody = np.unique(subjects)
    return np.sort(rng.choice(everybody, min(most, len(everybody)), replace=False))


def _about(asks: Asks, records: Records, subjects: Ints) -> Asks:
    """The asks about those of the subjects that these records hold."""
    here = np.isin(asks.subject, np.intersect1d(records.subjects(), subjects))
    return Asks(asks.subject[here], asks.index[here])


def _odd(found: Counter[tuple[str, str]]) -> list[Hint]:
    order = list(ODD)
    return [
        Hint(kind, name, "", {"events": count})
        for (kind, name), count in sorted(found.items(), key=lambda one: (order.index(one[0][0]), -one[1]))
    ]
