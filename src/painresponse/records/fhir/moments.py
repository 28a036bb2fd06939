"""FHIR dates and times as the clinic's own clock shows them.

The hour of a sample is part of what it means, so the wall-clock part of a timestamp is kept as written:
``23:37:54+02:00`` is 23:37:54. A stamp in universal time (``Z``, ``+00:00``) says nothing of the clock in the
clinic; it is converted when the time zone is given, and otherwise kept as written and counted.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from painresponse.records.fhir.fields import LeftOutError, MalformedError, Node, table, text
from painresponse.schema import EARLIEST, LATEST

_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_WRITTEN = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)
_FORM = "a date or time like 2026-03-01, 2026-03 or 2026-03-01T08:30:00+01:00"


@dataclass(frozen=True, slots=True)
class Moment:
    """Microseconds since 1970 on the clinic's clock.

    ``until`` is when the stretch written is over: midnight for a day, the year's end for a year alone.
    ``universal`` stamps are in universal time still, because no time zone was given.
    """

    at: int
    until: int
    universal: bool = False


def moment(node: Node, field: str, zone: tzinfo | None) -> Moment | None:
    """A date, dateTime or instant; None where it is absent."""
    written = text(node, field)
    if not written:
        return None
    found = _WRITTEN.fullmatch(written)
    if found is None:
        raise MalformedError(field, _FORM, reason="unreadable_time")
    try:
        start, stop = _stretch(found)
    except (ValueError, OverflowError):
        raise MalformedError(field, _FORM, reason="unreadable_time") from None
    at, until = _micros(start), _micros(stop)
    if not EARLIEST <= at < LATEST:
        raise LeftOutError("impossible_time")
    universal = found[8] in ("Z", "+00:00", "-00:00")
    if universal and zone is not None:
        at = until = _micros(start.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None))
    return Moment(at, until, universal and zone is None)


def period(node: Node, field: str, zone: tzinfo | None) -> tuple[Moment | None, Moment | None]:
    """Start and end of a Period, either of which may be absent."""
    found = table(node, field)
    return moment(found, "start", zone), moment(found, "end", zone)


def _stretch(found: re.Match[str]) -> tuple[datetime, datetime]:
    """When the stretch written begins and when it is over."""
    year, month, day = (int(found[place] or 1) for place in (1, 2, 3))
    if found[4] is None:
        start = datetime(year, month, day)
        return start, _over(start, months=found[3] is None, years=found[2] is None)
    part = int((found[7] or "0")[:6].ljust(6, "0"))
    at = datetime(year, month, day, int(found[4]), int(found[5]), int(found[6] or 0), part)
    return at, at


def _over(start: datetime, *, months: bool, years: bool) -> datetime:
    if years:
        return start.replace(year=start.year + 1)
    if months:
        return (start + 31 * _DAY).replace(day=1)
    return start + _DAY


def _micros(when: datetime) -> int:
    return (when - _EPOCH) // _MICROSECOND
