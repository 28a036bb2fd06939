"""What an audit puts to the test: everything that answers an ask with numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from painresponse.clinic import Catalogue
from painresponse.clinic.flags import patient_flags
from painresponse.clinic.requirements import requirements
from painresponse.engine import Plan, compute, rows
from painresponse.language import FeatureSet
from painresponse.records import Asks, Records
from painresponse.training.eligibility import EligibilityRules

Matrices = Sequence[NDArray[np.floating]]


@dataclass(frozen=True)
class Maker:
    """Columns by name with what each says, and the function that makes them.

    ``make`` gives one matrix or more (asks x columns), each in a precision of its own.
    """

    kind: str
    sentences: dict[str, str]
    make: Callable[[Records, Asks], Matrices]


def makers_of(catalogue: Catalogue) -> tuple[Maker, ...]:
    """The catalogue's features, the requirements a bundle will make, and who may enter a cohort."""
    asked = {text: str(one["words"]) for one in requirements(catalogue) for text in _texts(one["features"])}
    asked |= {one["feature"]: one["words"] for one in patient_flags(catalogue, catalogue.targets)}
    return (
        _engine("feature", catalogue.features.to_plain(), catalogue),
        _engine("requirement", {text: text for text in asked}, catalogue, words=asked),
        _eligibility(catalogue),
    )


def _texts(features: object) -> list[str]:
    return list(features) if isinstance(features, list | tuple) else []


def _engine(
    kind: str, sentences: dict[str, str], catalogue: Catalogue, *, words: dict[str, str] | None = None
) -> Maker:
    """The engine in float64, and as the float32 rows that are trained on, exported and scored."""
    plan = Plan(FeatureSet.from_plain(sentences), catalogue.concepts)
    return Maker(
        kind,
        words or sentences,
        lambda records, asks: (compute(plan, records, asks), rows(plan, records, asks)),
    )


def _eligibility(catalogue: Catalogue) -> Maker:
    rules, cohort = EligibilityRules(catalogue), catalogue.cohort
    sentences = {
        "old_enough": f"at least {cohort.age_min:g} years old",
        "not_excluded": f"no {' or '.join(cohort.exclude) or 'exclusion'} in {cohort.exclude_days} d",
        "intractable": f"intractable pain, level {cohort.intractable!r}",
    }

    def judged(records: Records, asks: Asks) -> Matrices:
        found = rules.judge(records, asks)
        return (np.column_stack([getattr(found, name) for name in sentences]).astype(np.float64),)

    return Maker("eligibility", sentences, judged)
