"""What was prescribed, dispensed, given and taken: FHIR medication resources into treatment events."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from painresponse.records.fhir.desk import Desk
from painresponse.records.fhir.dosage import MASS, Intake, days_of, intake, repeats, route
from painresponse.records.fhir.events import NOTHING, Event, event
from painresponse.records.fhir.fields import LeftOutError, Node, flag, number, table, tables, text
from painresponse.records.fhir.medicine import Medicine, medicine_of
from painresponse.records.fhir.moments import Moment
from painresponse.records.fhir.terms import codes, said
from painresponse.schema import MICROSECONDS_PER_DAY

OTHER_FORM = "//OTHER_FORM"
"""Ends the code of a declared substance in a form that is not the one declared (an injection of fentanyl)."""

_UNFOUNDED = ("entered-in-error", "cancelled", "draft", "not-taken", "not-done", "declined", "intended")
_PROPOSALS = ("proposal", "plan", "option")
_ADVERSE = re.compile(r"adverse|side.?effect|intoleran|not tolerat|allerg|toxic|poisoning", re.IGNORECASE)
_NO_EFFECT = re.compile(
    r"ineffect|inefficac|not effective|lack of|no (?:effect|benefit|response|relief)|treatment failure",
    re.IGNORECASE,
)
_REASON_CODES = {
    "salg": "//ADVERSE_EFFECT",
    "sintol": "//ADVERSE_EFFECT",
    "58848006": "//INEFFICACY",
    "281647001": "//ADVERSE_EFFECT",
    "62014003": "//ADVERSE_EFFECT",
}


@dataclass(frozen=True, slots=True)
class Course:
    """A stretch of treatment: its begin, when that was known, how long it was planned, its end and why."""

    begin: Moment
    known: Moment | None
    taken: Intake
    days: float | None = None
    end: Moment | None = None
    reason: str = ""


def request(resource: Node, desk: Desk) -> Iterator[Event]:
    """A MedicationRequest: begin, days supplied, and the end where one is dated."""
    _refuse_unfounded(resource)
    if text(resource, "intent") in _PROPOSALS or flag(resource, "doNotPerform"):
        raise LeftOutError("not_happened")
    supply, instructions = table(resource, "dispenseRequest"), tables(resource, "dosageInstruction")
    if number(supply, "numberOfRepeatsAllowed"):
        desk.warn("repeats")
    stopped = text(resource, "status") == "stopped"
    begin = desk.needed(resource, "authoredOn")
    planned, end = _bounds(instructions, desk)
    if stopped and end is None:
        desk.warn("undated_stop")
    supplied = days_of(table(supply, "expectedSupplyDuration"))
    taken = intake(instructions, supply=table(supply, "quantity"), days=supplied)
    course = Course(begin, None, taken, supplied or (None if stopped else planned))
    if stopped:
        course = Course(begin, None, taken, supplied, end, _reason([table(resource, "statusReason")]))
    yield from _events(course, resource, desk, instructions)


def statement(resource: Node, desk: Desk) -> Iterator[Event]:
    """A MedicationStatement: begin and end of the stretch it states, known when it was asserted."""
    _refuse_unfounded(resource)
    begin, end = desk.span(resource, "effective")
    asserted = desk.moment(resource, "dateAsserted")
    instructions = tables(resource, "dosage")
    ended = end if text(resource, "status") in ("stopped", "completed", "") else None
    reason = _reason(tables(resource, "statusReason")) if ended else ""
    taken = intake(instructions, supply={}, days=None)
    course = Course(begin, asserted, taken, end=ended, reason=reason)
    yield from _events(course, resource, desk, instructions)


def dispense(resource: Node, desk: Desk) -> Iterator[Event]:
    """A MedicationDispense: begin and days supplied."""
    _refuse_unfounded(resource)
    begin = desk.moment(resource, "whenHandedOver") or desk.needed(resource, "whenPrepared")
    instructions = tables(resource, "dosageInstruction")
    days = days_of(table(resource, "daysSupply"))
    taken = intake(instructions, supply=table(resource, "quantity"), days=days)
    yield from _events(Course(begin, None, taken, days), resource, desk, instructions)


def administration(resource: Node, desk: Desk) -> Iterator[Event]:
    """A MedicationAdministration: a day of treatment; one dose does not tell the dose of a day."""
    _refuse_unfounded(resource)
    begin, _ = desk.span(resource, "effective")
    yield from _events(Course(begin, None, Intake(), 1.0), resource, desk, [table(resource, "dosage")])


def _refuse_unfounded(resource: Node) -> None:
    status = text(resource, "status")
    if status in _UNFOUNDED:
        raise LeftOutError("entered_in_error" if status == "entered-in-error" else "not_happened")


def _bounds(instructions: Sequence[Node], desk: Desk) -> tuple[float | None, Moment | None]:
    """The days planned, and the end where it is dated."""
    for one in map(repeats, instructions):
        start, end = desk.period(one, "boundsPeriod")
        planned = days_of(table(one, "boundsDuration"))
        if start and end:
            planned = max(end.until - start.at, 0) / MICROSECONDS_PER_DAY or None
        if planned or end:
            return planned, end
    return None, None


def _reason(reasons: Sequence[Node]) -> str:
    """Why a treatment ended, as the end of a stop's code."""
    given = [one for reason in reasons for one in (*codes(reason), *said(reason))]
    coded = (_REASON_CODES.get(one.rsplit("//", 1)[-1]) for one in given)
    found = next(filter(None, coded), None)
    words = " ".join(given)
    if found or not words:
        return found or ""
    if _ADVERSE.search(words):
        return "//ADVERSE_EFFECT"
    return "//INEFFICACY" if _NO_EFFECT.search(words) else "//OTHER"


