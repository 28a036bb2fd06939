"""What a data set holds: events by concept, rejections, episodes left after each step, targets."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from painresponse.clinic import load_catalogue
from painresponse.entries import Entry, OwnEntries, Tally
from painresponse.evaluation.sample_size import gate
from painresponse.readers import histories
from painresponse.records import Intake, Records
from painresponse.records.intake import REASONS
from painresponse.training.cohorts import gather
from painresponse.training.episodes import Attrition
from painresponse.training.settings import TrainingSettings, training_settings


@dataclass(frozen=True)
class Inventory:
    """What was found. ``found`` holds events and subjects by concept, ``own`` the site's own entries."""

    subjects: int
    intake: Intake
    found: dict[str, tuple[int, int]]
    concepts: tuple[str, ...]
    attrition: dict[str, Attrition]
    settings: TrainingSettings
    own: tuple[Entry, ...] = ()

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

    def levels(self) -> dict[str, dict[str, int]]:
        """By target: how many episodes were at each level of intractable pain, whichever is asked for."""
        return {target: one.levels for target, one in self.attrition.items() if one.levels}

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
            "inferred": self.intake.inferred,
            "unusual": self.intake.unusual,
            "concepts": {
                name: {"events": events, "subjects": subjects}
                for name, (events, subjects) in self.found.items()
            },
            "missing": self.missing(),
            "attrition": {target: one.steps for target, one in self.attrition.items()},
            "levels": self.levels(),
            "targets": self.verdicts(),
            "own_entries": [one.to_plain() for one in self.own],
            "settings": asdict(self.settings),
        }


def take_inventory(folder: Path, site: Path | None = None) -> Inventory:
    """Read a MEDS folder once, shard by shard, and count; a second time for the units of a site's entries."""
    catalogue = load_catalogue(site, data=folder)
    tally, own = Tally(catalogue.concepts.patterns()), OwnEntries(catalogue)
    subjects = 0

    def counted() -> Iterator[tuple[Records, Intake]]:
        nonlocal subjects
        for records, intake in histories(folder, catalogue.concepts):
            subjects += len(records.subjects())
            tally.add(records)
            own.add(records)
            yield records, intake

    cohort = gather(counted(), catalogue)
    return Inventory(
        subjects,
        cohort.intake,
        {name: tally.found[name] for name in catalogue.concepts.concepts if name in tally.found},
        tuple(catalogue.concepts.concepts),
        cohort.attrition,
        training_settings(catalogue.training),
        own.entries(folder, cohort),
    )


def _verdict(attrition: Attrition, settings: TrainingSettings) -> str:
    known, responded = attrition.steps["outcome known"], attrition.steps["responded"]
    few = min(responded, known - responded)
    if few >= settings.least_events:
        verdict = gate(known, responded, known, settings=settings.sample_size)
        return f"no: {verdict.sentence}" if verdict.allowed == "prevalence" else "yes"
    return (
        f"no: {known:,} episodes with a known outcome, {responded:,} responded; "
        f"at least {settings.least_events} of each kind are needed"
    )
