"""Why nothing may be said of a patient, beside what the requirements of a bundle ask: codes and sentences."""

Refusal = tuple[str, str]
"""A stable code, and a sentence for people."""

RED_FLAG = "R05_RED_FLAG"
"""The code of every emergency; which one, its sentence says."""

UNITS: Refusal = (
    "R07_UNITS",
    "A value is impossible, or its unit is not one it can be converted from: correct it, or leave it out.",
)
INSUFFICIENT: Refusal = (
    "R09_INSUFFICIENT",
    "Too little is known of what this model leans on most.",
)
LATER: Refusal = (
    "R10_LEAKAGE_TIME",
    "Something in the history happened, or became known, after the index: send what was known by then, "
    "and times of the same clock.",
)
STALE: Refusal = ("R11_STALE", "The model is due for review: it may no longer fit the patients of today.")
UNSUPPORTED: Refusal = ("R06_OUT_OF_DOMAIN", "Not enough patients like this one were given it.")
"""What the support model asks for."""
