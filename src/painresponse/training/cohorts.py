"""From a folder of histories to training examples, shard by shard, with every step counted."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from painresponse.clinic import Catalogue
from painresponse.clinic.declarations import LEVELS
from painresponse.engine import Plan, compute, rows
from painresponse.language import FeatureSet
from painresponse.records.intake import Intake
from painresponse.records.tables import Asks, Records
from painresponse.training.durability import NO_DURATIONS, Durations, durability
from painresponse.training.eligibility import Eligibility, EligibilityRules
from painresponse.training.episodes import Attrition, Episodes, find_episodes
from painresponse.training.examples import Examples
from painresponse.training.groups import Groups
from painresponse.training.labels import Labeller, Labels
from painresponse.training.occurrences import Mask
from painresponse.training.outcomes import judges

SITE = FeatureSet.from_plain({"site": "last of site ever"})


@dataclass(frozen=True)
class Cohort:
    """Training examples and attrition by target, what became of the events on the way in, and, of targets
    that say ``lasts_from``, how long responses lasted.
    """

    examples: dict[str, Examples]
    attrition: dict[str, Attrition]
    intake: Intake
    durations: dict[str, Durations] = field(default_factory=dict)


@dataclass(frozen=True)
class _Part:
    """One shard's share of a target."""

    attrition: Attrition
    examples: Examples
    durations: Durations


def gather(
    histories: Iterable[tuple[Records, Intake]],
    catalogue: Catalogue,
    *,
    progress: Callable[[], None] = lambda: None,
) -> Cohort:
    """Examples of every target from histories that come shard by shard; each subject in one shard only."""
    gatherer = _Gatherer(catalogue)
    parts: dict[str, list[_Part]] = {target: [] for target in catalogue.targets}
    intake = Intake()
    for records, taken in histories:
        intake += taken
        for target, part in gatherer.parts(records):
            parts[target].append(part)
        progress()
    names = catalogue.features.names
    return Cohort(
        {
            target: _joined(target, names, [part.examples for part in found])
            for target, found in parts.items()
        },
        {target: sum((part.attrition for part in found), Attrition()) for target, found in parts.items()},
        intake,
        {
            target: sum((part.durations for part in parts[target]), NO_DURATIONS)
            for target, one in catalogue.targets.items()
            if one.lasts_from
        },
    )


class _Gatherer:
    def __init__(self, catalogue: Catalogue):
        self._catalogue = catalogue
        self._plan = Plan(catalogue.features, catalogue.concepts)
        self._site = Plan(SITE, catalogue.concepts)
        self._groups = Groups(catalogue.concepts)
        self._eligibility = EligibilityRules(catalogue)
        known = judges(catalogue, (one.outcome for one in catalogue.targets.values()))
        self._labellers = {
            name: Labeller(catalogue, one, known[one.outcome]) for name, one in catalogue.targets.items()
        }
        self._stages: dict[tuple[str, str], list[str]] = {}
        for name, one in catalogue.targets.items():
            self._stages.setdefault((one.intervention, one.stage), []).append(name)

    def parts(self, records: Records) -> Iterator[tuple[str, _Part]]:
        """The shard's share of every target; what targets of one stage have in common is made once."""
        for (intervention, name), targets in self._stages.items():
            stage = self._catalogue.interventions[intervention].stages[name]
            episodes, attrition = find_episodes(records, self._catalogue.concepts, stage)
            episodes, attrition = _eligible(
                episodes, attrition, self._eligibility.judge(records, episodes.asks())
            )
            labels = {target: self._labellers[target].judge(records, episodes) for target in targets}
            wanted = np.any([one.has_baseline & ~one.died for one in labels.values()], axis=0)
            seen = self._seen(records, episodes.taken(wanted).asks())
            for target, one in labels.items():
                examples = _labelled_by(one, seen, wanted, target)
                lasting = self._durations(target, records, episodes)
                yield target, _Part(_labelled(attrition, one), examples, lasting)

    def _seen(self, records: Records, asks: Asks) -> Examples:
        """What was known at the index, with no target and no outcome yet."""
        site = compute(self._site, records, asks)[:, 0]
        return Examples(
            "",
            self._catalogue.features.names,
            rows(self._plan, records, asks),
            np.full(len(asks), np.nan),
            asks.subject,
            asks.index,
            np.where(np.isnan(site), -1, site).astype(np.int64),
            self._groups.of(records, asks),
        )

    def _durations(self, target: str, records: Records, episodes: Episodes) -> Durations:
        asked = self._catalogue.targets[target]
        if not asked.lasts_from:
            return NO_DURATIONS
        return durability(records, episodes, catalogue=self._catalogue, target=asked)


def _labelled_by(labels: Labels, seen: Examples, wanted: Mask, target: str) -> Examples:
    """The examples of one target: those of the ``wanted`` episodes for which its outcome has a meaning."""
    kept = labels.has_baseline & ~labels.died
    mine = kept[wanted]
    # the rows are shared, not copied, where all are wanted: a stage may have thirty targets
    some = seen if mine.all() else seen.taken(np.flatnonzero(mine))
    return replace(some, target=target, y=labels.y[kept])


def _eligible(
    episodes: Episodes, attrition: Attrition, eligibility: Eligibility
) -> tuple[Episodes, Attrition]:
    keep = np.ones(len(episodes), bool)
    for step, allowed in (
        ("adult", eligibility.old_enough),
        ("not excluded", eligibility.not_excluded),
        ("intractable pain", eligibility.intractable),
    ):
        keep &= allowed
        attrition = attrition.after(step, int(keep.sum()))
    return episodes.taken(keep), Attrition(attrition.steps, _levels(eligibility))


def _levels(eligibility: Eligibility) -> dict[str, int]:
    asked = eligibility.level[eligibility.old_enough & eligibility.not_excluded]
    return {name: int((asked == place).sum()) for place, name in enumerate(LEVELS)}


def _labelled(attrition: Attrition, labels: Labels) -> Attrition:
    known = labels.has_baseline & ~labels.died
    return (
        attrition.after("baseline known", int(labels.has_baseline.sum()))
        .after("alive at the horizon", int(known.sum()))
        .after("outcome known", int((~np.isnan(labels.y)).sum()))
        .after("responded", int((labels.y == 1).sum()))
    )


def _joined(target: str, names: tuple[str, ...], parts: list[Examples]) -> Examples:
    nothing = np.zeros(0, np.int64)
    return Examples(
        target,
        names,
        np.concatenate([np.zeros((0, len(names)), np.float32), *(part.x for part in parts)]),
        np.concatenate([np.zeros(0), *(part.y for part in parts)]),
        np.concatenate([nothing, *(part.subject for part in parts)]),
        np.concatenate([nothing, *(part.index for part in parts)]),
        np.concatenate([nothing, *(part.site for part in parts)]),
        {
            name: np.concatenate([part.groups[name] for part in parts])
            for name in (parts[0].groups if parts else ())
        },
    )
