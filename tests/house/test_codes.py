"""The codes in the configuration are well formed; whether they mean what we say, a clinician signs."""

import re
import tomllib

import pytest

from tests.lib.source import ROOT

FORMS = {
    "LOINC": r"\d{1,6}-\d(//SNOMED//\d{6,18})?",  # a question, or an answer to it
    "RxNorm": r"\d+(//\*|//INJECTION\*?)?",
    "ATC": r"[A-DGHJLMNPRSV](\d{2}([A-Z]([A-Z](\d{2})?)?)?)?(//[A-Z_]+)?\*?",
    "SNOMED": r"\d{6,18}",
    "ICD10PCS": r"[0-9B-DF-HX][0-9A-HJ-NP-Z]{6}|[0-9B-DF-HX][0-9A-HJ-NP-Z]{1,5}\*",
    "CPT": r"\d{4}[\dT](//[A-Z_]+)?",
    "HCPCS": r"[A-V]\d{4}",
    "ICD10CM": r"[A-Z](\d[\dAB](\.[\dA-Z]{1,4})?)?\*?",
    "GENDER": r"[A-Z]+",
    "PR": r"[a-z][a-z0-9_]*",
}


def strings(value):
    """Every text in a plain tree."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from strings(one)


def declared() -> set[str]:
    """Every code of the packaged vocabulary."""
    tables = [
        tomllib.loads((ROOT / "configs" / f"{name}.toml").read_text()) for name in ("concepts", "treatments")
    ]
    return {one for table in tables for one in strings(table) if "//" in one and not one.startswith("http")}


def check_digit(body: str) -> int:
    """The mod-10 check digit LOINC appends: every other digit from the right doubled, digits added up."""
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body))]
    return -sum(one // 10 + one % 10 for one in doubled) % 10


@pytest.mark.parametrize("code", sorted(declared()))
def test_every_code_has_the_form_of_its_system(code):
    system, _, rest = code.partition("//")
    assert system in FORMS, f"unknown code system {system}"
    assert re.fullmatch(FORMS[system], rest)


@pytest.mark.parametrize("code", sorted(code for code in declared() if code.startswith("LOINC")))
def test_every_loinc_code_ends_in_its_check_digit(code):
    """A mistyped digit is caught here; two digits exchanged mostly are too."""
    body, _, digit = code.split("//")[1].partition("-")
    assert check_digit(body) == int(digit)


def test_the_check_digit_can_fail():
    assert check_digit("2143") == 6  # serum cortisol
    assert check_digit("2413") != 6


def verhoeff(number: str) -> int:
    """What Verhoeff's check makes of a whole number, check digit included: 0 where it is well formed.

    Each digit is permuted by its place, and the results multiplied in the symmetries of a pentagon.
    """
    places = [list(range(10))]
    for _ in range(7):
        places.append([places[-1][one] for one in (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)])
    product = 0
    for place, digit in enumerate(reversed(number)):
        product = _pentagon(product, places[place % 8][int(digit)])
    return product


def _pentagon(left: int, right: int) -> int:
    """0 to 4 turn the pentagon, 5 to 9 turn it over first."""
    turned = (left + right) % 5 if left < 5 else (left - right) % 5
    return turned + (5 if (left < 5) != (right < 5) else 0)


@pytest.mark.parametrize("code", sorted(code for code in declared() if code.startswith("SNOMED")) or [None])
def test_every_snomed_code_ends_in_its_check_digit(code):
    if code is None:
        pytest.skip("no SNOMED CT code is declared")
    assert verhoeff(code.removeprefix("SNOMED//").split("//")[0]) == 0


def test_the_check_digit_of_snomed_can_fail():
    assert verhoeff("91251008") == 0  # physical therapy
    assert verhoeff("228557008") == 0  # cognitive and behavioural therapy
    assert verhoeff("229065009") == 0  # exercise therapy
    assert verhoeff("91250108") != 0, "two digits exchanged"
    assert verhoeff("91251009") != 0, "one digit mistyped"


def test_a_code_that_could_not_be_confirmed_is_left_to_the_site(catalogue):
    """No LOINC stands beside an evidence that says the code is unsure."""
    unsure = {name: one for name, one in catalogue.concepts.concepts.items() if "unsure" in one.evidence}
    assert {"tnf_alpha", "hrv_rmssd", "promis_depression"} <= set(unsure)
    assert {name: one.codes for name, one in unsure.items() if one.codes} == {}


def test_a_procedure_is_named_by_its_number_and_our_own_words_alone():
    """CPT descriptors are their owner's text: our labels are short and in lower case."""
    concepts = tomllib.loads((ROOT / "configs" / "concepts.toml").read_text())
    labels = [
        one["label"]
        for one in concepts.values()
        if any(code.startswith("CPT") for code in one.get("codes", ()))
    ]
    assert labels
    for label in labels:
        assert label == label.lower()
        assert len(label.split()) <= 8
        assert not set(label) & set(";")


def test_no_code_means_two_things_by_accident(catalogue):
    """A code stands in one concept and in one treatment class at most; a suffix makes it another code.

    It may stand in one of each: a procedure is something that happened, and can be a trial of its class.
    """
    concepts = {name: one.codes for name, one in catalogue.concepts.concepts.items()}
    classes = {
        name: tuple(code for one in treatment.ingredients for code in (one.code, *one.codes))
        + treatment.codes
        for name, treatment in catalogue.concepts.treatments.items()
    }
    assert _shared(concepts) == {}
    assert _shared(classes) == {}


def _shared(homes):
    found: dict[str, set[str]] = {}
    for name, codes in homes.items():
        for code in codes:
            found.setdefault(code, set()).add(name)
    return {code: names for code, names in found.items() if len(names) > 1}
