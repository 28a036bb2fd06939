"""One ONNX file that says what it predicts, from what, and proves that it still does."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from painresponse import markup
from painresponse.concepts import Concepts
from painresponse.errors import BundleError, unknown
from painresponse.language import FeatureSet
from painresponse.language.lineage import Lineage, lineage
from painresponse.scoring.flags import Flag
from painresponse.scoring.requirements import Requirement

SCHEMA = 4
"""Bundles of this schema version are read; others are refused with their version named."""

METADATA = "painresponse"

EXPLAINED_AT_ONCE = 64
"""Rows: what lies between them and their contributions is to stay in the cache, and small."""


@dataclass(frozen=True, slots=True)
class TargetCard:
    """What one model of the bundle predicts and how well it did.

    ``kind``: boosted, logistic or prevalence, and ``why`` in a sentence; below ``least_support`` it refuses,
    and where fewer than ``least_known`` of the features it ``leans_on`` (the most important first) are known.
    ``diagnoses``: the diagnosis groups it has learnt from.
    The log-odds of response are ``slope * margin + intercept``, and the margin is ``base`` (its mean in
    training) plus the contributions of all features.
    """

    name: str
    intervention: str
    stage: str
    outcome: str
    horizon: str
    label: str
    episodes: int
    responders: int
    kind: str
    why: str
    least_support: float | None
    slope: float
    intercept: float
    base: float
    leans_on: tuple[str, ...]
    least_known: int
    diagnoses: tuple[str, ...]
    metrics: dict[str, Any]

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> "TargetCard":
        """From plain JSON values."""
        lists = {name: tuple(plain[name]) for name in ("leans_on", "diagnoses")}
        return cls(**{**plain, **lists})


@dataclass(frozen=True)
class Bundle:
    """A bundle whose seal, contents and golden patients have been checked.

    After the day ``review_by`` it must not speak of anybody (None: whenever).
    """

    name: str
    digest: str
    synthetic: bool
    targets: tuple[TargetCard, ...]
    features: FeatureSet
    concepts: Concepts
    requirements: tuple[Requirement, ...]
    flags: tuple[Flag, ...]
    review_by: np.datetime64 | None
    metadata: dict[str, Any]
    session: ort.InferenceSession

    def places(self, names: tuple[str, ...] | None) -> list[int]:
        """Where the named targets stand; all of them without names. Raises BundleError on a strange name."""
        known = [card.name for card in self.targets]
        for name in names or ():
            if name not in known:
                raise BundleError(unknown("target", name, known))
        return [place for place, name in enumerate(known) if names is None or name in names]

    @property
    def heading(self) -> str:
        """What it is, in a line."""
        mark = f", {markup.SYNTHETIC}" if self.synthetic else ""
        return f"Bundle {self.name}: {len(self.targets)} models of {len(self.features)} features{mark}"

    def __repr__(self) -> str:
        return f"<{self.heading}>"

    def _repr_html_(self) -> str:
        return markup.panel(self.heading, self.models())

    def models(self) -> str:
        """A table of its models for a notebook, in the bundle's order."""
        return models_table(
            (one.name, one.label, one.kind, one.episodes, one.responders, one.metrics.get("auc"))
            for one in self.targets
        )

    def lineage(self, name: str) -> Lineage:
        """Where a feature of this bundle comes from, by the definitions sealed into it."""
        return lineage(name, self.features, self.concepts)

    def run(self, matrix: NDArray[np.float32], *, explain: Sequence[int] = ()) -> "Outputs":
        """What the models say of feature rows, with the contributions to the targets at the places given."""
        asked = np.zeros(len(self.targets), bool)
        if len(explain):
            asked[list(explain)] = True
        size = EXPLAINED_AT_ONCE if len(explain) else len(matrix)
        if len(matrix) <= size:
            return self._run(matrix, asked)
        parts = (self._run(matrix[start : start + size], asked) for start in range(0, len(matrix), size))
        rows_axis = -2  # of every output
        return Outputs(*(np.concatenate(one, axis=rows_axis) for one in zip(*parts, strict=True)))

    def _run(self, matrix: NDArray[np.float32], asked: NDArray[np.bool_]) -> "Outputs":
        return Outputs(*self.session.run(Outputs._fields, {"features": matrix, "explain": asked}))


def models_table(models: Iterable[tuple[str, str, str, int, int, Sequence[float | None] | None]]) -> str:
    """Name, label, kind, episodes, responders and AUC with its interval of each, for a notebook."""
    head = ("target", "predicts", "model", "episodes", "responded", "AUC (95 % interval)")
    lines = [
        (name, label, kind, f"{episodes:,}", f"{responders:,}", _auc(auc))
        for name, label, kind, episodes, responders, auc in models
    ]
    return markup.table(head, lines)


def _auc(estimate: Sequence[float | None] | None) -> str:
    value, low, high = estimate or (None, None, None)
    if value is None or low is None or high is None:
        return ""
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


class Outputs(NamedTuple):
    """Of the graph, each rows x targets: raw margins, calibrated probabilities, the ends of their intervals,
    and how likely such patients are given the intervention (NaN where a target has no such model).

    ``contributions``, targets asked for (in the bundle's order) x rows x features: what each feature adds to
    the target's own margin, also where a narrower target lifts its probability.
    """

    margin: NDArray[np.float32]
    probability: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    support: NDArray[np.float64]
    contributions: NDArray[np.float32]

    @classmethod
    def words(cls) -> dict[str, str]:
        """The outputs for people."""
        names = ("margins", "probabilities", "lower ends", "upper ends", "support", "contributions")
        return dict(zip(cls._fields, names, strict=True))
