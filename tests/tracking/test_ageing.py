"""A watched bundle in the store: one run, a step of metrics for each month."""

import pytest

from painresponse.errors import WorkError
from painresponse.tracking.ageing import track_monitoring
from painresponse.tracking.store import client_of


def found(until="2026-03-31", *, digest="a" * 64, wealth=1.0, alarms=()):
    """What monitor gives as plain values, as far as a store is told."""
    return {
        "bundle": "tiny",
        "sha256": digest,
        "synthetic": True,
        "until": until,
        "alarms": list(alarms),
        "features": [
            {"feature": "age", "moved": True},
            {"feature": "age", "moved": True},
            {"feature": "crp", "moved": False},
        ],
        "scores": [{"target": "rfa", "asks": 40, "refused": 0.1, "mean": None}],
        "expected": [{"target": "rfa", "figure": "auc", "expected": 0.7}],
        "calibration": [
            {"target": "all", "quarter": "all", "ratio": 0.9, "slope": None},
            {"target": "all", "quarter": "2026 Q1", "ratio": 0.1, "slope": 1.0},
        ],
        "wealth": [{"target": "all", "wealth": wealth}],
    }


def test_each_month_is_a_step_of_the_bundles_one_run(store):
    first = track_monitoring(store, found("2026-03-31", wealth=10.0))
    again = track_monitoring(store, found("2026-04-30", wealth=100.0, alarms=["It is off."]))
    assert first == again
    client = client_of(store)
    history = client.get_metric_history(first, "all/log10_wealth")
    assert [(one.value, one.step) for one in history] == [(1.0, 56 * 12 + 2), (2.0, 56 * 12 + 3)]
    run = client.get_run(first)
    assert run.data.tags["sha256"] == "a" * 64
    assert (run.data.tags["provenance"], run.data.tags["alarms"]) == ("synthetic", "It is off.")
    assert (run.info.run_name, run.info.status) == ("watching tiny", "FINISHED")


def test_what_is_written_is_of_groups_and_never_not_a_number(store):
    run = client_of(store).get_run(track_monitoring(store, found()))
    assert run.data.metrics == {
        "alarms": 0.0,
        "features_moved": 1.0,
        "rfa/asks": 40.0,
        "rfa/refused": 0.1,
        "rfa/expected_auc": 0.7,
        "all/observed_over_predicted": 0.9,
        "all/log10_wealth": 0.0,
    }


def test_another_bundle_has_a_run_of_its_own_and_the_page_is_kept(store, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<p>")
    one, other = track_monitoring(store, found()), track_monitoring(store, found(digest="b" * 64), page=page)
    assert one != other
    assert [file.path for file in client_of(store).list_artifacts(other)] == ["page.html"]


def test_a_store_that_is_none_is_a_complaint(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkError, match="does not do its work"):
        track_monitoring(f"sqlite:///{tmp_path}/file/mlflow.db", found())
