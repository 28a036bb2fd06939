"""What came of the predictions: which episodes count, with which score, and what they come to."""

import numpy as np
import pandas as pd
import pytest

from painresponse.monitoring.asked import Span
from painresponse.monitoring.evidence import evidence
from painresponse.monitoring.outcomes import ALL, calibration, closed_episodes, joined
from painresponse.monitoring.settings import monitoring_settings
from painresponse.scoring.opening import open_bundle
from painresponse.training.cohorts import Cohort
from painresponse.training.examples import Examples
from tests.monitoring.clinic import day, episodes, many, past

SETTINGS = monitoring_settings()
UNKNOWN = float("nan")


# Which episodes count.


def cohort(*days: str, y: float = 0.0) -> Cohort:
    """Ablations of different subjects, asked about on these days."""
    index = np.array([day(one) for one in days])
    n = len(days)
    rows = Examples(
        "rfa", (), np.zeros((n, 0), np.float32), np.full(n, y), np.arange(n), index, np.zeros(n, int)
    )
    return Cohort({"rfa": rows}, {}, None)


def closed_by(catalogue, until: str, *days: str, since: str = "1900-01-01") -> list[int]:
    found = closed_episodes(cohort(*days), catalogue, Span(day(since), day(until)))
    return found["subject_id"].tolist()


def test_an_outcome_counts_once_the_window_closed_even_if_a_failure_was_seen_before(catalogue):
    """Of an ablation response is looked for from 150 to 225 days after, the day after the index on."""
    assert closed_by(catalogue, "2024-08-14", "2024-01-01") == []
    assert closed_by(catalogue, "2024-08-15", "2024-01-01") == [0]


def test_episodes_before_the_time_that_is_watched_are_left_out(catalogue):
    assert closed_by(catalogue, "2026-01-01", "2024-01-01", "2024-03-01", since="2024-02-01") == [1]


# Which score is an episode's.


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([(1, "rfa", "2024-03-01", 0.4)], [0.4]),
        ([(1, "rfa", "2024-02-01", 0.4), (1, "rfa", "2024-02-20", 0.5)], [0.5]),
        ([(1, "rfa", "2024-03-02", 0.4)], [0.4]),
        ([(1, "rfa", "2024-03-03", 0.4)], []),
        ([(1, "rfa", "2023-11-01", 0.4)], []),
        ([(1, "cbt", "2024-03-01", 0.4)], []),
        ([(2, "rfa", "2024-03-01", 0.4)], []),
        ([(1, "rfa", "2024-03-01", UNKNOWN)], []),
    ],
    ids=[
        "asked at the index", "the newest of two", "asked on the day it began", "asked afterwards",
        "asked too long before", "about another intervention", "about somebody else", "refused",
    ],
)  # fmt: skip
def test_a_score_belongs_to_what_began_next(scores, expected):
    found = joined(episodes(("rfa", 1, "2024-03-01", 1)), past(*scores), days=90)
    assert found["probability"].tolist() == expected


def test_who_was_lost_tells_nothing():
    found = joined(episodes(("rfa", 1, "2024-03-01", UNKNOWN)), past((1, "rfa", "2024-03-01", 0.4)), days=90)
    assert found.empty


# What they come to.


def test_calibration_is_told_by_quarter_of_the_index_and_as_a_whole():
    found = calibration(many(400, seed=1), ["rfa"], SETTINGS)
    assert found["target"].unique().tolist() == [ALL, "rfa"]
    own = found[found["target"] == "rfa"]
    assert own["quarter"].tolist() == [ALL, "2024 Q1", "2024 Q2", "2024 Q3"]
    assert own["episodes"].tolist() == [400, 182, 182, 36]


def test_figures_are_of_what_was_observed_and_what_was_predicted():
    table = many(2000, seed=2, shift=-0.7)
    line = calibration(table, ["rfa"], SETTINGS).iloc[0]
    assert line["ratio"] == pytest.approx(table["y"].sum() / table["probability"].sum())
    assert line["intercept"] == pytest.approx(-0.7, abs=0.15)
    assert line["slope"] == pytest.approx(1.0, abs=0.2)
    assert line["ratio_low"] < line["ratio"] < line["ratio_high"] < 1


def test_fewer_than_ten_of_either_are_only_counted():
    found = calibration(many(12, seed=3), ["rfa"], SETTINGS)
    assert found["episodes"].tolist() == [12, 12, 12, 12]
    assert found[["ratio", "intercept", "slope"]].isna().all(axis=None)


def test_without_outcomes_there_is_no_line():
    assert calibration(many(0, seed=1), ["rfa"], SETTINGS).empty


# The alarm.


@pytest.fixture(scope="module")
def bundle(tiny_bundle):
    return open_bundle(tiny_bundle)


def test_half_of_the_rate_is_for_all_targets_together_and_half_is_shared(bundle):
    table, _ = evidence(bundle, many(0, seed=1), SETTINGS)
    assert table["target"].tolist() == [ALL, *(card.name for card in bundle.targets)]
    assert (1 / table["needed"]).sum() == pytest.approx(SETTINGS.false_alarms)
    assert (table["most"] == 1).all() and not table["alarm"].any()


def test_a_change_of_one_target_is_an_alarm_of_its_own(bundle):
    one, other = many(800, seed=4, shift=-1.2), many(800, seed=5, target="cbt")
    found = pd.concat([one, other.assign(subject_id=other["subject_id"] + 1000)])
    table, _ = evidence(bundle, found.sort_values("closed"), SETTINGS)
    alarmed = table[table["alarm"]]
    assert "rfa" in alarmed["target"].tolist() and "cbt" not in alarmed["target"].tolist()
    assert set(alarmed["says"]) == {"fewer respond than predicted"}


def test_the_day_of_an_alarm_is_one_on_which_outcomes_came(bundle):
    found = many(800, seed=4, shift=-1.2)
    table, course = evidence(bundle, found, SETTINGS)
    since = table.set_index("target").loc["rfa", "since"]
    own = course[course["target"] == "rfa"].set_index("day")["wealth"]
    assert own[since] >= 2 * 3 / SETTINGS.false_alarms > own[own.index < since].max()


def test_of_a_subject_only_the_first_episode_is_bet_on(bundle):
    found = many(100, seed=6)
    twice = pd.concat([found, found.assign(closed=found["closed"] + 1)])
    pd.testing.assert_frame_equal(
        evidence(bundle, twice.sort_values("closed", kind="stable"), SETTINGS)[0],
        evidence(bundle, found, SETTINGS)[0],
    )
