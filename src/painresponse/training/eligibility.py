"""Who may enter a training cohort: age, exclusions and the three levels of intractable pain.

Every rule is a feature at the index, so nothing that came later can let anybody in or keep anybody out.
"""

from dataclasses import dataclass

import numpy as np

from painresponse.clinic import Catalogue
from painresponse.clinic.declarations import CohortRules, Impact
from painresponse.concepts import Concepts
from painresponse.engine import Plan, compute
from painresponse.language import FeatureSet
from painresponse.records.tables import Asks, Floats, Ints, Records
from painresponse.training.occurrences import Mask

Columns = dict[str, Floats]


@dataclass(frozen=True)
class Eligibility:
    """By ask: old enough, not excluded, the level of intractable pain (0 none, 1 possible, 2 probable,
    3 definite), and whether that is the level the cohort asks for.
    """

    old_enough: Mask
    not_excluded: Mask
    level: Ints
    intractable: Mask


class EligibilityRules:
    """The cohort rules of a catalogue, ready to be judged."""

    def __init__(self, catalogue: Catalogue):
        self._rules, self._concepts = catalogue.cohort, catalogue.concepts
        self._sentences = _sentences(catalogue.cohort, tuple(catalogue.concepts.treatments))
        self._plan = Plan(FeatureSet.from_plain(self._sentences), catalogue.concepts)

    def judge(self, records: Records, asks: Asks) -> Eligibility:
        """What the rules say of every ask."""
        columns = dict(zip(self._sentences, compute(self._plan, records, asks).T, strict=True))
        excluded = [columns[f"excluded {name}"] > 0 for name in self._rules.exclude]
        level = _level(self._rules, columns, self._concepts)
        return Eligibility(
            columns["age"] >= self._rules.age_min,
            ~np.any(excluded or [np.zeros(len(asks), bool)], axis=0),
            level,
            level >= self._rules.level,
        )


def _sentences(rules: CohortRules, treatments: tuple[str, ...]) -> dict[str, str]:
    window = f"in {rules.pain_days} d"
    impact = [_flag(one.concept, f"in {one.days} d") for one in rules.impact]
    constancy = (
        [_flag("constant_pain", window), {"pain free": f"last of pain_free_days {window}"}]
        if rules.constant
        else []
    )
    sentences = {
        "age": "age",
        **{f"excluded {name}": f"count of {name} in {rules.exclude_days} d" for name in rules.exclude},
        "pain": f"mean of pain {window}",
        "measurements": f"count of pain {window}",
        "span": f"difference of (days since first of pain {window}) and (days since last of pain {window})",
        "onset": "days since first of pain_onset ever",
        "first pain": "days since first of pain ever",
        **{f"failed {name}": f"count of {name}.failed ever" for name in treatments},
    }
    for more in (*impact, *constancy):
        sentences |= more
    return sentences


def _flag(concept: str, window: str) -> dict[str, str]:
    """A value or, where nobody gave one, that it was said at all."""
    return {
        f"highest {concept} {window}": f"max of {concept} {window}",
        f"lowest {concept} {window}": f"min of {concept} {window}",
        f"said {concept} {window}": f"measured of {concept} {window}",
    }


def _level(rules: CohortRules, columns: Columns, concepts: Concepts) -> Ints:
    """Definite: A and B. Probable: one of them, and impact. Possible: one of them."""
    long_and_severe = _long_and_severe(rules, columns)
    failed = _failed(rules, columns, concepts)
    either, both = long_and_severe | failed, long_and_severe & failed
    return np.select([both, either & _impact(rules.impact, columns), either], [3, 2, 1], 0)


def _long_and_severe(rules: CohortRules, columns: Columns) -> Mask:
    duration = np.fmax(columns["onset"], columns["first pain"])
    severe: Mask = (
        (duration >= rules.min_duration_days)
        & (columns["pain"] >= rules.severe_pain)
        & (columns["measurements"] >= rules.pain_measurements)
        & (columns["span"] >= rules.pain_span_days)
    )
    if not rules.constant:
        return severe
    said = _high(columns, f"constant_pain in {rules.pain_days} d") >= 1
    return severe & (said | (columns["pain free"] <= rules.pain_free_days))


def _failed(rules: CohortRules, columns: Columns, concepts: Concepts) -> Mask:
    """Enough classes, and enough of each kind."""
    failed = {name: columns[f"failed {name}"] > 0 for name in concepts.treatments}
    none = np.zeros(len(columns["age"]), np.int64)
    drugs = sum((failed[name] for name, one in concepts.treatments.items() if one.ingredients), none)
    others = sum((failed[name] for name, one in concepts.treatments.items() if not one.ingredients), none)
    enough: Mask = drugs + others >= rules.failed_classes
    return enough & (drugs >= rules.failed_drug_classes) & (others >= rules.failed_other_classes)


def _impact(rules: tuple[Impact, ...], columns: Columns) -> Mask:
    found = np.zeros(len(columns["age"]), bool)
    for one in rules:
        which = f"{one.concept} in {one.days} d"
        if one.below is not None:
            found |= columns[f"lowest {which}"] < one.below
        elif one.at_least is not None:
            found |= _high(columns, which) >= one.at_least
    return found


def _high(columns: Columns, which: str) -> Floats:
    """The highest value; 1 where it was said without one, as a diagnosis is."""
    highest = columns[f"highest {which}"]
    return np.where(np.isnan(highest), columns[f"said {which}"], highest)
