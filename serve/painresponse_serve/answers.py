"""The shape of an answer to a history: what each asked model says, or why it does not."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from painresponse.scoring.bundle import Bundle


class Model(Struct, frozen=True, gc=False):
    """The bundle that answered."""

    name: str
    digest: Annotated[str, Meta(description="SHA-256 the bundle is known by")]
    synthetic: Annotated[bool, Meta(description="trained on simulated patients; must not score real ones")]
    data: Annotated[str, Meta(description="name of the data it learnt from")]
    data_fingerprint: Annotated[str, Meta(description="SHA-256 of that data")]
    software: Annotated[str, Meta(description="version of painresponse that trained it")]

    @classmethod
    def of(cls, bundle: Bundle) -> "Model":
        """The name tag of a bundle."""
        origin = bundle.metadata["provenance"]
        return cls(
            bundle.name,
            bundle.digest,
            bundle.synthetic,
            origin.get("data", ""),
            origin.get("data_fingerprint", ""),
            origin.get("versions", {}).get("painresponse", ""),
        )


class Coded(Struct, frozen=True, gc=False):
    """A stable name and what it says: why a model does not speak, or what to keep in mind."""

    code: str
    words: str


class Named(Struct, frozen=True, gc=False):
    """A feature and its words."""

    feature: str
    words: str


class Because(Struct, frozen=True, gc=False):
    """What one feature adds to the model's own answer."""

    feature: str
    words: str
    value: str
    points: Annotated[float, Meta(description="percentage points of probability; below 0 takes from it")]
    text: str


class Explained(Struct, frozen=True, gc=False):
    """The way from what the model says of anybody to what it says of this patient: not causes."""

    base: Annotated[float, Meta(description="probability before anything is known of the patient")]
    own: Annotated[float, Meta(description="100 * base, the points of all reasons and rest make 100 * own")]
    reasons: Annotated[list[Because], Meta(description="largest first")]
    rest: Annotated[float, Meta(description="points of all other features together")]
    lift: Annotated[
        float, Meta(description="points it was raised by, to agree with a narrower kind of response")
    ]
    missing: Annotated[
        list[Named], Meta(description="features the model leans on and does not know here, most first")
    ]
    notes: list[str]


class Score(Struct, frozen=True, gc=False):
    """What one model predicts for this patient: a probability, or a refusal in its place."""

    target: str
    intervention: str
    stage: str
    outcome: str
    horizon: str
    label: str
    model_kind: Annotated[str, Meta(description="boosted, logistic, or prevalence: the same for everybody")]
    flags: Annotated[list[Coded], Meta(description="what to keep in mind")]
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
    refused: Coded | UnsetType = UNSET
    explanation: Explained | UnsetType = UNSET


class Rejection(Struct, frozen=True, gc=False):
    """Events left out for one reason."""

    reason: str
    words: str
    count: int


class Account(Struct, frozen=True, gc=False):
    """What became of the events sent."""

    given: int
    kept: int
    rejected: list[Rejection]
    unmapped: Annotated[
        int, Meta(description="events whose code no concept knows: kept, and of no influence")
    ]


class Answer(Struct, frozen=True, gc=False):
    """Predicted response for one patient at one instant."""

    model: Model
    index: str
    scores: Annotated[
        list[Score], Meta(description="in catalogue order, which says nothing about the patient")
    ]
    intake: Account
    notices: list[str]
    known_features: (
        Annotated[float, Meta(ge=0, le=1, description="share of the features that were known")] | UnsetType
    ) = UNSET

    @property
    def refused(self) -> int:
        """How many of the asked models do not speak."""
        return sum(score.refused is not UNSET for score in self.scores)

    @property
    def outcomes(self) -> dict[str, str]:
        """By target the code of its refusal, or ``ok``."""
        return {
            one.target: "ok" if isinstance(one.refused, UnsetType) else one.refused.code
            for one in self.scores
        }
