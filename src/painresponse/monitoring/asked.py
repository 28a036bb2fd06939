"""Whom the models are asked about, and everything the bundle says of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from painresponse.batch.asking import asker
from painresponse.batch.columns import answers
from painresponse.clinic import Catalogue
from painresponse.concepts import Concepts
from painresponse.errors import CohortError
from painresponse.readers import events_of, histories
from painresponse.records import Asks, Intake, Records, collect
from painresponse.records.coding import Measures
from painresponse.schema import STATIC
from painresponse.scoring.scorer import Scorer
from painresponse.training.cohorts import Cohort, gather
from painresponse.validation.external import episode_asks

Numbers = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST = 20
"""Of fewer answers nothing could be told from chance."""

EPISODES, GIVEN = "the episodes of these histories", "the asks given"


class Span(NamedTuple):
    """A stretch of time, both ends in it (microseconds)."""

    since: int
    until: int


@dataclass(frozen=True)
class Asked:
    """Asks x targets: probabilities (NaN where refused), which of the ``refusals`` it was (-1: none).

    ``features`` are the rows (asks x features) the models saw. ``of``, by target, are the places of the asks
    that count for it: those of its own episodes, else all.
    """

    source: str
    subject: Ints
    index: Ints
    targets: tuple[str, ...]
    probability: Numbers
    refused: Ints
    refusals: tuple[tuple[str, str], ...]
    features: NDArray[np.float32]
    of: Mapping[str, Ints]

    @property
    def episodic(self) -> bool:
        """Whether the asks are those of episodes, each of its own targets."""
        return self.source == EPISODES

    def spoken(self, target: str) -> tuple[Ints, Numbers]:
        """The places of a target's asks that it answered, and the probabilities."""
        column, places = self.probability[:, self.targets.index(target)], self.of[target]
        told = places[~np.isnan(column[places])]
        return told, column[told]


def read(given: Any, vocabulary: Concepts | Measures) -> Iterator[tuple[Records, Intake]]:
    """Histories from a MEDS folder, shard by shard, or from a frame of MEDS events."""
    if isinstance(given, str | Path):
        yield from histories(Path(given), vocabulary)
    else:
        yield collect(events_of(given), vocabulary)


def gathered(given: Any, catalogue: Catalogue, *, progress: Callable[[], None]) -> tuple[Cohort, int]:
    """The episodes as training finds and labels them, and the newest instant in the histories."""
    newest = [STATIC]
    targets = {name: replace(one, lasts_from="") for name, one in catalogue.targets.items()}

    def looked_at() -> Iterator[tuple[Records, Intake]]:
        for records, intake in read(given, catalogue.concepts):
            newest.append(int(records.time.max(initial=STATIC)))
            yield records, intake

    # how long responses last is not asked here
    return gather(looked_at(), replace(catalogue, targets=targets), progress=progress), max(newest)


def ask(
    scorer: Scorer,
    given: Any,
    cohort: Cohort,
    *,
    asks: Asks | None,
    span: Span,
    progress: Callable[[], None],
) -> Asked:
    """What the bundle says at the given asks, else at the index of every episode, in a stretch of time.

    Raises CohortError where nobody is asked about.
    """
    chosen = _within(episode_asks(cohort) if asks is None else asks, span)
    targets, about, parts = tuple(cohort.examples), asker(chosen), []
    for records, _ in read(given, scorer.measures):
        parts += answers(scorer, records, about(records), targets=targets, reasons=0)
        progress()
    if not parts:
        raise CohortError(_nobody(asks))
    subject, index = (np.concatenate([getattr(one, name) for one in parts]) for name in ("subject", "index"))
    refused = np.concatenate([one.refused for one in parts])
    own = _answered(refused, targets) if asks is not None else _episodes(cohort, subject, index)
    return Asked(
        EPISODES if asks is None else GIVEN,
        subject,
        index,
        targets,
        np.concatenate([one.probability for one in parts]),
        refused,
        parts[0].refusals,
        np.concatenate([one.features for one in parts]),
        own,
    )


def places(subject: Ints, index: Ints, *, among: tuple[Ints, Ints]) -> Ints:
    """Where each subject and index stands among others; -1 where it does not."""
    found: Ints = pd.MultiIndex.from_arrays(among).get_indexer(pd.MultiIndex.from_arrays([subject, index]))
    return found


def _within(asks: Asks, span: Span) -> Asks:
    seen = (asks.index >= span.since) & (asks.index <= span.until)
    return Asks(asks.subject[seen], asks.index[seen])


def _answered(refused: Ints, targets: tuple[str, ...]) -> dict[str, Ints]:
    return {name: np.flatnonzero(refused[:, column] < 0) for column, name in enumerate(targets)}


def _episodes(cohort: Cohort, subject: Ints, index: Ints) -> dict[str, Ints]:
    """Episodes whose subject the bundle cannot read, or of another time, are nobody's."""
    found = {
        name: places(one.subject, one.index, among=(subject, index)) for name, one in cohort.examples.items()
    }
    return {name: one[one >= 0] for name, one in found.items()}


def _nobody(asks: Asks | None) -> str:
    if asks is None:
        return (
            "No intervention that the bundle predicts was begun in these histories and this time. Say whom "
            "to compare with training: give asks, as a file of subject_id and prediction_time with --asks."
        )
    return "The asks name nobody in these histories and this time. Check that both number the subjects alike."
