"""Measured ratios against peers, printed as tables. Nothing here is a test."""
