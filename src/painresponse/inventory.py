"""What a data set holds: events by concept, rejections, episodes left after each step, targets."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from painresponse.clinic import Catalogue, load_catalogue
from painresponse.readers import histories
from painresponse.records import Intake, Records
from painresponse.records.intake import REASONS
from painresponse.training.cohorts import gather
from painresponse.training.episodes import Attrition
from painresponse.training.occurrences import Occurrences
from painresponse.training.settings import TrainingSettings, training_settings


@dataclass(frozen=True)
class Inventory:
    """What was found. ``found`` holds events and subjects by concept."""

    subjects: int
    intake: Intake
    found: dict[str, tuple[int, int]]
    concepts: tuple[str, ...]
    attrition: dict[str, Attrition]
    settings: TrainingSettings

    def missing(self) -> list[str]:
        """Concepts of which nothing was found."""
        return [name for name in self.concepts if name not in self.found]

    def reasons(self) -> list[tuple[str, int]]:
        """Rejections by reason in words, the commonest first."""
        counts = self.intake.reasons()
        return [(REASONS[reason], counts[reason]) for reason in sorted(counts, key=lambda one: -counts[one])]

    def rejected(self) -> list[tuple[str, str, int]]:
        """Code, reason in words and number of rejected events, the commonest first."""
        lines = [(code, REASONS[reason], n) for (reason, code), n in self.intake.rejected.items()]
        return sorted(lines, key=lambda line: -line[2])

    def verdicts(self) -> dict[str, str]:
        """By target: yes, or what is missing."""
        return {target: _verdict(one, self.settings) for target, one in self.attrition.items()}

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "subjects": self.subjects,
            "events": self.intake.given,
            "kept": self.intake.kept,
            "rejected": [
                {"reason": reason, "code": code, "events": n}
                for (reason, code), n in self.intake.rejected.items()
            ],
            "unmapped": self.intake.unmapped,
            "concepts": {
                name: {"events": events, "subjects": subjects}
                for name, (events, subjects) in self.found.items()
            },
            "missing": self.missing(),
            "attrition": {target: one.steps for target, one in self.attrition.items()},
            "targets": self.verdicts(),
            "settings": asdict(self.settings),
        }


def take_inventory(folder: Path, site: Path | None = None) -> Inventory:
    """Read a MEDS folder once, shard by shard, and count."""
    catalogue = load_catalogue(site, data=folder)
    found: dict[str, tuple[int, int]] = {}
    subjects = 0

    def counted() -> Iterator[tuple[Records, Intake]]:
        nonlocal subjects
        for records, intake in histories(folder, catalogue.concepts):
            subjects += len(records.subjects())
            _count(records, catalogue, found)
            yield records, intake

    cohort = gather(counted(), catalogue)
    return Inventory(
        subjects,
        cohort.intake,
        {name: found[name] for name in catalogue.concepts.concepts if name in found},
        tuple(catalogue.concepts.concepts),
        cohort.attrition,
        training_settings(catalogue.training),
    )


def _count(records: Records, catalogue: Catalogue, found: dict[str, tuple[int, int]]) -> None:
    for name in catalogue.concepts.concepts:
        here = Occurrences(records, catalogue.concepts, [name], dated=False)
        if len(here):
            events, subjects = found.get(name, (0, 0))
            found[name] = (events + len(here), subjects + len(np.unique(here.subject)))


def _verdict(attrition: Attrition, settings: TrainingSettings) -> str:
    known, responded = attrition.steps["outcome known"], attrition.steps["responded"]
    few = min(responded, known - responded)
    if few >= settings.least_events:
        return "yes"
    return (
        f"no: {known:,} episodes with a known outcome, {responded:,} responded; "
        f"at least {settings.least_events} of each kind are needed"
    )
