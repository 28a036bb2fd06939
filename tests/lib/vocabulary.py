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
            "saliva": {
                "label": "cortisol in saliva",
                "unit": "nmol/L",
                "disturbed_by": [{"concept": "steroid", "days": 42}],
            },
            "awakening": {"label": "waking up"},
            "serum": {
                "label": "cortisol in serum",
                "unit": "nmol/L",
                "units": {"ug/dL": 27.589},
                "hard": [5, 3000],
                "soft": [28, 1380],
                "bare": [
                    {"unit": "ug/dL", "least": 1, "below": 50},
                    {"unit": "nmol/L", "least": 50, "below": 3001},
                ],
            },
            "tsh": {"label": "thyrotropin", "unit": "m[IU]/L"},
            "sbp": {"label": "blood pressure", "unit": "mm[Hg]", "units": {"kPa": 7.5006}, "hard": [50, 280]},
            "pulse": {"label": "heart rate", "unit": "/min"},
            "sleep": {"label": "sleep", "unit": "h", "units": {"min": 0.0166666666666666667}},
            "il6": {
                "label": "interleukin 6",
                "codes": ["LOINC//26881-3"],
                "unit": "ng/L",
                "assays": {
                    "ELISA": {"mean": 2.0, "sd": 0.5},
                    "BEADS": {"mean": 4.0, "sd": 2.0},
                },
            },
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
                    {
                        "name": "morphine",
                        "code": "RxNorm//7052",
                        "codes": ["ATC//N02AA01"],
                        "adequate": 40,
                        "mme": 1.0,
                    },
                    {"name": "oxycodone", "code": "RxNorm//7804", "adequate": 27, "mme": 1.5},
                    {"name": "buprenorphine", "code": "RxNorm//1819"},
                ],
            },
            "nerve_block": {"label": "nerve block", "min_weeks": 4, "lasts_days": 28},
            "rehabilitation": {
                "label": "rehabilitation",
                "min_weeks": 6,
                "codes": ["CPT//97110"],
                "lasts_days": 84,
                "session_days": 21,
            },
        },
        "profiles": {
            "morning": {
                "label": "cortisol awakening response",
                "of": "saliva",
                "kind": "awakening",
                "minutes": [0, 15, 30, 45],
                "tolerance": 5,
            },
            "day": {"label": "diurnal course of cortisol", "of": "saliva", "kind": "day"},
        },
    }
)

DRUGS = {one.name: one.code for treatment in VOCABULARY.treatments.values() for one in treatment.ingredients}


def code_of(word: str) -> str:
    """``pain`` is PR//pain, ``ibuprofen`` its RxNorm code, ``ibuprofen stop: inefficacy`` what ends it.

    ``ibuprofen as needed`` begins it so, ``ibuprofen days`` says how long a prescription lasts.
    """
    if "//" in word or word == BIRTH:
        return word
    for ending, made in ((" as needed", "//PRN"), (" days", "//DAYS")):
        if word.endswith(ending):
            return code_of(word.removesuffix(ending)) + made
    name, stop, reason = word.partition(" stop")
    code = DRUGS.get(name, BIRTH if name == "birth" else LOCAL_PREFIX + name)
    if not stop:
        return code
    return code + "//STOP" + (f"//{reason.strip(': ').replace(' ', '_').upper()}" if reason else "")
