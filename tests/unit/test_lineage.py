"""A feature's lineage: its sentence, the same in the clinic's words, with codes, units and limits."""

import pytest

from painresponse.errors import DefinitionError
from painresponse.language import FeatureSet, parse
from painresponse.language.lineage import SEEN, Lineage, lineage
from tests.lib.vocabulary import VOCABULARY


def described(text: str) -> Lineage:
    """The lineage of a sentence over the small vocabulary."""
    return lineage("x", FeatureSet.of(x=parse(text)), VOCABULARY)


def words(text: str) -> str:
    """The lineage of a sentence, in words."""
    return described(text).words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mean of pain in 30 d", "mean value of pain, 0-10 in the 30 days before the index"),
        ("count of rfa ever", "number of events of radiofrequency ablation ever before the index"),
        (
            "mean of pain in 1 mo before the last rfa",
            "mean value of pain, 0-10 in the 1 month before the last radiofrequency ablation",
        ),
        (
            "max of pain since the first rfa",
            "largest value of pain, 0-10 from the first radiofrequency ablation to the index",
        ),
        (
            "last of undisturbed cortisol between 6 and 10 h in 1 y",
            "latest value of cortisol taken between 6 and 10 h, undisturbed, in the 1 year before the index",
        ),
        ("whether (age) is at least 65", "1 if (age in years) is at least 65, else 0"),
        ("largest of (age) and (age)", "largest of (age in years), (age in years)"),
    ],
)
def test_every_word_can_be_said_to_a_clinician(text, said):
    assert words(text) == said


def test_the_sources_name_codes_units_limits_and_what_disturbs():
    found = described("last of undisturbed cortisol in 1 y").sources
    assert found == {
        "cortisol": "cortisol: PR//cortisol; in nmol/L; possible 3 to 3000; "
        "disturbed by steroid (42 d), rfa (10 d)"
    }


def test_a_trial_names_the_drugs_and_doses_it_is_judged_by():
    found = described("count of gabapentinoid.failed ever")
    assert "failed trial of gabapentinoid" in found.words
    assert "pregabalin RxNorm//187832 from 300 mg/d" in found.sources["gabapentinoid"]


def test_an_anchor_is_a_source_too():
    found = described("mean of pain in 90 d before the last rfa").sources
    assert list(found) == ["pain", "rfa"]


def test_it_says_what_may_be_seen_and_keeps_the_sentence():
    found = described("mean of pain in 30 d")
    assert found.to_plain()["seen"] == SEEN
    assert (found.name, found.sentence) == ("x", "mean of pain in 30 d")


def test_a_feature_the_set_does_not_have_is_refused_with_the_nearest_name():
    features = FeatureSet.of(pain_mean=parse("mean of pain in 30 d"))
    with pytest.raises(DefinitionError, match=r"Unknown feature 'pain_meen'. Did you mean 'pain_mean'\?"):
        lineage("pain_meen", features, VOCABULARY)


def test_every_packaged_feature_has_a_lineage_with_a_source(catalogue):
    for name, feature in catalogue.features:
        found = lineage(name, catalogue.features, catalogue.concepts)
        assert found.words, name
        assert found.sources, name
        assert all(found.sources.values()), name
        assert found.sentence == str(feature)
