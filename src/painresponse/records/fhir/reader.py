"""Bundles and single resources of FHIR R4 into events, for any number of patients."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from painresponse.concepts import Concepts
from painresponse.errors import DefinitionError, RecordError, unknown
from painresponse.records.coding import Measures
from painresponse.records.fhir import medications, resources
from painresponse.records.fhir.desk import Desk
from painresponse.records.fhir.events import Columns, Event
from painresponse.records.fhir.fields import LeftOutError, MalformedError, Node, table, tables, text
from painresponse.records.fhir.medicine import medicine_of
from painresponse.records.tables import RawEvents

REASONS = {
    "other_type": "resources of this type are not read",
    "no_resource": "the entry holds no resource",
    "malformed": "a field is not what FHIR says it is",
    "no_subject": "the resource does not say which patient it is about",
    "no_code": "there is no code",
    "no_time": "there is no time",
    "unreadable_time": "the time is none that FHIR knows",
    "impossible_time": "the time lies before 1900 or after 2099",
    "no_value": "there is no value",
    "other_value": "the value is of a kind that is not read (text, range, ratio, curve)",
    "entered_in_error": "it was entered in error",
    "refuted": "the diagnosis was refuted",
    "not_happened": "it was proposed, planned or cancelled, or has no result yet",
    "repeated": "the same event was given before",
}

WARNINGS = {
    "universal_time": "times in universal time, taken as the clinic's clock because no zone was given",
    "more_pages": "bundles that are one page of several; the others must be given too",
    "beyond": "values said to lie beyond what was measured; the limit was taken",
    "repeats": "prescriptions that may be repeated; only the first supply was counted",
    "undated_stop": "prescriptions that were stopped, nobody says when",
    "unresolved": "medications referred to that are not there; their name alone was read",
    "undated_death": "deaths without a date",
    "conflict": "subjects with more than one date of birth; all were kept",
    "unit": "values in a unit their concept cannot be converted from; they will not be used",
}

BUNDLES = ("batch", "collection", "document", "searchset", "transaction")

_READERS: dict[str, Callable[[Node, Desk], Iterator[Event]]] = {
    "Patient": resources.patient,
    "Condition": resources.condition,
    "Observation": resources.observation,
    "Procedure": resources.procedure,
    "DeviceUseStatement": resources.device_use,
    "QuestionnaireResponse": resources.questionnaire,
    "MedicationRequest": medications.request,
    "MedicationStatement": medications.statement,
    "MedicationDispense": medications.dispense,
    "MedicationAdministration": medications.administration,
}
_TYPE = re.compile(r"[A-Z][A-Za-z]{2,40}")
_WORD = re.compile(r"[a-z-]{1,30}")
_MOST_TYPES = 500
_DEFINITIONS = ("Medication", "Device")

TYPES = (*_DEFINITIONS, *_READERS)
"""The types of resources that are read."""

_Given = tuple[str, Any, str]
"""A resource with its place in words and the address its bundle gives it."""


class FhirReader:
    """Reads resources one after the other and keeps their events as columns.

    ``measures``: those of the concepts, where they are there already (they take milliseconds to make).
    ``zone`` names the clinic's time zone (Europe/Madrid), for stamps in universal time. ``subjects`` numbers
    the patients by first appearance. ``rows`` counts the resources, ``given`` those of each type. What became
    of them is counted in ``rejected`` and ``warnings``, by word (of REASONS and WARNINGS) and type. What is
    malformed raises RecordError naming its place, or unless ``strict`` is counted.
    """

    def __init__(
        self, concepts: Concepts, *, measures: Measures | None = None, zone: str = "", strict: bool = True
    ):
        self._desk = Desk(concepts, measures, zone=_zone(zone), strict=strict)
        self._columns = Columns()
        self.subjects: dict[str, int] = {}
        self.rows = 0
        self.given: Counter[str] = Counter()
        self.rejected = self._desk.rejected
        self.warnings = self._desk.warnings

    def events(self) -> RawEvents:
        """All events so far, as they came."""
        return self._columns.raw()

    def read(self, given: Any, where: str = "The FHIR input") -> None:
        """A bundle, a resource, or a list of them; resources of one list may refer to one another."""
        if _is_bundle(given):
            self._bundle(given, where)
        elif isinstance(given, list):
            places = [(f"{where}[{place}]", one) for place, one in enumerate(given)]
            for place, one in places:
                if _is_bundle(one):
                    self._bundle(one, place)
            self._together([(place, one, "") for place, one in places if not _is_bundle(one)])
        else:
            self._together([(where, given, "")])

    def _bundle(self, bundle: Node, where: str) -> None:
        try:
            self._together(_entries(bundle, where))
            pages = [one for one in tables(bundle, "link") if one.get("relation") == "next"]
        except MalformedError as error:
            raise RecordError(f"{where} (Bundle): {error.said}.") from None
        if pages:
            self.warnings["more_pages", "Bundle"] += 1

    def _together(self, given: list[_Given]) -> None:
        """Resources that may refer to one another, in any order."""
        names = ((url, self._desk.named(resource, url)) for _, resource, url in given)
        self._desk.turn_to({url: name for url, name in names if url and name})
        for one in given:
            self._guarded(self._define, one)
        for one in given:
            self._guarded(self._resource, one)

    def _guarded(self, work: Callable[[Any, str], None], given: _Given) -> None:
        """Do the work; what is left out is counted, and what is malformed is complained of by its place."""
        where, resource, url = given
        self._desk.kind = "resource"
        try:
            work(resource, url)
        except LeftOutError as error:
            try:
                self._desk.leave(error)
            except MalformedError as wrong:
                raise RecordError(f"{where} ({self._desk.kind}): {wrong.said}.") from None

    def _define(self, resource: Any, url: str) -> None:
        kind = resource.get("resourceType") if isinstance(resource, dict) else None
        name = self._desk.named(resource, url)
        if name and kind in _DEFINITIONS:
            self._desk.kind = kind
            if kind == "Medication":
                self._desk.medicines[name] = medicine_of(resource)
            else:
                self._desk.devices[name] = resources.device_code(resource, self._desk)

    def _resource(self, resource: Any, url: str) -> None:
        self.rows += 1
        kind = self._desk.kind = self._kind(resource)
        self.given[kind] += 1
        if kind in _DEFINITIONS:
            return
        read = _READERS.get(kind)
        if read is None:
            raise LeftOutError("other_type")
        whom = self._whom(resource, url)
        found = list(read(resource, self._desk))
        if found:
            subject = self.subjects.setdefault(whom, len(self.subjects) + 1)
            for one in found:
                self._columns.add(subject, one)

    def _whom(self, resource: Node, url: str) -> str:
        """The patient a resource is about."""
        if self._desk.kind == "Patient":
            whom = self._desk.named(resource, url)
        else:
            whom = self._desk.refer(text(table(resource, "subject"), "reference"))
        if not whom.startswith(("Patient/", "urn:")):
            raise LeftOutError("no_subject")
        return whom

    def _kind(self, resource: Any) -> str:
        """A resource's type if it looks like one; other words are not repeated."""
        if resource is None:
            raise LeftOutError("no_resource")
        if not isinstance(resource, dict):
            raise MalformedError("it", "a JSON object")
        kind = resource.get("resourceType")
        if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
            raise MalformedError("resourceType", "the name of a FHIR resource")
        return kind if kind in self.given or len(self.given) < _MOST_TYPES else "Other"


def _is_bundle(given: Any) -> bool:
    return isinstance(given, dict) and given.get("resourceType") == "Bundle"


def _entries(bundle: Node, where: str) -> list[_Given]:
    """The resources of a bundle, each with its place and the address the bundle gives it."""
    kind = bundle.get("type")
    if kind not in BUNDLES:
        shown = kind if isinstance(kind, str) and _WORD.fullmatch(kind) else "none"
        raise RecordError(f"{where}: {unknown('type of bundle', shown, BUNDLES)}")
    return [
        (f"{where}: entry[{place}]", entry.get("resource"), text(entry, "fullUrl"))
        for place, entry in enumerate(tables(bundle, "entry"))
    ]


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        raise DefinitionError(
            f"There is no time zone {name!r} on this machine. Write it like Europe/Madrid."
        ) from None
