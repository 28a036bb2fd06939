"""FHIR resources other than medications into events."""

import re
from collections.abc import Iterator

from painresponse.records.fhir.desk import Desk
from painresponse.records.fhir.events import Event, event, static
from painresponse.records.fhir.fields import LeftOutError, Node, flag, number, table, tables, text
from painresponse.records.fhir.moments import Moment
from painresponse.records.fhir.terms import PLAIN_NUMBER, answered, best
from painresponse.schema import BIRTH, DEATH

_SEXES = {"female": "GENDER//F", "male": "GENDER//M", "other": "GENDER//OTHER"}
_NO_RESULT = {
    "entered-in-error": "entered_in_error",
    "cancelled": "not_happened",
    "registered": "not_happened",
}
_DONE = ("completed", "in-progress", "stopped", "unknown", "")
_UNTRUE = {"entered-in-error": "entered_in_error", "refuted": "refuted"}
_IN_USE = ("active", "completed", "stopped", "on-hold", "")
_ANSWERED = ("completed", "amended", "")
_LOINC = re.compile(r"(?:^|[/#])([0-9]{1,7}-[0-9])$")
_MOST_ITEMS = 10_000


def patient(resource: Node, desk: Desk) -> Iterator[Event]:
    """Birth, sex and death of a Patient."""
    born = desk.moment(resource, "birthDate")
    if born is not None:
        yield Event(born.at, born.at, BIRTH)
    sex = _SEXES.get(text(resource, "gender"))
    if sex is not None:
        yield static(sex)
    died = desk.moment(resource, "deceasedDateTime")
    if died is not None:
        yield event(died, DEATH)
    elif flag(resource, "deceasedBoolean"):
        desk.warn("undated_death")


def condition(resource: Node, desk: Desk) -> Iterator[Event]:
    """A Condition at its onset, known when it was recorded."""
    status = table(resource, "verificationStatus")
    for one in tables(status, "coding"):
        if text(one, "code") in _UNTRUE:
            raise LeftOutError(_UNTRUE[text(one, "code")])
    code, recorded = desk.code(table(resource, "code")), desk.moment(resource, "recordedDate")
    onset = desk.moment(resource, "onsetDateTime") or desk.period(resource, "onsetPeriod")[0] or recorded
    if onset is None:
        raise LeftOutError("no_time")
    yield event(onset, code, known=recorded)


def observation(resource: Node, desk: Desk) -> Iterator[Event]:
    """An Observation and its components, known when it was issued."""
    status = text(resource, "status")
    if status in _NO_RESULT:
        raise LeftOutError(_NO_RESULT[status])
    begin, end = desk.span(resource, "effective")
    known = desk.moment(resource, "issued") or end
    parts = tables(resource, "component")
    if not parts or _has_value(resource):
        yield _measured(resource, begin, known=known, desk=desk)
    for part in parts:
        try:
            yield _measured(part, begin, known=known, desk=desk)
        except LeftOutError as error:
            desk.leave(error, "component")


def procedure(resource: Node, desk: Desk) -> Iterator[Event]:
    """A Procedure when it began."""
    _need_status(resource, _DONE)
    begin, _ = desk.span(resource, "performed")
    yield event(begin, desk.code(table(resource, "code")))


def device_use(resource: Node, desk: Desk) -> Iterator[Event]:
    """A DeviceUseStatement when the use began, by the type of the device."""
    _need_status(resource, _IN_USE)
    begin, _ = desk.span(resource, "timing")
    target = desk.refer(text(table(resource, "device"), "reference"))
    code = desk.devices.get(target, "")
    if not code:
        raise LeftOutError("no_code")
    yield event(begin, code, known=desk.moment(resource, "recordedOn"))


def device_code(resource: Node, desk: Desk) -> str:
    """The code of a Device's type."""
    return best(table(resource, "type"), desk.measures)


def questionnaire(resource: Node, desk: Desk) -> Iterator[Event]:
    """The scores of a QuestionnaireResponse: numbers under a LOINC code that some concept knows."""
    _need_status(resource, _ANSWERED)
    authored = desk.needed(resource, "authored")
    found = [one for item in _items(resource) for one in _score(item, authored, desk)]
    if not found:
        raise LeftOutError("no_value")
    yield from found


def _need_status(resource: Node, allowed: tuple[str, ...]) -> None:
    status = text(resource, "status")
    if status not in allowed:
        raise LeftOutError("entered_in_error" if status == "entered-in-error" else "not_happened")


def _has_value(node: Node) -> bool:
    return any(field.startswith("value") for field in node)


def _measured(node: Node, when: Moment, *, known: Moment | None, desk: Desk) -> Event:
    """The event of an Observation or of one of its components."""
    code = desk.code(table(node, "code"))
    concept = table(node, "valueCodeableConcept")
    if concept:
        value, unit = answered(concept), ""
        if value is None:
            return event(when, f"{code}//{desk.code(concept)}", known=known)
    else:
        value, unit = _value(node, desk)
    return event(when, code, known=known, value=value, unit=unit)


def _value(node: Node, desk: Desk) -> tuple[float, str]:
    quantity = table(node, "valueQuantity")
    value = number(quantity, "value")
    if value is not None:
        if text(quantity, "comparator"):
            desk.warn("beyond")
        return value, text(quantity, "code") or text(quantity, "unit")
    whole = number(node, "valueInteger")
    if whole is not None:
        return whole, ""
    if "valueBoolean" in node:
        return float(flag(node, "valueBoolean")), ""
    written = text(node, "valueString")
    if PLAIN_NUMBER.fullmatch(written):
        return float(written), ""
    raise LeftOutError("other_value" if _has_value(node) and not quantity else "no_value")


def _items(resource: Node) -> Iterator[Node]:
    """Items however deep they lie."""
    waiting = list(tables(resource, "item"))
    for _ in range(_MOST_ITEMS):
        if not waiting:
            return
        item = waiting.pop()
        waiting += tables(item, "item")
        for answer in tables(item, "answer"):
            waiting += tables(answer, "item")
        yield item


def _score(item: Node, authored: Moment, desk: Desk) -> Iterator[Event]:
    named = filter(None, map(_LOINC.search, (text(item, "linkId"), text(item, "definition"))))
    code = next((one for found in named if desk.measures.of(one := f"LOINC//{found[1]}")), None)
    answers = tables(item, "answer") if code else []
    for answer in answers[:1]:
        value = number(answer, "valueDecimal")
        value = number(answer, "valueInteger") if value is None else value
        if code and value is not None:
            yield event(authored, code, value=value)
