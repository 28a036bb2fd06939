"""The shapes of what a clinic declares. Each class is one kind of table in ``configs/``, key by key."""

from dataclasses import dataclass, field, replace


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
    sessions: int = 1
    session_days: int = 0
    disciplines: tuple[tuple[str, ...], ...] = ()
    disciplines_least: int = 3
    discipline_days: int = 28
    ends: tuple[str, ...] = ()
    removals: tuple[str, ...] = ()
    removed_with: tuple[str, ...] = ()
    not_replaced_days: int = 90
    repeat_fails: bool = False
    major: bool = False

    def __post_init__(self) -> None:
        if self.sessions < 1:
            raise ValueError("sessions must be 1 or more")
        if self.sessions > 1 and self.session_days < self.sessions - 1:
            raise ValueError(f"{self.sessions} sessions need session_days of {self.sessions - 1} or more")
        if self.disciplines and not 1 <= self.disciplines_least <= len(self.disciplines):
            raise ValueError(f"disciplines_least must be from 1 to the {len(self.disciplines)} listed")
        if bool(self.removals) != bool(self.removed_with):
            raise ValueError("removals and removed_with only say something together")

    @property
    def concepts(self) -> tuple[str, ...]:
        """Every concept the stage names."""
        before = (*self.begins, *self.not_same_day, *self.not_after, *self.requires)
        disciplines = (name for names in self.disciplines for name in names)
        return tuple(dict.fromkeys((*before, *disciplines, *self.ends, *self.removals, *self.removed_with)))


@dataclass(frozen=True, slots=True)
class Intervention:
    """An advanced intervention and its stages, by name."""

    label: str
    stages: dict[str, Stage]


OUTCOME_KINDS = ("relative_drop", "absolute_drop", "important_change", "reaches", "composite")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What counts as response: a change of one measure or a composite of outcomes (see outcomes.toml)."""

    label: str
    concept: str = ""
    kind: str = ""
    at_least: float | None = None
    feature: str = ""
    seen_by: str = ""
    baseline_concept: str = ""
    baseline_min: float | None = None
    baseline_max: float | None = None
    baseline_days: tuple[int, int] = (30, 90)
    all_of: tuple[str, ...] = ()
    some_of: tuple[str, ...] = ()
    implies: tuple[str, ...] = ()
    evidence: str = ""

    def __post_init__(self) -> None:
        if self.kind not in OUTCOME_KINDS:
            raise ValueError(
                f"kind must be {', '.join(OUTCOME_KINDS[:-1])} or {OUTCOME_KINDS[-1]}, not {self.kind!r}"
            )
        for wrong, complaint in self._complaints_of_composites() if self.parts else self._complaints():
            if wrong:
                raise ValueError(complaint)

    def _complaints(self) -> tuple[tuple[bool, str], ...]:
        return (
            (self.kind == "composite", "a composite names outcomes under all_of, some_of or both"),
            (bool(self.concept) == bool(self.feature), "say what is measured: either a concept or a feature"),
            (bool(self.feature) != bool(self.seen_by), "a feature and seen_by only say something together"),
            (
                bool(self.feature) and (bool(self.baseline_concept) or self.kind == "important_change"),
                "a feature is its own baseline, and what change of it matters is said as a drop",
            ),
            (
                self.at_least is None and self.kind != "important_change",
                f"at_least must say how much (kind is {self.kind})",
            ),
        )

    def _complaints_of_composites(self) -> tuple[tuple[bool, str], ...]:
        measured = self.concept or self.feature or self.baseline_concept
        least = 1.0 if self.at_least is None else self.at_least
        return (
            (self.kind != "composite", f"all_of and some_of are for composites (kind is {self.kind})"),
            (bool(measured), "a composite measures nothing itself: only its outcomes do"),
            (len(set(self.parts)) < len(self.parts), "an outcome is named twice under all_of and some_of"),
            (
                self.at_least is not None and not 1 <= least <= len(self.some_of),
                f"at_least must be from 1 to the {len(self.some_of)} of some_of",
            ),
        )

    @property
    def parts(self) -> tuple[str, ...]:
        """The outcomes a composite is made of."""
        return (*self.all_of, *self.some_of)

    @property
    def least(self) -> float:
        """How much it takes; an important change counts once unless said."""
        return 1.0 if self.at_least is None else self.at_least

    @property
    def baseline_of(self) -> str | None:
        """What must be known before the intervention; None where nothing need be."""
        own = (self.concept or self.feature) if self.kind not in ("reaches", "composite") else None
        return self.baseline_concept or own


@dataclass(frozen=True, slots=True)
class Horizon:
    """When an outcome is looked for: days after the intervention began, and the day aimed at."""

    label: str
    days: tuple[int, int]
    nominal: int


@dataclass(frozen=True, slots=True)
class Target:
    """What one response model predicts, and the directions the clinic is sure of (feature names).

    ``also``: horizons by outcome at which the same stage can be asked too; ``lasts_from``: the horizon from
    which on it is told how long a response lasts.
    """

    intervention: str
    stage: str
    outcome: str
    horizon: str
    better: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()
    also: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lasts_from: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a site chooses beside its own entries: which targets (unless named, all but what they ``also``
    ask), social features, the packaged features beside its own, and how much of a conventional treatment
    counts as a trial of it.
    """

    predict: tuple[str, ...] | None = None
    social_features: bool = True
    packaged_features: bool = True
    adequacy: str = "standard"

    def __post_init__(self) -> None:
        if self.adequacy not in ("standard", "strict"):
            raise ValueError(f"adequacy must be standard or strict, not {self.adequacy!r}")


