"""The whole of watching: a clinic like training's, one that changed, and what is said of either."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from painresponse.errors import BundleError, CohortError, DefinitionError
from painresponse.monitoring import monitor
from painresponse.monitoring.findings import TABLES
from painresponse.monitoring.outcomes import ALL
from tests.monitoring.conftest import BUNDLE

ASSAYS = ("LOINC//2143-6", "LOINC//30522-7")


def test_a_clinic_like_that_of_training_gives_nothing_to_report(found):
    assert found.alarms == []
    assert repr(found).endswith("Nothing to report.")
    assert found.sources.asks == "the episodes of these histories"
    assert found.sources.closed >= found.sources.known >= found.sources.joined > 200


@pytest.mark.slow
def test_a_frame_is_watched_as_a_folder_is(scorer, events, found):
    again = monitor(scorer, events)
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(again, name), getattr(found, name))


@pytest.mark.slow
def test_a_bundle_is_opened_by_its_path_if_it_may_be(clinic, found):
    assert monitor(BUNDLE, clinic, allow_synthetic=True).to_plain() == found.to_plain()
    with pytest.raises(BundleError, match="allow_synthetic"):
        monitor(BUNDLE, clinic)


def test_an_assay_that_changed_is_named_and_so_is_what_it_does(scorer, events):
    changed = events.copy()
    changed.loc[changed["code"].isin(ASSAYS), "numeric_value"] *= 4
    after = monitor(scorer, changed)
    assert {"crp_last", "crp_highest_2y"} <= set(after.features.query("moved")["feature"])
    assert len(after.alarms) == 1 and "look otherwise than in training" in after.alarms[0]
    assert "crp_last" in after.features.head(4)["feature"].tolist()


def test_a_look_back_sees_what_could_be_seen_then(scorer, clinic, found):
    early = monitor(scorer, clinic, until="2019-06-30")
    assert early.about.until == "2019-06-30"
    assert early.sources.asked < found.sources.asked
    course = found.course[found.course["target"] == ALL]
    then = course[course["day"] < "2019-06-30"]
    seen = early.course[early.course["target"] == ALL]
    np.testing.assert_allclose(seen["wealth"].head(len(then)), then["wealth"])


@pytest.mark.slow
def test_whoever_was_asked_about_before_may_be_left_out(scorer, clinic, found):
    later = monitor(scorer, clinic, since=date(2021, 1, 1))
    assert 0 < later.sources.asked < found.sources.asked
    assert later.calibration["quarter"].iloc[1] >= "2021 Q1"


@pytest.mark.slow
def test_asks_given_are_those_compared(scorer, clinic, asks):
    given = monitor(scorer, clinic, asks=asks.head(60))
    assert (given.sources.asks, given.sources.asked) == ("the asks given", 60)
    assert (given.scores["asks"] == 60).all()
    assert given.movement.people <= 60


@pytest.mark.slow
def test_a_site_file_may_hold_settings_of_its_own(scorer, clinic, tmp_path):
    (tmp_path / "site.toml").write_text("[monitoring]\ntolerance = 0.1\n")
    assert monitor(scorer, clinic, config=tmp_path / "site.toml").settings.tolerance == 0.1


@pytest.mark.slow
def test_targets_a_clinic_does_not_predict_are_not_watched_and_it_is_said_why(scorer, clinic, tmp_path):
    (tmp_path / "site.toml").write_text('predict = ["rfa"]\n')
    one = monitor(scorer, clinic, config=tmp_path / "site.toml")
    assert one.scores["target"].tolist() == ["rfa"]
    assert "cbt" in one.about.skipped
    assert len(one.wealth) == 10  # all of the bundle's share the rate of false alarms


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"until": "soon"}, "since and until are days"),
        ({"since": "01.02.2024"}, "since and until are days"),
        ({"audit_log": "audit"}, "give it together with the folder"),
        ({"audit_log": "a", "requests": "b", "scores": "c"}, "not both"),
    ],
)
def test_calls_without_sense_are_refused(scorer, clinic, said, complaint):
    with pytest.raises(DefinitionError, match=complaint):
        monitor(scorer, clinic, **said)


@pytest.mark.slow
def test_where_nobody_is_asked_about_it_says_what_to_do(scorer, clinic, asks):
    with pytest.raises(CohortError, match="give asks"):
        monitor(scorer, clinic, until="1999-12-31")
    with pytest.raises(CohortError, match="number the subjects alike"):
        monitor(scorer, clinic, asks=asks.assign(subject_id=asks["subject_id"] + 10**6))


def test_it_is_plain_data_without_a_number_that_is_none(found):
    text = json.dumps(found.to_plain(), allow_nan=False)
    assert json.loads(text)["bundle"] == "synthetic"
    assert set(TABLES) <= set(found.to_plain())


def test_no_table_knows_a_patient(found):
    for name in TABLES:
        assert "subject_id" not in getattr(found, name).columns


def test_the_overview_has_a_line_for_all_and_for_each_target_in_catalogue_order(found, scorer):
    assert found.overview["target"].tolist() == [ALL, *(card.name for card in scorer.bundle.targets)]
    assert found.overview["episodes"].iloc[0] == found.sources.joined


def test_in_a_notebook_it_says_that_it_is_synthetic(found):
    shown = found._repr_html_()
    assert "SYNTHETIC" in shown and "Nothing to report." in shown
