"""The packaged declarations, and a site's own laid over them."""

import math

import pytest

from painresponse.clinic import load_catalogue
from painresponse.clinic.catalogue import SITE_FILE
from painresponse.clinic.requirements import requirements
from painresponse.engine import Plan
from painresponse.errors import DefinitionError
from painresponse.language import events, months
from tests.lib.source import ROOT

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


def test_unless_a_site_chooses_the_nine_first_targets_are_predicted_in_their_order(catalogue):
    assert list(catalogue.targets) == TARGETS
    assert catalogue.implications() == ()


def test_a_site_chooses_further_outcomes_and_horizons_of_a_stage_by_name_or_with_a_star(site):
    own = site("predict = ['rfa.pain_30.*_mo', 'scs_permanent.holistic.12_mo', 'rfa']")
    assert list(own.targets) == [
        "scs_permanent.holistic.12_mo",
        "rfa",
        "rfa.pain_30.1_mo",
        "rfa.pain_30.3_mo",
        "rfa.pain_30.6_mo",
        "rfa.pain_30.12_mo",
        "rfa.pain_30.24_mo",
    ]
    label = "radiofrequency ablation (thermal lesion): at least 30 % less pain, 12 months"
    assert own.label("rfa.pain_30.12_mo") == label


def test_a_further_target_has_the_directions_of_the_first_and_nothing_more_to_ask(site):
    own = site("predict = ['rfa', 'rfa.pain_30.12_mo']").targets
    first, further = own["rfa"], own["rfa.pain_30.12_mo"]
    assert (further.better, further.worse) == (first.better, first.worse)
    assert (further.outcome, further.horizon) == ("pain_30", "12 mo")
    assert not (further.also or further.lasts_from)


def test_every_stage_but_the_trials_can_be_asked_further(site):
    names = list(site("predict = ['*']").targets)
    assert len(names) == len(set(names)) == 186
    assert {name.partition(".")[0] for name in names if "." in name} == set(TARGETS) - {
        "scs_trial",
        "idd_trial",
    }


def test_a_site_asks_further_outcomes_of_its_own_target_without_repeating_it(site):
    own = site("predict = ['rfa*']\n[targets.rfa.also]\npain_50 = ['6 mo', '1 wk']\npain_30 = []")
    assert {"rfa", "rfa.pain_50.1_wk"} <= set(own.targets)
    assert not {"rfa.pain_50.6_mo", "rfa.pain_30.6_mo"} & set(own.targets)


def test_half_the_pain_gone_implies_a_third_gone_at_the_same_horizon_only(site):
    own = site("predict = ['rfa', 'rfa.pain_30.*', 'scs_permanent.pain_30.6_mo']")
    assert own.implications() == (("rfa", "rfa.pain_30.6_mo"),)


def test_what_follows_through_an_outcome_nobody_asked_follows_too(site):
    own = site("predict = ['cbt*']\n[targets.cbt.also]\npain_moderate = ['6 mo']\npain_30 = []")
    assert ("cbt", "cbt.pain_moderate.6_mo") in own.implications()
    opioids = ("cbt.opioid_stopped.6_mo", "cbt.opioid_half.6_mo")
    assert opioids in own.implications()
    assert opioids[::-1] not in own.implications()


def test_a_site_declares_a_composite_of_its_own(site):
    own = site("""
        predict = ["mpp.calm_and_active.6_mo"]
        [outcomes.calm_and_active]
        label = "less disabled and less depressed"
        kind = "composite"
        all_of = ["function_domain", "mood_phq9"]
        [targets.mpp.also]
        calm_and_active = ["6 mo"]
    """)
    assert own.label("mpp.calm_and_active.6_mo").endswith("less disabled and less depressed, 6 months")


def test_a_site_without_the_opioid_feature_may_still_predict_pain(site):
    assert list(site("predict = ['cbt']\nfeatures.opioid_mme_per_day = ''\ntargets.cbt.worse = []").targets)
    with pytest.raises(DefinitionError, match="Unknown feature 'opioid_mme_per_day'"):
        site("predict = ['cbt.opioid_half.6_mo']\nfeatures.opioid_mme_per_day = ''\ntargets.cbt.worse = []")