@dataclass(frozen=True, slots=True)
class Impact:
    """A value that shows the pain governs life: one ``at_least`` or ``below`` so much."""

    concept: str
    days: int
    at_least: float | None = None
    below: float | None = None

    def __post_init__(self) -> None:
        if (self.at_least is None) == (self.below is None):
            raise ValueError("an impact says either at_least or below")


LEVELS = ("none", "possible", "probable", "definite")
"""The levels of intractable pain, each including the ones before it."""


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
    constant: bool = False
    pain_free_days: float = 5
    failed_classes: int = 3
    failed_drug_classes: int = 0
    failed_other_classes: int = 0
    impact: tuple[Impact, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.intractable not in ("off", *LEVELS[1:]):
            raise ValueError(
                f"intractable must be off, possible, probable or definite, not {self.intractable!r}"
            )

    @property
    def level(self) -> int:
        """The least level of intractable pain that enters; 0 takes everybody."""
        return 0 if self.intractable == "off" else LEVELS.index(self.intractable)


@dataclass(frozen=True, slots=True)
class FirstStep:
    """The sentence that tells an intervention was begun, and which interventions it may be a step of."""

    feature: str
    of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FlagRule:
    """What raises a flag: one of its keys (flags.toml explains them), or none, and it is done without."""

    words: str
    feature: str = ""
    first_steps: tuple[FirstStep, ...] = ()
    episodes_below: int | None = None
    slopes: tuple[float, float] | None = None
    groups: tuple[str, ...] = ()
    evidence: str = ""

    def __post_init__(self) -> None:
        said = (self.feature, self.first_steps, self.episodes_below, self.slopes)
        if sum(bool(one) for one in said) > 1:
            raise ValueError("a flag is raised by one of feature, first_steps, episodes_below or slopes")
        if self.groups and not self.slopes:
            raise ValueError("groups are watched by their slopes: say within which")
        if self.slopes and not self.slopes[0] < self.slopes[1]:
            raise ValueError("slopes are two numbers, the lower first")

    @property
    def steps(self) -> tuple[FirstStep, ...]:
        """What raises it in a history; its own feature is a step of nothing."""
        return (FirstStep(self.feature),) if self.feature else self.first_steps

    def spelled(self, sentences: dict[str, str]) -> "FlagRule":
        """The same with each sentence as it is spelled out there; those that are not there are left out."""
        steps = [step for step in self.steps if step.feature in sentences]
        spelled = tuple(FirstStep(sentences[step.feature], step.of) for step in steps)
        return replace(self, feature="", first_steps=spelled)
