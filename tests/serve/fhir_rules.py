"""What FHIR R4 says of the resources the server writes: their elements, how often, and of which type.

Written down from the resource pages of the specification (4.0.1): RiskAssessment, OperationOutcome, Bundle,
and the data types they are made of. Everything the server may write is here; what is not here is a fault.
"""

import re
from typing import Any

MANY = 1000

_EXTENSION = {"extension": ("Extension", 0, MANY)}
ELEMENTS: dict[str, dict[str, tuple[str, int, int]]] = {
    "Bundle": {"meta": ("Meta", 0, 1), "type": ("BundleType", 1, 1), "entry": ("Entry", 0, MANY)},
    "Entry": {"fullUrl": ("uri", 0, 1), "resource": ("Resource", 0, 1)},
    "OperationOutcome": {"meta": ("Meta", 0, 1), "issue": ("Issue", 1, MANY)},
    "Issue": {
        "severity": ("IssueSeverity", 1, 1),
        "code": ("IssueType", 1, 1),
        "details": ("CodeableConcept", 0, 1),
        "diagnostics": ("string", 0, 1),
    },
    "RiskAssessment": {
        "meta": ("Meta", 0, 1),
        "status": ("ObservationStatus", 1, 1),
        "method": ("CodeableConcept", 0, 1),
        "code": ("CodeableConcept", 0, 1),
        "subject": ("Reference", 1, 1),
        "occurrenceDateTime": ("dateTime", 0, 1),
        "performer": ("Reference", 0, 1),
        "basis": ("Reference", 0, MANY),
        "prediction": ("Prediction", 0, MANY),
        "note": ("Annotation", 0, MANY),
        **_EXTENSION,
    },
    "Prediction": {
        "outcome": ("CodeableConcept", 0, 1),
        "probabilityDecimal": ("percentage", 0, 1),
        "rationale": ("string", 0, 1),
        **_EXTENSION,
    },
    "Meta": {"security": ("Coding", 0, MANY), "tag": ("Coding", 0, MANY)},
    "Extension": {
        "url": ("uri", 1, 1),
        "valueString": ("string", 0, 1),
        "valueDecimal": ("decimal", 0, 1),
        "valueCoding": ("Coding", 0, 1),
        "valueRange": ("Range", 0, 1),
    },
    "CodeableConcept": {"coding": ("Coding", 0, MANY), "text": ("string", 0, 1)},
    "Coding": {"system": ("uri", 0, 1), "code": ("code", 0, 1), "display": ("string", 0, 1)},
    "Reference": {
        "reference": ("string", 0, 1),
        "type": ("uri", 0, 1),
        "identifier": ("Identifier", 0, 1),
        "display": ("string", 0, 1),
    },
    "Identifier": {"system": ("uri", 0, 1), "value": ("string", 0, 1)},
    "Annotation": {"text": ("string", 1, 1)},
    "Range": {"low": ("Quantity", 0, 1), "high": ("Quantity", 0, 1)},
    "Quantity": {
        "value": ("decimal", 0, 1),
        "unit": ("string", 0, 1),
        "system": ("uri", 0, 1),
        "code": ("code", 0, 1),
    },
}

_DATE_TIME = (
    r"[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01])(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?"
    r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00)))?)?)?"
)
TEXTS = {
    "string": r"(?s)\s*\S.*",
    "uri": r"\S+",
    "code": r"\S+( \S+)*",
    "dateTime": _DATE_TIME,
    "BundleType": "collection|searchset",
    "IssueSeverity": "fatal|error|warning|information",
    "IssueType": "invalid|structure|required|value|invariant|security|login|unknown|expired|forbidden|"
    "suppressed|processing|not-supported|duplicate|multiple-matches|not-found|deleted|too-long|code-invalid|extension|"
    "too-costly|business-rule|conflict|transient|lock-error|no-store|exception|timeout|incomplete|throttled|"
    "informational",
    "ObservationStatus": "registered|preliminary|final|amended|corrected|cancelled|entered-in-error|unknown",
}


def faults(resource: dict[str, Any]) -> list[str]:
    """Where a resource is not what FHIR R4 says."""
    return list(_faults(resource, "Resource", "it"))


def _faults(node: Any, kind: str, place: str):
    if kind == "Resource":
        kind = node.get("resourceType", "")
        node = {name: one for name, one in node.items() if name != "resourceType"}
    if kind in TEXTS:
        if not isinstance(node, str) or not re.fullmatch(TEXTS[kind], node):
            yield f"{place} is no {kind}"
    elif kind in ("decimal", "percentage"):
        most = 100 if kind == "percentage" else float("inf")  # ras-2
        if isinstance(node, bool) or not isinstance(node, int | float) or not 0 <= node <= most:
            yield f"{place} is no {kind}"
    elif kind not in ELEMENTS or not isinstance(node, dict) or not node:
        yield f"{place} is no {kind}"
    else:
        yield from _elements(node, kind, place)
        yield from (f"{place}: {words}" for words, holds in _rules(node, kind) if not holds)


def _elements(node: dict[str, Any], kind: str, place: str):
    yield from (f"{place}.{name} is unknown" for name in node if name not in ELEMENTS[kind])
    for name, (type_, least, most) in ELEMENTS[kind].items():
        found = node.get(name)
        if isinstance(found, list) != (most == MANY) and found is not None:
            yield f"{place}.{name} is a list where it must not be, or none"
            continue
        several = found if isinstance(found, list) else [] if found is None else [found]
        if not least <= len(several) <= most or (isinstance(found, list) and not found):
            yield f"{place}.{name} comes {len(several)} times"
        for number, one in enumerate(several):
            yield from _faults(one, type_, f"{place}.{name}[{number}]")


def _rules(node: dict[str, Any], kind: str):
    if kind == "Extension":
        yield "an extension has one value", sum(name.startswith("value") for name in node) == 1
    if kind == "Range":
        yield "low is not above high", node["low"]["value"] <= node["high"]["value"]
    if kind == "Bundle":
        urls = [one.get("fullUrl") for one in node.get("entry", [])]
        yield "each entry has an address of its own", len(set(urls)) == len(urls) and None not in urls