def test_a_target_is_labelled_in_clinic_words(catalogue):
    label = "spinal cord stimulation (permanent implant): at least 50 % less pain, 6 months"
    assert catalogue.label("scs_permanent") == label


def test_every_repeated_feature_is_written_out(catalogue):
    assert not any("{" in text for text in catalogue.features.to_plain().values())
    failed = catalogue.features.to_plain()["classes_failed"]
    assert failed.count(".failed") == len(catalogue.concepts.treatments)


def test_no_bracket_is_left_in_a_sentence_and_every_sentence_can_be_computed(catalogue):
    assert not any(set(text) & set("[]") for text in catalogue.features.to_plain().values())
    assert Plan(catalogue.features, catalogue.concepts).width >= len(catalogue.features)


def test_a_feature_named_in_brackets_stands_for_its_sentence(site):
    own = site("""
        [features]
        worst = "whether [pain_last_90d] is at least 8"
        worst_or_young = "any of [worst] and (whether [age] is below 30)"
    """)
    said = own.features.to_plain()
    assert said["worst"] == "whether (last of pain in 90 d) is at least 8"
    assert said["worst_or_young"] == f"any of ({said['worst']}) and (whether (age) is below 30)"


def test_what_is_made_of_an_emptied_feature_goes_with_it(site, catalogue):
    own = site("[features]\nhpa_evening_high = ''")
    gone = set(catalogue.features.names) - set(own.features.names)
    assert gone == {"hpa_evening_high", "hpa_high_signs", "hpa_blunted", "hpa_hyper", "hpa_normal"}


def test_what_is_made_of_a_social_feature_goes_with_it(site):
    own = site("""
        social_features = false
        [features]
        works_and_hurts = "all of [employed] and (whether [pain_last_90d] is above 5)"
    """)
    assert "works_and_hurts" not in own.features.names


def test_a_site_may_do_without_the_packaged_features(site, catalogue):
    own = site("""
        predict = ["mpp"]
        packaged_features = false
        targets.mpp.worse = []
        [families.pain]
        worst = "max of {} in 1 y"
        [features]
        years = "age"
    """)
    assert own.features.names == ("pain_worst", "years")
    assert own.concepts == catalogue.concepts, "everything is still read as before"


def test_the_strict_set_of_doses_is_a_choice_of_the_site(site, catalogue):
    strict = site("adequacy = 'strict'").concepts.treatments["gabapentinoid"]
    standard = catalogue.concepts.treatments["gabapentinoid"]
    assert strict.min_weeks > standard.min_weeks
    assert strict.ingredients[0].adequate > standard.ingredients[0].adequate


def test_the_catalogue_remembers_what_the_site_wrote_itself(site, catalogue):
    own = site("concepts.crp.codes = ['LAB//17']\nfeatures.x = 'age'\ntraining.rounds = 5").own
    assert own == {"concepts": ("crp",), "features": ("x",)}
    assert catalogue.own == {}


@pytest.mark.parametrize(
    "example", sorted((ROOT / "configs" / "examples").glob("*.toml")), ids=lambda one: one.stem
)
def test_every_example_of_a_site_makes_a_catalogue_that_can_be_computed(example):
    own = load_catalogue(example)
    assert own.own
    Plan(own.features, own.concepts)


def test_an_example_adds_one_of_everything(catalogue):
    own = load_catalogue(ROOT / "configs" / "examples" / "own_entries.toml")
    assert set(own.own) == {"concepts", "treatments", "interventions", "outcomes", "targets", "features"}
    assert (
        own.label("ketamine_fatigue")
        == "ketamine infusions (course): less fatigue, by a change that matters, 1 month"
    )
    added = set(own.features.names) - set(catalogue.features.names)
    assert {
        "substance_p_last",
        "fatigue_severity_measured",
        "bisphosphonate_failed",
        "fatigue_change",
    } <= added
    assert "bisphosphonate.failed" in own.features.to_plain()["classes_failed"]


