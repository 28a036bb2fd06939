"""What comparing scores across interventions gets wrong, shown where the truth is known: a warning.

A score is P(response | history, this intervention was given) among people like those who were given it.
Whoever lays the scores of several interventions side by side and takes the highest makes the naive pick. It
exists in this module and nowhere else: nothing in the product ranks interventions.
"""

from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from painresponse.errors import CohortError, RecordError

Numbers = NDArray[np.float64]
Marks = NDArray[np.bool_]

_NEEDED = ("subject_id", "target", "probability", "supported")
GROUPS = GIVEN, NOT_GIVEN, SUPPORTED, UNSUPPORTED = (
    "given",
    "not given",
    "not given, supported",
    "not given, unsupported",
)


@dataclass(frozen=True)
class Picks:
    """What the naive pick does to patients who have two or more scores to compare; chances from 0 to 1.

    ``wrong``: share whose pick is not the one of the highest true chance; ``picked`` and ``best``: mean true
    chance of either; ``promised``: mean score of the pick; ``pairs_wrong``: share of pairs of one patient's
    scores in the wrong order. ``scores``: how many a patient has on average.
    """

    patients: int
    scores: float
    wrong: float
    picked: float
    best: float
    promised: float
    pairs_wrong: float

    @property
    def lost(self) -> float:
        """True chance given away by the pick."""
        return self.best - self.picked

    @property
    def optimism(self) -> float:
        """How much more the pick's score says than is true."""
        return self.promised - self.picked


@dataclass(frozen=True)
class Bias:
    """Scores less true chances of a group of patients: their mean, and the mean of their size."""

    target: str
    group: str
    patients: int
    bias: float
    error: float


