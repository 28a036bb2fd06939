"""A patient's FHIR R4 resources as events: the chart behind every interface that is sent FHIR."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np

from painresponse.concepts import Concepts
from painresponse.records import RawEvents
from painresponse.records.coding import Measures
from painresponse.records.fhir import REASONS, WARNINGS, FhirReader
from painresponse.records.fhir.reader import BUNDLES
from painresponse.records.tables import Places
from painresponse_serve.complaints import RequestError
from painresponse_serve.histories import decoded

Counts = tuple[tuple[str, str, int], ...]
"""A stable name, its words, and how often."""

LONGEST_CODE = 256
LONGEST_UNIT = 64
"""Codes and units are read to here, as far as those of a history go: no concept knows a longer one."""


@dataclass(frozen=True)
class Chart:
    """One patient's events, of subject 0, and what became of the resources.

    ``patient``: by what the resources refer to the patient (``Patient/123``, a URN). ``left_out``: what was
    not read; ``doubtful``: what was read in spite of a doubt. ``pages_missing``: there is more, elsewhere.
    """

    raw: RawEvents
    patient: str
    left_out: Counts
    doubtful: Counts
    pages_missing: bool


def json_of(body: bytes) -> Any:
    """A body of JSON as plain values. Raises RequestError where it is none or names a member twice."""
    return decoded(body, msgspec.json.decode, complain=lambda words: f"A number in the body: {words}.")


def chart(
    resources: Any,
    concepts: Concepts,
    *,
    measures: Measures | None = None,
    zone: str = "",
    patient: str = "",
    where: str = "The FHIR input",
) -> Chart:
    """The events of one patient in a bundle, a resource, or a list of them.

    ``measures``: of the concepts, if they are at hand. ``zone``: the clinic's, for stamps in universal time.
    ``patient``: who is meant, by id or reference; without one, they may be about one only. Raises
    RecordError naming the place of what is malformed, and RequestError where they are about nobody, about
    several, or not about who is meant.
    """
    _check_bundles(resources)
    reader = FhirReader(concepts, measures=measures, zone=zone, strict=True)
    reader.read(resources, where)
    whom = _whom(list(reader.subjects), patient)
    return Chart(
        _alone(reader.events(), reader.subjects[whom]),
        whom,
        _counts(reader.rejected, REASONS),
        _counts(reader.warnings, WARNINGS),
        any(word == "more_pages" for word, _ in reader.warnings),
    )


def check_size(found: Chart, most: int) -> None:
    """Raises RequestError where a chart has more than so many events."""
    if len(found.raw) > most:
        raise RequestError(413, "too_many_events", f"At most {most} events can be read of one patient.")


def _check_bundles(resources: Any) -> None:
    """The reader repeats a strange type of bundle; what a client sent must not be repeated to it."""
    for one in resources if isinstance(resources, list) else [resources]:
        if isinstance(one, dict) and one.get("resourceType") == "Bundle" and one.get("type") not in BUNDLES:
            raise RequestError(
                422, "bundle_type", f"The type of a bundle must be one of: {', '.join(BUNDLES)}."
            )


def _whom(found: list[str], meant: str) -> str:
    """The patient whose events are asked for."""
    if not found:
        raise RequestError(
            422,
            "no_events",
            "No event of a patient can be read from these resources. Send the Patient and what refers to it: "
            "Observation, Condition, Procedure, MedicationRequest and their kin.",
        )
    if meant:
        return _named(found, meant)
    if len(found) > 1:
        raise RequestError(
            422,
            "several_patients",
            f"The resources are about {len(found)} patients. Send those of one.",
        )
    return found[0]


def _named(found: list[str], meant: str) -> str:
    spelled = (meant, f"Patient/{meant}", "/".join(meant.split("/")[-2:]))
    whom = next((one for one in spelled if one in found), None)
    if whom is None:
        raise RequestError(422, "other_patient", "No event here is about the patient who is named.")
    return whom


def _alone(raw: RawEvents, subject: int) -> RawEvents:
    """One subject's events, as subject 0, in codes and units no longer than a history's."""
    mine = raw.taken(np.flatnonzero(raw.subject == subject))
    code, codes = _shortened(mine.code, mine.codes, LONGEST_CODE)
    unit, units = _shortened(mine.unit, mine.units, LONGEST_UNIT)
    nobody = np.zeros_like(mine.subject)
    return replace(mine, subject=nobody, code=code, codes=codes, unit=unit, units=units)


def _shortened(column: Places, names: tuple[str, ...], longest: int) -> tuple[Places, tuple[str, ...]]:
    """Places in names that are no longer than that, and those names, each once."""
    number: dict[str, int] = {}
    place = [number.setdefault(one[:longest], len(number)) for one in names]
    return np.array([*place, -1], np.int32)[column], tuple(number)


def _counts(found: Counter[tuple[str, str]], words: dict[str, str]) -> Counts:
    """By word alone: the types of resources, which a client may have made up, are not repeated."""
    total: Counter[str] = Counter()
    for (word, _), count in found.items():
        total[word] += count
    return tuple((word, said, total[word]) for word, said in words.items() if total[word])