MOLAR_MASS = {"cortisol": 362.46, "testosterone": 288.42, "dheas": 368.49, "estradiol": 272.38, "igf1": 7649}


@pytest.mark.parametrize(
    ("concept", "unit", "factor"),
    [
        ("cortisol_serum", "ug/dL", 1e4 / MOLAR_MASS["cortisol"]),  # nmol/L
        ("cortisol_serum", "ng/mL", 1e3 / MOLAR_MASS["cortisol"]),
        ("cortisol_saliva", "ng/dL", 1e1 / MOLAR_MASS["cortisol"]),
        ("cortisol_hair", "pmol/g", MOLAR_MASS["cortisol"] / 1e3),  # pg/mg
        ("cortisol_urine_24h", "ug/d", 1e3 / MOLAR_MASS["cortisol"]),  # nmol/d
        ("testosterone", "ng/dL", 1e1 / MOLAR_MASS["testosterone"]),  # nmol/L
        ("testosterone_free", "pg/mL", 1e3 / MOLAR_MASS["testosterone"]),  # pmol/L
        ("dhea", "ng/mL", 1e3 / MOLAR_MASS["testosterone"]),  # the two are isomers
        ("dheas", "ug/dL", 1e1 / MOLAR_MASS["dheas"]),  # umol/L
        ("acth", "pmol/L", 4541 / 1e3),  # ng/L
        ("estradiol", "pg/mL", 1e3 / MOLAR_MASS["estradiol"]),  # pmol/L
        ("igf1", "ng/mL", 1e3 / MOLAR_MASS["igf1"]),  # nmol/L
        ("vitamin_d", "ng/mL", 1e3 / 400.64),  # nmol/L
        ("norepinephrine", "pg/mL", 1 / 169.18),  # nmol/L
        ("creatinine", "mg/dL", 1e4 / 113.12),  # umol/L
    ],
)
def test_conversions_follow_from_the_molar_mass(catalogue, concept, unit, factor):
    assert catalogue.concepts.concepts[concept].units[unit][0] == pytest.approx(factor, rel=5e-4)


def test_every_score_that_an_outcome_may_judge_says_which_way_is_better(catalogue):
    scores = {name: one for name, one in catalogue.concepts.concepts.items() if one.unit == "{score}"}
    assert len(scores) >= 29
    assert {name for name, one in scores.items() if not (one.higher and one.hard)} == set()
    better = {name for name, one in scores.items() if one.higher == "better"}
    assert better == {"promis_physical_function", "eq5d_index", "eq5d_vas", "pseq"}


def test_a_verdict_on_a_treatment_and_a_safety_question_are_no_features(catalogue):
    said = " ".join(catalogue.features.to_plain().values())
    assert "pgic" not in said
    assert "phq9_item9" not in said


def test_every_reference_lies_within_the_limits_of_its_concept(catalogue):
    for name, one in catalogue.concepts.concepts.items():
        if one.reference:
            low, high = (math.log(max(limit, 1e-9)) if one.reference.log else limit for limit in one.hard)
            assert low < one.reference.mean < high, name


