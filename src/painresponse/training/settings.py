"""How models are fitted and judged: ``training.toml`` with a site's ``[training]`` table laid over it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from painresponse.clinic.catalogue import packaged
from painresponse.errors import DefinitionError
from painresponse.evaluation.sample_size import GateSettings
from painresponse.export.trees import check_exportable
from painresponse.settings import build, load

# What exact explanations in a bundle can bear: their size grows with both.
DEEPEST, MOST_LEAVES, MOST_BINS = 5, 15, 30

RANGES = (
    "points_strength",
    "points_trust",
    "points_width",
    "trees_depth",
    "trees_leaf_share",
    "trees_feature_share",
    "trees_shrinkage",
    "trees_trust",
)
"""What Optuna searches, from and to."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """The keys are explained in training.toml."""

    seed: int
    threads: int
    folds: int
    inner_folds: int
    resamples: int
    least_events: int
    enough_events: int
    sample_size: GateSettings
    beyond_noise: float
    bins: int
    points_trials: int
    points_strength: tuple[float, float]
    points_trust: tuple[float, float]
    points_width: tuple[float, float]
    points_features: int
    borrow: bool
    lender_least: int
    lender_features: int
    lender_strength: float
    trees_trials: int
    trees_depth: tuple[int, int]
    trees_leaf_share: tuple[float, float]
    trees_feature_share: tuple[float, float]
    trees_shrinkage: tuple[float, float]
    trees_trust: tuple[float, float]
    most_trees: int
    patience: int
    learning_rate: float
    leaf_least: int
    episode_share: float
    quick_trials: int
    ablate: bool
    processes: int
    leak_audit: int
    review_days: int
    baseline: str

    def __post_init__(self) -> None:
        ranges = [(name, getattr(self, name)) for name in RANGES]
        for wrong, complaint in (
            (self.folds < 2, "folds must be at least 2"),
            (self.inner_folds < 2, "inner_folds must be at least 2"),
            (self.least_events < 1, "least_events must be at least 1"),
            (self.resamples < 100, "resamples must be at least 100 for a 95 % interval"),
            (not 2 <= self.bins <= MOST_BINS, f"bins must be 2 to {MOST_BINS}"),
            (self.points_trials < 1, "points_trials must be at least 1"),
            (self.trees_trials < 1, "trees_trials must be at least 1"),
            (self.points_features < 1, "points_features must be at least 1"),
            (self.quick_trials < 1, "quick_trials must be at least 1"),
            (self.processes < 1, "processes must be at least 1"),
            (self.leak_audit < 0, "leak_audit must be at least 0"),
            (self.review_days < 1, "review_days must be at least 1"),
            (self.patience < 1, "patience must be at least 1"),
            (self.trees_depth[1] > DEEPEST, f"trees_depth must be at most {DEEPEST}"),
            (self.most_trees < 1, "most_trees must be at least 1"),
            (not 0 < self.episode_share <= 1, "episode_share must be above 0 and at most 1"),
            (not self.learning_rate > 0, "learning_rate must be above 0"),
            *((not 0 < low <= high, f"{name} must go from above 0 upwards") for name, (low, high) in ranges),
        ):
            if wrong:
                raise ValueError(complaint)


def training_settings(site: Mapping[str, Any] | None = None) -> TrainingSettings:
    """The packaged settings with a site's own over them. Raises DefinitionError on unknown or wrong ones."""
    own = site or {}
    _check_exact(own)
    return build(TrainingSettings, {**load(packaged() / "training.toml"), **own}, "training")


def _check_exact(own: Mapping[str, Any]) -> None:
    """LightGBM's words are no settings, but one that a bundle could not repeat deserves to hear why."""
    try:
        check_exportable({"objective": "binary", **own})
    except DefinitionError as error:
        raise DefinitionError(f"training: {error} So it is trained if [training] leaves that out.") from None
