"""From histories to answers: the one way to a score, whatever interface asks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray

from painresponse.records import Asks, Tally
from painresponse.records.intake import REASONS
from painresponse.scoring.bundle import Bundle, TargetCard
from painresponse.scoring.explanation import SHOWN, Explanation, explanations
from painresponse.scoring.flags import words_of
from painresponse.scoring.phrases import Phrase
from painresponse.scoring.refusals import RED_FLAG, Refusal
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

MOST_UNITS = 200
"""Different units in one request: each is looked up for every concept, and no clinic writes so many."""


@dataclass(frozen=True)
class Put:
    """A question put to a bundle, and the models that are to answer it; while ``alarmed``, none may."""

    served: Served
    question: Question
    cards: list[TargetCard]
    alarmed: bool


@dataclass(frozen=True)
class Told:
    """An answer, whose it is, and the row of features it was found from, if it got so far."""

    answer: Answer
    served: Served
    row: NDArray[np.float32] | None


def check_units(questions: Iterable[Question]) -> None:
    """Raises RequestError where the histories of a request hold too many different units."""
    if len({unit for one in questions for unit in one.raw.units}) > MOST_UNITS:
        words = f"At most {MOST_UNITS} different units can be read in one request."
        raise RequestError(422, "too_many_units", words)


def put(served: Served, question: Question, *, alarm: Path | None = None) -> Put:
    """Put a question to a bundle; while there is a file ``alarm``, nothing is scored.

    Raises RequestError for a target, intervention or outcome that the bundle does not predict.
    """
    alarmed = alarm is not None and alarm.exists()
    return Put(served, question, _asked(served.bundle, question.choice), alarmed)


def tell(each: Sequence[Put]) -> list[Told]:
    """Answer questions, those to one bundle in one go: to the bit as each would be answered alone."""
    alike: dict[tuple[int, bool], list[int]] = {}
    for place, one in enumerate(each):
        alike.setdefault((id(one.served), one.question.choice.explain), []).append(place)
    told: dict[int, Told] = {}
    for places in alike.values():
        told.update(zip(places, _together([each[place] for place in places]), strict=True))
    return [told[place] for place in range(len(each))]


def _together(each: Sequence[Put]) -> list[Told]:
    """The answers of one bundle, all of them explained or none."""
    served, explain = each[0].served, each[0].question.choice.explain
    records, tallies = served.scorer.read_each([one.question.raw for one in each])
    asks = Asks(np.arange(len(each)), np.concatenate([one.question.asks.index for one in each]))
    asked = {card.name for one in each for card in one.cards}
    targets = tuple(card.name for card in served.bundle.targets if card.name in asked)
    scores = served.scorer.score(records, asks, targets=targets, reasons=SHOWN if explain else 0)
    why = explanations(served.bundle, scores, ()) if explain else [None] * len(each) * len(targets)
    words = words_of(served.bundle.flags)
    told = []
    for row, (one, tally) in enumerate(zip(each, tallies, strict=True)):
        if fault := fault_of(one.question, tally, alarmed=one.alarmed):
            said = _emergency(scores, row) or fault
            silent = [_silent(card, said) for card in one.cards]
            told.append(Told(_answer(one, silent, tally), served, None))
            continue
        unknown = _unknown(served, scores.features[row]) if explain else {}
        places = [targets.index(card.name) for card in one.cards]
        spoken = [
            _score(card, scores, (row, place), words, why[row * len(targets) + place], unknown)
            for card, place in zip(one.cards, places, strict=True)
        ]
        answer = _answer(one, spoken, tally, known=float(scores.known[row]))
        told.append(Told(answer, served, scores.features[row : row + 1]))
    return told


def _answer(one: Put, told: list[Score], tally: Tally, *, known: float | UnsetType = UNSET) -> Answer:
    index = str(one.question.asks.index[0].astype("datetime64[us]").astype("datetime64[s]"))
    notices = list(one.served.scorer.notices)
    return Answer(Model.of(one.served.bundle), index, told, _account(tally), notices, known_features=known)


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
    if names is None:
        return cards
    known = list(dict.fromkeys(getattr(card, attribute) for card in every))
    words = f"Known: {', '.join(known)}."
    if not names:
        raise RequestError(422, f"no_{member}", f"{member} is empty: name some, or leave it out. {words}")
    for place, name in enumerate(names):
        if name not in known:
            code = f"unknown_{member.removesuffix('s')}"
            raise RequestError(422, code, f"{member}[{place}] is not predicted by this bundle. {words}")
    return [card for card in cards if getattr(card, attribute) in names]


def _score(
    card: TargetCard,
    scores: Scores,
    place: tuple[int, int],
    words: Mapping[str, str],
    why: Explanation | None,
    unknown: Mapping[str, Phrase],
) -> Score:
    row, column = place
    flags = [Coded(code, words[code]) for code in scores.flags[row][column]]
    refused = scores.refused[place]
    if refused >= 0:
        return _silent(card, scores.refusals[refused], flags)
    support = float(scores.support[place])
    return Score(
        **_tag(card),
        flags=flags,
        probability=float(scores.probability[place]),
        interval=(float(scores.low[place]), float(scores.high[place])),
        support=UNSET if isnan(support) else support,
        explanation=UNSET if why is None else _explained(card, why, unknown),
    )


def _emergency(scores: Scores, row: int) -> Refusal | None:
    """The emergency of a patient, of which every model speaks first: it is told whatever else is wrong."""
    place = scores.refused[row, 0]
    return scores.refusals[place] if place >= 0 and scores.refusals[place][0] == RED_FLAG else None


def _silent(card: TargetCard, fault: Refusal, flags: Sequence[Coded] = ()) -> Score:
    return Score(**_tag(card), flags=list(flags), refused=Coded(*fault))


def _explained(card: TargetCard, why: Explanation, unknown: Mapping[str, Phrase]) -> Explained:
    """In words, and what the model leans on and does not know here, the most important first."""
    reasons = [Because(one.name, one.words, one.value, one.points, one.text) for one in why.reasons]
    lacking = [Named(name, unknown[name].words) for name in card.leans_on if name in unknown]
    return Explained(why.base, why.own, reasons, why.rest, why.lift, lacking, list(why.notes))


def _unknown(served: Served, row: NDArray[np.float32]) -> dict[str, Phrase]:
    """The features that are not known of a patient, in words."""
    said = served.scorer.phrases.items()
    return {name: one for (name, one), value in zip(said, row.tolist(), strict=True) if isnan(value)}


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


def _account(tally: Tally) -> Account:
    rejected = [Rejection(reason, REASONS[reason], count) for reason, count in tally.rejected.items()]
    return Account(tally.given, tally.kept, rejected, tally.unmapped)
