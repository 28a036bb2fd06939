"""The request: patients' histories, each with the instant at which the prediction is asked."""

import json
import re
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from painresponse.records.rows import ask, history
from painresponse_serve.complaints import RequestError
from painresponse_serve.questions import Choice, Question

T = TypeVar("T")

Instant = Annotated[
    str,
    Meta(max_length=32, description="ISO 8601, the clinic's local clock, no time zone: 2026-03-01T08:30:00"),
]
_Code = Annotated[
    str,
    Meta(
        min_length=1, max_length=256, description="MEDS code, or PR// and a concept's name; see /v1/catalogue"
    ),
]
_Unit = Annotated[
    str, Meta(max_length=64, description="UCUM unit of the value; without one, the concept's own")
]


class Event(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Something measured, prescribed or done."""

    time: Annotated[Instant | None, Meta(description="when; null for a fact that has no time, such as sex")]
    code: _Code
    value: float | None = None
    unit: _Unit | None = None
    available_time: Annotated[
        Instant | None, Meta(description="when the clinic came to know it; without one, at its time")
    ] = None


_Name = Annotated[str, Meta(max_length=128)]
_Names = Annotated[list[_Name], Meta(max_length=64)]


class History(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One patient's events in any order, up to the index, and what is asked."""

    index: Instant
    events: list[Event]
    model: Annotated[
        _Name | None, Meta(description="name of a bundle from /v1/models; without it, the first")
    ] = None
    targets: Annotated[
        _Names | None, Meta(description="names from /v1/models; without them, all targets of the bundle")
    ] = None
    interventions: Annotated[_Names | None, Meta(description="of the targets, only those of these")] = None
    outcomes: Annotated[_Names | None, Meta(description="of the targets, only those of these")] = None
    explain: Annotated[
        bool | None, Meta(description="with reasons, and what is missing that would matter")
    ] = None

    def question(self) -> Question:
        """As a question. Raises RecordError naming the time that cannot be read."""
        raw = history(
            [event.time for event in self.events],
            [event.code for event in self.events],
            [event.value for event in self.events],
            units=[event.unit for event in self.events],
            available=[event.available_time for event in self.events],
        )
        choice = Choice(self.model, self.targets, self.interventions, self.outcomes, bool(self.explain))
        return Question(raw, ask(self.index), choice)


EXAMPLE: dict[str, Any] = {
    "index": "2026-03-01T09:00:00",
    "events": [
        {"time": "1968-05-17", "code": "MEDS_BIRTH"},
        {"time": None, "code": "GENDER//F"},
        {"time": "2025-03-10T10:00:00", "code": "LOINC//72514-3", "value": 7, "unit": "{score}"},
        {"time": "2026-02-03T10:30:00", "code": "LOINC//72514-3", "value": 8, "unit": "{score}"},
        {"time": "2026-02-24T09:15:00", "code": "LOINC//72514-3", "value": 8, "unit": "{score}"},
        {"time": "2026-02-03T10:30:00", "code": "PR//odi", "value": 52},
        {
            "time": "2026-02-17T08:05:00",
            "code": "PR//crp",
            "value": 6.2,
            "unit": "mg/L",
            "available_time": "2026-02-18T12:00:00",
        },
    ],
}
"""A history that can be sent as it stands (the patient does not exist)."""

_decoder = msgspec.json.Decoder(History | list[History])


def decode(body: bytes, *, events: int, patients: int) -> History | list[History]:
    """A request body: a history of at most so many events, or a list of so many patients.

    Raises RequestError saying what is wrong.
    """
    asked: History | list[History] = decoded(body, _decoder.decode, complain=_words)
    several = asked if isinstance(asked, list) else [asked]
    if not several:
        raise RequestError(422, "no_patients", "The list is empty: send the history of at least one patient.")
    if len(several) > patients:
        raise RequestError(413, "too_many_patients", f"At most {patients} patients can be sent at once.")
    for one in several:
        check_events(one, events)
    return asked


def check_events(asked: History, most: int) -> None:
    """Raises RequestError where a history has no events, or more than so many."""
    if not asked.events:
        raise RequestError(422, "no_events", "events is empty: send the patient's history up to the index.")
    if len(asked.events) > most:
        raise RequestError(413, "too_many_events", f"At most {most} events can be sent in one history.")


def decoded(body: bytes, decode: Callable[[bytes], T], *, complain: Callable[[str], str]) -> T:
    """A body of JSON. Raises RequestError where it is none, has another shape or names a member twice."""
    try:
        asked = decode(body)
        all_there = kept(body, asked)
    except msgspec.ValidationError as error:
        raise RequestError(422, "wrong_shape", complain(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(400, "bad_json", _syntax(str(error))) from None
    if not all_there:
        _check_names(body)
    return asked


def kept(body: bytes, asked: Any) -> bool:
    """Whether all that was named in a body was read, as far as that can be told at once.

    Written again, a name that was there twice and read once is missing, and its quotation marks with it. What
    was escaped may look otherwise, and what says no more than its absence would is not written.
    """
    return b"\\" not in body and body.count(b'"') <= msgspec.json.encode(asked).count(b'"')


def _check_names(body: bytes) -> None:
    try:
        json.loads(body, object_pairs_hook=once)
    except RecursionError:
        raise RequestError(400, "bad_json", "The body is nested too deeply to be read.") from None


def once(pairs: list[tuple[str, Any]]) -> None:
    """Of a member given twice JSON readers keep the last in silence; a dose must not hang on that."""
    if len(dict(pairs)) < len(pairs):
        raise RequestError(400, "duplicate_member", "An object in the body names the same member twice.")


_FIELDS = "|".join(Event.__struct_fields__)
_MEMBERS = "|".join(History.__struct_fields__)
_PLACE = re.compile(rf" - at `\$((?:\[\d+\])?(?:\.(?:{_MEMBERS})(?:\[\d+\])?(?:\.(?:{_FIELDS}))?)?)`$")


def _words(complaint: str) -> str:
    """msgspec's words with the place in front, without the name of an unknown member: it was sent to us."""
    found = _PLACE.search(complaint)
    place = (found and found[1].removeprefix(".")) or "The body"
    if complaint.startswith("Object contains unknown field"):
        kind = Event if "events" in place else History
        return f"{place} has a member that is not known here. Known: {', '.join(kind.__struct_fields__)}."
    what = complaint.partition(" - at `")[0]
    return f"{place}: {what[0].lower()}{what[1:]}."


def _syntax(complaint: str) -> str:
    found = re.search(r"\(byte (\d+)\)", complaint)
    place = f" (byte {found[1]})" if found else ""
    return (
        f"The body is not JSON in UTF-8{place}. NaN and Infinity are not JSON either: "
        "leave the value out, or send null."
    )