def test_soft_limits_lie_within_the_hard_ones(catalogue):
    for name, one in catalogue.concepts.concepts.items():
        if one.soft and one.hard:
            assert one.hard[0] <= one.soft[0] < one.soft[1] <= one.hard[1], name


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
        (
            "predict = ['rfa.pain_3.12_mo']",
            r"predict: Unknown target 'rfa.pain_3.12_mo'. Did you mean 'rfa.pain_30.12_mo'\?",
        ),
        ("predict = ['rfa*.pain_99.*']", r"predict: Unknown target 'rfa\*.pain_99.\*'"),
        ("targets.rfa.also.pain_51 = ['1 mo']", "target rfa: Unknown outcome 'pain_51'"),
        ("targets.rfa.also.pain_30 = ['1 m']", r"target rfa: Unknown horizon '1 m'. Did you mean '1 mo'\?"),
        ("targets.rfa.also.pain_30 = '1 mo'", r"target rfa\.also\.pain_30 must be a list"),
        ("targets.rfa.lasts_from = '7 mo'", "target rfa: Unknown horizon '7 mo'"),
        (
            "targets.rfa.outcome = 'holistic'",
            "target rfa: how long a response lasts is told of outcomes that measure one concept; holistic",
        ),
        ("outcomes.pain_50.implies = ['pain_3']", r"outcome pain_50: Unknown outcome 'pain_3'. Did you mean"),
        (
            "outcomes.pain_30.implies = ['pain_50']",
            "outcome pain_50 implies itself: pain_50 → pain_30 → pain_50",
        ),
        ("outcomes.holistic.some_of = ['mood']", "outcome holistic: Unknown outcome 'mood'"),
        ("outcomes.holistic.some_of = ['holistic_two']", "holistic_two cannot be part of a composite"),
        ("outcomes.holistic.some_of = ['hrql_eq5d']", "hrql_eq5d cannot be part of a composite"),
        ("outcomes.opioid_half.seen_by = 'pian'", r"outcome opioid_half: Unknown concept 'pian'"),
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
            "outcomes.csi = {label = 'x', concept = 'csi', kind = 'important_change'}",
            "outcome csi: what change of csi matters is not known. Give the concept an mcid",
        ),
        (
            "outcomes.x = {label = 'x', concept = 'pain', kind = 'absolute_drop'}",
            "outcome x: at_least must say how much .kind is absolute_drop",
        ),
        (
            "concepts.crp.disturbed_by = [{concept = 'flu', days = 9}]",
            r"concept crp: disturbed_by: Unknown concept 'flu'",
        ),
        (
            "concepts.crp.disturbed_by = [{concept = 'crps'}]",
            r"concept crp\.disturbed_by\[0\] needs 'days'",
        ),
        ("profiles.cortisol_day.of = 'cortisol'", "profile cortisol_day: of: Unknown concept 'cortisol'"),
        ("features.x = 'whether [pain_lst] is above 5'", "The feature 'x': Unknown feature 'pain_lst'"),
        (
            "features.x = 'total of [y]'\nfeatures.y = 'total of [z]'\nfeatures.z = 'total of [y]'",
            "The feature 'y' is made of itself: y → z → y. Say one of them in full",
        ),
        ("adequacy = 'strong'", "adequacy must be standard or strict, not 'strong'"),
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
    plain = [one for one in requirements(own) if not str(one["code"]).startswith(("R05", "C_ABS"))]
    age, excluded, baseline, of_trial, step = plain
    assert (age["code"], age["at_least"]) == ("R01_AGE", 21)
    assert excluded["code"] == "R06_OUT_OF_DOMAIN"
    assert excluded["features"] == ["count of bed_bound in 90 d"]
    assert (baseline["code"], baseline["targets"]) == ("R04_NO_BASELINE", ["rfa"])
    assert baseline["features"] == ["mean of pain in 30 d", "last of pain in 90 d"]
    assert of_trial["targets"] == ["scs_trial"]
    assert of_trial["features"] == baseline["features"], "relief in a trial is relief of pain"
    assert (step["code"], step["targets"]) == ("R06_OUT_OF_DOMAIN", ["rfa"])
    diagnostic, unknown = (
        f"(whether (days since last of {one} ever) is at most 365)"
        for one in ("block_diagnostic", "block_unknown_intent")
    )
    assert step["features"] == [f"any of {diagnostic} and {unknown}"]


def test_a_change_without_a_least_baseline_only_needs_the_baseline_to_be_known(site):
    own = site(
        "predict = ['rfa']\ntargets.rfa.outcome = 'd'\noutcomes.d = "
        "{label = 'd', concept = 'odi', kind = 'absolute_drop', at_least = 5}"
    )
    (baseline,) = [one for one in requirements(own) if one["code"] == "R04_NO_BASELINE"]
    assert "at_least" not in baseline
