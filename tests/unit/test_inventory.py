"""`painresponse check`: what a data set holds, and what it holds of a site's own entries."""

import json
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from painresponse.clinic import load_catalogue
from painresponse.commands import app
from painresponse.inventory import take_inventory
from painresponse.readers import histories
from tests.lib.source import ROOT

EXAMPLE = ROOT / "configs" / "examples" / "own_entries.toml"
INFUSION = datetime(2024, 6, 1, 10)
PAIN = "LOINC//72514-3"


def patient(number: int, *, less: float) -> list[tuple]:
    """A history around an infusion: (subject, days after it, code, value, unit)."""
    return [
        (number, -15000, "MEDS_BIRTH", None, None),
        *[(number, -day, PAIN, 8.0, "{score}") for day in (10, 60, 120, 170)],
        (number, -400, PAIN, 8.0, "{score}"),
        *[(number, -day, "PR//odi", 60.0, "{score}") for day in (20, 30)],
        (number, -200, "ATC//M05BA04", 10.0, "mg/d"),
        (number, -90, "ATC//M05BA04//STOP//INEFFICACY", None, None),
        (number, -30, "CLINIC//SUBSTANCE_P", 90.0, "pg/mL"),
        (number, -29, "CLINIC//SUBSTANCE_P", 80.0, None),
        (number, -28, "CLINIC//SUBSTANCE_P", 80.0, "mmol/L"),
        (number, -27, "CLINIC//SUBSTANCE_P", 90000.0, "ng/L"),
        (number, -20, "CLINIC//FSS", 6.0, "{score}"),
        (number, 0, "CLINIC//KETAMINE_INFUSION", None, None),
        (number, 2, "CLINIC//KETAMINE_INFUSION", None, None),
        (number, 30, PAIN, 8.0 - less, "{score}"),
        (number, 30, "CLINIC//FSS", 5.5, "{score}"),
    ]


def write(folder, *shards: list[tuple]):
    """A MEDS folder with a file for each shard."""
    (folder / "data").mkdir(parents=True)
    for place, rows in enumerate(shards):
        rows = sorted(rows, key=lambda row: (row[0], row[1]))
        subject, day, code, value, unit = zip(*rows, strict=True)
        columns = {
            "subject_id": pa.array(subject, pa.int64()),
            "time": pa.array([INFUSION + timedelta(days=one) for one in day], pa.timestamp("us")),
            "code": pa.array(code),
            "numeric_value": pa.array(value, pa.float32()),
            "unit": pa.array(unit, pa.string()),
        }
        pq.write_table(pa.table(columns), folder / "data" / f"{place}.parquet")
    return folder


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    """Three patients in two shards."""
    first, second = [*patient(1, less=5), *patient(2, less=1)], patient(3, less=4)
    return write(tmp_path_factory.mktemp("clinic") / "meds", first, second)


@pytest.fixture(scope="module")
def own(clinic):
    """The site's own entries by name, as --json tells them."""
    return {one["name"]: one for one in take_inventory(clinic, EXAMPLE).to_plain()["own_entries"]}


def test_a_biomarker_is_told_by_events_subjects_units_rejections_and_features(own):
    assert own["substance_p"] == {
        "section": "concepts",
        "name": "substance_p",
        "looked_for": ("CLINIC//SUBSTANCE_P", "PR//substance_p"),
        "events": 6,
        "subjects": 3,
        "units": {"pg/mL": 3, "none": 3, "mmol/L": 3, "ng/L": 3},
        "rejected": {"unit": 3, "limits": 3},
        "features": ("substance_p_last", "substance_p_measured"),
    }


def test_a_questionnaire_is_told_with_every_feature_made_of_it(own):
    found = own["fatigue_severity"]
    assert (found["events"], found["subjects"]) == (6, 3)
    named = ("fatigue_severity_last", "fatigue_severity_measured", "fatigue_change", "inflamed_and_tired")
    assert found["features"] == named


def test_a_class_of_drugs_is_told_with_its_stops(own):
    found = own["bisphosphonate"]
    assert (found["events"], found["subjects"], found["units"]) == (6, 3, {"mg/d": 3})
    assert {"bisphosphonate_tried", "classes_tried", "classes_failed"} <= set(found["features"])


def test_an_intervention_is_told_by_its_episodes_and_the_targets_that_use_it(own):
    found = own["ketamine"]
    steps = found["stages"]["course"]
    assert (steps["begin events"], steps["new episode"]) == (6, 3), "a course is one episode"
    assert set(found["targets"]) == {"ketamine_pain", "ketamine_fatigue"}
    assert found["targets"]["ketamine_pain"]["begin events"] == 6


