"""What the name of a drug product tells: which substances, how much of each, and what it is not."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from painresponse.concepts import Concepts
from painresponse.records.products import Part, Products

DECLARED = Concepts.from_plain(
    {
        "concepts": {},
        "treatments": {
            "mild": {
                "label": "mild",
                "min_weeks": 4,
                "ingredients": [
                    {"name": "paracetamol", "names": ["acetaminophen"], "code": "apap", "adequate": 2000},
                    {"name": "ibuprofen", "code": "ibu", "adequate": 1200},
                    {"name": "diclofenac", "code": "diclo", "adequate": 100},
                    {"name": "gabapentin", "code": "gaba", "codes": ["ATC//N02BF01"], "adequate": 1800},
                ],
            },
            "opioid": {
                "label": "opioid",
                "min_weeks": 4,
                "ingredients": [
                    {"name": "morphine", "code": "morph", "adequate": 40, "mme": 1.0},
                    {"name": "codeine", "code": "cod", "adequate": 120, "mme": 0.15},
                    {"name": "oxycodone", "code": "oxy", "adequate": 27, "mme": 1.5},
                    {"name": "hydrocodone", "code": "hydro", "adequate": 40, "mme": 1.0},
                    {"name": "hydromorphone", "code": "hm", "adequate": 8, "mme": 5.0},
                    {"name": "fentanyl patch", "code": "fent", "adequate": 25, "unit": "ug/h", "mme": 2.4},
                    {"name": "buprenorphine", "code": "bup"},
                ],
            },
            "topical": {
                "label": "topical",
                "min_weeks": 3,
                "ingredients": [
                    {"name": "lidocaine plaster", "code": "lido", "adequate": 1, "unit": "{plaster}/d"},
                    {"name": "capsaicin patch", "code": "caps"},
                ],
            },
        },
    }
)
PRODUCTS = Products(DECLARED)


def parts(name: str, code: str = "") -> set[tuple[str, float | None, str]]:
    return {(part.code, part.strength, part.unit) for part in PRODUCTS.of(name, code)}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "acetaminophen 325 MG / oxycodone hydrochloride 10 MG Oral Tablet [Percocet]",
            {("apap", 325, "mg"), ("oxy", 10, "mg")},
        ),
        (
            "Abuse-Deterrent 12 HR oxycodone hydrochloride 10 MG Extended Release Oral Tablet [Oxycontin]",
            {("oxy", 10, "mg")},
        ),
        (
            "Acetaminophen 300 MG / HYDROcodone Bitartrate 5 MG [Vicodin]",
            {("apap", 300, "mg"), ("hydro", 5, "mg")},
        ),
        ("ibuprofen 0.8 G Oral Tablet", {("ibu", 800, "mg")}),
        ("gabapentin 250 MCG", {("gaba", 0.25, "mg")}),
        ("GABAPENTIN 300MG", {("gaba", 300, "mg")}),
    ],
)
def test_every_declared_substance_of_a_product_comes_with_its_strength(name, expected):
    assert parts(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("oxycodone-acetaminophen 5-325 mg tablet", {("oxy", 5, "mg"), ("apap", 325, "mg")}),
        (
            "Hydrocodone Bitartrate-Acetaminophen 7.5 MG-325 MG tab",
            {("hydro", 7.5, "mg"), ("apap", 325, "mg")},
        ),
        ("oxycodone/acetaminophen 5/325 mg", {("oxy", 5, "mg"), ("apap", 325, "mg")}),
        ("aspirin-oxycodone 325-5 mg", {("oxy", 5, "mg")}),
    ],
)
def test_names_and_strengths_listed_apart_belong_together_by_their_order(name, expected):
    assert parts(name) == expected


@pytest.mark.parametrize(
    "name",
    ["oxycodone-aspirin 5 mg", "oxycodone-aspirin-caffeine 5-325 mg", "Aspirin/Oxycodone", "oxycodone"],
)
def test_a_strength_that_may_be_anothers_is_not_known(name):
    assert parts(name) == {("oxy", None, "")}


def test_a_pack_of_two_strengths_has_no_strength():
    pack = "{21 (gabapentin 300 MG Oral Capsule) / 21 (gabapentin 600 MG Oral Tablet) } Pack"
    assert parts(pack) == {("gaba", None, "")}


@pytest.mark.parametrize(
    ("name", "strength"),
    [
        ("72 HR Fentanyl 0.025 MG/HR Transdermal System", 25),
        ("72 HR fentanyl 0.0125 MG/HR Transdermal System [Duragesic]", 12.5),
        ("fentanyl 25 MCG/HR", 25),
        ("fentanyl 12,5 µg/h transdermal patch", 12.5),
    ],
)
def test_a_transdermal_system_has_a_rate(name, strength):
    assert parts(name) == {("fent", strength, "ug/h")}


@pytest.mark.parametrize(
    "name",
    [
        "10 ML fentanyl 0.05 MG/ML Injection",
        "fentanyl 25 MCG/HR IV infusion",
        "fentanyl 0.2 MG Oral Lozenge",
        "fentanyl 0.04 MG/ACTUAT Iontophoretic Transdermal System",
        "10 ML alfentanil 0.5 MG/ML Injection",
        "fentanyl",
    ],
)
def test_fentanyl_of_any_other_form_is_no_patch(name):
    """The conversion to morphine milligram equivalents holds for transdermal systems only."""
    assert parts(name) == set()


@pytest.mark.parametrize(
    "name",
    [
        "1 ML morphine sulfate 5 MG/ML Injection",
        "preservative-free morphine 10 MG/ML Intrathecal Solution",
        "diclofenac sodium 0.01 MG/MG Topical Gel",
        "diclofenac sodium 1 MG/ML Ophthalmic Solution",
        "lidocaine hydrochloride 10 MG/ML Injection",
        "capsaicin 0.025 % Topical Cream",
    ],
)
def test_a_product_of_another_form_than_the_treatment_is_none_of_it(name):
    assert parts(name) == set()


@pytest.mark.parametrize("name", ["apomorphine 10 MG", "dihydrocodeine 60 MG", "norbuprenorphine 2 MG"])
def test_a_name_within_a_longer_name_is_not_meant(name):
    assert parts(name) == set()


def test_hydromorphone_is_not_morphine():
    assert parts("hydromorphone hydrochloride 2 MG Oral Tablet") == {("hm", 2, "mg")}


def test_the_brand_says_nothing_of_the_substance():
    assert parts("aspirin 500 MG Oral Tablet [Ibuprofen Plus]") == set()


def test_a_liquid_has_its_strength_in_each_millilitre():
    assert parts("15 ML morphine sulfate 10 MG/5 ML Oral Solution") == {("morph", 2, "mg/mL")}


def test_a_plaster_counts_as_one():
    assert parts("lidocaine 0.05 MG/MG Medicated Patch [Lidoderm]") == {("lido", 1, "{plaster}")}


def test_a_substance_without_any_declared_dose_is_meant_in_every_form():
    """Buprenorphine is never converted, and counts as tried whether worn or under the tongue."""
    assert parts("168 HR buprenorphine 0.01 MG/HR Transdermal System") == {("bup", 10, "ug/h")}
    assert parts("buprenorphine 8 MG / naloxone 2 MG Sublingual Film") == {("bup", 8, "mg")}


@pytest.mark.parametrize(
    ("text", "strength"), [("1,200 MG", 1200), ("2,5 mg", 2.5), ("0,025 mg", 0.025), ("1,200.5 MG", 1200.5)]
)
def test_a_comma_is_of_thousands_only_before_three_digits(text, strength):
    assert parts(f"gabapentin {text}") == {("gaba", strength, "mg")}


@pytest.mark.parametrize("code", ["gaba", "ATC//N02BF01"])
def test_a_substances_own_code_is_as_good_as_its_name(code):
    assert parts("Neurontin 300 MG Oral Capsule", code) == {("gaba", 300, "mg")}
    assert parts("", code) == {("gaba", None, "")}


def test_a_substances_own_code_does_not_make_an_injection_a_patch():
    assert parts("Sublimaze 0.05 MG/ML Injection", "fent") == set()
    assert parts("", "fent") == set()
    assert parts("Duragesic 25 MCG/HR patch", "fent") == {("fent", 25, "ug/h")}


@pytest.mark.parametrize(
    ("part", "units", "dose"),
    [
        (Part("oxy", 10, "mg"), 3, 30),
        (Part("morph", 2, "mg/mL"), 20, 40),
        (Part("fent", 25, "ug/h"), 1 / 3, 25),
        (Part("lido", 1, "{plaster}"), 2, 2),
    ],
)
def test_a_daily_dose_is_in_the_ingredients_own_unit(part, units, dose):
    assert PRODUCTS.daily(part, units) == dose


@pytest.mark.parametrize("part", [Part("oxy"), Part("bup", 10, "ug/h"), Part("strange", 5, "mg")])
def test_a_dose_of_another_kind_or_of_unknown_strength_is_not_known(part):
    assert math.isnan(PRODUCTS.daily(part, 2))


@given(st.text(st.sampled_from("oxycodne ibuprf0159.,/-[]{}%µmghHR \n"), max_size=200))
def test_any_text_gives_finite_strengths_or_none(name):
    for part in PRODUCTS.of(name):
        assert part.strength is None or math.isfinite(part.strength)
        assert (part.strength is None) == (part.unit == "")


def test_what_a_hostile_name_hides_behind_its_thousandth_sign_is_not_read():
    assert parts("5-" * 490 + " oxycodone 5 mg") != set()
    assert parts("5-" * 500 + " oxycodone 5 mg") == set()
