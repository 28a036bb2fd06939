"""The shapes of safety.toml: emergencies, contraindications, and what a model must know to speak."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RedFlag:
    """An emergency a record can tell: a sentence that is above zero where it holds; without one, none."""

    words: str
    feature: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Contraindication:
    """What speaks against interventions, or stages of them (``nerve_block.therapeutic``): those of ``of``."""

    words: str
    feature: str
    of: tuple[str, ...]
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class SafetyRules:
    """When a model must not speak, and what speaks against an intervention; safety.toml explains the keys."""

    known_share: float
    diagnosis_episodes: int
    exclusions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    red_flags: dict[str, RedFlag] = field(default_factory=dict)
    absolute: dict[str, Contraindication] = field(default_factory=dict)
    relative: dict[str, Contraindication] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.known_share <= 1:
            raise ValueError(f"known_share must be from 0 to 1, not {self.known_share:g}")
        if self.diagnosis_episodes < 0:
            raise ValueError("diagnosis_episodes must be 0 or more")

    @property
    def sentences(self) -> dict[str, str]:
        """Every sentence by where it stands, without those done without."""
        found = {f"red_flags.{name}": one.feature for name, one in self.red_flags.items()}
        found |= {f"absolute.{name}": one.feature for name, one in self.absolute.items()}
        found |= {f"relative.{name}": one.feature for name, one in self.relative.items()}
        return {where: sentence for where, sentence in found.items() if sentence}

    @property
    def of(self) -> dict[str, tuple[str, ...]]:
        """Which interventions and stages each entry names, by where it stands."""
        found = {f"exclusions.{name}": of for name, of in self.exclusions.items()}
        found |= {f"absolute.{name}": one.of for name, one in self.absolute.items()}
        return found | {f"relative.{name}": one.of for name, one in self.relative.items()}
