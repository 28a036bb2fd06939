"""The shapes of what a clinic declares. Each class is one kind of table in ``configs/``, key by key."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of an intervention and the event that begins it; interventions.toml explains the keys."""

    label: str
    begins: tuple[str, ...]
    not_same_day: tuple[str, ...] = ()
    not_after: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    requires_days: int = 3650
    first_only: bool = False
    apart_days: int = 0
    lead_days: float = 1.0
    ends: tuple[str, ...] = ()
    repeat_fails: bool = False
    major: bool = False


@dataclass(frozen=True, slots=True)
class Intervention:
    """An advanced intervention and its stages, by name."""

    label: str
    stages: dict[str, Stage]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What counts as response; the keys are explained in outcomes.toml."""

    label: str
    concept: str
    kind: str
    at_least: float
    baseline_concept: str = ""
    baseline_min: float | None = None
    baseline_days: tuple[int, int] = (30, 90)
    evidence: str = ""

    def __post_init__(self) -> None:
        if self.kind not in ("relative_drop", "absolute_drop", "reaches"):
            raise ValueError(f"kind must be relative_drop, absolute_drop or reaches, not {self.kind!r}")

    @property
    def baseline_of(self) -> str | None:
        """The concept that must be known before the intervention; None where nothing need be."""
        own = self.concept if self.kind != "reaches" else None
        return self.baseline_concept or own


@dataclass(frozen=True, slots=True)
class Horizon:
    """When an outcome is looked for: days after the intervention began, and the day aimed at."""

    label: str
    days: tuple[int, int]
    nominal: int


@dataclass(frozen=True, slots=True)
class Target:
    """What one response model predicts, and the directions the clinic is sure of (feature names)."""

    intervention: str
    stage: str
    outcome: str
    horizon: str
    better: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choices:
    """What a site chooses beside its own entries: which targets (all unless named), social features."""

    predict: tuple[str, ...] | None = None
    social_features: bool = True


@dataclass(frozen=True, slots=True)
class Impact:
    """A value that shows the pain governs life."""

    concept: str
    at_least: float
    days: int


@dataclass(frozen=True, slots=True)
class CohortRules:
    """Who may enter a training cohort; the keys are explained in cohort.toml."""

    age_min: float = 18
    exclude: tuple[str, ...] = ()
    exclude_days: int = 365
    intractable: str = "probable"
    min_duration_days: int = 183
    severe_pain: float = 7.0
    pain_days: int = 183
    pain_measurements: int = 2
    pain_span_days: int = 60
    failed_classes: int = 3
    impact: tuple[Impact, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.intractable not in ("off", "possible", "probable", "definite"):
            raise ValueError(
                f"intractable must be off, possible, probable or definite, not {self.intractable!r}"
            )
