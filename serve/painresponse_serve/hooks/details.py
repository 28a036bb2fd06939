"""What a card says below its summary, as paragraphs of GitHub Flavored Markdown."""

import re
from collections.abc import Iterable, Iterator

from msgspec import UnsetType

from painresponse.scoring.scorer import SYNTHETIC_NOTICE
from painresponse_serve.answers import Answer, Coded, Explained, Score
from painresponse_serve.hooks.prefetched import Fetched

REASONS = 5
"""So many of the reasons are told; the page tells all."""

_SPECIAL = re.compile(r"([\\`*_<\[\]])")


def number(score: Score) -> str:
    """The prediction and its interval: 43 % (31 to 56 %)."""
    if isinstance(score.probability, UnsetType) or isinstance(score.interval, UnsetType):
        return "none"
    low, high = map(_percent, score.interval)
    return f"{_percent(score.probability)} ({low.removesuffix(' %')} to {high})"


def of_prediction(score: Score) -> list[str]:
    """What one model says, what to keep in mind beside it, and what it rests on."""
    return [*_told(score), *_flags([score]), *_why(score.explanation)]


def of_silence(refused: Coded, scores: list[Score]) -> list[str]:
    """Why models say nothing, and which."""
    return [
        f"**No predicted response.** {_plain(refused.words)} (`{refused.code}`)",
        *_listed("Asked about", (_plain(one.label) for one in scores)),
        *_flags(scores),
    ]


def of_all(answer: Answer, found: Fetched) -> list[str]:
    """What every card says: what was read, what must be said of every answer, and who answered."""
    model = answer.model
    notices = [_plain(one) for one in answer.notices if one != SYNTHETIC_NOTICE]
    named = f"Model `{model.name}`, SHA-256 `{model.digest}`. As of {answer.index.replace('T', ' ')}."
    return [*_listed("What was read", _read(answer, found)), *notices, named]


def _told(score: Score) -> Iterator[str]:
    yield (
        f"{_plain(score.label)}: **predicted response {number(score)}**. In 9 of 10 clinics that the model "
        "has not seen, the share of responders among patients given this probability lies in that interval."
    )
    if not isinstance(score.support, UnsetType):
        given = f"with a probability of {_percent(score.support)}"
        yield f"Support: such a patient was given this intervention {given}."


def _flags(scores: list[Score]) -> list[str]:
    found = dict.fromkeys((one.words, one.code) for score in scores for one in score.flags)
    return _listed("To keep in mind", (f"{_plain(words)} (`{code}`)" for words, code in found))


def _why(explained: Explained | UnsetType) -> list[str]:
    if isinstance(explained, UnsetType):
        return []
    return [
        *_listed("What it rests on", (_plain(one.text) for one in explained.reasons[:REASONS])),
        *_listed("Not known here, and would matter", (_plain(one.words) for one in explained.missing)),
        *map(_plain, explained.notes),
    ]


def _read(answer: Answer, found: Fetched) -> Iterator[str]:
    intake = answer.intake
    unknown = f"{intake.unmapped} of them with codes the model does not know"
    yield f"{intake.kept} of {intake.given} events, {unknown}"
    for one in intake.rejected:
        yield f"left out: {_plain(one.words)} ({one.count})"
    for _, words, count in (*found.chart.left_out, *found.chart.doubtful):
        yield f"{_plain(words)} ({count})"
    if found.undated:
        yield f"left out: what is dated by a day, a month or a year that is not over ({found.undated})"
    if found.chart.pages_missing:
        yield "**only one page of several was sent: what is on the others is not known here**"
    if found.not_sent:
        yield f"not sent by the record system: {', '.join(found.not_sent)}"


def _percent(share: float) -> str:
    """0.4173 as 42 %; nothing is certain, and nothing impossible."""
    if share >= 0.995:
        return "over 99 %"
    return "under 1 %" if share < 0.005 else f"{100 * share:.0f} %"


def _listed(head: str, lines: Iterable[str]) -> list[str]:
    """A heading and its list, as one block each; nothing where there is nothing to list."""
    told = [f"- {one}" for one in lines]
    return [f"**{head}**", "\n".join(told)] if told else []


def _plain(words: str) -> str:
    """Words that no Markdown is made of."""
    return _SPECIAL.sub(r"\\\1", words)
