"""How a feature is said: stretches of the past, words over events, named sets, plain sentences."""

from painresponse.language.plain import parse
from painresponse.language.sets import FeatureSet
from painresponse.language.spans import EVER, Span, days, months, years
from painresponse.language.words import (
    Age,
    Difference,
    Events,
    Feature,
    HowMany,
    Ratio,
    Summary,
    Total,
    Window,
    events,
    how_many,
    sentence,
    total,
)

__all__ = [
    "EVER",
    "Age",
    "Difference",
    "Events",
    "Feature",
    "FeatureSet",
    "HowMany",
    "Ratio",
    "Span",
    "Summary",
    "Total",
    "Window",
    "days",
    "events",
    "how_many",
    "months",
    "parse",
    "sentence",
    "total",
    "years",
]
