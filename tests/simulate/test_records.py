"""What stands in the synthetic records: the baseline, the treatments, the index and what follows it."""

import numpy as np
import pandas as pd
import pytest

from painresponse.simulate.plan import read_vocabulary
from tests.simulate.conftest import SUBJECTS, Clinic

PAIN = "LOINC//72514-3"
FINAL = ("scs_permanent", "idd_permanent", "nerve_block_therapeutic", "rfa", "mpp", "pt_specialised", "cbt")


def _days_from(index: pd.Series, events: pd.DataFrame) -> pd.Series:
    """Days from each patient's index to the events given (patients without an index: NaN)."""
    return (events["time"] - events["subject_id"].map(index)).dt.total_seconds() / 86400


def test_a_patient_has_about_eighty_events(clinic: Clinic) -> None:
    assert 75 <= len(clinic.events) / SUBJECTS <= 150


def test_everybody_is_born_has_a_sex_a_site_and_an_onset_of_pain_once(clinic: Clinic) -> None:
    sex = clinic.coded("GENDER//F", "GENDER//M")
    assert sex["time"].isna().all()
    for facts in (sex, *(clinic.coded(code) for code in ("MEDS_BIRTH", "PR//site", "PR//pain_onset"))):
        assert facts["subject_id"].value_counts().eq(1).all() and len(facts) == SUBJECTS
    assert set(clinic.coded("PR//site")["numeric_value"]) == {1, 2, 3, 4, 5, 6}


def test_nothing_happens_before_birth_or_after_death(clinic: Clinic) -> None:
    dated = clinic.events.dropna(subset="time")
    born = clinic.coded("MEDS_BIRTH").set_index("subject_id")["time"]
    died = clinic.coded("MEDS_DEATH").set_index("subject_id")["time"]
    assert 0 < len(died) < 0.03 * SUBJECTS
    assert (dated["time"] >= dated["subject_id"].map(born)).all()
    last = dated["subject_id"].map(died).fillna(pd.Timestamp("2100-01-01"))
    assert (dated["time"] <= last).all()


def test_visits_keep_clinic_hours(clinic: Clinic) -> None:
    hours = clinic.coded(PAIN)["time"].dt.hour
    assert hours.between(8, 16).all()


def test_the_index_lies_in_the_six_years(clinic: Clinic) -> None:
    index = clinic.truth.loc[
        clinic.truth["given"] & ~clinic.truth["target"].str.endswith("permanent"), "time"
    ]
    assert (index.min().year, index.max().year) == (2017, 2022)
    assert len(index) == SUBJECTS


@pytest.mark.parametrize("target", FINAL)
def test_one_pain_score_or_none_stands_in_the_weeks_before_the_index(clinic: Clinic, target: str) -> None:
    """A second would move the mean; an implant may also see the baseline of its trial, which is equal."""
    scores = clinic.coded(PAIN)
    days = _days_from(clinic.given(target), scores)
    recent = scores[(days > -31) & (days < -1)].groupby("subject_id")["numeric_value"]
    assert recent.nunique().eq(1).all()
    assert recent.ngroups / len(clinic.given(target)) == pytest.approx(0.97, abs=0.05)
    if not target.endswith("permanent"):
        assert recent.size().eq(1).all()


def test_an_implant_follows_its_trial_by_weeks(clinic: Clinic) -> None:
    for arm in ("scs", "idd"):
        trial, implant = clinic.given(f"{arm}_trial"), clinic.given(f"{arm}_permanent")
        assert set(implant.index) < set(trial.index)
        assert (implant - trial[implant.index]).dt.days.between(14, 69).all()


def test_the_trial_result_comes_days_later_and_is_what_the_truth_says(clinic: Clinic) -> None:
    for arm, low, high in (("scs", 5, 8), ("idd", 1, 4)):
        result = clinic.coded(f"PR//{arm}_trial_relief")
        assert _days_from(clinic.given(f"{arm}_trial"), result).between(low, high).all()
        truth = clinic.truth[clinic.truth["target"] == f"{arm}_trial"].set_index("subject_id")["relief"]
        assert np.allclose(result["numeric_value"], result["subject_id"].map(truth), atol=0.06)


def test_a_lesion_follows_a_positive_diagnostic_block(clinic: Clinic) -> None:
    lesions, relief = clinic.given("rfa"), clinic.coded("PR//block_relief")
    mine = relief[relief["subject_id"].isin(lesions.index)]
    assert set(mine["subject_id"]) == set(lesions.index)
    assert (mine["numeric_value"] >= 50).all()
    last = _days_from(lesions, mine).groupby(mine["subject_id"]).max()
    assert last.between(-90, -13).all()


