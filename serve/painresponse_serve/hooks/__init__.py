"""CDS Hooks 2.0: cards in a record system, beside what a clinician orders."""
