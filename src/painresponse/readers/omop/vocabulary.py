"""The part of an OMOP vocabulary that a CDM uses: its concepts, and what its drugs are made of."""

# ruff: noqa: S608 -- every identifier is declared here or quoted; no value is ever put into a statement

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from painresponse.concepts import Concepts
from painresponse.readers.omop.source import RAW, Source
from painresponse.readers.omop.tables import VOCABULARY
from painresponse.readers.omop.workshop import Database
from painresponse.records.products import Part

PREFIXES = {"CPT4": "CPT", "Visit": "VISIT"}
"""Code systems whose name in MEDS is not their name in OMOP."""

_IN_MG = {"mg": 1.0, "g": 1000.0, "ug": 0.001, "mcg": 0.001}


@dataclass(frozen=True, slots=True)
class Term:
    """A concept: its code with its code system, as MEDS has it, and its name."""

    system: str
    code: str
    name: str

    @property
    def meds(self) -> str:
        """``LOINC//72514-3``."""
        return f"{PREFIXES.get(self.system, self.system)}//{self.code}"


@dataclass(frozen=True)
class Vocabulary:
    """Terms by concept id, and what drugs hold: concept id to the part of each ingredient, by its code.

    ``rows`` counts, for each of its tables that is there, the rows that were of use.
    """

    terms: dict[int, Term]
    drugs: dict[int, dict[str, Part]]
    rows: dict[str, int]


def read_vocabulary(
    db: Database, source: Source, *, used: Iterable[int], drugs: Iterable[int], concepts: Concepts
) -> Vocabulary:
    """What CONCEPT says of the concepts used, and DRUG_STRENGTH and CONCEPT_ANCESTOR of the drugs."""
    products = [str(one) for one in drugs]
    strengths = _read(db, source, "drug_strength", {"drug_concept_id": products})
    of_strengths = {one for row in strengths for one in (row[1], row[3], row[5], row[7]) if one}
    substances = _substances(concepts)
    wanted = {
        "concept_id": sorted(map(str, {*used, *of_strengths})),
        "concept_code": sorted({code.partition("//")[2] for code in substances}),
    }
    found = _read(db, source, "concept", wanted)
    above = _read(db, source, "concept_ancestor", {"descendant_concept_id": products})
    terms = {
        int(one): Term(str(system or ""), str(code or ""), str(name or ""))
        for one, name, system, code in found
    }
    counts = {"concept": len(found), "drug_strength": len(strengths), "concept_ancestor": len(above)}
    return Vocabulary(
        terms,
        _made_of(strengths, above, terms=terms, substances=substances),
        {table: count for table, count in counts.items() if source.columns(table)},
    )


def _substances(concepts: Concepts) -> set[str]:
    treatments = concepts.treatments.values()
    return {code for one in treatments for each in one.ingredients for code in (each.code, *each.codes)}


def _read(db: Database, source: Source, table: str, wanted: dict[str, list[str]]) -> list[tuple]:
    """The rows wanted, their columns in the order declared; none of a table that is not there."""
    there = source.columns(table)
    chosen = [column for column in VOCABULARY[table] if column in there]
    if not chosen or not all(column in there for column in wanted) or not any(wanted.values()):
        return []
    source.lay(
        db, table, chosen, wanted={name: pa.array(values, pa.string()) for name, values in wanted.items()}
    )
    columns = ", ".join(_typed(column, column in there) for column in VOCABULARY[table])
    return db.execute(f"SELECT DISTINCT {columns} FROM {RAW}").fetchall()


def _typed(column: str, there: bool) -> str:
    if not there:
        return "NULL"
    if column.endswith("concept_id"):
        return f"TRY_CAST({column} AS BIGINT)"
    return f"TRY_CAST({column} AS DOUBLE)" if column.endswith("_value") else f"CAST({column} AS VARCHAR)"


def _made_of(
    strengths: list[tuple], above: list[tuple], *, terms: dict[int, Term], substances: set[str]
) -> dict[int, dict[str, Part]]:
    """Where DRUG_STRENGTH says nothing of a drug, its ancestors at least tell the substances."""
    made: dict[int, dict[str, Part]] = {}
    for drug, ingredient, *amounts in strengths:
        if ingredient in terms:
            code = terms[ingredient].meds
            made.setdefault(drug, {})[code] = Part(code, *_strength(amounts, terms))
    for ancestor, drug in above:
        if ancestor in terms and terms[ancestor].meds in substances:
            code = terms[ancestor].meds
            made.setdefault(drug, {}).setdefault(code, Part(code))
    return made


def _strength(amounts: list, terms: dict[int, Term]) -> tuple[float | None, str]:
    """In mg, mg/mL or ug/h; unknown where it is none of them."""
    amount, amount_unit, numerator, numerator_unit, denominator, denominator_unit = amounts
    unit, above, below = (
        terms[one].code if one in terms else "" for one in (amount_unit, numerator_unit, denominator_unit)
    )
    if amount and unit in _IN_MG:
        return amount * _IN_MG[unit], "mg"
    if not numerator or above not in _IN_MG:
        return None, ""
    per = numerator * _IN_MG[above] / (denominator or 1.0)
    kinds = {"h": (per * 1000, "ug/h"), "mL": (per, "mg/mL"), "{actuat}": (per, "mg")}
    return kinds.get(below, (None, ""))
