"""OMOP CDM 5.3 and 5.4, from files or a live database, into MEDS."""

from painresponse.readers.omop.cdm import SCHEMA, import_omop

__all__ = ["SCHEMA", "import_omop"]
