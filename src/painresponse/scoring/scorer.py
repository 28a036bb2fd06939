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
from painresponse.scoring.bundle import Bundle
from painresponse.scoring.opening import open_bundle

NOTICE = "Decision support prototype — not a medical device — clinician decides."
SYNTHETIC_NOTICE = "SYNTHETIC — NOT FOR CLINICAL USE: trained on simulated patients."
MEANING = (
    "Predicted response is P(response | history, this intervention was given) among people like those who "
    "were given it. It is not the effect of the intervention and does not compare interventions."
)

UNSUPPORTED = ("R06_OUT_OF_DOMAIN", "Not enough patients like this one were given it.")
"""The code and the words of the refusal that the support model asks for."""


@dataclass(frozen=True)
class Scores:
    """Predicted response by ask (row) and target (column).

    ``probability``, the ends of its interval ``low`` and ``high``, and ``margin`` are NaN where the model
    refuses; ``refused`` then points into ``reasons`` (else it is -1). ``support`` is how likely such a
    patient was given the intervention, among all who were given one (NaN where unknown). ``known`` is the
    share of features that were known, by row.
    """

    subject: NDArray[np.int64]
    index: NDArray[np.int64]
    targets: tuple[str, ...]
    probability: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    support: NDArray[np.float64]
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
            "low": self.low.ravel(),
            "high": self.high.ravel(),
            "support": self.support.ravel(),
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
        said = self.bundle.run(matrix)
        refused = self._unsupported(self._refusals(computed), said.support)[:, places]
        spoken = {
            name: np.where(refused >= 0, column.dtype.type(np.nan), column[:, places])
            for name, column in said._asdict().items()
            if name != "support"
        }
        return Scores(
            subject=asks.subject,
            index=asks.index,
            targets=tuple(self.bundle.targets[place].name for place in places),
            support=said.support[:, places],
            refused=refused,
            reasons=(*((one.code, one.words) for one in self.bundle.requirements), UNSUPPORTED),
            known=(~np.isnan(matrix)).mean(axis=1),
            **spoken,
        )

    def _unsupported(self, refused: NDArray[np.int64], support: NDArray[np.float64]) -> NDArray[np.int64]:
        """Refused as well where too few patients like this one were given the intervention."""
        least = [np.nan if one.least_support is None else one.least_support for one in self.bundle.targets]
        return np.where((refused < 0) & (support < np.array(least)), len(self.bundle.requirements), refused)

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
