from dataclasses import replace

import numpy as np
import pytest

from painresponse.clinic import Catalogue, load_catalogue
from painresponse.records import Asks, Intake
from painresponse.training.cohorts import gather
from painresponse.training.groups import Groups
from tests.cohorts.clinic import DIAGNOSTIC, PAIN, RFA, ask, records_of

YEAR = 365.25
FEMALE, MALE, BIRTH = "GENDER//F", "GENDER//M", "MEDS_BIRTH"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def born(years: float) -> tuple[float, str]:
    return (-years * YEAR, BIRTH)


def labels(catalogue: Catalogue, *events) -> dict[str, str]:
    """Of one patient asked about on day 0."""
    records = records_of(catalogue, [(-1, PAIN, 6.0), *events])
    found = Groups(catalogue.concepts).of(records, ask(days_after=0))
    return {name: str(column[0]) for name, column in found.items()}


def test_a_patient_has_a_label_in_every_grouping(catalogue):
    found = labels(catalogue, born(50), (-3000, FEMALE), (-100, "ICD10CM//M96.1"))
    assert found == {"sex": "female", "age_band": "45-64", "diagnosis": "psps_t2"}


@pytest.mark.parametrize(
    ("years", "band"),
    [(18.1, "18-44"), (44.9, "18-44"), (45.1, "45-64"), (64.9, "45-64"), (65.1, "65+"), (95, "65+")],
)
def test_age_bands_meet_without_a_gap(catalogue, years, band):
    assert labels(catalogue, born(years))["age_band"] == band


def test_what_is_not_known_is_an_empty_label_and_no_diagnosis_is_another(catalogue):
    assert labels(catalogue) == {"sex": "", "age_band": "", "diagnosis": "other"}


def test_of_several_diagnoses_the_first_declared_counts(catalogue):
    both = labels(catalogue, (-300, "ICD10CM//M54.16"), (-100, "ICD10CM//G90.51"))
    assert both["diagnosis"] == "crps"


def test_what_is_found_out_after_the_index_does_not_count(catalogue):
    assert labels(catalogue, (1, "ICD10CM//G90.51"))["diagnosis"] == "other"


def test_a_clinic_may_group_by_anything_it_can_say(catalogue):
    declared = {"pain": {"worst": "whether (last of pain in 30 d) is at least 9", "less": ""}}
    records = records_of(catalogue, [(-1, PAIN, 9.5)], [(-1, PAIN, 5.0)])
    asks = Asks(np.array([1, 2]), np.repeat(ask(days_after=0).index, 2))
    assert Groups(catalogue.concepts, declared).of(records, asks)["pain"].tolist() == ["worst", "less"]


def test_gathered_examples_carry_their_groups_and_keep_them_when_some_are_taken(catalogue):
    people = [
        [
            born(age),
            (-3000, sex),
            *((day, PAIN, 8.0) for day in (-150, -60, -2)),
            (0, RFA),
            (180, PAIN, 3.0),
            (-30, DIAGNOSTIC),
        ]
        for age, sex in ((30, FEMALE), (70, MALE))
    ]
    free = replace(catalogue, cohort=replace(catalogue.cohort, intractable="off"))
    cohort = gather([(records_of(free, *people), Intake())], free)
    examples = cohort.examples["rfa"]
    assert examples.groups["sex"].tolist() == ["female", "male"]
    assert examples.taken(np.array([1])).groups["age_band"].tolist() == ["65+"]


def test_groups_are_never_features(catalogue):
    assert not {"sex", "age_band", "diagnosis"} & set(catalogue.features.names)
