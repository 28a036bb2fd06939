"""FHIR R4 resources of patients who do not exist, and histories told as such resources."""

from typing import Any

SYSTEMS = {"LOINC": "http://loinc.org", "RxNorm": "http://www.nlm.nih.gov/research/umls/rxnorm"}
SUBJECT = {"reference": "Patient/ann"}

Resource = dict[str, Any]


def ann(birth: str = "1970-03-01", **more: Any) -> Resource:
    return {"resourceType": "Patient", "id": "ann", "birthDate": birth, **more}


def observation(
    value: Any = 7, at: str = "2026-02-24T09:15:00+01:00", code: str = "PR//pain", **more: Any
) -> Resource:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": coded(code),
        "subject": SUBJECT,
        "effectiveDateTime": at,
        "valueQuantity": {"value": value},
        **more,
    }


def procedure(code: str, at: str) -> Resource:
    return {
        "resourceType": "Procedure",
        "status": "completed",
        "code": coded(code),
        "subject": SUBJECT,
        "performedDateTime": at,
    }


def coded(code: str) -> Resource:
    """A CodeableConcept that is read as this code."""
    system, _, own = code.partition("//")
    return {"coding": [{"system": SYSTEMS.get(system, f"http://clinic.example/{system}"), "code": own}]}


def collection(*resources: Resource, **more: Any) -> Resource:
    entry = [{"resource": one} for one in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entry, **more}


def told(history: Resource, offset: str = "+01:00") -> Resource:
    """A history as a bundle. The hour of a birth, which FHIR does not know, is left out."""
    resources = []
    for one in history["events"]:
        if one["code"] == "MEDS_BIRTH":
            resources.append(ann(one["time"][:10]))
        elif one.get("value") is None:
            resources.append(procedure(one["code"], one["time"] + offset))
        else:
            resources.append(observation(one["value"], one["time"] + offset, one["code"]))
    return collection(*resources)


def born_at_midnight(history: Resource) -> Resource:
    """The same history, as FHIR can tell it."""
    events = [
        {**one, "time": one["time"][:10]} if one["code"] == "MEDS_BIRTH" else one for one in history["events"]
    ]
    return {**history, "events": events}
