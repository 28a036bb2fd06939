"""From a folder of histories to training examples, shard by shard, with every step counted."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from painresponse.clinic import Catalogue
from painresponse.clinic.declarations import LEVELS
from painresponse.engine import Plan, compute, rows
from painresponse.language import FeatureSet
from painresponse.records.intake import Intake
from painresponse.records.tables import Asks, Records
from painresponse.training.eligibility import Eligibility, EligibilityRules
from painresponse.training.episodes import Attrition, Episodes, find_episodes
from painresponse.training.examples import Examples
from painresponse.training.labels import Labeller, Labels

SITE = FeatureSet.from_plain({"site": "last of site ever"})


@dataclass(frozen=True)
class Cohort:
    """Training examples and attrition by target, and what became of the events on the way in."""

    examples: dict[str, Examples]
    attrition: dict[str, Attrition]
    intake: Intake


@dataclass(frozen=True)
class _Part:
    """One shard's share of a target."""

    attrition: Attrition
    x: NDArray[np.float32]
    y: NDArray[np.float64]
    asks: Asks
    site: NDArray[np.int64]


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
        for target in catalogue.targets:
            parts[target].append(gatherer.part(target, records))
        progress()
    names = catalogue.features.names
    return Cohort(
        {target: _joined(target, names, found) for target, found in parts.items()},
        {target: sum((part.attrition for part in found), Attrition()) for target, found in parts.items()},
        intake,
    )


class _Gatherer:
    def __init__(self, catalogue: Catalogue):
        self._catalogue = catalogue
        self._plan = Plan(catalogue.features, catalogue.concepts)
        self._site = Plan(SITE, catalogue.concepts)
        self._eligibility = EligibilityRules(catalogue)
        self._labellers = {name: Labeller(catalogue, one) for name, one in catalogue.targets.items()}

    def part(self, target: str, records: Records) -> _Part:
        asked = self._catalogue.targets[target]
        stage = self._catalogue.interventions[asked.intervention].stages[asked.stage]
        episodes, attrition = find_episodes(records, self._catalogue.concepts, stage)
        episodes, attrition = _eligible(
            episodes, attrition, self._eligibility.judge(records, episodes.asks())
        )
        labels = self._labellers[target].judge(records, episodes)
        attrition = _labelled(attrition, labels)
        kept = labels.has_baseline & ~labels.died
        asks = episodes.taken(kept).asks()
        site = compute(self._site, records, asks)[:, 0]
        return _Part(
            attrition,
            rows(self._plan, records, asks),
            labels.y[kept],
            asks,
            np.where(np.isnan(site), -1, site).astype(np.int64),
        )


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


def _joined(target: str, names: tuple[str, ...], parts: list[_Part]) -> Examples:
    nothing = np.zeros(0, np.int64)
    return Examples(
        target,
        names,
        np.concatenate([np.zeros((0, len(names)), np.float32), *(part.x for part in parts)]),
        np.concatenate([np.zeros(0), *(part.y for part in parts)]),
        np.concatenate([nothing, *(part.asks.subject for part in parts)]),
        np.concatenate([nothing, *(part.asks.index for part in parts)]),
        np.concatenate([nothing, *(part.site for part in parts)]),
    )