def test_the_opioid_taken_at_the_index_gives_the_patients_morphine_equivalents(clinic: Clinic) -> None:
    """An opioid begun and not stopped by the index is the only one, between 5 and 600 MME a day."""
    drugs = [drug for each in read_vocabulary().treatments.values() for drug in each.ingredients if drug.mme]
    factor = {drug.code: drug.mme for drug in drugs}
    index = clinic.truth[clinic.truth["given"]].groupby("subject_id")["time"].min()
    dated = clinic.events.dropna(subset="time")
    before = dated[_days_from(index, dated) < 0]
    starts = before[before["code"].isin(factor)]
    stopped = before[before["code"].str.contains("//STOP")]
    keys = set(zip(stopped["subject_id"], stopped["code"].str.partition("//STOP")[0], strict=True))
    running = [key not in keys for key in zip(starts["subject_id"], starts["code"], strict=True)]
    current = starts[running]
    assert current["subject_id"].is_unique
    mme = current["numeric_value"] * current["code"].map(factor)
    assert mme.between(4.9, 601).all()
    assert mme.median() == pytest.approx(42, rel=0.1)
    assert len(current) / SUBJECTS == pytest.approx(0.585 * 0.93, abs=0.03)


def test_most_stops_give_no_reason(clinic: Clinic) -> None:
    stops = clinic.events.loc[clinic.events["code"].str.contains("//STOP"), "code"].str.partition("//STOP")[2]
    assert (stops != "").mean() == pytest.approx(0.30, abs=0.02)
    share = stops[stops != ""].value_counts(normalize=True)
    assert share["//INEFFICACY"] == pytest.approx(0.55, abs=0.05)
    assert share["//ADVERSE_EFFECT"] == pytest.approx(0.35, abs=0.05)


def test_laboratory_results_are_known_hours_or_days_after_the_draw(clinic: Clinic) -> None:
    late = clinic.events.dropna(subset="available_time")
    hours = (late["available_time"] - late["time"]).dt.total_seconds() / 3600
    assert hours.between(4, 72).all()
    assert {"LOINC//2143-6", "LOINC//30522-7"} <= set(late["code"])
    assert clinic.coded(PAIN)["available_time"].isna().all()


def test_every_site_reports_cortisol_in_one_unit_and_both_units_say_the_same(clinic: Clinic) -> None:
    draws = clinic.coded("LOINC//2143-6").merge(
        clinic.coded("PR//site")[["subject_id", "numeric_value"]], on="subject_id", suffixes=("", "_site")
    )
    assert draws.groupby("numeric_value_site")["unit"].nunique().eq(1).all()
    assert set(draws["unit"]) == {"nmol/L", "ug/dL"}
    levels = draws["numeric_value"] * draws["unit"].map({"nmol/L": 1, "ug/dL": 27.589})
    medians = levels.groupby(draws["unit"]).median()
    assert medians["nmol/L"] == pytest.approx(medians["ug/dL"], rel=0.25)


def test_pain_falls_after_the_index_in_those_who_respond(clinic: Clinic) -> None:
    scores = clinic.coded(PAIN)
    rows = clinic.truth[clinic.truth["target"] == "rfa"].set_index("subject_id")
    days = _days_from(clinic.given("rfa"), scores)
    late = scores[days.between(150, 225)].groupby("subject_id")["numeric_value"].mean()
    before = scores[days.between(-30, -1)].groupby("subject_id")["numeric_value"].mean()
    seen = (1 - late / before).dropna() >= 0.5
    assert (seen == rows.loc[seen.index, "outcome"]).mean() > 0.88


def test_function_improves_with_relief(clinic: Clinic) -> None:
    scores = clinic.coded("PR//odi")
    index = clinic.truth[clinic.truth["given"]].groupby("subject_id")["time"].max()
    relief = clinic.truth[clinic.truth["given"]].groupby("subject_id")["relief"].last()
    days = _days_from(index, scores)
    after = scores[days > 60].groupby("subject_id")["numeric_value"].mean()
    change = (scores[days < 0].groupby("subject_id")["numeric_value"].last() - after).dropna()
    assert change.corr(relief[change.index]) > 0.3


def test_an_explanted_patient_has_no_benefit_afterwards(clinic: Clinic) -> None:
    out = clinic.coded("PR//scs_explant").set_index("subject_id")["time"]
    assert len(out) > 5
    scores = clinic.coded(PAIN)
    after = scores[_days_from(out, scores) > 15].groupby("subject_id")["numeric_value"].mean()
    index = clinic.given("scs_trial")
    before = scores[_days_from(index, scores).between(-31, 0)].groupby("subject_id")["numeric_value"].mean()
    assert ((before - after).dropna().abs() < 1.5).all()


def test_flaws_are_there_when_asked_for_and_only_then(clinic: Clinic, flawed: Clinic) -> None:
    assert clinic.events.duplicated().sum() == 0
    assert flawed.events.duplicated().mean() == pytest.approx(0.02, abs=0.002)
    cancer = flawed.coded("ICD10CM//G89.3")["subject_id"].nunique()
    assert cancer / SUBJECTS == pytest.approx(0.02 / 3, abs=0.004)
    assert len(clinic.coded("ICD10CM//G89.3", "ICD10CM//Z33.1")) == 0
    assert len(flawed.coded("ICD10CM//Z33.1")) > 0


def test_trap_patients_who_are_minors_are_minors_at_the_index(flawed: Clinic) -> None:
    born = flawed.coded("MEDS_BIRTH").drop_duplicates("subject_id").set_index("subject_id")["time"]
    index = flawed.truth[flawed.truth["given"]].groupby("subject_id")["time"].min()
    age = (index - born).dt.days / 365.25
    assert (age < 18).mean() == pytest.approx(0.02 / 3, abs=0.005)
    assert age[age < 18].between(15.9, 18).all()
