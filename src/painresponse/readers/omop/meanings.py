"""What rows mean: each distinct way of saying something, as the code of an event."""

# ruff: noqa: S608 -- every identifier is declared here or quoted; no value is ever put into a statement

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from painresponse.concepts import Concepts
from painresponse.readers.omop.tables import Clinical
from painresponse.readers.omop.vocabulary import Vocabulary
from painresponse.readers.omop.workshop import Database, hold
from painresponse.records.coding import Measures
from painresponse.records.products import Part, Products

LOCAL = "OMOP//"
"""What has no code of a vocabulary: the table and its own word follow."""

LONGEST_WORD = 120


@dataclass
class Codes:
    """Codes by number; ``free`` are those that hold words of the record, which may be anything."""

    numbers: dict[str, int] = field(default_factory=dict)
    free: set[int] = field(default_factory=set)

    def number(self, code: str, *, free: bool = False) -> int:
        """The number of a code, the next one for a new code."""
        number = self.numbers.setdefault(code, len(self.numbers))
        if free:
            self.free.add(number)
        return number

    def words(self) -> tuple[str, ...]:
        """The codes in the order of their numbers."""
        return tuple(self.numbers)


class Interpreter:
    """Reads concepts of the CDM with the catalogue's eyes."""

    def __init__(self, vocabulary: Vocabulary, concepts: Concepts):
        self._terms, self._drugs = vocabulary.terms, vocabulary.drugs
        self._known, self._products = Measures(concepts), Products(concepts)
        treatments = concepts.treatments.values()
        self.units = {one.code: one.unit for each in treatments for one in each.ingredients}

    def code(self, table: str, concept: int, *, source: int, words: str) -> str:
        """The code of a concept: the record's own where the catalogue knows that and not the standard one.

        Without either, the record's word for it; empty where it says nothing at all.
        """
        standard, own = self._code(concept), self._code(source)
        if own and (not standard or (self._is_known(own) and not self._is_known(standard))):
            return own
        if standard or words:
            return standard or f"{LOCAL}{table.upper()}//{words[:LONGEST_WORD]}"
        return f"{LOCAL}CONCEPT//{concept or source}" if concept or source else ""

    def with_finding(self, code: str, finding: int, *, valued: bool) -> str:
        """The code with what was found, where that is no number: a negative test is no positive one."""
        if not finding or not code:
            return code
        longer = f"{code}//{self._code(finding) or f'{LOCAL}CONCEPT//{finding}'}"
        return longer if not valued or self._is_known(longer) else code

    def unit(self, concept: int, words: str) -> str:
        """The code of the unit, else the record's word for it. An unknown unit is not the same as none."""
        if concept in self._terms:
            return self._terms[concept].code
        return words or (f"{LOCAL}CONCEPT//{concept}" if concept else "")

    def parts(self, concept: int, *, source: int, words: str) -> list[Part]:
        """The substances of a drug that the catalogue knows, with their strengths.

        DRUG_STRENGTH and CONCEPT_ANCESTOR say what it holds, its name in which form; where they say nothing,
        the name says both.
        """
        term = self._terms.get(concept) or self._terms.get(source)
        name, code = (term.name, term.meds) if term else (words, "")
        made = self._drugs.get(concept) or self._drugs.get(source) or {}
        named = {part.code: (part, one) for one in made for part in self._products.of(name, one)}
        if not named:
            return list(self._products.of(name, code))
        return [
            made[one] if one in made and made[one].strength is not None else part
            for part, one in named.values()
        ]

    def dose(self, part: Part) -> tuple[float, bool]:
        """The daily dose of one dose unit a day, and whether it is that however many there are (a patch)."""
        return self._products.daily(part, 1.0), part.unit == "ug/h"

    def _code(self, concept: int) -> str:
        return self._terms[concept].meds if concept in self._terms else ""

    def _is_known(self, code: str) -> bool:
        return self._known.of(code) is not None


def settle(db: Database, interpreter: Interpreter, codes: Codes, *, tables: Sequence[Clinical]) -> None:
    """Make ``meanings``: every way rows of ``told`` say something, and the number of its code (-1: none)."""
    said = db.execute(
        "SELECT DISTINCT origin, concept, source_concept, words, value_concept, value IS NOT NULL FROM told "
        "ORDER BY ALL"
    ).fetchall()
    numbers = []
    for origin, concept, source, words, finding, valued in said:
        table = tables[origin]
        plain = interpreter.code(table.name, concept, source=source, words=words) if table.coded else ""
        code = interpreter.with_finding(plain, finding, valued=valued)
        numbers.append(codes.number(code, free=bool(words)) if code else -1)
    columns = ("origin", "concept", "source_concept", "words", "value_concept", "valued")
    _lay(
        db,
        "meanings",
        (*columns, "code"),
        [(*row, number) for row, number in zip(said, numbers, strict=True)],
    )


def settle_units(db: Database, interpreter: Interpreter, units: Codes) -> None:
    """Make ``units``: every way a unit is said, and its number (-1: none)."""
    said = db.execute(
        "SELECT DISTINCT unit_concept, unit_words FROM told WHERE value IS NOT NULL ORDER BY ALL"
    ).fetchall()
    rows = []
    for concept, words in said:
        unit = interpreter.unit(concept, words)
        rows.append((concept, words, units.number(unit, free=bool(words)) if unit else -1))
    _lay(db, "units", ("unit_concept", "unit_words", "unit"), rows)


def settle_drugs(db: Database, interpreter: Interpreter, codes: Codes, *, units: Codes, origin: int) -> None:
    """Make ``parts``: for every drug the codes of each known substance in it, and its dose per dose unit.

    A drug without any keeps its own code, and has neither supply nor stop (-1).
    """
    said = db.execute(
        f"SELECT DISTINCT concept, source_concept, words FROM told WHERE origin = {origin} ORDER BY ALL"
    ).fetchall()
    rows = []
    for key in said:
        concept, source, words = key
        for part in interpreter.parts(concept, source=source, words=words):
            numbers = [codes.number(part.code + end) for end in PART_ENDS]
            rows.append((*key, *numbers, units.number(interpreter.units[part.code]), *interpreter.dose(part)))
        if not rows or rows[-1][:3] != key:
            own = interpreter.code("drug_exposure", concept, source=source, words=words)
            number = codes.number(own, free=bool(words)) if own else -1
            rows.append((*key, number, number, *[-1] * (len(PART_ENDS) - 2), -1, float("nan"), False))
    columns = ("concept", "source_concept", "words", *PART_COLUMNS, "unit", "strength", "is_rate")
    _lay(db, "parts", columns, rows)


PART_ENDS = ("", "//PRN", "//DAYS", "//STOP", "//STOP//INEFFICACY", "//STOP//ADVERSE_EFFECT", "//STOP//OTHER")
PART_COLUMNS = ("begins", "as_needed", "lasts", "stop_1", "stop_2", "stop_3", "stop_4")
_TYPES = {"words": pa.string(), "unit_words": pa.string(), "valued": pa.bool_(), "is_rate": pa.bool_()}


def _lay(db: Database, name: str, columns: Sequence[str], rows: Sequence[tuple]) -> None:
    """A small table from here into the workshop."""
    kinds = {**dict.fromkeys(columns, pa.int64()), **_TYPES, "strength": pa.float64()}
    data = {
        column: pa.array([row[place] for row in rows], kinds[column]) for place, column in enumerate(columns)
    }
    hold(db, name, pa.table(data))
