"""Figures and reports for people who read them."""
