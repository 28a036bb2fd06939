"""The packaged declarations, and a site's own laid over them."""

import pytest

from painresponse.clinic import load_catalogue
from painresponse.clinic.catalogue import SITE_FILE
from painresponse.clinic.requirements import requirements
from painresponse.errors import DefinitionError
from painresponse.language import events, months

TARGETS = [
    "scs_trial",
    "scs_permanent",
    "idd_trial",
    "idd_permanent",
    "nerve_block_therapeutic",
    "rfa",
    "mpp",
    "pt_specialised",
    "cbt",
]


@pytest.fixture
def site(tmp_path):
    """Write a site file and load the catalogue with it."""

    def write(text: str):
        path = tmp_path / "site.toml"
        path.write_text(text, encoding="utf-8")
        return load_catalogue(path)

    return write


def test_the_packaged_catalogue_names_the_seven_interventions_in_order(catalogue):
    assert list(catalogue.interventions) == [
        "scs",
        "idd",
        "nerve_block",
        "rfa",
        "mpp",
        "pt_specialised",
        "cbt",
    ]
    assert set(TARGETS) <= set(catalogue.targets)


def test_a_target_is_labelled_in_clinic_words(catalogue):
    label = "spinal cord stimulation (permanent implant): at least 50 % less pain, 6 months"
    assert catalogue.label("scs_permanent") == label


def test_every_repeated_feature_is_written_out(catalogue):
    assert not any("{" in text for text in catalogue.features.to_plain().values())
    failed = catalogue.features.to_plain()["classes_failed"]
    assert failed.count(".failed") == len(catalogue.concepts.treatments)


def test_a_site_adds_a_biomarker_with_no_code_but_its_own_entry(site):
    catalogue = site("""
        [concepts.substance_p]
        label = "substance P"
        unit = "pg/mL"
        hard = [0, 1000]
        family = "laboratory"
    """)
    assert {"substance_p_last", "substance_p_measured"} <= set(catalogue.features.names)


def test_a_site_changes_one_key_of_an_entry_and_keeps_the_others(site, catalogue):
    own = site("concepts.crp.codes = ['LAB//17']").concepts.concepts["crp"]
    packaged = catalogue.concepts.concepts["crp"]
    assert own.codes == ("LAB//17",)
    assert (own.label, own.units, own.hard) == (packaged.label, packaged.units, packaged.hard)


def test_a_site_adds_a_feature_and_empties_another(site):
    own = site("""
        [features]
        pain_3_months = "mean of pain in 3 mo"
        pulse_pressure = ""
    """)
    assert dict(own.features)["pain_3_months"] == events("pain").within(months(3)).mean()
    assert "pulse_pressure" not in own.features.names


def test_a_site_adds_an_intervention_with_an_outcome_of_its_own(site):
    own = site("""
        [concepts.tms_start]
        label = "magnetic stimulation, first session"
        codes = ["CLINIC//TMS"]
        [interventions.tms]
        label = "magnetic stimulation"
        [interventions.tms.stages.course]
        label = "course"
        begins = ["tms_start"]
        [outcomes.phq9_5]
        label = "PHQ-9 at least 5 points lower"
        concept = "phq9"
        kind = "absolute_drop"
        at_least = 5
        [targets.tms]
        intervention = "tms"
        stage = "course"
        outcome = "phq9_5"
        horizon = "3 mo"
    """)
    assert own.label("tms") == "magnetic stimulation (course): PHQ-9 at least 5 points lower, 3 months"


def test_a_site_predicts_only_what_it_chooses_in_catalogue_order(site):
    own = site("predict = ['cbt', 'scs_trial']")
    assert list(own.targets) == ["scs_trial", "cbt"]


def test_without_social_features_no_social_concept_is_summarised(site, catalogue):
    social = {name for name, one in catalogue.concepts.concepts.items() if one.social}
    left = site("social_features = false").features.names
    assert social & set(catalogue.features.names) == social
    assert not social & set(left)


def test_training_and_import_are_left_to_their_readers(site):
    own = site("training.rounds = 5\n[import]\nencoding = 'latin-1'")
    assert (own.training, own.imports) == ({"rounds": 5}, {"encoding": "latin-1"})


def test_a_data_set_brings_the_site_file_it_was_made_with(tmp_path):
    (tmp_path / SITE_FILE).parent.mkdir()
    (tmp_path / SITE_FILE).write_text("predict = ['rfa']")
    assert list(load_catalogue(data=tmp_path).targets) == ["rfa"]


def test_a_site_file_named_explicitly_goes_before_the_one_the_data_keeps(tmp_path):
    (tmp_path / SITE_FILE).parent.mkdir()
    (tmp_path / SITE_FILE).write_text("predict = ['rfa']")
    own = tmp_path / "own.toml"
    own.write_text("predict = ['cbt']")
    assert list(load_catalogue(own, data=tmp_path).targets) == ["cbt"]