def test_an_outcome_and_a_target_are_told_by_what_became_known(own):
    judged = own["less_fatigue"]["targets"]
    assert list(judged) == ["ketamine_fatigue"]
    assert own["ketamine_fatigue"]["targets"] == judged
    assert (judged["ketamine_fatigue"]["outcome known"], judged["ketamine_fatigue"]["responded"]) == (3, 0)
    pain = own["ketamine_pain"]["targets"]["ketamine_pain"]
    assert (pain["outcome known"], pain["responded"]) == (3, 2)


def test_a_feature_is_told_by_how_many_episodes_know_it(own):
    assert own["fatigue_change"]["known"] == (0, 6), "one score makes no slope; two targets of three episodes"


def test_of_what_is_not_there_the_codes_looked_for_are_named(tmp_path):
    bare = write(tmp_path / "meds", [(1, 0, PAIN, 5.0, None)])
    told = {one.name: one.words() for one in take_inventory(bare, EXAMPLE).own}
    assert told["substance_p"] == (
        "nothing found: codes looked for CLINIC//SUBSTANCE_P, PR//substance_p; "
        "features substance_p_last, substance_p_measured"
    )
    assert "nothing found: codes looked for CLINIC//KETAMINE_INFUSION" in told["ketamine"]
    assert told["fatigue_change"] == "no episode to compute it for"


def test_without_entries_of_its_own_a_site_is_told_of_none(clinic):
    inventory = take_inventory(clinic)
    assert inventory.own == ()
    assert inventory.to_plain()["own_entries"] == []


def test_an_outcome_no_target_uses_says_so(clinic, tmp_path):
    site = tmp_path / "site.toml"
    site.write_text(
        "outcomes.less_pain = {label = 'x', concept = 'pain', kind = 'important_change'}\n"
        "horizons.soon = {label = 'soon', days = [1, 5], nominal = 3}"
    )
    told = {one.name: one.words() for one in take_inventory(clinic, site).own}
    assert told == {"less_pain": "no target uses it", "soon": "no target uses it"}


def test_a_profile_is_told_by_its_samples(clinic, tmp_path):
    site = tmp_path / "site.toml"
    site.write_text(
        "profiles.tired_day = {label = 'tiredness over a day', of = 'phq9', kind = 'day'}\n"
        "features.tired_slope = 'last of tired_day.slope in 1 y'"
    )
    told = {one.name: one.words() for one in take_inventory(clinic, site).own}
    assert told["tired_day"] == (
        "nothing found: codes looked for LOINC//44261-6, PR//phq9; features tired_slope"
    )


def test_concepts_are_counted_over_all_shards(clinic):
    inventory = take_inventory(clinic)
    assert inventory.found["pain"] == (18, 3)
    assert inventory.found["birth"] == (3, 3)
    assert "crp" in inventory.missing()


def test_the_levels_of_intractable_pain_are_counted_by_target(clinic):
    inventory = take_inventory(clinic, EXAMPLE)
    assert sum(inventory.levels()["ketamine_pain"].values()) == 3
    assert sum(inventory.levels()["rfa"].values()) == 0


def test_a_table_of_the_clinics_own_is_brought_in_and_found(tmp_path):
    """Energy of 2, where 7 is best, is fatigue of 6, where 7 is worst."""
    visits = tmp_path / "visits.csv"
    visits.write_text(
        "patient,seen,pain,substance P (pg/mL),energy,procedure\n"
        "anna,2024-05-01 09:00,8,90,2,\n"
        "anna,2024-06-01 10:00,,,,ketamine\n"
    )
    arguments = ["import", "csv", str(visits), "--config", str(EXAMPLE), "--out", str(tmp_path / "meds")]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    ((records, _),) = histories(tmp_path / "meds", load_catalogue(EXAMPLE).concepts)
    assert records.value[records.code == records.codes.index("PR//fatigue_severity")] == [6]
    told = {one.name: one for one in take_inventory(tmp_path / "meds").own}
    assert told["substance_p"].units == {"pg/mL": 1}
    assert told["fatigue_severity"].events == 1
    assert told["ketamine"].stages["course"]["new episode"] == 1


def test_check_ends_with_the_sites_own_entries(clinic):
    shown = CliRunner().invoke(app, ["check", str(clinic), "--config", str(EXAMPLE)])
    assert shown.exit_code == 0
    last = shown.stdout.split("Your own entries")[1]
    assert "6 events of 3 subjects" in last
    assert last.count("ketamine_pain") >= 2
    assert "Your own entries" not in CliRunner().invoke(app, ["check", str(clinic)]).stdout


def test_check_tells_machines_the_same(clinic):
    told = CliRunner().invoke(app, ["check", str(clinic), "--config", str(EXAMPLE), "--json"])
    plain = json.loads(told.stdout)
    assert [one["name"] for one in plain["own_entries"]][:2] == ["substance_p", "il6"]
    assert set(plain["levels"]["ketamine_pain"]) == {"none", "possible", "probable", "definite"}
    assert {"inferred", "unusual"} <= set(plain)
