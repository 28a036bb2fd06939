"""Who may enter a training cohort: age, exclusions and the three levels of intractable pain.

Every rule is a feature at the index, so nothing that came later can let anybody in or keep anybody out.
"""

from dataclasses import dataclass

import numpy as np

from painresponse.clinic import Catalogue
from painresponse.clinic.declarations import CohortRules
from painresponse.engine import Plan, compute
from painresponse.language import FeatureSet
from painresponse.records.tables import Asks, Floats, Records
from painresponse.training.occurrences import Mask


@dataclass(frozen=True)
class Eligibility:
    """By ask: old enough, not excluded, and intractable at the level the cohort asks for."""

    old_enough: Mask
    not_excluded: Mask
    intractable: Mask


class EligibilityRules:
    """The cohort rules of a catalogue, ready to be judged."""

    def __init__(self, catalogue: Catalogue):
        self._rules = catalogue.cohort
        self._sentences = _sentences(catalogue.cohort, tuple(catalogue.concepts.treatments))
        self._plan = Plan(FeatureSet.from_plain(self._sentences), catalogue.concepts)

    def judge(self, records: Records, asks: Asks) -> Eligibility:
        """What the rules say of every ask."""
        columns = dict(zip(self._sentences, compute(self._plan, records, asks).T, strict=True))
        excluded = sum(columns[f"excluded {name}"] for name in self._rules.exclude)
        return Eligibility(
            columns["age"] >= self._rules.age_min,
            np.broadcast_to(np.asarray(excluded) == 0, len(asks)),
            _intractable(self._rules, columns, len(asks)),
        )


def _sentences(rules: CohortRules, treatments: tuple[str, ...]) -> dict[str, str]:
    window = f"in {rules.pain_days} d"
    sentences = {f"excluded {name}": f"count of {name} in {rules.exclude_days} d" for name in rules.exclude}
    sentences["age"] = "age"
    if rules.intractable == "off":
        return sentences
    failed = " and ".join(f"(count of {name}.failed ever)" for name in treatments)
    return sentences | {
        "pain": f"mean of pain {window}",
        "measurements": f"count of pain {window}",
        "span": f"difference of (days since first of pain {window}) and (days since last of pain {window})",
        "onset": "days since first of pain_onset ever",
        "first pain": "days since first of pain ever",
        "failed": f"how many of {failed}",
        **{f"impact {one.concept}": f"max of {one.concept} in {one.days} d" for one in rules.impact},
        **{f"impact count {one.concept}": f"count of {one.concept} in {one.days} d" for one in rules.impact},
    }


def _intractable(rules: CohortRules, columns: dict[str, Floats], n: int) -> Mask:
    if rules.intractable == "off":
        return np.ones(n, bool)
    duration = np.fmax(columns["onset"], columns["first pain"])
    severe = (
        (duration >= rules.min_duration_days)
        & (columns["pain"] >= rules.severe_pain)
        & (columns["measurements"] >= rules.pain_measurements)
        & (columns["span"] >= rules.pain_span_days)
    )
    failed = columns["failed"] >= rules.failed_classes
    impact = np.zeros(n, bool)
    for one in rules.impact:
        # a diagnosis has no value: that it was made is a 1
        value = np.fmax(
            columns[f"impact {one.concept}"], np.minimum(columns[f"impact count {one.concept}"], 1)
        )
        impact |= value >= one.at_least
    levels = {
        "definite": severe & failed,
        "probable": (severe & failed) | ((severe | failed) & impact),
        "possible": severe | failed,
    }
    return levels[rules.intractable]
