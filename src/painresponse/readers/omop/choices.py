"""What a site may say about its OMOP data: the ``[import.omop]`` section of a site configuration."""

import codecs
import re
from dataclasses import dataclass
from datetime import date

from painresponse.clinic import Catalogue
from painresponse.settings import build


@dataclass(frozen=True, slots=True)
class OmopChoices:
    """How files are written, what is wanted, and what free words of prescriptions mean.

    A word means its reason (or, in ``as_needed``, that the drug is taken as needed) where it begins a word of
    ``stop_reason`` (or ``sig``), whatever its case; the lists are asked in the order they stand here. A
    database may hold its vocabulary in ``vocabulary_schema``. ``memory`` bounds what DuckDB holds.
    """

    encoding: str = "utf-8"
    vocabulary_schema: str = ""
    visits: bool = False
    first_day: date = date(1900, 1, 1)
    last_day: date = date(2099, 12, 31)
    memory: str = "600MB"
    as_needed: tuple[str, ...] = (
        "as needed",
        "as-needed",
        "if needed",
        "when needed",
        "as required",
        "when required",
        "prn",
        "p.r.n",
    )
    inefficacy: tuple[str, ...] = (
        "ineffective",
        "inefficacy",
        "not effective",
        "no effect",
        "no benefit",
        "no relief",
        "no improvement",
        "lack of effect",
        "lack of efficacy",
        "insufficient",
        "treatment failure",
    )
    adverse_effect: tuple[str, ...] = (
        "adverse",
        "side effect",
        "side-effect",
        "intoleran",
        "not tolerated",
        "allerg",
        "toxic",
    )
    other: tuple[str, ...] = (
        "complete",
        "taper",
        "cost",
        "insurance",
        "patient request",
        "patient preference",
        "preference",
        "pregnan",
        "surgery",
        "switch",
        "changed",
        "duplicate",
        "interaction",
    )

    def __post_init__(self) -> None:
        try:
            codecs.lookup(self.encoding)
        except LookupError:
            raise ValueError(
                f"there is no encoding {self.encoding!r}; say utf-8, cp1252 or latin-1"
            ) from None
        if not re.fullmatch(r"\d+ ?[MG]i?B", self.memory):
            raise ValueError(f"memory must be such as '1GB' or '500MB', not {self.memory!r}")


def read_choices(catalogue: Catalogue) -> OmopChoices:
    """What the site says, or what holds without. Raises DefinitionError on words it does not know."""
    return build(OmopChoices, catalogue.imports.get("omop", {}), "import.omop")
