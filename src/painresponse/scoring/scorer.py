"""Histories in, scores out: the one object behind the notebook, the cohort run and the server."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from painresponse.engine import Plan, compute
from painresponse.errors import BundleError
from painresponse.language import FeatureSet
from painresponse.records import Asks, Intake, RawEvents, Records, collect
from painresponse.records.coding import Measures
from painresponse.scoring.bundle import Bundle, open_bundle

NOTICE = "Decision support prototype — not a medical device — clinician decides."
SYNTHETIC_NOTICE = "SYNTHETIC — NOT FOR CLINICAL USE: trained on simulated patients."
MEANING = (
    "Predicted response is P(response | history, this intervention was given) among people like those who "
    "were given it. It is not the effect of the intervention and does not compare interventions."
)


@dataclass(frozen=True)
class Scores:
    """Predicted response by ask (row) and target (column).

    ``probability`` and ``margin`` are NaN where the model refuses; ``refused`` then points into ``reasons``
    (else it is -1). ``known`` is the share of features that were known, by row.
    """

    subject: NDArray[np.int64]
    index: NDArray[np.int64]
    targets: tuple[str, ...]
    probability: NDArray[np.float64]
    margin: NDArray[np.float32]
    refused: NDArray[np.int64]
    reasons: tuple[tuple[str, str], ...]
    known: NDArray[np.float64]

    def table(self) -> dict[str, NDArray[Any] | list[Any]]:
        """As long columns: one line for each ask and target, refusals kept with their reason."""
        n, width = self.probability.shape
        place = self.refused.ravel()
        words = [self.reasons[one] if one >= 0 else (None, None) for one in place]
        return {
            "subject_id": np.repeat(self.subject, width),
            "prediction_time": np.repeat(self.index, width).astype("datetime64[us]"),
            "target": list(self.targets) * n,
            "probability": self.probability.ravel(),
            "refusal": [code for code, _ in words],
            "reason": [reason for _, reason in words],
            "known_features": np.repeat(self.known, width),
        }


class Scorer:
    """Scores histories with one bundle. Reads codes, units and features from the bundle alone."""

    def __init__(self, bundle: Bundle):
        self.bundle = bundle
        self.measures = Measures(bundle.concepts)
        asked = dict(bundle.features.features)
        checks = {feature for one in bundle.requirements for feature in one.parsed()}
        hidden = tuple((f" check {number}", one) for number, one in enumerate(sorted(checks, key=str)))
        self._plan = Plan(FeatureSet((*asked.items(), *hidden)), bundle.concepts)
        place = {feature: len(asked) + number for number, (_, feature) in enumerate(hidden)}
        self._checks = [[place[feature] for feature in one.parsed()] for one in bundle.requirements]

    @classmethod
    def load(cls, path: str | Path, *, allow_synthetic: bool = False) -> "Scorer":
        """Open a bundle file. Raises BundleError, also for a synthetic one unless that is allowed."""
        bundle = open_bundle(Path(path))
        if bundle.synthetic and not allow_synthetic:
            raise BundleError(
                f"R08_MODEL_SYNTHETIC: {path} was trained on simulated patients and must not score real "
                "ones. For tests and teaching say so explicitly: allow_synthetic=True, or --allow-synthetic."
            )
        return cls(bundle)

    @property
    def notices(self) -> tuple[str, ...]:
        """What every answer must say."""
        return (*((SYNTHETIC_NOTICE,) if self.bundle.synthetic else ()), NOTICE, MEANING)

    def read(self, raw: RawEvents) -> tuple[Records, Intake]:
        """Raw events into records, with the bundle's codes and units."""
        return collect(raw, self.measures)

    def rows(self, records: Records, asks: Asks) -> NDArray[np.float32]:
        """The feature rows (asks x features) the models see."""
        return self._rows(compute(self._plan, records, asks))

    def score(self, records: Records, asks: Asks, *, targets: tuple[str, ...] | None = None) -> Scores:
        """Predicted response of every ask for the named targets (all of them without names)."""
        places = self.bundle.places(targets)
        computed = compute(self._plan, records, asks)
        matrix = self._rows(computed)
        margin, probability = self.bundle.run(matrix)
        refused = self._refusals(computed)[:, places]
        return Scores(
            asks.subject,
            asks.index,
            tuple(self.bundle.targets[place].name for place in places),
            np.where(refused >= 0, np.nan, probability[:, places]),
            np.where(refused >= 0, np.float32(np.nan), margin[:, places]),
            refused,
            tuple((one.code, one.words) for one in self.bundle.requirements),
            (~np.isnan(matrix)).mean(axis=1),
        )

    def _rows(self, computed: NDArray[np.float64]) -> NDArray[np.float32]:
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(computed[:, : len(self.bundle.features)], dtype=np.float32)

    def _refusals(self, computed: NDArray[np.float64]) -> NDArray[np.int64]:
        """By ask and target, the first requirement that is not met, or -1."""
        names = [card.name for card in self.bundle.targets]
        refused = np.full((len(computed), len(names)), -1, np.int64)
        for number, requirement in enumerate(self.bundle.requirements):
            unmet = requirement.unmet(computed[:, self._checks[number]])
            asked = np.array([not requirement.targets or name in requirement.targets for name in names])
            refused[(refused < 0) & unmet[:, None] & asked[None, :]] = number
        return refused
