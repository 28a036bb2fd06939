"""How much a day: FHIR dosage instructions, supplies and how long they last."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from painresponse.records.fhir.fields import Node, flag, number, table, tables, text
from painresponse.records.fhir.terms import said
from painresponse.records.products import Part, Products

NOTHING = float("nan")

_HOURS = {"s": 1 / 3600, "min": 1 / 60, "h": 1.0, "d": 24.0, "wk": 168.0, "mo": 730.5, "a": 8766.0}
_DAYS_IN = {
    **dict.fromkeys(("", "d", "day", "days"), 1.0),
    **dict.fromkeys(("wk", "week", "weeks"), 7.0),
    **dict.fromkeys(("mo", "month", "months"), 30.4375),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 1 / 24),
    **dict.fromkeys(("a", "year", "years"), 365.25),
}
_A_DAY = {
    **{"QD": 1.0, "AM": 1.0, "PM": 1.0, "BED": 1.0, "BID": 2.0, "TID": 3.0, "QID": 4.0, "QOD": 0.5},
    **{f"Q{hours}H": 24 / hours for hours in (1, 2, 3, 4, 6, 8)},
    **{"WK": 1 / 7, "MO": 1 / 30.4375},
}
_MASS = {"mg": 1.0, "g": 1000.0, "ug": 0.001, "mcg": 0.001, "µg": 0.001}
_VOLUME = {"ml": 1.0, "l": 1000.0}
_RATE = ("ug/h", "mcg/h", "mcg/hr", "ug/hr", "µg/h")
_PIECE = re.compile(
    r"[{\[(]?(tab|tbl|cap|patch|plaster|film|puff|spray|actuat|each|dose|unit dose|"
    r"lozenge|supp|sachet|piece|1$)"
)
COUNT, MASS, VOLUME, RATE, OTHER = "count", "mass", "volume", "rate", "other"


@dataclass(frozen=True, slots=True)
class Intake:
    """An amount taken a day: so many pieces, mg, mL, or a rate in ug/h; NaN where it is not said."""

    amount: float = NOTHING
    kind: str = COUNT
    as_needed: bool = False

    def dose(self, part: Part, products: Products) -> float:
        """The daily dose of one substance of the product, in the ingredient's own unit; NaN if unknown."""
        if self.kind == MASS:
            return products.daily(Part(part.code, 1.0, "mg"), self.amount)
        if self.kind == RATE:
            return products.daily(Part(part.code, self.amount, "ug/h"), 1.0)
        fits = (self.kind == VOLUME) == (part.unit == "mg/mL")
        return products.daily(part, self.amount if fits and self.kind != OTHER else NOTHING)


def intake(instructions: Sequence[Node], *, supply: Node, days: float | None) -> Intake:
    """What the instructions say is taken a day.

    Instructions for regular use go before those for use as needed; of a sequence (a taper) the first counts.
    Use as needed is taken as it was supplied: quantity by days, where both are known.
    """
    regular = [one for one in instructions if not _as_needed(one)]
    chosen = _first_step(regular or instructions)
    as_needed = bool(instructions) and not regular
    supplied = _supplied(supply, days)
    told = _together([_instructed(one) for one in chosen])
    order = (supplied, told) if as_needed else (told, supplied)
    amount, kind = next((one for one in order if one[0] == one[0]), told)
    return Intake(amount, kind, as_needed)


def quantity(node: Node) -> tuple[float, str]:
    """A Quantity as pieces, mg, mL or ug/h."""
    value = number(node, "value")
    if value is None or value < 0:
        return NOTHING, COUNT
    unit = (text(node, "code") or text(node, "unit")).lower()
    if unit in _MASS:
        return value * _MASS[unit], MASS
    if unit in _VOLUME:
        return value * _VOLUME[unit], VOLUME
    if unit in _RATE:
        return value, RATE
    return value, COUNT if not unit or _PIECE.match(unit) else OTHER


def days_of(duration: Node) -> float | None:
    """A Duration in days; None where there is none."""
    value = number(duration, "value")
    unit = (text(duration, "code") or text(duration, "unit")).lower()
    if value is None or value <= 0 or unit not in _DAYS_IN:
        return None
    return value * _DAYS_IN[unit]


def repeats(instruction: Node) -> Node:
    """The Timing.repeat of an instruction."""
    return table(table(instruction, "timing"), "repeat")


def route(instructions: Sequence[Node]) -> list[str]:
    """What the instructions say in words of the route."""
    return [word for one in instructions for word in said(table(one, "route"))]


def _as_needed(instruction: Node) -> bool:
    return flag(instruction, "asNeededBoolean") or bool(table(instruction, "asNeededCodeableConcept"))


def _first_step(instructions: Sequence[Node]) -> list[Node]:
    steps = [number(one, "sequence") or 0.0 for one in instructions]
    return [one for one, step in zip(instructions, steps, strict=True) if step == min(steps)]


def _together(amounts: list[tuple[float, str]]) -> tuple[float, str]:
    """Instructions that hold at the same time add up, if they speak of the same kind of amount."""
    kinds = {kind for _, kind in amounts}
    return (sum(amount for amount, _ in amounts), kinds.pop()) if len(kinds) == 1 else (NOTHING, COUNT)


def _supplied(supply: Node, days: float | None) -> tuple[float, str]:
    amount, kind = quantity(supply)
    return (amount / days if days else NOTHING), kind


def _instructed(instruction: Node) -> tuple[float, str]:
    each = next(iter(tables(instruction, "doseAndRate")), {})
    amount, kind = quantity(table(each, "doseQuantity") or table(table(each, "doseRange"), "high"))
    return amount if kind == RATE else amount * _times_a_day(instruction), kind


def _times_a_day(instruction: Node) -> float:
    """How often a day; NaN where it is not said."""
    repeat = repeats(instruction)
    hours = _HOURS.get(text(repeat, "periodUnit"))
    period = number(repeat, "period")
    listed = max(_length(repeat, "when"), _length(repeat, "timeOfDay"))
    often = number(repeat, "frequency") or float(listed) or 1.0
    part_of_week = (_length(repeat, "dayOfWeek") or 7) / 7
    if period and period > 0 and hours:
        return often * 24 / (period * hours) * part_of_week
    if listed or _length(repeat, "dayOfWeek"):
        return often * part_of_week
    codings = tables(table(table(instruction, "timing"), "code"), "coding")
    return next((_A_DAY[word] for one in codings if (word := text(one, "code").upper()) in _A_DAY), NOTHING)


def _length(node: Node, field: str) -> int:
    found = node.get(field)
    return len(found) if isinstance(found, list) else 0
