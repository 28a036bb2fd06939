"""The engine agrees with a twin so plain that it cannot be wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from painresponse.engine import Plan
from painresponse.language import EVER, FeatureSet, Summary, days, events
from painresponse.language.words import SUMMARIES, Feature
from painresponse.records import collect
from painresponse.records.rows import history
from tests.lib.slow_twin import Event, slow, slow_conversion, unrepeated
from tests.lib.strategies import (
    EXPOSURE_SOURCES,
    EXPOSURE_SUMMARIES,
    INDEX,
    TRIAL_SOURCES,
    Person,
    examples,
    feature_sets,
    features,
    matrix,
    patients,
    people,
    raw_events,
    summaries,
)
from tests.lib.vocabulary import VOCABULARY

RELATIVE = 1e-9


def check(said: FeatureSet, person: Person) -> None:
    """Every feature as the twin says it, to 1e-9 of its size."""
    found = matrix(Plan(said, VOCABULARY), person)[0]
    for (_, feature), got in zip(said, found, strict=True):
        wanted = slow(feature, list(person), INDEX, VOCABULARY)
        unknown = wanted is None
        assert unknown == bool(np.isnan(got)), f"{feature}: engine {got}, twin {wanted}"
        assert unknown or abs(got - wanted) <= RELATIVE * max(abs(wanted), size(feature, person)), (
            f"{feature}: engine {got}, twin {wanted}"
        )


def size(feature: Feature, person: Person) -> float:
    """How large a slope through the same points can be: one near zero is exact only to that scale."""
    if not (isinstance(feature, Summary) and feature.word == "slope"):
        return 0.0
    window = feature.window
    highest = slow(Summary("max", window), list(person), INDEX, VOCABULARY) or 0.0
    first = slow(Summary("days_since_first", window), list(person), INDEX, VOCABULARY) or 0.0
    last = slow(Summary("days_since_last", window), list(person), INDEX, VOCABULARY) or 0.0
    return highest / max(first - last, 1e-9) * 365.25


@pytest.mark.parametrize("word", SUMMARIES)
@examples(25)
@given(st.data())
def test_every_summary_word_agrees(word, data):
    check(data.draw(feature_sets(summaries((word,)))), data.draw(people))


@examples(150)
@given(people | patients)
@pytest.mark.slow
def test_every_verdict_on_every_trial_agrees(person):
    """Count, value and date of all verdicts on all classes."""
    said = [
        Summary(word, events(source).within(span))
        for source in TRIAL_SOURCES
        for word in ("count", "sum", "last", "first", "days_since_last", "days_since_first")
        for span in (EVER, days(90))
    ]
    check(FeatureSet(tuple((str(one), one) for one in said)), person)


@examples(200)
@given(people | patients)
@pytest.mark.slow
def test_days_covered_and_opioid_load_agree_in_every_window(person):
    """Cut at the edges of other windows or not."""
    said = [
        Summary(word, events(source).within(span))
        for source in EXPOSURE_SOURCES
        for word in EXPOSURE_SUMMARIES
        for span in (days(3), days(30), days(90), days(700), EVER)
    ]
    check(FeatureSet(tuple((str(one), one) for one in said)), person)


CHOOSING = ("count", "measured", "min", "max", "first", "last", "days_since_first", "days_since_last")
"""Words that choose one of the values given, so that nothing is rounded before they are combined."""


@examples(150)
@given(feature_sets(features(CHOOSING)), people)
def test_every_combination_agrees_exactly(chosen, person):
    found = matrix(Plan(chosen, VOCABULARY), person)[0]
    for (_, feature), got in zip(chosen, found, strict=True):
        wanted = slow(feature, list(person), INDEX, VOCABULARY)
        assert np.isnan(got) if wanted is None else got == wanted, f"{feature}: {got}, twin {wanted}"


@examples(100)
@given(people)
def test_intake_keeps_each_event_once_and_the_one_known_first(person):
    """Also told from the account: what was given is what was kept and what was rejected."""
    records, account = collect(raw_events(person), VOCABULARY)
    assert len(records) == account.kept == len(unrepeated(list(person)))
    assert account.given == account.kept + sum(account.reasons().values())


@examples(150)
@given(data=st.data())
def test_a_value_in_any_accepted_unit_equals_the_same_value_in_the_canonical_unit(data, catalogue):
    """To the float32 bit, over every concept of the packaged catalogue."""
    concepts = catalogue.concepts
    name = data.draw(st.sampled_from([one for one, concept in concepts.concepts.items() if concept.unit]))
    concept = concepts.concepts[name]
    unit = data.draw(st.sampled_from(["", concept.unit, *concept.units, "furlong"]))
    value = data.draw(st.floats(-10, 5000, width=32))
    wanted = slow_conversion(value, unit, concept)
    given_unit, _ = collect(history(["2026-01-01"], [f"PR//{name}"], [value], units=[unit]), concepts)
    assert given_unit.value.tolist() == ([] if wanted is None else [wanted])
    if wanted is not None:
        canonical, _ = collect(
            history(["2026-01-01"], [f"PR//{name}"], [wanted], units=[concept.unit]), concepts
        )
        assert canonical.value.tobytes() == given_unit.value.tobytes()


def test_the_twin_itself_agrees_with_a_calculation_by_hand():
    """Scores 8, 4, 6 at 20, 10 and 5 days: mean 6, standard deviation 2."""
    day = 86_400_000_000
    scores = [Event(INDEX - age * day, "PR//pain", value) for age, value in ((20, 8.0), (10, 4.0), (5, 6.0))]
    month = events("pain").within(days(30))
    said = (month.mean(), month.spread(), month.first(), month.last(), month.days_since_first())
    assert [slow(one, scores, INDEX, VOCABULARY) for one in said] == [6, 2, 8, 6, 20]
