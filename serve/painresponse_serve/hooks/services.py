"""Which services there are, and what a record system is asked to send along."""

from typing import Annotated, NamedTuple

from msgspec import Meta, Struct

from painresponse.scoring.scorer import NOTICE

NEWEST = 200
"""Of each kind so many resources are asked for, the newest ones."""


class Wanted(NamedTuple):
    """Something to prefetch: its key, what it is, and the FHIR query that finds it."""

    key: str
    words: str
    template: str


def _search(kind: str, *, sort: str = "", category: str = "") -> str:
    """A query of the kind CDS Hooks restricts prefetch to: tokens by equality, _sort and _count."""
    parts = ["patient={{context.patientId}}", category and f"category={category}", sort and f"_sort=-{sort}"]
    return f"{kind}?{'&'.join(filter(None, parts))}&_count={NEWEST}"


PATIENT = Wanted("patient", "the patient", "Patient/{{context.patientId}}")
PREFETCH = (
    PATIENT,
    Wanted("conditions", "diagnoses", _search("Condition", sort="recorded-date")),
    Wanted("vitalSigns", "vital signs", _search("Observation", category="vital-signs", sort="date")),
    Wanted("laboratory", "laboratory results", _search("Observation", category="laboratory", sort="date")),
    Wanted("surveys", "scores of questionnaires", _search("Observation", category="survey", sort="date")),
    Wanted("socialHistory", "social history", _search("Observation", category="social-history", sort="date")),
    Wanted("questionnaires", "questionnaires", _search("QuestionnaireResponse", sort="authored")),
    Wanted("procedures", "procedures", _search("Procedure", sort="date")),
    Wanted("prescriptions", "prescriptions", _search("MedicationRequest", sort="authoredon")),
    Wanted("medications", "medication statements", _search("MedicationStatement", sort="effective")),
    Wanted("dispenses", "medications dispensed", _search("MedicationDispense", sort="whenhandedover")),
    Wanted(
        "administrations", "medications given", _search("MedicationAdministration", sort="effective-time")
    ),
    Wanted("devices", "devices", _search("Device")),
    Wanted("deviceUse", "the use of devices", _search("DeviceUseStatement")),
)
"""What the reader of FHIR reads. Devices stand before their use, which refers to them."""

_NEEDS = (
    "Answers from prefetch alone and never calls a FHIR server: the Patient and at least one of the other "
    "templates must be satisfied, each in one page, or the answer is 412. Codes are read as /v1/catalogue "
    f"lists them. {NOTICE}"
)


class HookService(Struct, frozen=True, rename="camel"):
    """One service, as it is discovered."""

    hook: str
    title: str
    description: str
    id: Annotated[str, Meta(description="the last part of its path below /cds-services")]
    prefetch: dict[str, str]
    usage_requirements: str = _NEEDS


class Discovery(Struct, frozen=True):
    """Every service there is."""

    services: list[HookService]


def _service(hook: str, title: str, when: str) -> HookService:
    described = (
        f"Tells the predicted response {when}: how often patients like this one, who were given the same "
        "intervention, responded to it. One card for each prediction, or one that says why there is none. "
        "Cards advise nothing and change no order."
    )
    templates = {one.key: one.template for one in PREFETCH}
    return HookService(hook, title, described, f"painresponse-{hook}", templates)


PATIENT_VIEW = _service(
    "patient-view",
    "Predicted response to pain interventions that the site chose",
    "to the interventions that the site has chosen, when a chart is opened",
)
ORDER_SELECT = _service(
    "order-select",
    "Predicted response to a pain intervention being ordered",
    "to a pain intervention among the orders just selected",
)
ORDER_SIGN = _service(
    "order-sign",
    "Predicted response to a pain intervention about to be signed",
    "to a pain intervention among the orders about to be signed",
)
SERVICES = Discovery([PATIENT_VIEW, ORDER_SELECT, ORDER_SIGN])
