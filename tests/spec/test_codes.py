"""Which codes mean a concept, and how its values are read."""

import pytest

from tests.lib.tables import answer, answers


@pytest.mark.parametrize("code", ["LOINC//1988-5", "PR//crp"])
def test_a_concept_is_known_by_its_codes_and_by_its_own_name(code):
    text = f"""
        patient | days before | code   | value
              1 | 10          | {code} | 4
    """
    assert answer(text, "last of crp in 30 d") == {1: 4}


@pytest.mark.parametrize(
    ("code", "counted"),
    [("ICD10CM//M47", 1), ("ICD10CM//M47.12", 1), ("ICD10CM//M4", 0), ("ICD10CM//M48", 0)],
)
def test_a_star_stands_for_whatever_follows(code, counted):
    text = f"""
        patient | days before | code
              1 | 10          | {code}
    """
    assert answer(text, "count of facet ever") == {1: counted}


def test_an_event_counts_once_though_two_patterns_of_its_concept_match():
    """M47.81 begins with M47 and with M47.8, both of which are declared."""
    text = """
        patient | days before | code
              1 | 10          | ICD10CM//M47.81
    """
    assert answer(text, "count of facet ever") == {1: 1}


def test_two_codes_of_one_concept_at_one_time_are_two_events():
    """They may be two samples; only the same code with the same value is a repetition."""
    text = """
        patient | days before | code          | value
              1 | 10          | PR//crp       | 4
              1 | 10          | LOINC//1988-5 | 4
    """
    assert answer(text, "count of crp in 30 d") == {1: 2}


def test_values_are_converted_to_the_unit_of_the_concept():
    """1.2 mg/dL is 12 mg/L; 53 mmol/mol is 7.0 %; without a unit the canonical one is meant."""
    text = """
        patient | days before | code  | value | unit
              1 | 10          | crp   | 1.2   | mg/dL
              1 | 10          | hba1c | 53    | mmol/mol
              2 | 10          | crp   | 12    |
              2 | 10          | hba1c | 7     | %
    """
    found = answers(text, "last of crp in 30 d", "last of hba1c in 30 d")
    assert found == {1: pytest.approx((12, 6.9995), rel=1e-6), 2: (12, 7)}


def test_a_value_in_a_unit_that_cannot_be_converted_is_no_event():
    text = """
        patient | days before | code | value | unit
              1 | 10          | crp  | 1.2   | stone
              1 | 20          | crp  | 3     | mg/L
    """
    assert answers(text, "last of crp in 30 d", "count of crp in 30 d") == {1: (3, 1)}


def test_an_impossible_value_is_no_event():
    """Pain runs from 0 to 10; both ends are possible."""
    text = """
        patient | days before | code | value
              1 | 10          | pain | 11
              1 | 20          | pain | 10
              1 | 30          | pain | 0
              1 | 40          | pain | -1
    """
    assert answers(text, "max of pain in 1 y", "min of pain in 1 y", "count of pain in 1 y") == {
        1: (10, 0, 2)
    }
