"""FHIR R4 resources into events, one at a time, for any number of patients."""

from painresponse.records.fhir.reader import REASONS, TYPES, WARNINGS, FhirReader

__all__ = ["REASONS", "TYPES", "WARNINGS", "FhirReader"]
