"""Medicines as FHIR describes them: codes, and in words the name, form and strength."""

from dataclasses import dataclass

from painresponse.records.fhir.fields import Node, number, table, tables, text
from painresponse.records.fhir.terms import codes, said


@dataclass(frozen=True, slots=True)
class Medicine:
    """A product: its codes and everything said of it in words, form and strength included."""

    codes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def medicine_of(resource: Node) -> Medicine:
    """What a Medication resource describes."""
    concept = table(resource, "code")
    ingredients = filter(None, map(_ingredient, tables(resource, "ingredient")))
    return Medicine(tuple(codes(concept)), (*said(concept), *said(table(resource, "form")), *ingredients))


def _ingredient(node: Node) -> str:
    """``oxycodone 10 mg/1 ml``, as product names are spelled."""
    name = next(iter(said(table(node, "itemCodeableConcept"))), "")
    strength = table(node, "strength")
    above, below = (_amount(table(strength, side)) for side in ("numerator", "denominator"))
    return f"{name} {above}{'/' + below if above and below else ''}" if name else ""


def _amount(node: Node) -> str:
    value = number(node, "value")
    unit = text(node, "code") or text(node, "unit")
    return "" if value is None else f"{value:.6f}".rstrip("0").rstrip(".") + f" {unit}"
