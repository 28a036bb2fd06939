"""The tables of OMOP CDM 5.3 and 5.4 that say something about a patient, and the columns looked at.

The two versions differ in columns that are not looked at, but for ``unit_source_concept_id`` and the like;
whatever is not in ``needs`` may be missing.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Clinical:
    """A table of clinical events: how its columns are called.

    ``stem`` begins the names of its concept columns, ``date`` the names of its date and datetime; ``more``
    gives the columns that other tables do not have, by their role here. Where it is not ``coded``, the table
    says but one thing.
    """

    name: str
    stem: str
    date: str
    more: dict[str, str] = field(default_factory=dict)
    coded: bool = True

    def columns(self) -> dict[str, str]:
        """Role to column."""
        return {
            "person": "person_id",
            "concept": f"{self.stem}_concept_id",
            "source_concept": f"{self.stem}_source_concept_id",
            "source_value": f"{self.stem}_source_value",
            "day": f"{self.date}_date",
            "clock": f"{self.date}_datetime",
            **self.more,
        }

    def needs(self) -> tuple[str, ...]:
        """The columns without which the table says nothing."""
        return ("person_id", f"{self.stem}_concept_id") if self.coded else ("person_id",)


VALUES = {
    "value": "value_as_number",
    "value_concept": "value_as_concept_id",
    "unit_concept": "unit_concept_id",
    "unit": "unit_source_value",
}
SUPPLY = {
    "quantity": "quantity",
    "days": "days_supply",
    "end_day": "drug_exposure_end_date",
    "end_clock": "drug_exposure_end_datetime",
    "stop_reason": "stop_reason",
    "sig": "sig",
}

PERSON = (
    "person_id",
    "gender_concept_id",
    "gender_source_value",
    "birth_datetime",
    "year_of_birth",
    "month_of_birth",
    "day_of_birth",
)
DRUGS = Clinical("drug_exposure", "drug", "drug_exposure_start", SUPPLY)
DEATHS = Clinical("death", "cause", "death", coded=False)
VISITS = Clinical("visit_occurrence", "visit", "visit_start")
CLINICAL = (
    Clinical("condition_occurrence", "condition", "condition_start"),
    Clinical("procedure_occurrence", "procedure", "procedure"),
    Clinical("measurement", "measurement", "measurement", {**VALUES, "operator": "operator_concept_id"}),
    Clinical("observation", "observation", "observation", VALUES),
    Clinical("device_exposure", "device", "device_exposure_start"),
    DRUGS,
)
VOCABULARY = {
    "concept": ("concept_id", "concept_name", "vocabulary_id", "concept_code"),
    "drug_strength": (
        "drug_concept_id",
        "ingredient_concept_id",
        "amount_value",
        "amount_unit_concept_id",
        "numerator_value",
        "numerator_unit_concept_id",
        "denominator_value",
        "denominator_unit_concept_id",
    ),
    "concept_ancestor": ("ancestor_concept_id", "descendant_concept_id"),
}
SOURCE = ("cdm_version", "vocabulary_version")
LOOKED_AT = ("person", *(one.name for one in (*CLINICAL, DEATHS, VISITS)), *VOCABULARY, "cdm_source")
