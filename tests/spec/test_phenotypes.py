"""Mechanisms of pain and states of the stress axis, as the packaged features say them: no diagnoses."""

import math

import pytest

from tests.lib.tables import answers


@pytest.fixture(scope="module")
def said(catalogue):
    """What packaged features say of the patients of a table."""
    sentences = catalogue.features.to_plain()

    def ask(text: str, *names: str):
        found = answers(text, *(sentences[name] for name in names), concepts=catalogue.concepts)
        return {patient: line[0] if len(names) == 1 else line for patient, line in found.items()}

    return ask


# ---- cortisol by the clock ----


def test_each_time_of_day_has_its_own_cortisol(said):
    text = """
        patient | time             | code           | value | unit
              1 | 2026-02-10T08:00 | cortisol_serum | 400   | nmol/L
              1 | 2026-02-11T07:30 | cortisol_serum | 300   | nmol/L
              1 | 2026-02-10T12:00 | cortisol_serum | 280   | nmol/L
              1 | 2026-02-10T16:00 | cortisol_serum | 140   | nmol/L
              1 | 2026-02-10T22:00 | cortisol_serum | 70    | nmol/L
    """
    bands = [f"cortisol_serum_{band}" for band in ("morning", "midday", "afternoon", "evening")]
    assert said(text, *bands, "cortisol_afternoon_to_morning") == {1: (350, 280, 140, 70, 0.4)}


def test_a_cortisol_without_a_clock_time_is_of_no_time_of_day_but_was_measured(said):
    text = """
        patient | time       | code           | value | unit
              1 | 2026-02-10 | cortisol_serum | 400   | nmol/L
    """
    names = [f"cortisol_serum_{word}" for word in ("morning", "midday", "afternoon", "evening", "measured")]
    assert said(text, *names) == {1: (None, None, None, None, 1)}


@pytest.mark.parametrize(
    ("value", "nmol"), [(15, 15 * 27.589), (49.9, 49.9 * 27.589), (50, 50), (400, 400), (0.5, None)]
)
def test_the_size_of_a_serum_cortisol_without_a_unit_tells_its_unit(said, value, nmol):
    text = f"""
        patient | time             | code           | value
              1 | 2026-02-10T08:00 | cortisol_serum | {value}
    """
    found = said(text, "cortisol_serum_morning")[1]
    assert found == (None if nmol is None else pytest.approx(nmol, rel=1e-6))


@pytest.mark.parametrize(("value", "nmol"), [(0.4, 0.4 * 27.589), (0.5, None), (2.9, None), (3, 3), (12, 12)])
def test_a_salivary_cortisol_that_may_be_in_either_unit_is_left_out(said, value, nmol):
    text = f"""
        patient | time             | code            | value
              1 | 2026-02-10T08:00 | cortisol_saliva | {value}
    """
    found = said(text, "cortisol_saliva_morning")[1]
    assert found == (None if nmol is None else pytest.approx(nmol, rel=1e-6))


# ---- what disturbs a measurement ----


@pytest.mark.parametrize(
    ("disturbance", "days", "heard"),
    [
        ("RxNorm//8640", 20, None),  # prednisone
        ("RxNorm//8640", 31, 400),
        ("RxNorm//8640//STOP", 20, None),
        ("ATC//H02AB06", 20, None),  # prednisolone
        ("RxNorm//10759", 41, None),  # triamcinolone, injected
        ("RxNorm//10759", 43, 400),
        ("PR//steroid_injection", 41, None),
        ("CPT//64483", 41, None),  # an epidural, whose drug is not said
        ("ICD10CM//E27.1", 3000, None),
        ("ICD10CM//E27.3", 10, 400),  # the insufficiency opioids make is what is looked for
        ("ICD10CM//E24.0", 3000, None),
        ("ICD10CM//E23.0", 3000, None),
        ("ICD10CM//J18.9", 13, None),
        ("ICD10CM//J18.9", 15, 400),
        ("CPT//27447", 13, None),
        ("ICD10CM//Z34.90", 100, None),
        ("ATC//G03AA07", 90, None),
        ("RxNorm//5640", 1, 400),  # ibuprofen disturbs nothing
    ],
)
def test_serum_cortisol_is_not_heard_after_what_disturbs_it(said, disturbance, days, heard):
    text = f"""
        patient | days before | code           | value | unit
              1 | {days + 10} | {disturbance}  |       |
              1 | 10          | cortisol_serum | 400   | nmol/L
    """
    # ten days before the index is 9 in the morning
    assert said(text, "cortisol_serum_morning", "cortisol_serum_measured") == {1: (heard, 1)}


def test_a_disturbance_after_the_measurement_changes_nothing(said):
    text = """
        patient | days before | code           | value | unit
              1 | 10          | cortisol_serum | 400   | nmol/L
              1 | 9           | RxNorm//8640   | 40    |
    """
    assert said(text, "cortisol_serum_morning") == {1: 400}


