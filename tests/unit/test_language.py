"""Sentences that say nothing are refused, with what could be said."""

import pytest

from painresponse.concepts import Concepts
from painresponse.engine import Plan
from painresponse.errors import DefinitionError
from painresponse.language import (
    Difference,
    FeatureSet,
    HowMany,
    Ratio,
    Span,
    Total,
    days,
    events,
    months,
    parse,
    years,
)
from painresponse.language.words import Summary
from tests.lib.vocabulary import VOCABULARY


def test_what_is_said_in_python_and_in_words_is_the_same():
    pain = events("pain")
    assert str(pain.within(days(30)).mean()) == "mean of pain in 30 d"
    assert str(pain.between(6, 10).within(years(1)).last()) == "last of pain between 6 and 10 h in 1 y"
    assert str(pain.ever().days_since_first()) == "days since first of pain ever"
    assert str(Ratio(pain.within(months(2)).max(), pain.ever().min())) == (
        "ratio of (max of pain in 2 mo) to (min of pain ever)"
    )
    assert str(Difference(pain.ever().sum(), pain.ever().count())) == (
        "difference of (sum of pain ever) and (count of pain ever)"
    )
    assert str(Total((pain.ever().spread(), pain.ever().slope()))) == (
        "total of (spread of pain ever) and (slope of pain ever)"
    )
    parts = pain.ever().first(), pain.ever().measured(), pain.ever().days_since_last()
    assert str(HowMany(parts)) == (
        "how many of (first of pain ever) and (measured of pain ever) and (days since last of pain ever)"
    )


def test_space_around_a_sentence_does_not_matter():
    assert parse("  mean of pain in 30 d ") == parse("mean of pain in 30 d")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Cannot read the feature ''"),
        ("mean of pain", "Cannot read the feature 'mean of pain': say when"),
        ("mean of pain in 30", "Cannot read"),
        ("mean of pain in -30 d", "Cannot read"),
        ("mean of pain in the next 30 d", "Cannot read"),
        ("meen of pain in 30 d", r"Unknown summary 'meen'. Did you mean 'mean'\?"),
        ("mean of pain in 0 d", "There is no lookback of 0 d"),
        ("mean of pain in 30 weeks", "There is no lookback of 30 weeks"),
        ("mean of pain in 99999 d", "There is no lookback of 99999 d"),
        ("last of pain between 10 and 6 h in 1 y", "There is no time of day between 10 h and 6 h"),
        ("ratio of (age) and (age)", r"Say 'ratio of \(…\) to \(…\)'"),
        ("ratio of (age)", r"Say 'ratio of \(…\) to \(…\)'"),
        ("difference of (age) to (age)", "Say 'ratio of"),
        ("total of (age) or (age)", "Say 'ratio of"),
        ("total of (age) and (age", "Cannot read"),
        ("total of (age)) and ((age)", "The brackets in .* do not match"),
        ("total of ((age) and (age)", "The brackets in .* do not match"),
        ("total of ()", "Cannot read the feature ''"),
        ("total of " + "(total of " * 9 + "(age)" + ")" * 9, "nested 8 deep at most"),
    ],
)
def test_a_sentence_that_says_nothing_is_refused_with_what_could_be_said(text, words):
    with pytest.raises(DefinitionError, match=words):
        parse(text)


@pytest.mark.parametrize("span", [(0, "d"), (-3, "d"), (30, "w"), (36501, "d"), (1.5, "d"), (3, "ever")])
def test_a_span_is_a_whole_number_of_days_months_or_years_or_ever(span):
    with pytest.raises(DefinitionError, match="There is no lookback of"):
        Span(*span)


@pytest.mark.parametrize("join", [Total, HowMany])
def test_a_combination_of_nothing_is_refused(join):
    with pytest.raises(DefinitionError, match="at least one feature"):
        join(())


def test_a_summary_word_that_does_not_exist_is_refused():
    with pytest.raises(DefinitionError, match=r"Unknown summary 'median'"):
        Summary("median", events("pain").ever())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mean of pein in 30 d", r"Unknown concept 'pein'. Did you mean 'pain'\?"),
        ("count of nsaid.worked ever", "Unknown concept 'nsaid.worked'"),
        ("total of (age) and (last of heroin.mme ever)", "Unknown concept 'heroin.mme'"),
    ],
)
def test_a_feature_over_something_nobody_declared_is_refused_when_planned(text, words):
    with pytest.raises(DefinitionError, match=words):
        Plan(FeatureSet.of(x=parse(text)), VOCABULARY)


def test_a_set_knows_its_names_in_order():
    chosen = FeatureSet.of(b=parse("age"), a=parse("count of pain ever"))
    assert chosen.names == ("b", "a")
    assert len(chosen) == 2


def test_a_vocabulary_without_treatments_still_computes():
    only = Concepts({name: VOCABULARY.concepts[name] for name in ("pain", "birth")}, {})
    assert Plan(FeatureSet.of(x=parse("mean of pain ever")), only).width == 1
