"""How models are fitted and judged: ``training.toml`` with a site's ``[training]`` table laid over it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from painresponse.clinic.catalogue import packaged
from painresponse.settings import build, load

# What exact explanations in a bundle can bear: their size grows with both.
DEEPEST, MOST_LEAVES = 5, 15


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """The keys are explained in training.toml."""

    seed: int
    threads: int
    folds: int
    resamples: int
    least_events: int
    enough_events: int
    least_trees: int
    events_per_feature: float
    features_least: int
    most_trees: int
    learning_rate: float
    max_depth: int
    leaves: int
    leaf_share: float
    leaf_least: int
    feature_share: float
    episode_share: float
    shrinkage: float
    undeclared_weight: float
    twin_strengths: tuple[float, ...]
    baseline: str

    def __post_init__(self) -> None:
        for wrong, complaint in (
            (self.folds < 3, "folds must be at least 3, so that there is something to choose with"),
            (self.least_events < self.folds, "least_events must be at least the number of folds"),
            (self.resamples < 100, "resamples must be at least 100 for a 95 % interval"),
            (not 1 <= self.least_trees <= self.most_trees, "least_trees must be 1 to most_trees"),
            (not self.events_per_feature > 0, "events_per_feature must be above 0"),
            (self.features_least < 1, "features_least must be at least 1"),
            (not 1 <= self.max_depth <= DEEPEST, f"max_depth must be 1 to {DEEPEST}"),
            (not 2 <= self.leaves <= MOST_LEAVES, f"leaves must be 2 to {MOST_LEAVES}"),
            (not 0 < self.feature_share <= 1, "feature_share must be above 0 and at most 1"),
            (not 0 < self.episode_share <= 1, "episode_share must be above 0 and at most 1"),
            (not 0 < self.undeclared_weight <= 1, "undeclared_weight must be above 0 and at most 1"),
            (not self.learning_rate > 0, "learning_rate must be above 0"),
            (not self.twin_strengths, "twin_strengths must name at least one number"),
            (any(one <= 0 for one in self.twin_strengths), "twin_strengths must be above 0"),
        ):
            if wrong:
                raise ValueError(complaint)


def training_settings(site: Mapping[str, Any] | None = None) -> TrainingSettings:
    """The packaged settings with a site's own over them. Raises DefinitionError on unknown or wrong ones."""
    return build(TrainingSettings, {**load(packaged() / "training.toml"), **(site or {})}, "training")
