"""Plans the laws are tried on."""

import pytest

from painresponse.clinic import Catalogue
from painresponse.engine import Plan
from painresponse.language import EVER, FeatureSet, Summary, days, events, the_first, the_last
from painresponse.language.words import SUMMARIES
from tests.lib.strategies import (
    CONCEPTS,
    EXPOSURE_SOURCES,
    EXPOSURE_SUMMARIES,
    PROFILE_SOURCES,
    TRIAL_SOURCES,
)
from tests.lib.vocabulary import VOCABULARY


@pytest.fixture(scope="session")
def every_word() -> Plan:
    """Every summary word over every source of the small vocabulary, in three windows and around anchors."""
    said = [
        Summary(word, events(source).within(span))
        for source in CONCEPTS + TRIAL_SOURCES + PROFILE_SOURCES + EXPOSURE_SOURCES
        for word in (EXPOSURE_SUMMARIES if source in EXPOSURE_SOURCES else SUMMARIES)
        for span in (days(30), days(365), EVER)
    ]
    said += [
        Summary(word, window)
        for word in SUMMARIES
        for window in (
            events("cortisol").trusted().within(days(365)),
            events("pain").within(days(90)).before(the_last("rfa")),
            events("nsaid.failed").ever().before(the_first("pain")),
            events("crp.z").trusted().since(the_first("rfa")),
        )
    ]
    return Plan(FeatureSet(tuple((str(one), one) for one in said)), VOCABULARY)


@pytest.fixture(scope="session")
def packaged(catalogue: Catalogue) -> Plan:
    """The packaged catalogue's own features."""
    return Plan(catalogue.features, catalogue.concepts)
