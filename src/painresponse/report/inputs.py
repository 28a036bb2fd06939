"""What a bundle reads of a history: how many features of which family, which biomarkers in which units."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from painresponse.scoring.bundle import Bundle
from painresponse.scoring.wording import unit

Plain = dict[str, Any]

BIOMARKERS = "biomarkers"
TREATMENT = "conventional treatment"
OTHERS = "other events"

FAMILIES = {
    "fact": "age, sex and other facts",
    "onset": "onset of the pain",
    "pain": "pain scores",
    "questionnaire": "questionnaires",
    "finding": "findings and circumstances",
    "diagnosis": "diagnoses",
    "procedure": "earlier procedures",
    "trial": "trials and test blocks",
    "sensory": "sensory tests",
    "vital": "vital signs",
    "cortisol": BIOMARKERS,
    "laboratory": BIOMARKERS,
    "rare": BIOMARKERS,
}
"""A family of concepts in words; one a clinic declared itself keeps its name."""

_AGE_FROM = "birth"
_VALUES = ("first", "last", "min", "max", "mean")


def families(bundle: Bundle) -> dict[str, int]:
    """By family how many features read anything of it, largest first; one of two families counts twice."""
    counted = Counter(family for name, _ in bundle.features for family in set(_families_of(name, bundle)))
    return dict(counted.most_common())


def biomarkers(bundle: Bundle) -> list[Plain]:
    """Every biomarker that a feature reads: its label and unit, and how many features do.

    ``known``: share of training's episodes in which it was known at all, None where the bundle does not tell.
    """
    read: dict[str, list[str]] = {}
    for name, _ in bundle.features:
        for concept in _concepts_of(name, bundle):
            read.setdefault(concept, []).append(name)
    declared = bundle.concepts.concepts
    return [
        {
            "name": concept,
            "label": declared[concept].label,
            "unit": _unit(concept, read[concept], bundle),
            "features": len(read[concept]),
            "known": _known(read[concept], bundle),
        }
        for concept in declared
        if concept in read and _family(concept, bundle) == BIOMARKERS
    ]


def _families_of(feature: str, bundle: Bundle) -> Iterator[str]:
    """Profiles are told by the concept they are a curve of, which is a source too."""
    for source in bundle.lineage(feature).sources:
        if source not in bundle.concepts.profiles:
            yield _family(source, bundle)


def _family(source: str, bundle: Bundle) -> str:
    declared = bundle.concepts.concepts.get(source)
    if declared is None:  # a class of treatment, or a single drug
        return TREATMENT
    family = "fact" if source == _AGE_FROM else declared.family
    return FAMILIES.get(family, family.replace("_", " ")) or OTHERS


def _concepts_of(feature: str, bundle: Bundle) -> Iterator[str]:
    return (one for one in bundle.lineage(feature).sources if one in bundle.concepts.concepts)


def _unit(concept: str, names: Sequence[str], bundle: Bundle) -> str:
    """As it is printed; a biomarker is seldom read without its value."""
    asked = dict(bundle.features)
    values = (asked[name] for name in names if getattr(asked[name], "word", "") in _VALUES)
    printed = (unit(one, bundle.concepts) for one in values)
    return next(printed, bundle.concepts.concepts[concept].unit)


def _known(names: Sequence[str], bundle: Bundle) -> float | None:
    """Counts and yes or no are known of everybody, whether it was measured or not."""
    reference, asked = bundle.metadata.get("reference") or {}, dict(bundle.features)
    shares = [
        reference[name][-1]
        for name in names
        if name in reference and getattr(asked[name], "word", "") in _VALUES
    ]
    return max(shares, default=None)
