"""What is said can be written down and read back: sentences, feature sets, concepts, requirements."""

import json

from hypothesis import assume, given
from hypothesis import strategies as st

from painresponse.concepts import Concept, Concepts, Ingredient, Treatment
from painresponse.language import FeatureSet, Summary, parse, summaries_in
from painresponse.scoring.requirements import Requirement
from tests.lib.strategies import examples, feature_sets, features
from tests.lib.vocabulary import VOCABULARY

BIRTH = parse("days since first of birth ever")
"""What age is made of, without saying so."""

words = st.text(st.characters(codec="utf-8"), max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
positive = st.floats(1e-6, 1e6)
maybe = st.none() | numbers
limits = st.none() | st.tuples(numbers, numbers).map(lambda pair: (min(pair), max(pair)))
concept = st.builds(
    Concept,
    label=words,
    codes=st.lists(words, max_size=3).map(tuple),
    unit=words,
    units=st.dictionaries(words, st.tuples(positive) | st.tuples(positive, numbers), max_size=3),
    hard=limits,
    soft=limits,
    family=words,
    social=st.booleans(),
    evidence=words,
)
ingredient = st.builds(
    Ingredient, name=words, code=words, adequate=maybe, unit=words, mme=maybe, evidence=words
)
treatment = st.builds(
    Treatment,
    label=words,
    min_weeks=numbers,
    ingredients=st.lists(ingredient, max_size=3).map(tuple),
    codes=st.lists(words, max_size=3).map(tuple),
    lasts_days=maybe,
)
concepts = st.builds(
    Concepts,
    st.dictionaries(words, concept, max_size=3),
    st.dictionaries(words, treatment, max_size=3),
)
requirement = st.builds(
    Requirement,
    code=words,
    words=words,
    features=st.lists(features().map(str), min_size=1, max_size=3).map(tuple),
    at_least=maybe,
    at_most=maybe,
    targets=st.lists(words, max_size=3).map(tuple),
)


def through_json(plain):
    """As a bundle stores and reads it."""
    return json.loads(json.dumps(plain, allow_nan=False))


@examples(300)
@given(features())
def test_a_feature_is_what_its_sentence_says(feature):
    assert parse(str(feature)) == feature


@examples(100)
@given(feature_sets(features()))
def test_a_feature_set_survives_being_written_down(chosen):
    again = FeatureSet.from_plain(through_json(chosen.to_plain()))
    assert again == chosen
    assert again.fingerprint() == chosen.fingerprint()


@examples(100)
@given(feature_sets(features()), feature_sets(features()))
def test_different_feature_sets_have_different_fingerprints(one, other):
    assert (one.fingerprint() == other.fingerprint()) == (one == other)


@examples(100)
@given(feature_sets(features()), st.data())
def test_a_name_or_the_order_alone_changes_the_fingerprint(chosen, data):
    place = data.draw(st.integers(0, len(chosen) - 1))
    renamed = tuple((name + "x" * (n == place), one) for n, (name, one) in enumerate(chosen))
    assert FeatureSet(renamed).fingerprint() != chosen.fingerprint()
    turned = FeatureSet((*chosen.features[1:], chosen.features[0]))
    assume(len(chosen) > 1)
    assert turned.fingerprint() != chosen.fingerprint()


@examples(100)
@given(features())
def test_a_feature_is_made_of_summaries_that_its_sentence_names(feature):
    for one in summaries_in([feature]):
        assert isinstance(one, Summary)
        assert str(one) in str(feature) or (one == BIRTH and "age" in str(feature))


@examples(200)
@given(concepts)
def test_concepts_survive_being_written_down(given_concepts):
    """Zeros included: a class that needs no weeks, a dose of nothing, a factor of zero."""
    assert Concepts.from_plain(through_json(given_concepts.to_plain())) == given_concepts


def test_the_packaged_and_the_small_vocabulary_survive_being_written_down(catalogue):
    for one in (catalogue.concepts, VOCABULARY):
        assert Concepts.from_plain(through_json(one.to_plain())) == one


@examples(100)
@given(requirement)
def test_a_requirement_survives_being_written_down(one):
    """Limits of zero included."""
    assert Requirement.from_plain(through_json(one.to_plain())) == one
    assert [str(feature) for feature in one.parsed()] == list(one.features)