def _events(course: Course, resource: Node, desk: Desk, instructions: Sequence[Node]) -> Iterator[Event]:
    """The events of each declared substance; of any other product only that it was given."""
    medicine = _medicine(resource, desk)
    name = "; ".join(dict.fromkeys([*medicine.words, *route(instructions)]))
    declared = next((code for code in medicine.codes if desk.products.declares(code)), "")
    parts = desk.products.of(name, declared)
    told = course.taken.kind != MASS or len(parts) == 1  # 10 mg of two substances: of which?
    for part in parts:
        begin = part.code + ("//PRN" if course.taken.as_needed else "")
        dose = course.taken.dose(part, desk.products) if told else NOTHING
        yield event(course.begin, begin, known=course.known, value=dose)
        yield from _limits(course, part.code)
    if not parts:
        yield event(course.begin, _product(medicine, declared, desk), known=course.known)


def _limits(course: Course, code: str) -> Iterator[Event]:
    if course.days:
        yield event(course.begin, f"{code}//DAYS", known=course.known, value=course.days)
    if course.end is not None and course.end.at >= course.begin.at:
        yield event(course.end, f"{code}//STOP{course.reason}", known=course.known)


def _product(medicine: Medicine, declared: str, desk: Desk) -> str:
    if declared:
        return declared + OTHER_FORM
    known = (code for code in medicine.codes if desk.measures.of(code))
    code = next(known, medicine.codes[0] if medicine.codes else "")
    if not code:
        raise LeftOutError("no_code")
    return code


def _medicine(resource: Node, desk: Desk) -> Medicine:
    concept, reference = table(resource, "medicationCodeableConcept"), table(resource, "medicationReference")
    if concept:
        return Medicine(tuple(codes(concept)), tuple(said(concept)))
    target = text(reference, "reference")
    if target.startswith("#"):
        inside = [one for one in tables(resource, "contained") if text(one, "id") == target[1:]]
        return medicine_of(inside[0]) if inside else Medicine()
    found = desk.medicines.get(desk.refer(target))
    if found is None:
        desk.warn("unresolved")
        display = text(reference, "display")
        return Medicine(words=(display,) if display else ())
    return found
