"""The plan of the synthetic clinic: `configs/simulation.toml` and the shared vocabulary, read strictly."""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from painresponse.clinic.catalogue import packaged
from painresponse.concepts import Concepts, Treatment
from painresponse.errors import DefinitionError, unknown
from painresponse.settings import build, load

Terms = dict[str, float]


@dataclass(frozen=True, slots=True)
class Preset:
    """How often patients respond, how strongly what can be seen foretells it, and how much is written down.

    ``asked`` is the least share of patients asked each questionnaire; 0 leaves the habits of a clinic.
    ``quality`` is the share asked about their quality of life.
    """

    signal: float
    rates: str
    asked: float = 0.0
    quality: float = 0.0


@dataclass(frozen=True, slots=True)
class Sites:
    """How the clinic's sites differ: standard deviations on the log-odds scale."""

    count: int
    choice_sd: float
    response_sd: float
    cortisol_sd: float
    research: int
    us_units_from: int


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A diagnosis group: its share, its latent means, and the codes of what is done for it."""

    share: float
    neuropathic: float
    sensitised: float
    age: float
    female: float
    code: str = ""
    block: str = "CPT//64483"
    diagnostic: str = "CPT//64493//DIAGNOSTIC"
    lesion: str = "CPT//64635"


@dataclass(frozen=True, slots=True)
class Device:
    """What befalls an implant, as hazards a year; infection as a share within 90 days."""

    explant: str
    lost_effect: float
    infection: float
    infection_explant: float
    revision: str
    revised: float


@dataclass(frozen=True, slots=True)
class Arm:
    """An index intervention: who gets it, who responds, and how the benefit moves (months, log-odds)."""

    target: str
    relief_per_logit: float
    primary: float
    course: tuple[tuple[float, float], ...]
    chosen: Terms
    responds: Terms
    begins: tuple[str, ...] = ()
    sessions: int = 1
    trial_target: str = ""
    trial_begins: str = ""
    trial_result: str = ""
    trial_days: tuple[int, int] = (0, 0)
    device: Device | None = None


@dataclass(frozen=True, slots=True)
class Hidden:
    """The severity nobody measures: its spread (log-odds) and its pull on the choice (per SD)."""

    sd: float
    chosen: Terms


@dataclass(frozen=True, slots=True)
class Trial:
    """How a trial of an implant foretells the implant."""

    share: float
    noise_correlation: float
    implanted_if_success: float
    implanted_if_failure: float


@dataclass(frozen=True, slots=True)
class TreatmentClass:
    """A conventional treatment class: how early it is tried, and the share who cannot bear it."""

    weight: float
    doubled_if: str = ""
    intolerance: float = 0.14


@dataclass(frozen=True, slots=True)
class Measure:
    """What is written down of one variable: the share observed, and who is asked more often (log-odds)."""

    code: str
    observed: float
    more: Terms = field(default_factory=dict)
    unit: str = ""
    wobble: float = 0.0
    again: float = 0.0
    relieved: float | None = None


@dataclass(frozen=True, slots=True)
class Tapering:
    """What becomes of the opioid dose at follow-ups: factors and their chances, with response and none."""

    response: tuple[tuple[float, float], ...]
    none: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Quality:
    """Quality of life: the share asked, its level, its spread, and what a per cent of relief adds."""

    code: str
    level: Terms
    spread: float
    per_relief: float
    wobble: float
    observed: float = 0.0


@dataclass(frozen=True, slots=True)
class Sequels:
    """What is followed beside pain, and in which months; ``relieved``: what further measures share of it."""

    months: tuple[float, ...]
    relieved: Terms
    opioids: Tapering
    quality: Quality


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the synthetic clinic is made of."""

    presets: dict[str, Preset]
    rates: dict[str, dict[str, float]]
    sites: Sites
    scales: dict[str, tuple[float, float]]
    diagnoses: dict[str, Diagnosis]
    arms: dict[str, Arm]
    hidden: Hidden
    trial: Trial
    lost: Terms
    classes: dict[str, TreatmentClass]
    questionnaires: dict[str, Measure]
    findings: dict[str, Measure]
    laboratory: dict[str, Measure]
    sequels: Sequels

    def __post_init__(self) -> None:
        for name, rates in self.rates.items():
            if set(rates) != set(self.targets()):
                raise ValueError(f"rates {name!r} must name exactly {', '.join(self.targets())}.")
        for name, preset in self.presets.items():
            if preset.rates not in self.rates:
                raise ValueError(f"preset {name!r}: {unknown('rates', preset.rates, self.rates)}")

    def preset(self, name: str) -> Preset:
        """The preset so named. Raises DefinitionError with the nearest known name."""
        if name not in self.presets:
            raise DefinitionError(unknown("preset", name, self.presets))
        return self.presets[name]

    def recorded_as(self, preset: Preset) -> "Plan":
        """The same clinic, asking questionnaires and about quality of life as often as the preset does."""
        asked = {
            name: replace(measure, observed=max(measure.observed, preset.asked))
            for name, measure in self.questionnaires.items()
        }
        quality = replace(self.sequels.quality, observed=preset.quality)
        return replace(self, questionnaires=asked, sequels=replace(self.sequels, quality=quality))

    def followed(self) -> Terms:
        """The questionnaires asked again, and how much of the relief, in per cent, they share."""
        asked = {name: one.relieved for name, one in self.questionnaires.items()}
        return {name: share for name, share in asked.items() if share is not None}

    def targets(self) -> tuple[str, ...]:
        """Every response the clinic can tell the truth about."""
        named = [(arm.trial_target, arm.target) for arm in self.arms.values()]
        return tuple(target for pair in named for target in pair if target)


@lru_cache(maxsize=1)
def read_plan() -> Plan:
    """The plan as configured. Raises DefinitionError naming file and word."""
    return build(Plan, load(packaged() / "simulation.toml"), "simulation.toml")


@lru_cache(maxsize=1)
def read_vocabulary() -> Concepts:
    """The concepts and treatment classes whose codes the clinic writes."""
    plain: dict[str, Any] = {name: load(packaged() / f"{name}.toml") for name in ("concepts", "treatments")}
    return Concepts.from_plain(plain)


def treatment(name: str) -> Treatment:
    """The treatment class so named."""
    return read_vocabulary().treatments[name]
