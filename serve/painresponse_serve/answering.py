"""From a history to its answer: the one way to a score, whatever interface asks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray

from painresponse.records import Asks, Intake
from painresponse.records.intake import REASONS
from painresponse.scoring.bundle import Bundle, TargetCard
from painresponse.scoring.explanation import SHOWN, Explanation, explanations
from painresponse.scoring.flags import words_of
from painresponse.scoring.refusals import Refusal
from painresponse.scoring.scorer import Scorer
from painresponse.scoring.scores import Scores
from painresponse_serve.answers import (
    Account,
    Answer,
    Because,
    Coded,
    Explained,
    Model,
    Named,
    Rejection,
    Score,
)
from painresponse_serve.complaints import RequestError
from painresponse_serve.faults import fault_of
from painresponse_serve.questions import Choice, Question
from painresponse_serve.shelf import Served


@dataclass(frozen=True)
class Told:
    """An answer, whose it is, and the row of features (1 x features) it was found from, if it got so far."""

    answer: Answer
    served: Served
    row: NDArray[np.float32] | None


def tell(served: Served, question: Question, *, alarm: Path | None = None) -> Told:
    """Answer a question; while there is a file ``alarm``, nothing is scored.

    Raises RequestError for a target, intervention or outcome that the bundle does not predict.
    """
    scorer, asks = served.scorer, question.asks
    cards = _asked(scorer.bundle, question.choice)
    records, intake = scorer.read(question.raw)
    fault = fault_of(question.raw, intake, asks, alarmed=alarm is not None and alarm.exists())
    if fault:
        return Told(_answer(scorer, asks, [_silent(card, fault) for card in cards], intake), served, None)
    targets = tuple(card.name for card in cards)
    scores = scorer.score(records, asks, targets=targets, reasons=SHOWN if question.choice.explain else 0)
    told = _answer(scorer, asks, _scores(served, cards, scores), intake, known=float(scores.known[0]))
    return Told(told, served, scores.features)


def _answer(
    scorer: Scorer, asks: Asks, told: list[Score], intake: Intake, *, known: float | UnsetType = UNSET
) -> Answer:
    index = str(asks.index[0].astype("datetime64[us]").astype("datetime64[s]"))
    return Answer(
        Model.of(scorer.bundle), index, told, _account(intake), list(scorer.notices), known_features=known
    )


def _asked(bundle: Bundle, choice: Choice) -> list[TargetCard]:
    """The models that are asked, in the bundle's order."""
    cards = list(bundle.targets)
    for member, attribute in _CHOICES.items():
        cards = _chosen(bundle.targets, cards, getattr(choice, member), member=member, attribute=attribute)
    if not cards:
        raise RequestError(422, "no_targets", "No model has all that is asked at once.")
    return cards


_CHOICES = {"targets": "name", "interventions": "intervention", "outcomes": "outcome"}


def _chosen(
    every: Iterable[TargetCard],
    cards: list[TargetCard],
    names: Sequence[str] | None,
    *,
    member: str,
    attribute: str,
) -> list[TargetCard]:
    known = list(dict.fromkeys(getattr(card, attribute) for card in every))
    words = f"Known: {', '.join(known)}."
    if names is None:
        return cards
    if not names:
        raise RequestError(422, f"no_{member}", f"{member} is empty: name some, or leave it out. {words}")
    for place, name in enumerate(names):
        if name not in known:
            code = f"unknown_{member.removesuffix('s')}"
            raise RequestError(422, code, f"{member}[{place}] is not predicted by this bundle. {words}")
    return [card for card in cards if getattr(card, attribute) in names]


def _scores(served: Served, cards: list[TargetCard], scores: Scores) -> list[Score]:
    words = words_of(served.bundle.flags)
    why = explanations(served.bundle, scores, ()) if scores.reasons is not None else [None] * len(cards)
    return [
        _score(served, card, scores, place, words, one)
        for place, (card, one) in enumerate(zip(cards, why, strict=True))
    ]


def _score(
    served: Served,
    card: TargetCard,
    scores: Scores,
    place: int,
    words: Mapping[str, str],
    why: Explanation | None,
) -> Score:
    flags = [Coded(code, words[code]) for code in scores.flags[0][place]]
    refused = scores.refused[0, place]
    if refused >= 0:
        return _silent(card, scores.refusals[refused], flags)
    support = float(scores.support[0, place])
    return Score(
        **_tag(card),
        flags=flags,
        probability=float(scores.probability[0, place]),
        interval=(float(scores.low[0, place]), float(scores.high[0, place])),
        support=UNSET if isnan(support) else support,
        explanation=UNSET if why is None else _explained(served, card, scores.features[0], why),
    )


def _silent(card: TargetCard, fault: Refusal, flags: Sequence[Coded] = ()) -> Score:
    return Score(**_tag(card), flags=list(flags), refused=Coded(*fault))


def _explained(served: Served, card: TargetCard, row: NDArray[np.float32], why: Explanation) -> Explained:
    reasons = [Because(one.name, one.words, one.value, one.points, one.text) for one in why.reasons]
    lacking: list[Named] = []
    return Explained(why.base, why.own, reasons, why.rest, why.lift, lacking, list(why.notes))


def _tag(card: TargetCard) -> dict[str, Any]:
    return {
        "target": card.name,
        "intervention": card.intervention,
        "stage": card.stage,
        "outcome": card.outcome,
        "horizon": card.horizon,
        "label": card.label,
        "model_kind": card.kind,
    }


def _account(intake: Intake) -> Account:
    rejected = [Rejection(reason, REASONS[reason], count) for reason, count in intake.reasons().items()]
    return Account(intake.given, intake.kept, rejected, sum(intake.unmapped.values()))
