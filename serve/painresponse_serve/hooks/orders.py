"""Which interventions draft orders ask about, by the codes of the events that begin them."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from painresponse.clinic.declarations import Intervention
from painresponse.concepts import Concepts
from painresponse.records.fhir.fields import MalformedError, Node, flag, table, tables, text
from painresponse.records.fhir.terms import codes
from painresponse_serve.complaints import RequestError

Stage = tuple[str, str]
"""An intervention and its stage."""

_CODED = {
    "ServiceRequest": "code",
    "MedicationRequest": "medicationCodeableConcept",
    "DeviceRequest": "codeCodeableConcept",
}
"""The kinds of orders that are looked at, and the field that says what is ordered."""

MOST_CODES = 1_000
"""Different codes of one call: each is held against every intervention, and nobody orders so much at once."""


def ordered(drafts: Node, selections: Collection[str] | None = None) -> list[str]:
    """The codes of what is ordered, each once; of the drafts only those selected, where that is said.

    Raises RequestError where an order is not what FHIR says it is, or where there are too many.
    """
    if drafts.get("resourceType") != "Bundle":
        raise RequestError(422, "wrong_shape", "context.draftOrders must be a FHIR Bundle.")
    try:
        orders = [table(one, "resource") for one in tables(drafts, "entry")]
        chosen = [one for one in orders if selections is None or _names(one) & set(selections)]
        found = dict.fromkeys(code for one in chosen for code in _codes(one))
    except MalformedError as error:
        raise RequestError(422, "wrong_shape", f"An order in context.draftOrders: {error.said}.") from None
    if len(found) > MOST_CODES:
        words = f"At most {MOST_CODES} different codes can be ordered at once."
        raise RequestError(422, "too_many_orders", words)
    return list(found)


def _names(order: Node) -> set[str]:
    """By what an order may be referred to: type and id, or the id alone."""
    own = text(order, "id")
    return {own, f"{text(order, 'resourceType')}/{own}"} if own else set()


def _codes(order: Node) -> list[str]:
    said = _CODED.get(text(order, "resourceType"))
    return codes(table(order, said)) if said and not flag(order, "doNotPerform") else []


def asked(
    ordered: Collection[str], interventions: Mapping[str, Intervention], concepts: Concepts
) -> set[Stage]:
    """The stages that orders of these codes begin, by the codes that a bundle knows."""
    patterns = concepts.patterns() if ordered else {}
    found: set[Stage] = set()
    for name, intervention in interventions.items():
        begins = {
            stage: [code for one in said.begins for code in patterns.get(one, ())]
            for stage, said in intervention.stages.items()
        }
        found |= {(name, stage) for code in ordered for stage in _begun(code, begins)}
    return found


def _begun(code: str, begins: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """The stages of one intervention that an order begins.

    An order seldom says what only the suffix of a code tells (a nerve block, to test or to treat): such a
    code asks about all stages of an intervention if it may begin any of them, and about none otherwise.
    """
    exact = [stage for stage, known in begins.items() if any(_fits(code, one) for one in known)]
    vague = [stage for stage, known in begins.items() if any(one.startswith(f"{code}//") for one in known)]
    yield from exact or (vague if len(vague) == len(begins) else ())


def _fits(code: str, pattern: str) -> bool:
    return code.startswith(pattern[:-1]) if pattern.endswith("*") else code == pattern
