"""What a client may ask before it sends anything: what the bundle predicts, and what it can read."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from painresponse.concepts import Concept, Concepts, Treatment
from painresponse.records.coding import stops
from painresponse.schema import LOCAL_PREFIX
from painresponse.scoring.scorer import Scorer
from painresponse_serve.answers import Model


class Target(Struct, frozen=True):
    """What one model predicts, from how many episodes it learned, and how well it did."""

    name: str
    intervention: str
    stage: str
    outcome: str
    horizon: str
    label: str
    episodes: int
    responders: int
    metrics: dict[str, Any]


class Rule(Struct, frozen=True):
    """What must be known of a patient, or the models it names (none named: all) do not speak."""

    code: str
    words: str
    targets: list[str]


class Predicted(Struct, frozen=True):
    """What one bundle predicts, targets in catalogue order."""

    model: Model
    provenance: dict[str, Any]
    targets: list[Target]
    rules: list[Rule]
    features: Annotated[int, Meta(description="how many features the models see")]
    notices: list[str]


class Models(Struct, frozen=True):
    """Every bundle in service; the first answers where none is named."""

    models: list[Predicted]


def predicted(scorer: Scorer) -> Predicted:
    """What the scorer's bundle predicts."""
    bundle = scorer.bundle
    names = Target.__struct_fields__
    return Predicted(
        Model.of(bundle),
        bundle.metadata["provenance"],
        [Target(**{name: getattr(card, name) for name in names}) for card in bundle.targets],
        [Rule(one.code, one.words, list(one.targets)) for one in bundle.requirements],
        len(bundle.features),
        list(scorer.notices),
    )


class Conversion(Struct, frozen=True):
    """An accepted unit: canonical value = factor * value + offset."""

    unit: str
    factor: float
    offset: float


class Measured(Struct, frozen=True):
    """Something measured or observed: its codes, its unit, and between which values it is possible."""

    name: str
    label: str
    codes: Annotated[list[str], Meta(description="a trailing * stands for every code that begins so")]
    unit: Annotated[str, Meta(description="canonical unit, taken for granted when none is sent; empty: none")]
    accepted: list[Conversion]
    limits: Annotated[
        tuple[float, float] | None, Meta(description="values outside, in the canonical unit, are rejected")
    ]


class Dose(Struct, frozen=True):
    """A code that begins a treatment; its value is the daily dose in this unit (empty: no dose)."""

    code: str
    unit: str


class Treated(Struct, frozen=True):
    """A class of treatment and the codes that begin it."""

    name: str
    label: str
    begins: list[Dose]


class Catalogue(Struct, frozen=True):
    """What the bundle can read. Events with other codes are kept and have no influence."""

    concepts: list[Measured]
    treatments: list[Treated]
    ends: Annotated[list[str], Meta(description="a treatment ends with its code and one of these behind it")]


def catalogue(concepts: Concepts) -> Catalogue:
    """The concepts and treatments a bundle carries, as a client needs them."""
    codes = concepts.patterns()
    return Catalogue(
        [_measured(name, one, codes[name]) for name, one in concepts.concepts.items()],
        [_treated(name, one) for name, one in concepts.treatments.items()],
        list(stops("")),
    )


def _measured(name: str, concept: Concept, codes: tuple[str, ...]) -> Measured:
    accepted = [Conversion(unit, factor, sum(offset)) for unit, (factor, *offset) in concept.units.items()]
    return Measured(name, concept.label, list(codes), concept.unit, accepted, concept.hard)


def _treated(name: str, treatment: Treatment) -> Treated:
    ingredients = [Dose(one.code, one.unit) for one in treatment.ingredients]
    others = [Dose(code, "") for code in (*treatment.codes, LOCAL_PREFIX + name)]
    return Treated(name, treatment.label, ingredients + others)
