"""A small vocabulary for specifications: a few concepts and classes, and short words for their codes."""

from painresponse.concepts import Concepts
from painresponse.schema import BIRTH, LOCAL_PREFIX

VOCABULARY = Concepts.from_plain(
    {
        "concepts": {
            "birth": {"label": "birth", "codes": [BIRTH]},
            "pain": {"label": "pain, 0-10", "unit": "{score}", "hard": [0, 10]},
            "crp": {
                "label": "CRP",
                "codes": ["LOINC//1988-5"],
                "unit": "mg/L",
                "units": {"mg/dL": 10.0},
                "reference": {"mean": 1.0, "sd": 0.5, "log": True},
            },
            "hba1c": {
                "label": "haemoglobin A1c",
                "unit": "%",
                "units": {"mmol/mol": [0.0915, 2.15]},
                "hard": [3, 20],
            },
            "cortisol": {
                "label": "cortisol",
                "unit": "nmol/L",
                "hard": [3, 3000],
                "disturbed_by": [{"concept": "steroid", "days": 42}, {"concept": "rfa", "days": 10}],
            },
            "steroid": {"label": "steroid injection"},
            "marker": {"label": "a value of any size"},
            "facet": {"label": "facet pain", "codes": ["ICD10CM//M47*", "ICD10CM//M47.8*"]},
            "rfa": {"label": "radiofrequency ablation", "codes": ["CPT//64633", "CPT//64635"]},
        },
        "treatments": {
            "nsaid": {
                "label": "anti-inflammatory drug",
                "min_weeks": 3,
                "ingredients": [{"name": "ibuprofen", "code": "RxNorm//5640", "adequate": 1200}],
            },
            "gabapentinoid": {
                "label": "gabapentinoid",
                "min_weeks": 6,
                "ingredients": [
                    {"name": "gabapentin", "code": "RxNorm//25480", "adequate": 1800},
                    {"name": "pregabalin", "code": "RxNorm//187832", "adequate": 300},
                ],
            },
            "opioid": {
                "label": "opioid",
                "min_weeks": 4,
                "ingredients": [
                    {"name": "morphine", "code": "RxNorm//7052", "adequate": 40, "mme": 1.0},
                    {"name": "oxycodone", "code": "RxNorm//7804", "adequate": 27, "mme": 1.5},
                    {"name": "buprenorphine", "code": "RxNorm//1819"},
                ],
            },
            "nerve_block": {"label": "nerve block", "min_weeks": 4, "lasts_days": 28},
        },
    }
)

DRUGS = {one.name: one.code for treatment in VOCABULARY.treatments.values() for one in treatment.ingredients}


def code_of(word: str) -> str:
    """``pain`` is PR//pain, ``ibuprofen`` its RxNorm code, ``ibuprofen stop: inefficacy`` what ends it."""
    if "//" in word or word == BIRTH:
        return word
    name, _, reason = word.partition(" stop")
    code = DRUGS.get(name, BIRTH if name == "birth" else LOCAL_PREFIX + name)
    if not _:
        return code
    return code + "//STOP" + (f"//{reason.strip(': ').replace(' ', '_').upper()}" if reason else "")
