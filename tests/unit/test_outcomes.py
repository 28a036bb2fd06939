"""What counts as a response, whichever way a measure points."""

import numpy as np
import pytest

from painresponse.clinic.declarations import Outcome
from painresponse.concepts import Concept
from painresponse.training.labels import responded

DISABILITY = Concept("disability", higher="worse", mcid=10)
QUALITY = Concept("quality of life", higher="better", mcid=0.08)
IMPRESSION = Concept("impression of change", higher="worse")
RELIEF = Concept("relief")


def met(outcome: Outcome, measured: Concept, baseline: float, value: float) -> bool:
    return bool(responded(outcome, np.array([baseline]), np.array([value]), measured=measured)[0])


@pytest.mark.parametrize(
    ("measured", "baseline", "value", "response"),
    [
        (DISABILITY, 48, 38, True),
        (DISABILITY, 48, 39, False),
        (DISABILITY, 38, 48, False),
        (QUALITY, np.float32(0.35), np.float32(0.43), True),
        (QUALITY, 0.35, 0.42, False),
        (QUALITY, 0.43, 0.35, False),
    ],
)
def test_an_important_change_is_one_in_the_good_direction(measured, baseline, value, response):
    assert met(Outcome("x", "x", "important_change"), measured, baseline, value) is response


@pytest.mark.parametrize(("value", "response"), [(28, True), (29, False)])
def test_an_outcome_may_ask_for_several_important_changes(value, response):
    assert met(Outcome("x", "x", "important_change", 2), DISABILITY, 48, value) is response


@pytest.mark.parametrize(("value", "response"), [(1, True), (2, True), (3, False)])
def test_where_a_higher_value_is_worse_reaching_it_means_not_above_it(value, response):
    assert met(Outcome("x", "x", "reaches", 2), IMPRESSION, np.nan, value) is response


@pytest.mark.parametrize(("value", "response"), [(49, False), (50, True), (80, True)])
def test_otherwise_reaching_it_means_not_below_it(value, response):
    assert met(Outcome("x", "x", "reaches", 50), RELIEF, np.nan, value) is response


def test_every_packaged_outcome_can_be_judged(catalogue):
    """Much better everywhere is a response, no change at all is none."""
    for name, outcome in catalogue.outcomes.items():
        measured = catalogue.concepts.concepts[outcome.concept]
        low, high = measured.hard
        worst, best = (low, high) if measured.higher != "worse" else (high, low)
        assert met(outcome, measured, worst, best), name
        assert not met(outcome, measured, worst, worst), name
