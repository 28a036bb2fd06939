"""Why nothing may be said of a patient, beside what the requirements of a bundle ask: codes and sentences."""

Refusal = tuple[str, str]
"""A stable code, and a sentence for people."""

UNITS: Refusal = (
    "R07_UNITS",
    "A value is impossible, or its unit is not one it can be converted from: correct it, or leave it out.",
)
LATER: Refusal = (
    "R10_LEAKAGE_TIME",
    "Something in the history happened, or became known, after the index: send what was known by then, "
    "and times of the same clock.",
)
STALE: Refusal = ("R11_STALE", "The model is due for review: it may no longer fit the patients of today.")