def test_oestrogen_by_mouth_disturbs_serum_and_not_saliva(said):
    text = """
        patient | days before | code            | value | unit
              1 | 40          | RxNorm//4124    |       |
              1 | 10          | cortisol_serum  | 700   | nmol/L
              1 | 10          | cortisol_saliva | 12    | nmol/L
    """
    assert said(text, "cortisol_serum_morning", "cortisol_saliva_morning") == {1: (None, 12)}


# ---- three states of the stress axis ----

STATES = ("hpa_blunted", "hpa_hyper", "hpa_normal")
MORNING, AFTERNOON, EVENING = "2026-02-10T08:00", "2026-02-10T16:00", "2026-02-10T22:00"


def day(*values: tuple[str, str, float]) -> str:
    """A table of cortisol values: time, concept, value in the concept's own unit."""
    rows = "\n".join(f"1 | {time} | {concept} | {value}" for time, concept, value in values)
    return f"patient | time | code | value\n{rows}"


@pytest.mark.parametrize(
    ("values", "states"),
    [
        ([(MORNING, "cortisol_serum", 400)], (0, 0, 1)),
        ([(MORNING, "cortisol_serum", 137)], (1, 0, 0)),
        ([(MORNING, "cortisol_serum", 138)], (0, 0, 1)),
        ([(MORNING, "cortisol_serum", 691)], (0, 1, 0)),
        ([(MORNING, "cortisol_serum", 280), (AFTERNOON, "cortisol_serum", 220)], (1, 0, 0)),
        ([(MORNING, "cortisol_serum", 300), (AFTERNOON, "cortisol_serum", 240)], (0, 0, 1)),
        ([(MORNING, "cortisol_serum", 280), (AFTERNOON, "cortisol_serum", 200)], (0, 0, 1)),
        ([(MORNING, "cortisol_serum", 400), (EVENING, "cortisol_serum", 208)], (0, 1, 0)),
        ([(MORNING, "cortisol_serum", 400), (EVENING, "cortisol_saliva", 4.5)], (0, 1, 0)),
        ([(EVENING, "cortisol_serum", 208)], (0, 1, 0)),
        ([(EVENING, "cortisol_serum", 90)], (None, 0, None)),
        ([(MORNING, "cortisol_hair", 120)], (None, 1, 0)),
        ([(MORNING, "cortisol_hair", 46)], (None, 0, None)),
        ([(MORNING, "crp", 5)], (None, None, None)),
    ],
)
def test_the_state_of_the_stress_axis(said, values, states):
    assert said(day(*values), *STATES) == {1: states}


@pytest.mark.parametrize(("evening", "blunted"), [(4, 0), (7, 1)])
def test_a_flat_day_in_saliva_is_a_blunted_axis(said, evening, blunted):
    """From 12 at 8 h: to 4 within 10 hours is -0.11 an hour on the logarithm, to 7 only -0.05."""
    middle = (12 * evening) ** 0.5
    values = [("2026-02-10T08:00", 12), ("2026-02-10T13:00", middle), ("2026-02-10T18:00", evening)]
    rows = "\n".join(f"1 | {time} | cortisol_saliva | {value} | nmol/L" for time, value in values)
    found = said(f"patient | time | code | value | unit\n{rows}", "cortisol_slope", "hpa_blunted")
    assert found == {1: (pytest.approx(math.log(evening / 12) / 10), blunted)}


def test_a_high_evening_speaks_louder_than_a_low_morning(said):
    values = [(MORNING, "cortisol_serum", 130), (EVENING, "cortisol_serum", 250)]
    assert said(day(*values), *STATES) == {1: (0, 1, 0)}


def test_a_low_morning_speaks_louder_than_high_hair(said):
    values = [(MORNING, "cortisol_serum", 130), (MORNING, "cortisol_hair", 200)]
    assert said(day(*values), *STATES) == {1: (1, 0, 0)}


def test_under_steroids_nothing_is_known_of_the_axis(said):
    text = """
        patient | days before | code           | value | unit
              1 | 20          | RxNorm//8640   | 40    |
              1 | 10          | cortisol_serum | 60    | nmol/L
    """
    assert said(text, *STATES, "possible_adrenal_insufficiency") == {1: (None, None, None, None)}


@pytest.mark.parametrize(("value", "flag"), [(99, 1), (100, 0)])
def test_a_very_low_morning_cortisol_is_flagged(said, value, flag):
    assert said(day((MORNING, "cortisol_serum", value)), "possible_adrenal_insufficiency") == {1: flag}


# ---- mechanisms ----


@pytest.mark.parametrize(("csi", "positive"), [(39, 0), (40, 1)])
def test_the_inventory_alone_tells_central_sensitisation(said, csi, positive):
    text = f"patient | days before | code | value\n1 | 10 | csi | {csi}"
    assert said(text, "central_sensitisation") == {1: positive}


