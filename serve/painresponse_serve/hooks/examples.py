"""Calls that can be sent as they stand (the patient does not exist)."""

from datetime import datetime, timedelta
from typing import Any

_CPT = "http://www.ama-assn.org/go/cpt"
_WHOM = {"subject": {"reference": "Patient/example"}}


def examples(now: datetime) -> dict[str, Any]:
    """By the name of what is sent. Something happened lately: a hook is asked at the instant it is called."""
    seen = {"userId": "Practitioner/example", "patientId": "example"}
    orders = _bundle(_order("block", "64483"), _order("ablation", "64635"), kind="collection")
    signed = {**seen, "draftOrders": orders}
    selected = {**signed, "selections": ["ServiceRequest/block", "ServiceRequest/ablation"]}
    return {
        "PatientViewCall": _call("patient-view", seen, now),
        "OrderSelectCall": _call("order-select", selected, now),
        "OrderSignCall": _call("order-sign", signed, now),
        "Feedback": {
            "feedback": [
                {
                    "card": "0b5a4c0e-5d1b-4f5e-9c2a-7f0c1d2e3a4b",
                    "outcome": "overridden",
                    "outcomeTimestamp": f"{now:%Y-%m-%dT%H:%M:%S}Z",
                }
            ]
        },
    }


def _call(hook: str, context: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "hook": hook,
        "hookInstance": "5a1f6f0e-3b7d-4f0c-8a0d-2f6f1f4f9f10",
        "context": context,
        "prefetch": {
            "patient": {
                "resourceType": "Patient",
                "id": "example",
                "gender": "female",
                "birthDate": "1968-05-17",
            },
            "conditions": None,
            "vitalSigns": _bundle(_pain(8, now, days=5), _pain(7, now, days=26)),
            "procedures": _bundle(
                {
                    "resourceType": "Procedure",
                    "status": "completed",
                    "code": _coded(_CPT, "64493"),
                    "performedDateTime": _before(now, 40),
                    **_WHOM,
                }
            ),
        },
    }


def _order(name: str, code: str) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "id": name,
        "status": "draft",
        "intent": "order",
        "code": _coded(_CPT, code),
        **_WHOM,
    }


def _pain(value: int, now: datetime, *, days: int) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": _coded("http://loinc.org", "72514-3"),
        "effectiveDateTime": _before(now, days),
        "valueQuantity": {"value": value, "system": "http://unitsofmeasure.org", "code": "{score}"},
        **_WHOM,
    }


def _coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _bundle(*resources: dict[str, Any], kind: str = "searchset") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": one} for one in resources]}


def _before(now: datetime, days: int) -> str:
    return f"{now - timedelta(days=days):%Y-%m-%dT%H:%M:%S}+01:00"
