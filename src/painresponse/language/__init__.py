"""How a feature is said: stretches of the past, words over events, named sets, plain sentences."""

from painresponse.language.combinations import (
    Age,
    AllOf,
    AnyOf,
    Average,
    Difference,
    FirstKnown,
    HowMany,
    Largest,
    Ratio,
    Several,
    Total,
    Whether,
    parts_of,
)
from painresponse.language.plain import parse
from painresponse.language.sets import FeatureSet, summaries_in
from painresponse.language.spans import EVER, Span, days, months, years
from painresponse.language.words import Anchor, Events, Feature, Summary, Window, events, the_first, the_last

__all__ = [
    "EVER",
    "Age",
    "AllOf",
    "Anchor",
    "AnyOf",
    "Average",
    "Difference",
    "Events",
    "Feature",
    "FeatureSet",
    "FirstKnown",
    "HowMany",
    "Largest",
    "Ratio",
    "Several",
    "Span",
    "Summary",
    "Total",
    "Whether",
    "Window",
    "days",
    "events",
    "months",
    "parse",
    "parts_of",
    "summaries_in",
    "the_first",
    "the_last",
    "years",
]
