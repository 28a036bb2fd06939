"""What is asked, whatever interface it came by: a patient's events, an instant, and which models."""

from dataclasses import dataclass

from painresponse.records import Asks, RawEvents


@dataclass(frozen=True, slots=True)
class Choice:
    """Of which bundle (none named: the first) which models, all of them where nothing is chosen.

    ``explain``: with reasons, and what is missing that would matter.
    """

    model: str | None = None
    targets: list[str] | None = None
    interventions: list[str] | None = None
    outcomes: list[str] | None = None
    explain: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """One subject's raw events, the one instant of the question, and who is to answer it."""

    raw: RawEvents
    asks: Asks
    choice: Choice = Choice()
