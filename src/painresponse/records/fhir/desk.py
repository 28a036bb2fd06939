"""Where resources are read: the catalogue's words, the clinic's time zone, and what refers to what."""

import re
from collections import Counter
from datetime import tzinfo
from typing import Any

from painresponse.concepts import Concepts
from painresponse.records.coding import Measures
from painresponse.records.fhir.fields import LeftOutError, MalformedError, Node
from painresponse.records.fhir.medicine import Medicine
from painresponse.records.fhir.moments import Moment, moment, period
from painresponse.records.fhir.terms import best
from painresponse.records.products import Products

_ADDRESS = re.compile(r"(?:^|/)([A-Z][A-Za-z]{2,40}/[^/?#]+)(?:/_history/[^/]*)?$")


class Desk:
    """What every resource is read with.

    ``rejected`` and ``warnings`` count, by word and resource type, what was left out and what was doubtful.
    A strict desk refuses what is malformed, any other counts it.
    """

    def __init__(self, concepts: Concepts, measures: Measures | None, *, zone: tzinfo | None, strict: bool):
        self.measures = measures or Measures(concepts)
        self.products = Products(concepts)
        self.medicines: dict[str, Medicine] = {}
        self.devices: dict[str, str] = {}
        self.rejected: Counter[tuple[str, str]] = Counter()
        self.warnings: Counter[tuple[str, str]] = Counter()
        self.kind = ""
        self._zone = zone
        self._strict = strict
        self._urls: dict[str, str] = {}

    def turn_to(self, urls: dict[str, str]) -> None:
        """Read references by the full URLs of this bundle."""
        self._urls = urls

    def warn(self, word: str) -> None:
        """Count a doubt about the resource being read."""
        self.warnings[word, self.kind] += 1

    def leave(self, error: LeftOutError, part: str = "") -> None:
        """Count what is left out of the resource being read. A strict desk raises what is malformed."""
        if self._strict and isinstance(error, MalformedError):
            raise error
        self.rejected[error.reason, f"{self.kind}.{part}" if part else self.kind] += 1

    def code(self, concept: Node) -> str:
        """The code of a CodeableConcept. Refuses one without."""
        found = best(concept, self.measures)
        if not found:
            raise LeftOutError("no_code")
        return found

    def moment(self, node: Node, name: str) -> Moment | None:
        """A date or time; None where it is absent."""
        return self._noted(moment(node, name, self._zone))

    def needed(self, node: Node, name: str) -> Moment:
        """A date or time that must be there."""
        found = self.moment(node, name)
        if found is None:
            raise LeftOutError("no_time")
        return found

    def period(self, node: Node, name: str) -> tuple[Moment | None, Moment | None]:
        """Start and end of a Period."""
        start, end = period(node, name, self._zone)
        return self._noted(start), self._noted(end)

    def span(self, node: Node, name: str) -> tuple[Moment, Moment | None]:
        """When something was or began (``name`` + DateTime, Instant or Period), and its end if it has one."""
        at = self.moment(node, f"{name}DateTime") or self.moment(node, f"{name}Instant")
        if at is not None:
            return at, None
        start, end = self.period(node, f"{name}Period")
        begin = start or end
        if begin is None:
            raise LeftOutError("no_time")
        return begin, end

    def refer(self, reference: str) -> str:
        """What a reference points to, as ``Patient/1`` or the bundle's own URN; empty if it says nothing."""
        if reference in self._urls:
            return self._urls[reference]
        found = _ADDRESS.search(reference)
        if found:
            return found[1]
        return reference if reference.startswith("urn:") else ""

    def named(self, resource: Any, url: str) -> str:
        """By what a resource is referred to: its type and id, else the bundle's address for it."""
        kind, own = (
            (resource.get(one) for one in ("resourceType", "id")) if isinstance(resource, dict) else ("", "")
        )
        return f"{kind}/{own}" if isinstance(kind, str) and isinstance(own, str) and own else url

    def _noted(self, found: Moment | None) -> Moment | None:
        if found is not None and found.universal:
            self.warn("universal_time")
        return found
