"""The event table: its columns, declared once.

Histories are MEDS events (https://github.com/Medical-Event-Data-Standard/meds) plus two optional columns
that MEDS allows: the unit of the value, and when the clinic came to know it.

Times are naive and mean the clinic's local clock, because a cortisol without its clock time is unusable.
"""

SUBJECT = "subject_id"
TIME = "time"
CODE = "code"
VALUE = "numeric_value"
TEXT = "text_value"
UNIT = "unit"
AVAILABLE = "available_time"
PREDICTION = "prediction_time"

REQUIRED = (SUBJECT, TIME, CODE, VALUE)
OPTIONAL = (TEXT, UNIT, AVAILABLE)

BIRTH = "MEDS_BIRTH"
DEATH = "MEDS_DEATH"

LOCAL_PREFIX = "PR//"
"""Every concept is also known by this prefix and its own name, for data that has no public code."""

STATIC = -(2**63)
"""The time of a fact that has none (MEDS: a null time): known before every index."""

MICROSECONDS_PER_DAY = 86_400_000_000
EARLIEST = -25567 * MICROSECONDS_PER_DAY
"""1900-01-01: nothing in a patient's history is older."""

LATEST = 47482 * MICROSECONDS_PER_DAY
"""2100-01-01: no date from here on is believed."""