def test_data_without_a_site_file_has_the_packaged_catalogue(tmp_path, catalogue):
    assert load_catalogue(data=tmp_path).features == catalogue.features


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[feature]", r"site\.toml: Unknown section 'feature'. Did you mean 'features'\?"),
        ("predict = ['scs_trail']", r"predict: Unknown target 'scs_trail'. Did you mean 'scs_trial'\?"),
        ("predict = 'rfa'", r"predict must be a list, not text"),
        ("predict = 5", r"predict must be a list, not a whole number"),
        ("social_features = 'no'", r"social_features must be true or false, not text"),
        ("concepts = 5", "section of the site configuration must be a table"),
        ("concepts.crp = 5", "concept crp must be a table"),
        ("concepts.crp.unitt = 'mg/L'", r"concept crp: Unknown setting 'unitt'. Did you mean 'unit'\?"),
        ("concepts.crp.hard = [10, 1]", "concept crp: hard and soft limits are two numbers, the lower first"),
        ("concepts.crp.units = {'mg/dL' = []}", "concept crp: units gives for each unit a factor"),
        ("concepts.crp.units = {'mg/dL' = 0}", "concept crp: units gives for each unit a factor"),
        ("concepts.crp.units = {'mg/dL' = 'ten'}", r"units\.mg/dL must be a list"),
        ("concepts.crp.family = 'labs'", r"concept crp: Unknown family 'labs'."),
        ("families.pain = 3", "family pain must be a table of sentences in quotes"),
        ("families.pain.mean_30d = 3", "family pain must be a table of sentences in quotes"),
        ("features.x = 3", "The feature 'x' must be a sentence in quotes"),
        ("features.x = 'mean of pain'", "Cannot read the feature 'mean of pain'"),
        ("targets.rfa.stage = 'course'", r"target rfa: Unknown stage 'course'."),
        ("targets.rfa.intervention = 'rf'", r"target rfa: Unknown intervention 'rf'. Did you mean 'rfa'\?"),
        ("targets.rfa.outcome = 'pain_51'", "target rfa: Unknown outcome 'pain_51'"),
        ("targets.rfa.horizon = '7 mo'", "target rfa: Unknown horizon '7 mo'"),
        ("targets.rfa.better = ['pcs']", "target rfa: Unknown feature 'pcs'"),
        ("outcomes.pain_50.concept = 'pains'", r"outcome pain_50: Unknown concept 'pains'. Did you mean"),
        ("outcomes.pain_50.kind = 'halved'", "outcome pain_50: kind must be relative_drop"),
        (
            "interventions.rfa.stages.therapeutic.begins = ['rf']",
            "intervention rfa: Unknown concept 'rf'",
        ),
        ("cohort.exclude = ['cancer']", "cohort: Unknown concept 'cancer'"),
        ("cohort.intractable = 'maybe'", "cohort: intractable must be off, possible, probable or definite"),
        ("treatments.nsaid.min_weeks = 'three'", r"treatment nsaid\.min_weeks must be a number, not text"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stands(site, text, words):
    with pytest.raises(DefinitionError, match=words):
        site(text)


def test_a_target_that_is_not_chosen_need_not_make_sense(site):
    """A site may leave half of a new target behind while it predicts the others."""
    own = site(
        "predict = ['rfa']\ntargets.new = {intervention = 'x', stage = 'y', outcome = 'z', horizon = 'w'}"
    )
    assert list(own.targets) == ["rfa"]


def test_requirements_follow_the_cohort_rules_and_the_outcomes(site):
    own = site("""
        predict = ["rfa", "scs_trial"]
        [cohort]
        age_min = 21
        exclude = ["bed_bound"]
        exclude_days = 90
    """)
    age, excluded, baseline, of_trial, step = requirements(own)
    assert (age["code"], age["at_least"]) == ("R01_AGE", 21)
    assert excluded["code"] == "R06_OUT_OF_DOMAIN"
    assert excluded["features"] == ["count of bed_bound in 90 d"]
    assert (baseline["code"], baseline["targets"]) == ("R04_NO_BASELINE", ["rfa"])
    assert baseline["features"] == ["mean of pain in 30 d", "last of pain in 90 d"]
    assert of_trial["targets"] == ["scs_trial"]
    assert of_trial["features"] == baseline["features"], "relief in a trial is relief of pain"
    assert (step["code"], step["targets"]) == ("R06_OUT_OF_DOMAIN", ["rfa"])
    assert step["features"] == ["total of (count of block_diagnostic in 365 d)"]


def test_a_change_without_a_least_baseline_only_needs_the_baseline_to_be_known(site):
    own = site(
        "predict = ['rfa']\ntargets.rfa.outcome = 'd'\noutcomes.d = "
        "{label = 'd', concept = 'odi', kind = 'absolute_drop', at_least = 5}"
    )
    (baseline,) = [one for one in requirements(own) if one["code"] == "R04_NO_BASELINE"]
    assert "at_least" not in baseline
