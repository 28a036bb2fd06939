"""What counts as a response, whichever way a measure points."""

import numpy as np
import pytest

from painresponse.clinic.declarations import Outcome
from painresponse.concepts import Concept
from painresponse.training.outcomes import responded

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


def test_every_packaged_outcome_of_a_concept_can_be_judged(catalogue):
    """Much better everywhere is a response, no change at all is none."""
    measured = {name: one for name, one in catalogue.outcomes.items() if one.concept}
    assert len(measured) >= 15
    for name, outcome in measured.items():
        concept = catalogue.concepts.concepts[outcome.concept]
        low, high = concept.hard
        worst, best = (low, high) if concept.higher != "worse" else (high, low)
        assert met(outcome, concept, worst, best), name
        assert not met(outcome, concept, worst, worst), name


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"kind": "composite"}, "a composite names outcomes under all_of, some_of or both"),
        ({"kind": "relative_drop", "at_least": 0.5}, "either a concept or a feature"),
        (
            {
                "kind": "relative_drop",
                "at_least": 0.5,
                "concept": "pain",
                "feature": "age",
                "seen_by": "pain",
            },
            "either a concept or a feature",
        ),
        ({"kind": "relative_drop", "at_least": 0.5, "feature": "age"}, "a feature and seen_by only say"),
        ({"kind": "important_change", "feature": "age", "seen_by": "pain"}, "a feature is its own baseline"),
        ({"kind": "reaches", "at_least": 1, "concept": "pain", "some_of": ("x",)}, "are for composites"),
        ({"kind": "composite", "concept": "pain", "some_of": ("x",)}, "a composite measures nothing itself"),
        ({"kind": "composite", "some_of": ("x", "y"), "at_least": 3}, "at_least must be from 1 to the 2"),
        ({"kind": "composite", "all_of": ("x",), "some_of": ("x",)}, "an outcome is named twice"),
        ({"kind": "composite", "all_of": ("x",), "at_least": 1}, "at_least must be from 1 to the 0"),
    ],
)
def test_an_outcome_that_says_nothing_or_two_things_is_refused(said, words):
    with pytest.raises(ValueError, match=words):
        Outcome("x", **said)
