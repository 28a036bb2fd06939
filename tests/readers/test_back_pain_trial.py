"""The back pain trial: a real randomised study with numbered visits, brought in by configuration alone."""

from pathlib import Path

import pytest

from painresponse.clinic import load_catalogue
from painresponse.errors import DefinitionError
from painresponse.inventory import take_inventory
from painresponse.readers.layout import read_layout
from painresponse.readers.tables import import_csv

ROOT = Path(__file__).parents[2]
SITE = ROOT / "configs" / "examples" / "back_pain.toml"
TRIAL = ROOT.parent / "shared" / "data" / "back_pain_trial" / "Ashar2022_outcomes_demographics.csv"

pytestmark = pytest.mark.skipif(not TRIAL.is_file(), reason=f"the trial is not at {TRIAL}")


@pytest.fixture(scope="module")
def brought(tmp_path_factory):
    """The folder and the report."""
    out = tmp_path_factory.mktemp("trial") / "trial"
    return out, import_csv(TRIAL, out, catalogue=load_catalogue(SITE), site=SITE)


def test_every_row_comes_in_and_only_repeated_facts_are_left_out(brought):
    """Age and sex stand in both rows of the 135 who came twice."""
    report = brought[1]
    assert report.rows == 341
    assert report.rejected == {"repeated": {"age": 135, "gender": 135}}
    assert report.unmapped == {}


def test_the_arms_respond_as_the_trial_published(brought):
    """At least 30 % less pain after treatment: 84 %, 50 % and 28 %; healthy controls are in no arm."""
    attrition = take_inventory(brought[0], SITE).attrition
    shares = {
        target: (one.steps["outcome known"], round(100 * one.steps["responded"] / one.steps["outcome known"]))
        for target, one in attrition.items()
    }
    assert shares == {"prt_pain_30": (44, 84), "placebo_pain_30": (44, 50), "usual_pain_30": (47, 28)}


def test_an_arm_is_too_small_for_a_model_of_its_own(brought):
    verdicts = take_inventory(brought[0], SITE).verdicts()
    assert all(one.startswith("no: ") for one in verdicts.values()), verdicts


def test_a_visit_that_names_no_date_of_the_forms_is_refused(tmp_path):
    site = tmp_path / "site.toml"
    site.write_text(SITE.read_text().replace("2018-02-01", "the second"))
    with pytest.raises(DefinitionError, match="import, visit '2': 'the second' fits none of the date forms"):
        read_layout(load_catalogue(site))


def test_the_features_are_the_sites_own_only():
    names = load_catalogue(SITE).features.names
    assert names[:4] == ("age", "female", "pain_years", "pain")
    assert len(names) == 12
