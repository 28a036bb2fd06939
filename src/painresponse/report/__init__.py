"""Figures, the report and the model card: for people, written from plain records (see report.record)."""
