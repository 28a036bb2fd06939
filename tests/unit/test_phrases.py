"""Features as a clinician says them, values with their units, low and high as in training."""

from dataclasses import replace

import numpy as np
import pytest

from painresponse.language import FeatureSet, parse
from painresponse.scoring.drift import LEVELS
from painresponse.scoring.phrases import Phrase, phrases

NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def said(catalogue):
    return phrases(catalogue.features, catalogue.concepts)


def of(sentence, catalogue):
    """What a feature of this sentence is called."""
    return phrases(FeatureSet.of(my_feature=parse(sentence)), catalogue.concepts)["my_feature"].words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cortisol_serum_morning", "morning serum cortisol (mean, past 2 years)"),
        ("pain_mean_30d", "average pain, numeric rating scale 0-10 (mean, past 30 days)"),
        ("pain_slope_1y", "average pain, numeric rating scale 0-10 (change, past year)"),
        ("acth_last", "corticotropin (ACTH; latest, past 2 years)"),
        ("crp_measured", "C-reactive protein measured (past 2 years)"),
        ("crps", "complex regional pain syndrome"),
        ("smoker", "current smoking"),
        ("age", "age"),
        ("pain_onset_days", "time since onset of the pain (first)"),
        ("rfa_days_since", "time since thermal radiofrequency ablation (last)"),
        ("snri_failed", "failed trial of serotonin-noradrenaline reuptake inhibitor"),
        ("opioid_strong_tried", "trial of strong opioid (times recorded)"),
        ("opioid_days_1y", "days on opioids (total, past year)"),
        ("opioid_mme_per_day", "opioid MME per day"),
        ("hpa_blunted", "HPA axis blunted"),
        ("cortisol_hair_z", "hair cortisol, last 3 cm, standardised (latest, past 2 years)"),
        ("classes_failed", "classes failed"),
    ],
)
def test_a_feature_is_called_what_a_clinician_calls_it(said, name, words):
    assert said[name].words == words


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        (
            "mean of pain in 90 d before the last rfa",
            "90 days before the last thermal radiofrequency ablation)",
        ),
        ("mean of pain since the last rfa", "(mean, since the last thermal radiofrequency ablation)"),
        ("mean of pain ever before the first rfa", "before the first thermal radiofrequency ablation)"),
        ("min of pain between 0 and 6 h in 3 mo", "(smallest, past 3 months)"),
        ("spread of pain in 1 d", "(standard deviation, past day)"),
    ],
)
def test_where_a_window_lies_is_said_shortly(catalogue, sentence, words):
    assert of(sentence, catalogue).endswith(words)


@pytest.mark.parametrize(
    ("start", "stop", "part"),
    [
        (0, 6, "night"),
        (6, 10, "morning"),
        (10, 14, "midday"),
        (15, 18, "afternoon"),
        (20, 24, "evening"),
    ],
)
def test_hours_of_the_clock_are_a_part_of_the_day(catalogue, start, stop, part):
    sentence = f"mean of cortisol_serum between {start} and {stop} h in 2 y"
    assert of(sentence, catalogue).startswith(f"{part} serum cortisol")


def test_no_two_features_of_the_catalogue_are_called_alike_and_none_is_long(catalogue, said):
    assert tuple(said) == catalogue.features.names
    words = [one.words for one in said.values()]
    assert len(set(words)) == len(words)
    assert max(map(len, words)) <= 100


def test_what_would_be_called_alike_is_called_by_its_name(catalogue):
    twins = FeatureSet.of(
        crp_raw=parse("last of crp in 2 y"), crp_trusted=parse("last of undisturbed crp in 2 y")
    )
    found = phrases(twins, catalogue.concepts)
    assert [one.words for one in found.values()] == ["crp raw", "crp trusted"]


@pytest.mark.parametrize(
    ("name", "number", "value"),
    [
        ("bmi_last", 27.5, "27.5 kg/m²"),
        ("smoker", 1, "yes"),
        ("smoker", 0, "no"),
        ("female", 1, "yes"),
        ("age", 61.25, "61.2 years"),
        ("phq9_last", 12, "12"),
        ("scs_trial_relief_last", 55, "55 %"),
        ("pain_onset_days", 11937.4, "32.7 years"),
        ("rfa_days_since", 120, "120 days"),
        ("systolic_mean", 128.6, "129 mmHg"),
        ("cortisol_serum_morning", 112.4, "112 nmol/L"),
        ("pcs_change", -3.14, "-3.14 a year"),
        ("egfr_last", 88, "88 mL/min/1.73 m²"),
        ("ferritin_last", 1234.5, "1234 µg/L"),
        ("crp_last", np.nan, "not known"),
        ("crp_last", np.inf, "not known"),
        ("pulse_pressure", 45, "45 mmHg"),
        ("cortisol_afternoon_to_morning", 0.5, "0.5"),
    ],
)
def test_values_are_said_as_a_clinician_would(said, name, number, value):
    assert said[name].value(number) == value


MARKED = Phrase("serum cortisol", "nmol/L", marks=(100.0, 200.0, 400.0, 600.0))


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (99, "99 nmol/L, very low"),
        (100, "100 nmol/L, low"),
        (199, "199 nmol/L, low"),
        (200, "200 nmol/L"),
        (400, "400 nmol/L"),
        (401, "401 nmol/L, high"),
        (600, "600 nmol/L, high"),
        (601, "601 nmol/L, very high"),
        (np.nan, "not known"),
    ],
)
def test_low_and_high_are_beyond_the_quarters_of_the_patients_of_training(number, value):
    assert MARKED.value(number) == value


def test_a_yes_is_neither_low_nor_high():
    assert replace(MARKED, yes_or_no=True).value(1) == "yes"


def test_a_value_that_stands_on_a_mark_is_within_though_it_was_kept_in_single_precision():
    phrase = Phrase("a score", marks=(0.1, 0.1, 0.1, 0.1))
    assert phrase.value(float(np.float32(0.1))) == "0.1"


def test_marks_are_those_of_the_bundle_s_reference(catalogue):
    reference = {"bmi_last": [*(100 * level for level in LEVELS), 0.9], "crp_last": [None] * 7 + [0.0]}
    found = phrases(catalogue.features, catalogue.concepts, reference=reference)
    assert found["bmi_last"].marks == (5.0, 25.0, 75.0, 95.0)
    assert found["crp_last"].marks is None
    assert found["age"].marks is None
