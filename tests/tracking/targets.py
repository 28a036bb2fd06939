"""Targets as simple as a store needs them, with figures one can foresee."""

from dataclasses import dataclass, field
from typing import Any

from painresponse.tracking import RunFacts

FEATURES = ("pain_mean_30d", "age")


@dataclass(frozen=True)
class Settings:
    folds: int = 5
    seed: int = 2026


@dataclass(frozen=True)
class Told:
    """A fitted target: nothing but what is told of it."""

    target: str
    metrics: dict[str, tuple[float, float, float]]
    features: tuple[str, ...] = FEATURES
    episodes: int = 400
    events: int = 150
    subjects: int = 300
    importance: dict[str, float] = field(default_factory=lambda: {"age": 2.0})
    notes: tuple[str, ...] = ("A note.",)
    settings: Settings = Settings()


def told(
    target: str, *, auc: float = 0.70, brier: float = 0.20, slope: float = 1.0, off: float = 0.0
) -> Told:
    """Its figures, each with an interval of 0.02 to either side."""
    figures = {"auc": auc, "brier": brier, "calibration_slope": slope, "calibration_in_the_large": off}
    return Told(target, {name: (value, value - 0.02, value + 0.02) for name, value in figures.items()})


def account(*, kind: str = "boosted", blocks: bool = False) -> dict[str, Any]:
    """As much of a target's account as promotion reads."""
    slope = 1.5 if blocks else 1.0
    women = {"grouping": "sex", "label": "female", "events": 240, "blocks": blocks}
    women["figures"] = {"calibration_slope": [slope, slope - 0.1, slope + 0.1]}
    trees = None if kind == "prevalence" else 40
    return {
        "model": {"kind": kind, "trees": trees, "recipes": {"rate": 0.1}, "blocks": [1]},
        "subgroups": {"groups": [women]},
    }


def facts(*, kind: str = "clinic", data: str = "a", model: str = "painresponse") -> RunFacts:
    """A training on some data."""
    provenance = {
        "kind": kind,
        "data": "small",
        "data_fingerprint": data * 64,
        "catalogue_fingerprint": "c" * 64,
        "settings": {"seed": 2026},
        "versions": {"lightgbm": "4.7.0"},
    }
    attrition = {"rfa": {"begin events": 900, "adults": 800}}
    counts = {"subjects": 300, "events": 9000}
    return RunFacts("pain clinic", provenance, attrition, counts, model=model, commit="0" * 40)
