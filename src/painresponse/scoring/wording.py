"""What a clinician calls a feature: few words and a unit.

Shorter than the lineage, which has every detail: ``morning serum cortisol (mean, past 2 years)``.
"""

from painresponse.concepts import Concepts
from painresponse.language.combinations import Age, AllOf, AnyOf, HowMany, Ratio, Whether, parts_of
from painresponse.language.spans import Span
from painresponse.language.words import Events, Feature, Summary, Window

_VALUES = ("first", "last", "min", "max")
_HOW = {
    "count": "times recorded",
    "sum": "total",
    "mean": "mean",
    "min": "smallest",
    "max": "largest",
    "first": "earliest",
    "last": "latest",
    "slope": "change",
    "spread": "standard deviation",
}
_DERIVED = {
    "trial": "trial of {}",
    "failed": "failed trial of {}",
    "intolerance": "{} not tolerated",
    "proxy": "failed trial of {}, by proxy",
    "drug_failed": "failed drug of {}",
    "line": "trial of {}, its place in the order of trials",
    "days": "days on {}",
    "mme": "{}, morphine milligram equivalents a day",
    "z": "{}, standardised",
    "auc_ground": "{}, area under the curve",
    "auc_increase": "{}, area above the first sample",
    "rise": "{}, largest rise",
    "peak": "{}, peak",
    "slope": "{}, slope",
}
_CAPITALS = {"hpa": "HPA axis", "mme": "MME", "rfa": "RFA", "scs": "SCS", "pcs": "PCS", "phq9": "PHQ-9"}
_PRINTED = {
    "d": "days",
    "Cel": "°C",
    "kg/m2": "kg/m²",
    "m[IU]/L": "mIU/L",
    "mL/min/{1.73_m2}": "mL/min/1.73 m²",
    "mm[Hg]": "mmHg",
    "ug/L": "µg/L",
    "ug/dL": "µg/dL",
    "umol/L": "µmol/L",
}
"""Units that are not printed as UCUM writes them."""


def words(name: str, feature: Feature, concepts: Concepts) -> str:
    """A feature in few words. What is made of several goes by its name, which its makers chose to be read."""
    match feature:
        case Summary("measured", window):
            counted = _is_counted(window.events.concept, concepts)
            said = _events(window.events, concepts) + (" measured" if counted else "")
            return _noted(said, _when(window, concepts))
        case Summary("days_since_first" | "days_since_last" as word, window):
            which = word.removeprefix("days_since_")
            return _noted(f"time since {_events(window.events, concepts)}", which, _when(window, concepts))
        case Summary(word, window):
            how = "" if is_yes_or_no(feature, concepts) else _HOW[word]
            return _noted(_events(window.events, concepts), how, _when(window, concepts))
    return plain(name)


def plain(name: str) -> str:
    """A name as words."""
    return " ".join(_CAPITALS.get(word, word) for word in name.split("_"))


def _noted(said: str, *notes: str) -> str:
    note = ", ".join(filter(None, notes))
    if not note:
        return said
    return f"{said[:-1]}; {note})" if said.endswith(")") else f"{said} ({note})"


def _events(those: Events, concepts: Concepts) -> str:
    label = _label(those.concept, concepts)
    return f"{_part_of_day(*those.hours)} {label}" if those.hours else label


def _part_of_day(start: int, stop: int) -> str:
    middle = (start + stop) / 2
    ends = {5: "night", 10: "morning", 14: "midday", 18: "afternoon"}
    return next((part for end, part in ends.items() if middle < end), "evening")


def _label(name: str, concepts: Concepts) -> str:
    if name in concepts.concepts:
        return concepts.concepts[name].label
    whole, _, word = name.rpartition(".")
    owner = concepts.concepts.get(whole) or concepts.treatments.get(whole) or concepts.profiles.get(whole)
    label = owner.label if owner else plain(whole)
    return _DERIVED.get(word.split("_")[0] if word.startswith("slope_") else word, "{}").format(label)


def _when(window: Window, concepts: Concepts) -> str:
    ever = window.span.unit == "ever"
    if window.anchor is None:
        return "" if ever else f"past {_span(window.span)}"
    anchor = f"the {window.anchor.which} {_label(window.anchor.concept, concepts)}"
    if ever:
        return f"before {anchor}" if window.side == "before" else f"since {anchor}"
    return f"{window.span.count} {_span_unit(window.span)} {window.side} {anchor}"


def _span(span: Span) -> str:
    return _span_unit(span) if span.count == 1 else f"{span.count} {_span_unit(span)}"


def _span_unit(span: Span) -> str:
    return {"d": "day", "mo": "month", "y": "year"}[span.unit] + ("s" if span.count > 1 else "")


def unit(feature: Feature, concepts: Concepts) -> str:
    """What a feature is counted in, as it is printed; empty for scores, shares and counts."""
    match feature:
        case Age():
            return "years"
        case Summary("count" | "measured") | Ratio() | Whether() | AnyOf() | AllOf() | HowMany():
            return ""
        case Summary("days_since_first" | "days_since_last"):
            return "days"
        case Summary("slope", window):
            return f"{_unit_of(window.events.concept, concepts)} a year".strip()
        case Summary(_, window):
            return _unit_of(window.events.concept, concepts)
    parts = {unit(part, concepts) for part in parts_of(feature)}
    return parts.pop() if len(parts) == 1 else ""


def printed(ucum: str) -> str:
    """A unit as it is printed, without UCUM's annotations, which only count: a score has no unit to say."""
    return _PRINTED.get(ucum, "" if ucum.startswith("{") else ucum)


def _unit_of(name: str, concepts: Concepts) -> str:
    declared = concepts.concepts.get(name)
    return "" if declared is None else printed(declared.unit)


def is_yes_or_no(feature: Feature, concepts: Concepts) -> bool:
    """Whether 1 means yes and 0 no."""
    match feature:
        case Whether() | AnyOf() | AllOf() | Summary("measured"):
            return True
        case Summary(word, window) if word in _VALUES:
            declared = concepts.concepts.get(window.events.concept)
            return declared is not None and declared.hard == (0.0, 1.0) and not declared.unit
    return False


def _is_counted(name: str, concepts: Concepts) -> bool:
    """Whether the events of a concept carry a number: then having one means to be measured."""
    declared = concepts.concepts.get(name)
    return declared is not None and bool(declared.unit or declared.hard)
