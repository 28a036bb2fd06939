"""How a model is watched: ``monitoring.toml`` with a site's ``[monitoring]`` table laid over it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from painresponse.clinic.catalogue import packaged
from painresponse.settings import build, load


@dataclass(frozen=True, slots=True)
class MonitoringSettings:
    """The keys are explained in monitoring.toml."""

    false_alarms: float
    least_index: float
    tolerance: float
    shifts: tuple[float, ...]
    slopes: tuple[float, ...]
    joined_days: int
    resamples: int
    seed: int

    def __post_init__(self) -> None:
        for wrong, complaint in (
            (not 0 < self.false_alarms < 1, "false_alarms must lie between 0 and 1"),
            (not self.least_index >= 0, "least_index must be 0 or more"),
            (not self.tolerance >= 0, "tolerance must be 0 or more"),
            (not self.shifts + self.slopes, "shifts or slopes must name something to bet on"),
            (any(one <= self.tolerance for one in self.shifts), "shifts must be above the tolerance"),
            (any(one < 0 or one == 1 for one in self.slopes), "slopes must be 0 or more, and not 1"),
            (self.joined_days < 1, "joined_days must be at least 1"),
            (self.resamples < 100, "resamples must be at least 100 for a 95 % interval"),
        ):
            if wrong:
                raise ValueError(complaint)


def monitoring_settings(site: Mapping[str, Any] | None = None) -> MonitoringSettings:
    """The packaged settings with a site's own over them. Raises DefinitionError on unknown or wrong ones."""
    return build(MonitoringSettings, {**load(packaged() / "monitoring.toml"), **(site or {})}, "monitoring")
