"""An answer as cards: a prediction each, or a reason why there is none. None recommends anything."""

from collections.abc import Iterable
from textwrap import shorten
from typing import Annotated, Literal
from uuid import UUID, uuid4

from msgspec import UNSET, Meta, Struct, UnsetType

from painresponse.scoring.refusals import RED_FLAG
from painresponse.scoring.scorer import SYNTHETIC_NOTICE
from painresponse_serve.answers import Answer, Coded, Score
from painresponse_serve.hooks.details import number, of_all, of_prediction, of_silence
from painresponse_serve.hooks.prefetched import Fetched

LONGEST_SUMMARY = 139


class Source(Struct, frozen=True):
    """Who speaks."""

    label: str
    url: str | UnsetType = UNSET


class Link(Struct, frozen=True):
    """Where to read on."""

    label: str
    url: str
    type: Literal["absolute"] = "absolute"


class Card(Struct, frozen=True):
    """What a clinician is shown."""

    uuid: UUID
    summary: Annotated[str, Meta(max_length=LONGEST_SUMMARY)]
    indicator: Annotated[
        Literal["info", "warning"], Meta(description="warning: a red flag, for which nothing is predicted")
    ]
    detail: Annotated[str, Meta(description="GitHub Flavored Markdown")]
    source: Source
    links: list[Link] | UnsetType = UNSET


class Cards(Struct, frozen=True):
    """The answer to a hook: no cards where nothing was asked about that can be predicted."""

    cards: list[Card]


def cards(answer: Answer, found: Fetched, *, address: str) -> Cards:
    """In catalogue order, red flags first; ``address``: https://host[:port] of the page, or empty."""
    about = of_all(answer, found)
    told = [_card(answer, scores, about, address) for scores in _grouped(answer.scores)]
    return Cards(sorted(told, key=lambda one: one.indicator == "info"))


def _grouped(scores: Iterable[Score]) -> Iterable[list[Score]]:
    """Each prediction by itself, and together what is refused for the same reason."""
    groups: dict[str | Coded, list[Score]] = {}
    for one in scores:
        groups.setdefault(one.target if isinstance(one.refused, UnsetType) else one.refused, []).append(one)
    return groups.values()


def _card(answer: Answer, scores: list[Score], about: list[str], address: str) -> Card:
    mark, notice = ("SYNTHETIC — ", [f"**{SYNTHETIC_NOTICE}**"]) if answer.model.synthetic else ("", [])
    refused = scores[0].refused
    if isinstance(refused, UnsetType):
        red, summary, detail = False, _predicted(mark, scores[0]), of_prediction(scores[0])
    else:
        red, detail = refused.code == RED_FLAG, of_silence(refused, scores)
        summary = _fitted(f"{mark}No predicted response: ", refused.words, "")
    return Card(
        uuid4(),
        summary,
        "warning" if red else "info",
        "\n\n".join([*notice, *detail, *about]),
        Source("painresponse", f"{address}/docs" if address else UNSET),
        [Link("Open painresponse", f"{address}/")] if address else UNSET,
    )


def _predicted(mark: str, score: Score) -> str:
    return _fitted(f"{mark}Predicted response, ", score.label, f": {number(score)}")


def _fitted(start: str, words: str, end: str) -> str:
    """In one line no longer than a summary may be; words are cut, never the number after them."""
    return start + shorten(words, LONGEST_SUMMARY - len(start) - len(end), placeholder=" …") + end
