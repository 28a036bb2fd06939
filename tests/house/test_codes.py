"""The codes in the configuration are well formed; whether they mean what we say, a clinician signs."""

import re
import tomllib

import pytest

from tests.lib.source import ROOT

FORMS = {
    "LOINC": r"\d{1,5}-\d",
    "RxNorm": r"\d+(//INJECTION)?",
    "CPT": r"\d{4}[\dT](//[A-Z_]+)?",
    "HCPCS": r"[A-V]\d{4}",
    "ICD10CM": r"[A-TV-Z](\d[\dAB](\.[\dA-Z]{1,4})?)?\*?",
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
    body, _, digit = code.removeprefix("LOINC//").partition("-")
    assert check_digit(body) == int(digit)


def test_the_check_digit_can_fail():
    assert check_digit("2143") == 6  # serum cortisol
    assert check_digit("2413") != 6


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
    """A code stands in one concept or one treatment class; the same number with a suffix is another code."""
    homes: dict[str, list[str]] = {}
    for name, concept in catalogue.concepts.concepts.items():
        for code in concept.codes:
            homes.setdefault(code, []).append(name)
    for name, treatment in catalogue.concepts.treatments.items():
        for code in (*(one.code for one in treatment.ingredients), *treatment.codes):
            homes.setdefault(code, []).append(name)
    assert {code: names for code, names in homes.items() if len(names) > 1} == {}