@dataclass(frozen=True)
class Comparison:
    """The naive comparison of all scores, of the supported ones only, and how far scores are off for whom.

    ``withheld``: share of the naive picks among all scores that lack support; ``withheld_wrong``: of the
    wrong picks; ``best_withheld``: share of patients whose intervention of the highest true chance lacks it;
    ``alone``: share of patients for whom the gate leaves nothing to compare.
    """

    targets: tuple[str, ...]
    patients: int
    every: Picks
    supported: Picks
    withheld: float
    withheld_wrong: float
    best_withheld: float
    alone: float
    biases: tuple[Bias, ...]

    def table(self) -> pd.DataFrame:
        """The biases, a row for each target and group."""
        return pd.DataFrame([asdict(one) for one in self.biases])

    def mean_bias(self, group: str) -> float:
        """Size of the targets' bias in a group, each weighed by its patients; NaN where there are none."""
        found = [one for one in self.biases if one.group == group and one.patients]
        sizes, weights = [abs(one.bias) for one in found], [one.patients for one in found]
        return float(np.average(sizes, weights=weights)) if found else float("nan")

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is to be learnt from it, in words."""
        return (
            f"{self.patients} simulated patients were scored for {len(self.targets)} interventions each. "
            + _said(self.every),
            f"Without support are {self.withheld:.0%} of these picks, and {self.withheld_wrong:.0%} of the "
            f"wrong ones. Without it is the highest true chance, too, for {self.best_withheld:.0%} of the "
            f"patients. {self.alone:.0%} have fewer than two supported scores.",
            f"Of the {self.supported.patients} others, with {self.supported.scores:.1f} such scores each: "
            + _said(self.supported),
            "The mean score is off the mean true chance, averaged over the interventions, by "
            f"{_points(self.mean_bias(GIVEN))} points among those given it and "
            f"{_points(self.mean_bias(NOT_GIVEN))} among the others: {_points(self.mean_bias(SUPPORTED))} "
            f"where there is support, {_points(self.mean_bias(UNSUPPORTED))} where there is none.",
            "Support grounds a score. It makes no scores of different interventions comparable.",
        )


def naive_comparison(scores: pd.DataFrame, truth: pd.DataFrame) -> Comparison:
    """Scores compared across targets as they should not be, against the sealed truth (`oracle.read_truth`).

    ``scores``: subject_id, target, probability, supported, one row for each patient and target, made by
    models that did not learn from that patient. Patients without a score for every target are left out.
    Raises RecordError for missing columns, gaps or rows given twice, CohortError where nothing is left.
    """
    sheet = _Sheet.of(scores, truth)
    everywhere = np.ones_like(sheet.supported)
    pick = _highest(sheet.score, everywhere)
    best = _highest(sheet.chance, everywhere)
    wrong = _at(sheet.chance, pick) < _at(sheet.chance, best)
    unsupported = ~_at(sheet.supported, pick)
    several = sheet.supported.sum(axis=1) > 1
    return Comparison(
        targets=sheet.targets,
        patients=len(sheet.score),
        every=_picks(sheet.score, sheet.chance, everywhere),
        supported=_picks(sheet.score[several], sheet.chance[several], sheet.supported[several]),
        withheld=_mean(unsupported),
        withheld_wrong=_mean(unsupported[wrong]),
        best_withheld=_mean(~_at(sheet.supported, best)),
        alone=_mean(~several),
        biases=tuple(one for place in range(len(sheet.targets)) for one in _biases(sheet, place)),
    )


@dataclass(frozen=True)
class _Sheet:
    """Patients by targets."""

    targets: tuple[str, ...]
    score: Numbers
    supported: Marks
    chance: Numbers
    given: Marks

    @classmethod
    def of(cls, scores: pd.DataFrame, truth: pd.DataFrame) -> "_Sheet":
        _check(scores)
        known = truth[["subject_id", "target", "probability", "given"]].rename(
            columns={"probability": "chance"}
        )
        rows = scores[list(_NEEDED)].merge(known, on=["subject_id", "target"], validate="one_to_one")
        targets = tuple(dict.fromkeys(scores["target"]))
        full = rows.groupby("subject_id")["target"].transform("size") == len(targets)
        if len(targets) < 2 or not full.any():
            raise CohortError(
                "Nothing to compare: it takes patients of this truth with scores for the same two or more "
                "targets. Score every patient for every target."
            )
        wide = rows[full].pivot(index="subject_id", columns="target")
        score, supported, chance, given = (
            wide[name][list(targets)].to_numpy() for name in ("probability", "supported", "chance", "given")
        )
        return cls(
            targets, score.astype(float), supported.astype(bool), chance.astype(float), given.astype(bool)
        )


def _check(scores: pd.DataFrame) -> None:
    missing = [name for name in _NEEDED if name not in scores]
    if missing:
        raise RecordError(f"The scores lack {', '.join(missing)}. Needed: {', '.join(_NEEDED)}.")
    if scores[list(_NEEDED)].isna().any(axis=None):
        raise RecordError("Scores to compare must be complete: leave out rows with gaps.")
    if scores.duplicated(["subject_id", "target"]).any():
        raise RecordError("Some patient has two scores for the same target. Keep one index a patient.")


def _picks(score: Numbers, chance: Numbers, allowed: Marks) -> Picks:
    pick, best = _highest(score, allowed), _highest(chance, allowed)
    picked, most = _at(chance, pick), _at(chance, best)
    return Picks(
        patients=len(score),
        scores=_mean(allowed.sum(axis=1)),
        wrong=_mean(picked < most),
        picked=_mean(picked),
        best=_mean(most),
        promised=_mean(_at(score, pick)),
        pairs_wrong=_pairs_wrong(score, chance, allowed),
    )


def _highest(values: Numbers, allowed: Marks) -> NDArray[np.int64]:
    return np.argmax(np.where(allowed, values, -np.inf), axis=1)


def _at(values: NDArray[Any], place: NDArray[np.int64]) -> NDArray[Any]:
    return np.take_along_axis(values, place[:, None], axis=1)[:, 0]


def _pairs_wrong(score: Numbers, chance: Numbers, allowed: Marks) -> float:
    wrong = pairs = 0
    for one, other in combinations(range(score.shape[1]), 2):
        both = allowed[:, one] & allowed[:, other]
        said, true = (values[both, one] - values[both, other] for values in (score, chance))
        wrong += int((said * true < 0).sum())
        pairs += int(both.sum())
    return wrong / pairs if pairs else float("nan")


def _biases(sheet: _Sheet, place: int) -> list[Bias]:
    off = sheet.score[:, place] - sheet.chance[:, place]
    given, supported = sheet.given[:, place], sheet.supported[:, place]
    members = (given, ~given, ~given & supported, ~given & ~supported)
    return [
        Bias(sheet.targets[place], group, int(rows.sum()), _mean(off[rows]), _mean(np.abs(off[rows])))
        for group, rows in zip(GROUPS, members, strict=True)
    ]


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _said(picks: Picks) -> str:
    return (
        f"The highest score is not the highest true chance for {picks.wrong:.0%}; {picks.pairs_wrong:.0%} "
        f"of the pairs of scores are in the wrong order. The pick promises {picks.promised:.1%} and its "
        f"true chance is {picks.picked:.1%}; the best would be {picks.best:.1%}."
    )


def _points(share: float) -> str:
    return f"{100 * share:.1f}"
