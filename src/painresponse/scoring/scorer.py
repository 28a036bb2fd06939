"""Histories in, scores out: the one object behind the notebook, the cohort run and the server."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from painresponse import markup
from painresponse.engine import Plan, compute
from painresponse.language import FeatureSet
from painresponse.records import Asks, Intake, RawEvents, Records, Tally, collect, collect_each
from painresponse.records.coding import Measures
from painresponse.scoring.bundle import Bundle, Outputs
from painresponse.scoring.explanation import Explanation, explanations
from painresponse.scoring.flags import flags_of
from painresponse.scoring.opening import open_to_score
from painresponse.scoring.phrases import phrases
from painresponse.scoring.reasons import Moved, Reason, largest_reasons
from painresponse.scoring.refusals import INSUFFICIENT, STALE, UNSUPPORTED, Refusal
from painresponse.scoring.requirements import Checklist
from painresponse.scoring.scores import Reasons, Scores

NOTICE = "Decision support prototype — not a medical device — clinician decides."
SYNTHETIC_NOTICE = f"{markup.SYNTHETIC}: trained on simulated patients."
MEANING = (
    "Predicted response is P(response | history, this intervention was given) among people like those who "
    "were given it. It is not the effect of the intervention and does not compare interventions."
)

SPOKEN = ("probability", "low", "high", "margin")
"""What a model that refuses does not say."""

Refused = NDArray[np.int64]
Columns = NDArray[np.float64]


class Scorer:
    """Scores histories with one bundle. Reads codes, units and features from the bundle alone.

    ``least_support``: by target, the support below which it refuses; NaN where there is no such limit.

    >>> import painresponse as pr
    >>> pr.Scorer.load("models/synthetic.onnx", allow_synthetic=True)
    <Scorer of bundle synthetic: 9 models of 324 features, SYNTHETIC — NOT FOR CLINICAL USE>
    """

    def __init__(self, bundle: Bundle):
        self.bundle = bundle
        self.measures = Measures(bundle.concepts)
        self.phrases = phrases(bundle.features, bundle.concepts, reference=bundle.metadata.get("reference"))
        asked = dict(bundle.features.features)
        parsed = (one.parsed() for rules in (bundle.requirements, bundle.flags) for one in rules)
        looked_at = sorted({feature for found in parsed for feature in found}, key=str)
        hidden = tuple((f" check {number}", one) for number, one in enumerate(looked_at))
        self.plan = Plan(FeatureSet((*asked.items(), *hidden)), bundle.concepts)
        place = {feature: len(asked) + number for number, (_, feature) in enumerate(hidden)}
        asked_of = ((one.code, one.words) for one in bundle.requirements)
        self._refusals: tuple[Refusal, ...] = (*asked_of, STALE, INSUFFICIENT, UNSUPPORTED)
        names = [card.name for card in bundle.targets]
        self._checklist = Checklist(bundle.requirements, names, place)
        self._flags = np.array([place[one.parsed()[0]] if one.feature else 0 for one in bundle.flags], int)
        self._always = np.array([not one.feature for one in bundle.flags], bool)
        self.least_support = np.array([one.least_support for one in bundle.targets], np.float64)
        self._leans = np.array(
            [[name in one.leans_on for name in bundle.features.names] for one in bundle.targets], np.float32
        ).T
        self._least_known = np.array([one.least_known for one in bundle.targets])

    @classmethod
    def load(
        cls, path: str | Path, *, allow_synthetic: bool = False, trusted_key: Path | None = None
    ) -> "Scorer":
        """Open a bundle file; with ``trusted_key``, a public key (PEM), only if that key signed it.

        Raises BundleError, also for a synthetic one unless that is allowed.
        """
        return cls(open_to_score(Path(path), allow_synthetic=allow_synthetic, trusted_key=trusted_key))

    def __repr__(self) -> str:
        return f"<Scorer of b{self.bundle.heading[1:]}>"

    def _repr_html_(self) -> str:
        return markup.panel(self.bundle.heading, self.bundle.models(), notes=self.notices)

    @cached_property
    def notices(self) -> tuple[str, ...]:
        """What every answer must say."""
        return (*((SYNTHETIC_NOTICE,) if self.bundle.synthetic else ()), NOTICE, MEANING)

    def read(self, raw: RawEvents) -> tuple[Records, Intake]:
        """Raw events into records, with the bundle's codes and units."""
        return collect(raw, self.measures)

    def read_each(self, each: Sequence[RawEvents]) -> tuple[Records, list[Tally]]:
        """Several subjects, each given alone, in one go; a subject's number is its place."""
        return collect_each(each, self.measures)

    def rows(self, records: Records, asks: Asks) -> NDArray[np.float32]:
        """The feature rows (asks x features) the models see."""
        return self._rows(compute(self.plan, records, asks))

    def score(
        self, records: Records, asks: Asks, *, targets: tuple[str, ...] | None = None, reasons: int = 0
    ) -> Scores:
        """Predicted response of every ask for the named targets (all of them without names).

        Each answer carries so many of its largest ``reasons``.
        """
        places = self.bundle.places(targets)
        names = tuple(self.bundle.targets[place].name for place in places)
        computed = compute(self.plan, records, asks)
        matrix = self._rows(computed)
        said = self.bundle.run(matrix, explain=places if reasons > 0 else ())
        refused = self._refused(computed, matrix, asks, said.support)[:, places]
        spoken = {
            name: np.where(refused >= 0, column.dtype.type(np.nan), column[:, places])
            for name, column in said._asdict().items()
            if name in SPOKEN
        }
        return Scores(
            subject=asks.subject,
            index=asks.index,
            targets=names,
            support=said.support[:, places],
            refused=refused,
            refusals=self._refusals,
            known=(~np.isnan(matrix)).mean(axis=1),
            flags=flags_of(self.bundle.flags, (computed[:, self._flags] > 0) | self._always, targets=names),
            features=matrix,
            reasons=(
                self._reasons(said, matrix, places=places, refused=refused, most=reasons)
                if reasons > 0
                else None
            ),
            notices=self.notices,
            **spoken,
        )

    def explain(
        self, records: Records, asks: Asks, *, targets: tuple[str, ...] | None = None
    ) -> list[Explanation]:
        """Why every ask gets the answer it gets, one explanation for each ask and named target."""
        scores = self.score(records, asks, targets=targets, reasons=len(self.bundle.features))
        return explanations(self.bundle, scores, self.notices)

    def _reasons(
        self, said: Outputs, rows: NDArray[np.float32], *, places: list[int], refused: Refused, most: int
    ) -> Reasons:
        """By ask and target; nothing is worked out where an answer is refused."""
        found: dict[tuple[int, int], tuple[Reason, ...]] = {}
        for column, place in enumerate(places):
            told = np.flatnonzero(refused[:, column] < 0)
            if not len(told):
                continue
            contributions = said.contributions[column][told]
            moved = Moved(self.bundle.targets[place], said.margin[told, place], contributions, rows[told])
            for row, reasons in zip(told, largest_reasons(moved, self.phrases, most=most), strict=True):
                found[int(row), column] = reasons
        return tuple(
            tuple(found.get((row, column), ()) for column in range(len(places))) for row in range(len(rows))
        )

    def _rows(self, computed: NDArray[np.float64]) -> NDArray[np.float32]:
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(computed[:, : len(self.bundle.features)], dtype=np.float32)

    def _refused(
        self, computed: Columns, rows: NDArray[np.float32], asks: Asks, support: NDArray[np.float64]
    ) -> Refused:
        """By ask and target the place of the first of the refusals that holds, or -1.

        What stands against the patient is told before what stands against the model.
        """
        refused = self._checklist.first_unmet(computed)
        others = (self._stale(asks)[:, None], self._insufficient(rows), support < self.least_support)
        for number, holds in enumerate(others, len(self.bundle.requirements)):
            refused = np.where((refused < 0) & holds, number, refused)
        return refused

    def _stale(self, asks: Asks) -> NDArray[np.bool_]:
        """Asks about an instant after the last day of the bundle."""
        last = self.bundle.review_by
        stale = np.zeros(len(asks), bool)
        return stale if last is None else asks.index.astype("datetime64[us]").astype("datetime64[D]") > last

    def _insufficient(self, rows: NDArray[np.float32]) -> NDArray[np.bool_]:
        """By ask and target, where too few of the features that the model leans on are known."""
        known = (~np.isnan(rows)).astype(np.float32) @ self._leans
        few: NDArray[np.bool_] = known < self._least_known
        return few