def test_of_several_signs_of_central_sensitisation_the_share_counts(said):
    text = """
        patient | days before | code                        | value
              1 | 10          | csi                         | 45
              1 | 10          | wind_up_ratio               | 2
              1 | 10          | conditioned_pain_modulation | 5
              1 | 10          | allodynia                   | 0
              2 | 10          | allodynia                   | 1
              3 | 10          | allodynia                   | 1
              3 | 10          | pain_sites                  | 9
    """
    assert said(text, "central_sensitisation") == {1: 0.5, 2: None, 3: 1}, "one sign is not enough"


def test_one_positive_screen_makes_pain_neuropathic(said):
    text = """
        patient | days before | code       | value
              1 | 10          | dn4        | 3
              1 | 10          | paindetect | 19
              2 | 10          | dn4        | 3
              2 | 10          | slanss     | 11
              3 | 400         | dn4        | 8
    """
    assert said(text, "neuropathic") == {1: 1, 2: 0, 3: None}


def test_inflammation_is_the_average_of_two_markers_at_least(said):
    """Each as its logarithm's distance from the reference, in standard deviations."""
    text = """
        patient | days before | code | value   | unit
              1 | 10          | il6  | 4.06327 | ng/L
              1 | 10          | crp  | 2.39888 | mg/L
              2 | 10          | il6  | 4.06327 | ng/L
    """
    found = said(text, "neuroinflammation")
    assert found[1] == pytest.approx(0.5, abs=1e-4), "one deviation above, and none"
    assert found[2] is None


def test_a_marker_in_an_infection_is_no_sign_of_inflamed_nerves(said):
    text = """
        patient | days before | code           | value | unit
              1 | 30          | ICD10CM//J18.9 |       |
              1 | 10          | il6            | 4     | ng/L
              1 | 10          | crp            | 90    | mg/L
    """
    assert said(text, "neuroinflammation", "crp_last", "crp_measured") == {1: (None, None, 1)}


def test_a_fast_heart_under_high_pressure_with_a_rigid_rhythm_is_a_driven_one(said):
    text = """
        patient | days before | code       | value
              1 | 10          | heart_rate | 87
              1 | 10          | systolic   | 150
              1 | 10          | hrv_rmssd  | 27
              2 | 10          | heart_rate | 87
              2 | 10          | systolic   | 150
              3 | 10          | heart_rate | 87
    """
    assert said(text, "autonomic") == {1: pytest.approx(2), 2: pytest.approx(1), 3: None}


def test_pain_of_joints_without_other_signs_is_nociceptive(said):
    text = """
        patient | days before | code            | value
              1 | 10          | ICD10CM//M47.816 |
              1 | 10          | dn4             | 2
              1 | 10          | csi             | 20
              2 | 10          | ICD10CM//M47.816 |
              2 | 10          | dn4             | 5
              3 | 10          | ICD10CM//M47.816 |
              3 | 10          | dn4             | 2
              4 | 10          | dn4             | 2
              4 | 10          | csi             | 20
    """
    assert said(text, "nociceptive") == {1: 1, 2: 0, 3: None, 4: 0}


# ---- how far the pain governs life ----


@pytest.mark.parametrize(
    ("line", "bound"),
    [
        ("odi | 60", (0, 0)),
        ("odi | 61", (1, 0)),
        ("odi | 81", (1, 1)),
        ("days_out_of_house | 0", (1, 0)),
        ("days_out_of_house | 1", (0, 0)),
        ("ICD10CM//Z74.09 |", (1, 0)),
        ("ICD10CM//Z74.01 |", (0, 1)),
    ],
)
def test_who_is_bound_to_house_or_bed(said, line, bound):
    text = f"patient | days before | code | value\n1 | 10 | {line}"
    assert said(text, "house_bound", "bed_bound") == {1: bound}


# ---- what earlier procedures did, and opioids ----


def test_relief_after_the_last_ablation_is_pain_before_less_pain_after(said):
    text = """
        patient | days before | code        | value
              1 | 430         | pain        | 8
              1 | 400         | CPT//64635  |
              1 | 350         | pain        | 3
              1 | 300         | pain        | 4
              1 | 10          | pain        | 9
              2 | 10          | pain        | 9
    """
    assert said(text, "rfa_relief", "rfa_count") == {1: (4.5, 1), 2: (None, 0)}


def test_the_opioid_dose_is_averaged_over_the_days_covered(said):
    text = """
        patient | days before | code                | value
              1 | 20          | RxNorm//7804        | 20
              1 | 20          | RxNorm//7804//DAYS  | 10
              2 | 20          | RxNorm//7804        | 20
              2 | 20          | RxNorm//7804//DAYS  | 10
              2 | 10          | RxNorm//7804        | 40
              2 | 10          | RxNorm//7804//DAYS  | 10
              3 | 10          | pain                | 5
    """
    found = said(text, "opioid_mme_per_day", "opioid_days_1y")
    assert found == {1: (pytest.approx(30), 10), 2: (pytest.approx(45), 20), 3: (0, 0)}
