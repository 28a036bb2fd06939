"""The answer to one history: what each asked model says, or why it does not."""

from math import isnan
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from painresponse.records import Intake
from painresponse.records.intake import REASONS
from painresponse.scoring.bundle import Bundle, TargetCard
from painresponse.scoring.scorer import Scorer
from painresponse.scoring.scores import Scores
from painresponse_serve.complaints import RequestError
from painresponse_serve.histories import History


class Model(Struct, frozen=True):
    """The bundle that answered."""

    name: str
    digest: Annotated[str, Meta(description="SHA-256 the bundle is known by")]
    synthetic: Annotated[bool, Meta(description="trained on simulated patients; must not score real ones")]

    @classmethod
    def of(cls, bundle: Bundle) -> "Model":
        """The name tag of a bundle."""
        return cls(bundle.name, bundle.digest, bundle.synthetic)


class Refusal(Struct, frozen=True):
    """Why a model does not speak."""

    code: str
    reason: str


class Score(Struct, frozen=True):
    """What one model predicts for this patient: a probability, or a refusal in its place."""

    target: str
    intervention: str
    stage: str
    label: str
    model_kind: Annotated[str, Meta(description="boosted, logistic, or prevalence: the same for everybody")]
    probability: Annotated[float, Meta(ge=0, le=1)] | UnsetType = UNSET
    interval: (
        Annotated[
            tuple[float, float],
            Meta(
                description="where the share of responders among patients given this probability lies in 9 "
                "of 10 clinics the model has not seen"
            ),
        ]
        | UnsetType
    ) = UNSET
    support: (
        Annotated[float, Meta(description="how likely such a patient was given this intervention")]
        | UnsetType
    ) = UNSET
    refused: Refusal | UnsetType = UNSET


class Rejection(Struct, frozen=True):
    """Events left out for one reason."""

    reason: str
    words: str
    count: int


class Account(Struct, frozen=True):
    """What became of the events sent."""

    given: int
    kept: int
    rejected: list[Rejection]
    unmapped: Annotated[
        int, Meta(description="events whose code no concept knows: kept, and of no influence")
    ]


class Answer(Struct, frozen=True):
    """Predicted response for one patient at one instant."""

    model: Model
    index: str
    scores: Annotated[
        list[Score], Meta(description="in catalogue order, which says nothing about the patient")
    ]
    intake: Account
    known_features: Annotated[float, Meta(ge=0, le=1, description="share of the features that were known")]
    notices: list[str]

    @property
    def refused(self) -> int:
        """How many of the asked models do not speak."""
        return sum(score.refused is not UNSET for score in self.scores)


def answer(scorer: Scorer, asked: History) -> Answer:
    """Score a history. Raises RecordError for an unreadable time, RequestError for a strange target."""
    targets = _targets(scorer.bundle, asked.targets)
    asks = asked.asks()
    records, intake = scorer.read(asked.raw())
    scores = scorer.score(records, asks, targets=targets)
    return Answer(
        Model.of(scorer.bundle),
        asked.index,
        _scores(scorer.bundle, scores),
        _account(intake),
        float(scores.known[0]),
        list(scorer.notices),
    )


def _targets(bundle: Bundle, asked: list[str] | None) -> tuple[str, ...] | None:
    known = [card.name for card in bundle.targets]
    words = f"Known: {', '.join(known)}."
    for place, name in enumerate(asked or ()):
        if name not in known:
            raise RequestError(
                422, "unknown_target", f"targets[{place}] is not predicted by this bundle. {words}"
            )
    if asked == []:
        raise RequestError(422, "no_targets", f"targets is empty: name some, or leave it out. {words}")
    return None if asked is None else tuple(asked)


def _scores(bundle: Bundle, scores: Scores) -> list[Score]:
    cards = {card.name: card for card in bundle.targets}
    return [_score(cards[name], scores, place) for place, name in enumerate(scores.targets)]


def _score(card: TargetCard, scores: Scores, place: int) -> Score:
    refused = scores.refused[0, place]
    if refused >= 0:
        return Score(**_tag(card), refused=Refusal(*scores.refusals[refused]))
    support = float(scores.support[0, place])
    return Score(
        **_tag(card),
        probability=float(scores.probability[0, place]),
        interval=(float(scores.low[0, place]), float(scores.high[0, place])),
        support=UNSET if isnan(support) else support,
    )


def _tag(card: TargetCard) -> dict[str, Any]:
    return {
        "target": card.name,
        "intervention": card.intervention,
        "stage": card.stage,
        "label": card.label,
        "model_kind": card.kind,
    }


def _account(intake: Intake) -> Account:
    rejected = [Rejection(reason, REASONS[reason], count) for reason, count in intake.reasons().items()]
    return Account(intake.given, intake.kept, rejected, sum(intake.unmapped.values()))
