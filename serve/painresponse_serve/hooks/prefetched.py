"""What was fetched for a hook, as one patient's events, and what of it is missing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from painresponse.records import Asks, RawEvents
from painresponse.scoring.scorer import Scorer
from painresponse_serve.charts import Chart, chart
from painresponse_serve.complaints import RequestError
from painresponse_serve.hooks.requests import Resource
from painresponse_serve.hooks.services import PREFETCH

Prefetch = Mapping[str, Resource | None]

_AT = "Send what GET /cds-services lists under prefetch: this server asks no FHIR server itself."


@dataclass(frozen=True)
class Fetched:
    """A patient's chart as far as it can be looked at, and how complete it is.

    ``not_sent``: what was asked for and not fetched, in words; ``undated``: how many events were left out
    because the day, month or year that dates them is not over at the index.
    """

    chart: Chart
    not_sent: tuple[str, ...]
    undated: int


def fetched(prefetch: Prefetch, patient: str, scorer: Scorer, *, asks: Asks, zone: str) -> Fetched:
    """What can be read of a patient's prefetch, as known at the index.

    Raises RequestError 412 where the Patient is missing, or all there is; RecordError for malformed FHIR.
    """
    came = {key: one for key, one in prefetch.items() if not _has_failed(one)}
    whom = patient.rpartition("/")[2]
    kinds = [(one.get("resourceType"), one.get("id")) for one in _each(came.values())]
    if ("Patient", whom) not in kinds:
        raise RequestError(
            412, "no_patient", f"The Patient of context.patientId is not in the prefetch. {_AT}"
        )
    if len(came) < 2:
        raise RequestError(412, "no_data", f"Nothing but the Patient is in the prefetch. {_AT}")
    found = _chart([_typed(one) for one in came.values() if one is not None], whom, scorer, zone)
    known = _known(found.raw, asks)
    not_sent = tuple(one.words for one in PREFETCH if one.key not in came)
    return Fetched(replace(found, raw=known), not_sent, len(found.raw) - len(known))


def _chart(resources: list[Resource], patient: str, scorer: Scorer, zone: str) -> Chart:
    concepts, measures = scorer.bundle.concepts, scorer.measures
    try:
        return chart(resources, concepts, measures=measures, zone=zone, patient=patient, where="prefetch")
    except RequestError as error:
        if error.code not in ("no_events", "other_patient"):
            raise
        raise RequestError(412, "no_events", f"The prefetch has no event of the patient. {_AT}") from None


def _typed(one: Resource) -> Resource:
    """A bundle that does not say what it is is what a search found: nothing else was asked for."""
    return {"type": "searchset", **one} if one.get("resourceType") == "Bundle" else one


def _has_failed(one: Resource | None) -> bool:
    return one is not None and one.get("resourceType") == "OperationOutcome"


def _each(came: Iterable[Resource | None]) -> Iterator[Resource]:
    """Resources, and those in bundles, as far as they can be told apart."""
    for one in filter(None, came):
        yield one
        entries = one.get("entry")
        for entry in entries if isinstance(entries, list) else ():
            inside = entry.get("resource") if isinstance(entry, dict) else None
            if isinstance(inside, dict):
                yield inside


def _known(raw: RawEvents, asks: Asks) -> RawEvents:
    """Without what began before the index and is known only after it: a day without a time, when it is over.

    What begins after the index stays, and is refused (R10): then a clock is wrong, and nothing is certain.
    """
    index = asks.index[0]
    return raw.taken(np.flatnonzero((raw.time > index) | (raw.available <= index)))
