"""Codings of FHIR resources as the codes that histories use."""

import re

from painresponse.records.coding import Measures
from painresponse.records.fhir.fields import Node, number, tables, text

PREFIXES = {
    "http://loinc.org": "LOINC",
    "urn:oid:2.16.840.1.113883.6.1": "LOINC",
    "http://snomed.info/sct": "SNOMED",
    "urn:oid:2.16.840.1.113883.6.96": "SNOMED",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD10CM",
    "urn:oid:2.16.840.1.113883.6.90": "ICD10CM",
    "http://hl7.org/fhir/sid/icd-10": "ICD10",
    "http://hl7.org/fhir/sid/icd-9-cm": "ICD9CM",
    "http://www.cms.gov/Medicare/Coding/ICD10": "ICD10PCS",
    "http://hl7.org/fhir/sid/icd-10-pcs": "ICD10PCS",
    "urn:oid:2.16.840.1.113883.6.4": "ICD10PCS",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "urn:oid:2.16.840.1.113883.6.88": "RxNorm",
    "http://www.whocc.no/atc": "ATC",
    "urn:oid:2.16.840.1.113883.6.73": "ATC",
    "http://hl7.org/fhir/sid/ndc": "NDC",
    "http://www.ama-assn.org/go/cpt": "CPT",
    "urn:oid:2.16.840.1.113883.6.12": "CPT",
    "http://terminology.hl7.org/CodeSystem/HCPCS": "HCPCS",
    "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": "HCPCS",
    "urn:oid:2.16.840.1.113883.6.285": "HCPCS",
    "urn:oid:2.16.840.1.113883.6.14": "HCPCS",
}
"""What a code system is called in codes; any other is called by the last part of its address."""

WITHOUT_SYSTEM = "LOCAL"

PAIN_ANSWERS = {
    "LOINC//LA6111-4": 0.0,
    "LOINC//LA6112-2": 1.0,
    "LOINC//LA6113-0": 2.0,
    "LOINC//LA6114-8": 3.0,
    "LOINC//LA6115-5": 4.0,
    "LOINC//LA10137-0": 5.0,
    "LOINC//LA10138-8": 6.0,
    "LOINC//LA10139-6": 7.0,
    "LOINC//LA10140-4": 8.0,
    "LOINC//LA10141-2": 9.0,
    "LOINC//LA13942-0": 10.0,
}
"""The answers 0 to 10 of LOINC's numeric rating scales."""

_ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
PLAIN_NUMBER = re.compile(r"-?[0-9]{1,6}(?:\.[0-9]{1,6})?")
_LONGEST_CODE = 200


def codes(concept: Node) -> list[str]:
    """Every coding of a CodeableConcept as one of our codes, in the order given."""
    return [code for one in tables(concept, "coding") if (code := code_of(one))]


def code_of(coding: Node) -> str:
    """``LOINC//72514-3``; empty where the coding has no code."""
    code = text(coding, "code")
    if not code or len(code) > _LONGEST_CODE:
        return ""
    prefix = _prefix(text(coding, "system"))
    if prefix == "ICD10CM" and len(code) > 3 and "." not in code:
        code = f"{code[:3]}.{code[3:]}"
    return f"{prefix}//{code}"


def _prefix(system: str) -> str:
    known = PREFIXES.get(system.rstrip("/"))
    if known:
        return known
    if system.startswith("http://snomed.info/sct/"):  # an edition of it
        return "SNOMED"
    return re.split(r"[/:#|]", system.rstrip("/:#|"))[-1][:_LONGEST_CODE] or WITHOUT_SYSTEM


def best(concept: Node, measures: Measures) -> str:
    """The first coding that some concept knows, else the first; empty where there is none."""
    found = codes(concept)
    return next((code for code in found if measures.of(code)), found[0] if found else "")


def said(concept: Node) -> list[str]:
    """What a CodeableConcept says in words: the displays of its codings and its own text."""
    words = [*(text(one, "display") for one in tables(concept, "coding")), text(concept, "text")]
    return [word for word in words if word]


def answered(concept: Node) -> float | None:
    """The number an answer stands for: by its ordinal value, as a pain score, or because it is written so."""
    for coding in tables(concept, "coding"):
        value = _scored(coding)
        if value is not None:
            return value
    return next((float(word) for word in said(concept) if PLAIN_NUMBER.fullmatch(word)), None)


def _scored(coding: Node) -> float | None:
    ordinal = (one for one in tables(coding, "extension") if text(one, "url") == _ORDINAL)
    value = next((number(one, "valueDecimal") for one in ordinal), None)
    return PAIN_ANSWERS.get(code_of(coding)) if value is None else value
