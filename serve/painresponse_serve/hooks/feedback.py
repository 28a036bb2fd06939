"""What became of cards, as a record system tells it, perhaps more than once."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

MOST_REMEMBERED = 10_000


class Coding(Struct, frozen=True):
    """A reason by its code."""

    code: str
    system: str | None = None
    display: str | None = None


class OverrideReason(Struct, frozen=True, rename="camel"):
    """Why a card was put aside; neither is kept: a comment can say something of the patient."""

    reason: Coding | None = None
    user_comment: str | None = None


class AcceptedSuggestion(Struct, frozen=True):
    """Something suggested that was done; no card of ours suggests anything."""

    id: str


class CardFeedback(Struct, frozen=True, rename="camel"):
    """What became of one card."""

    card: UUID
    outcome: Literal["accepted", "overridden"]
    outcome_timestamp: Annotated[datetime, Meta(tz=True)]
    accepted_suggestions: Annotated[
        list[AcceptedSuggestion] | None, Meta(description="must be there where a card was accepted")
    ] = None
    override_reason: OverrideReason | None = None

    def __post_init__(self) -> None:
        if self.outcome == "accepted" and self.accepted_suggestions is None:
            raise ValueError("acceptedSuggestions must be there where the outcome is accepted")


class Feedback(Struct, frozen=True):
    """What became of some cards."""

    feedback: Annotated[list[CardFeedback], Meta(max_length=100)]


class Outbox:
    """The cards given out lately and what was heard of them; a server that starts anew knows none."""

    def __init__(self) -> None:
        self._given: dict[UUID, None] = {}
        self._heard: dict[_Told, None] = {}

    def give(self, cards: Iterable[UUID]) -> None:
        """Remember cards that leave."""
        for card in cards:
            _keep(self._given, card)

    def knows(self, card: UUID) -> bool:
        """Whether it was given out here, not too long ago."""
        return card in self._given

    def news(self, told: Iterable[CardFeedback]) -> list[CardFeedback]:
        """What was not heard before, each once: clients repeat themselves."""
        return [one for place, one in {_place(one): one for one in told}.items() if place not in self._heard]

    def hear(self, told: Iterable[CardFeedback]) -> None:
        """Remember what is no news any more."""
        for one in told:
            _keep(self._heard, _place(one))


_Told = tuple[UUID, str, datetime]


def _place(one: CardFeedback) -> _Told:
    return one.card, one.outcome, one.outcome_timestamp


def _keep(memory: dict[Any, None], one: Any) -> None:
    """Keep it as the newest, and as many as may be kept."""
    memory.pop(one, None)
    while len(memory) >= MOST_REMEMBERED:
        del memory[next(iter(memory))]
    memory[one] = None
