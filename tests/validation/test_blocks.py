import tomllib

import pytest

from painresponse.clinic import Catalogue, load_catalogue
from painresponse.clinic.catalogue import packaged
from painresponse.errors import DefinitionError
from painresponse.validation.blocks import Block, feature_blocks, reads


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def blocks(catalogue) -> dict[str, tuple[str, ...]]:
    return feature_blocks(catalogue)


def test_there_is_a_block_for_everything_a_clinic_might_do_without(blocks):
    assert {
        "biomarkers", "hpa_axis", "inflammation", "hormones", "questionnaires", "treatment_history", "social",
        "interventions_before", "vital_signs", "diagnoses",
    } <= set(blocks)  # fmt: skip
    assert all(blocks.values())


@pytest.mark.parametrize(
    ("feature", "found_in"),
    [
        ("crp_last", {"inflammation", "biomarkers"}),
        ("cortisol_awakening_rise", {"hpa_axis", "biomarkers"}),
        ("hpa_blunted", {"hpa_axis", "biomarkers"}),
        ("testosterone_last", {"hormones", "biomarkers"}),
        ("neuroinflammation", {"inflammation", "biomarkers"}),
        ("classes_failed", {"treatment_history"}),
        ("opioid_mme_per_day", {"treatment_history"}),
        ("nociceptive", {"questionnaires", "diagnoses"}),
        ("scs_relief", {"pain", "interventions_before"}),
        ("employed", {"social", "finding"}),
        ("age", set()),
    ],
)
def test_a_feature_is_in_every_block_it_reads(blocks, feature, found_in):
    assert {block for block, features in blocks.items() if feature in features} == found_in


def test_the_biomarkers_are_all_of_them(blocks):
    smaller = set(blocks["hpa_axis"]) | set(blocks["inflammation"]) | set(blocks["hormones"])
    assert smaller <= set(blocks["biomarkers"])


def test_the_social_block_is_what_a_build_without_social_features_lacks(blocks, tmp_path):
    site = tmp_path / "site.toml"
    site.write_text("social_features = false")
    left = load_catalogue(site).features.names
    assert set(blocks["social"]) == set(load_catalogue().features.names) - set(left)


def test_a_family_that_no_block_names_is_a_block_of_its_own(tmp_path):
    site = tmp_path / "site.toml"
    site.write_text(
        '[concepts.sleep_hours]\nlabel = "sleep"\nfamily = "diary"\n'
        '[families.diary]\nlast = "last of {} in 30 d"'
    )
    assert feature_blocks(load_catalogue(site))["diary"] == ("sleep_hours_last",)


def test_every_packaged_concept_named_is_one_a_feature_reads(catalogue):
    """Else a misspelt or forgotten concept would quietly leave its block smaller than it says."""
    declared = tomllib.loads((packaged() / "blocks.toml").read_text())
    read = frozenset().union(*(reads(name, catalogue) for name in catalogue.features.names))
    named = {concept for block in declared.values() for concept in block.get("concepts", ())}
    assert named <= read


def test_a_concept_nobody_declared_is_refused(catalogue):
    with pytest.raises(DefinitionError, match=r"block inflammation: .*Did you mean 'crp'"):
        feature_blocks(catalogue, {"inflammation": Block(concepts=("crpp",))})
