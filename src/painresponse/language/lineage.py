"""Where a feature comes from, in the clinic's words: what is computed, over which events, by which codes."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from painresponse.concepts import Concept, Concepts, Profile, Treatment
from painresponse.errors import DefinitionError, unknown
from painresponse.language.combinations import SEVERAL, Age, Difference, Ratio, Several, Whether, parts_of
from painresponse.language.sets import FeatureSet, summaries_in
from painresponse.language.spans import Span
from painresponse.language.words import Events, Feature, Summary, Window
from painresponse.schema import LOCAL_PREFIX

SEEN = "Only events that happened before the index, and were known to the clinic before the index, are seen."

_SUMMARIES = {
    "count": "number of events",
    "measured": "whether there was any event",
    "sum": "sum of the values",
    "mean": "mean value",
    "min": "smallest value",
    "max": "largest value",
    "first": "earliest value",
    "last": "latest value",
    "slope": "change a year (least squares)",
    "spread": "standard deviation of the values",
    "days_since_first": "days since the first event",
    "days_since_last": "days since the last event",
}
_DERIVED = {
    "trial": "trial of {} (value: days it lasted)",
    "failed": "failed trial of {} (value: known by 1 measurement, 2 reason given, 3 proxy)",
    "intolerance": "trial of {} stopped for an adverse effect",
    "proxy": "failed trial of {} known only by proxy",
    "drug_failed": "drug of {} in a failed trial (value: known by 1 measurement, 2 reason given, 3 proxy)",
    "line": "trial of {} (value: how many classes had been tried by then, itself included)",
    "days": "days on {}",
    "mme": "daily dose of {} in morphine milligram equivalents (CDC 2022)",
    "z": "{} in standard deviations from its reference mean",
    "auc_ground": "area under the curve with respect to ground of {}",
    "auc_increase": "area under the curve with respect to increase of {}",
    "rise": "largest rise above the first sample of {}",
    "peak": "largest sample of {}",
    "slope": "slope of {}",
}


@dataclass(frozen=True)
class Lineage:
    """A feature: its name, the sentence it is computed from, the same in words, and its sources in words."""

    name: str
    sentence: str
    words: str
    sources: dict[str, str]
    seen: str = SEEN

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def lineage(name: str, features: FeatureSet, concepts: Concepts) -> Lineage:
    """The lineage of one feature of a set, over the concepts the set is computed with.

    Raises DefinitionError when the set has no feature of that name.
    """
    if name not in features.names:
        raise DefinitionError(unknown("feature", name, features.names))
    feature = dict(features)[name]
    sources = dict(_sources(feature, concepts))
    return Lineage(name, str(feature), _words(feature, concepts), sources)


def _words(feature: Feature, concepts: Concepts) -> str:
    parts = [_words(part, concepts) for part in parts_of(feature)]
    match feature:
        case Age():
            return "age in years"
        case Summary(word, window):
            return f"{_SUMMARIES[word]} of {_events(window.events, concepts)} {_when(window, concepts)}"
        case Ratio():
            return f"({parts[0]}) divided by ({parts[1]})"
        case Difference():
            return f"({parts[0]}) less ({parts[1]})"
        case Whether(_, comparison, value):
            return f"1 if ({parts[0]}) is {comparison} {value:g}, else 0"
        case Several():
            return f"{SEVERAL[type(feature)]} of " + ", ".join(f"({part})" for part in parts)
    return str(feature)


def _events(those: Events, concepts: Concepts) -> str:
    clock = f" taken between {those.hours[0]} and {those.hours[1]} h" if those.hours else ""
    trusted = ", undisturbed," if those.undisturbed else ""
    return f"{_label(those.concept, concepts)}{clock}{trusted}"


def _label(name: str, concepts: Concepts) -> str:
    if declared := _declared(name, concepts):
        return declared.label
    whole, _, word = name.rpartition(".")
    owner = _declared(whole, concepts)
    label = owner.label if owner else whole.replace("_", " ")
    return _DERIVED[word.split("_")[0] if word.startswith("slope_") else word].format(label)


def _declared(name: str, concepts: Concepts) -> Concept | Treatment | Profile | None:
    return concepts.concepts.get(name) or concepts.treatments.get(name) or concepts.profiles.get(name)


def _when(window: Window, concepts: Concepts) -> str:
    ever = window.span.unit == "ever"
    if window.anchor is None:
        return "ever before the index" if ever else f"in the {_span(window.span)} before the index"
    anchor = f"the {window.anchor.which} {_label(window.anchor.concept, concepts)}"
    if ever:
        return f"ever before {anchor}" if window.side == "before" else f"from {anchor} to the index"
    return f"in the {_span(window.span)} {window.side} {anchor}"


def _span(span: Span) -> str:
    unit = {"d": "day", "mo": "month", "y": "year"}[span.unit]
    return f"{span.count} {unit}{'s' if span.count > 1 else ''}"


def _sources(feature: Feature, concepts: Concepts) -> Iterable[tuple[str, str]]:
    for summary in sorted(summaries_in([feature]), key=str):
        for name in _named(summary, concepts):
            yield name, _described(name, concepts)


def _named(summary: Summary, concepts: Concepts) -> Iterable[str]:
    """Every declaration a summary rests on."""
    name = summary.window.events.concept
    whole = name if _declared(name, concepts) else name.rpartition(".")[0]
    yield whole
    if profile := concepts.profiles.get(whole):
        yield profile.of
    if summary.window.anchor:
        yield summary.window.anchor.concept


def _described(name: str, concepts: Concepts) -> str:
    declared = _declared(name, concepts)
    if isinstance(declared, Concept):
        return _concept(name, declared)
    if isinstance(declared, Treatment):
        return _treatment(name, declared)
    if isinstance(declared, Profile):
        return f"{declared.label}: {declared.kind} curve of {declared.of}"
    drugs = [one for treatment in concepts.treatments.values() for one in treatment.ingredients]
    found = [one for one in drugs if name in ("opioids", one.name.replace(" ", "_")) and one.mme is not None]
    return "; ".join(f"{one.name}: {one.code}, factor {one.mme:g} for each {one.unit}" for one in found)


def _concept(name: str, concept: Concept) -> str:
    said = [f"{concept.label}: {', '.join((*concept.codes, LOCAL_PREFIX + name))}"]
    if concept.unit:
        said.append("in " + concept.unit + "".join(f", from {unit}" for unit in concept.units))
    if concept.hard:
        said.append(f"possible {concept.hard[0]:g} to {concept.hard[1]:g}")
    if concept.disturbed_by:
        by = ", ".join(f"{one.concept} ({one.days:g} d)" for one in concept.disturbed_by)
        said.append(f"disturbed by {by}")
    if concept.evidence:
        said.append(f"evidence {concept.evidence}")
    return "; ".join(said)


def _treatment(name: str, treatment: Treatment) -> str:
    codes = [
        *(
            f"{one.name} {one.code}" + (f" from {one.adequate:g} {one.unit}" if one.adequate else "")
            for one in treatment.ingredients
        ),
        *treatment.codes,
        LOCAL_PREFIX + name,
    ]
    return f"{treatment.label}: {', '.join(codes)}; adequate from {treatment.min_weeks:g} weeks"
