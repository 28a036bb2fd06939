"""What is asked beside a FHIR body, in the query of the URL: at which instant, and which models."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from starlette.datastructures import QueryParams

from painresponse.records import Asks
from painresponse.records.fhir.fields import LeftOutError
from painresponse.records.fhir.moments import moment
from painresponse_serve.complaints import RequestError
from painresponse_serve.questions import Choice

FHIR, NATIVE = "fhir", "native"

_LISTS = ("targets", "interventions", "outcomes")
SCORE = ("index", "model", *_LISTS, "explain", "format")
HISTORY = ("model",)
"""The parameters of either route; those of FHIR itself (``_format``) are not looked at."""

_DAY = len("2026-03-01")


@dataclass(frozen=True)
class Query:
    """One question: its instant on the clinic's clock, and the same as a FHIR dateTime; and how to answer."""

    asks: Asks
    at: str
    choice: Choice
    native: bool


def query(given: QueryParams, *, zone: str) -> Query:
    """The question a query puts; ``zone``: the clinic's, or "". Raises RequestError for anything strange."""
    check_names(given, SCORE)
    asks, at = _instant(given.get("index", ""), zone)
    lists = {name: _names(given, name) for name in _LISTS}
    explain = _one_of(given, "explain", ("false", "true")) == "true"
    choice = Choice(given.get("model"), explain=explain, **lists)
    return Query(asks, at, choice, _one_of(given, "format", (FHIR, NATIVE)) == NATIVE)


def check_names(given: QueryParams, known: tuple[str, ...]) -> None:
    """Raises RequestError for a parameter that is not known here, or is given twice."""
    names = [name for name, _ in given.multi_items() if not name.startswith("_")]
    if not set(names) <= set(known):
        words = f"The query has a parameter that is not known here. Known: {', '.join(known)}."
        raise RequestError(422, "unknown_parameter", words)
    if len(set(names)) < len(names):
        words = "The query gives the same parameter twice. Separate several names by commas."
        raise RequestError(422, "duplicate_parameter", words)


def _names(given: QueryParams, name: str) -> list[str] | None:
    return None if name not in given else [one.strip() for one in given[name].split(",") if one.strip()]


def _one_of(given: QueryParams, name: str, allowed: tuple[str, ...]) -> str:
    """The value of a parameter; the first that is allowed where it is not given."""
    found = given.get(name, allowed[0])
    if found not in allowed:
        raise RequestError(422, f"unknown_{name}", f"{name} must be one of: {', '.join(allowed)}.")
    return found


def _instant(given: str, zone: str) -> tuple[Asks, str]:
    """An index as FHIR stamps are read everywhere else, and as a FHIR dateTime.

    With a time, a dateTime must name its offset: where neither the index nor the settings tell it, it is the
    day alone.
    """
    if not given:
        raise _wrong("index is missing: say at which instant, for example ?index=2026-03-01T09:00:00.")
    written = re.sub(r" (?=[0-9]{2}:[0-9]{2}$)", "+", given)  # in a query a bare + means a space
    clinic = ZoneInfo(zone) if zone else None
    try:
        stamp = datetime.fromisoformat(written)
        found = moment({"index": written}, "index", clinic)
    except (LeftOutError, ValueError):
        found = None
    if found is None or len(written) < _DAY:
        raise _wrong(
            "index is no instant between 1900 and 2099. Write it like 2026-03-01T09:00:00 by the clinic's "
            "clock, or with an offset (+ is %2B in a URL)."
        )
    if found.universal:
        raise _wrong(
            "index is in universal time, and the server's settings do not say in which zone the clinic is: "
            "write it by the clinic's clock."
        )
    return Asks(np.zeros(1, np.int64), np.array([found.at], np.int64)), _stamped(stamp, clinic)


def _stamped(stamp: datetime, clinic: ZoneInfo | None) -> str:
    if stamp.tzinfo is None and clinic is None:
        return stamp.date().isoformat()
    return (stamp if stamp.tzinfo else stamp.replace(tzinfo=clinic)).isoformat()


def _wrong(words: str) -> RequestError:
    return RequestError(422, "index", words)


def parameters(known: Iterable[str]) -> list[dict[str, object]]:
    """The parameters as OpenAPI describes them."""
    return [
        {"name": name, "in": "query", "required": name == "index", **_DESCRIBED[name]}
        for name in _DESCRIBED
        if name in set(known)
    ]


def _text(description: str, **more: object) -> dict[str, object]:
    return {"description": description, "schema": {"type": "string", **more}}


_SEVERAL = "separated by commas; without it, all"
_DESCRIBED = {
    "index": _text("when the prediction is asked: a FHIR date or dateTime", example="2026-03-01T09:00:00"),
    "model": _text("name of a bundle from /v1/models; without it, the first"),
    "targets": _text(f"names from /v1/models, {_SEVERAL}"),
    "interventions": _text(f"names from /v1/models, {_SEVERAL}"),
    "outcomes": _text(f"names from /v1/models, {_SEVERAL}"),
    "explain": _text("with reasons, as rationale", enum=["false", "true"]),
    "format": _text("RiskAssessments, or the answer of /v1/score", enum=[FHIR, NATIVE]),
}
