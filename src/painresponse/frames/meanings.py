"""What the codes of an event table mean in the catalogue's words."""

from collections.abc import Iterator
from dataclasses import dataclass

from painresponse.concepts import Concepts
from painresponse.records.coding import STOPPED, SUPPLY, Matcher, codes_of, treatment_codes
from painresponse.schema import LOCAL_PREFIX

TREATMENT = "treatment"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A concept, or a drug or class of treatment: its label, unit, family (`TREATMENT` for treatments), the
    limits of its values, and what the code says of a treatment, as flags (`records.coding`).
    """

    label: str
    unit: str = ""
    family: str = ""
    limits: tuple[float, float] | None = None
    says: int = 0

    @property
    def words(self) -> str:
        """The label, and of a treatment what has become of it."""
        if self.says & STOPPED:
            return f"{self.label}, stopped"
        return f"{self.label}, days supplied" if self.says & SUPPLY else self.label


def meanings(concepts: Concepts) -> Matcher[Meaning]:
    """Of every code that a concept or a treatment knows; of the concepts that share a code the first."""
    return Matcher((*_of_concepts(concepts), *_of_treatments(concepts)))


def _of_concepts(concepts: Concepts) -> Iterator[tuple[str, Meaning]]:
    for name, patterns in concepts.patterns().items():
        one = concepts.concepts[name]
        meaning = Meaning(one.label, one.unit, one.family, one.hard)
        yield from ((pattern, meaning) for pattern in patterns)


def _of_treatments(concepts: Concepts) -> Iterator[tuple[str, Meaning]]:
    for name, one in concepts.treatments.items():
        for drug in one.ingredients:
            for code in codes_of(drug):
                yield from _said(code, drug.name, drug.unit)
        for code in (*one.codes, LOCAL_PREFIX + name):
            yield from _said(code, one.label, "")


def _said(code: str, label: str, unit: str) -> Iterator[tuple[str, Meaning]]:
    for pattern, says in treatment_codes(code).items():
        dose = "d" if says == SUPPLY else unit
        yield pattern, Meaning(label, dose, TREATMENT, says=says)
