"""Safety as a client of the server meets it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve.conftest import Server, running
from tests.serve.patients import event, patient

URGENT = event("ICD10CM//G83.4", 3)


@pytest.fixture(scope="module")
def server(path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the bundle of every target; while the alarm file is there, nothing is scored."""
    folder = tmp_path_factory.mktemp("server")
    with running(path, folder, tables={"safety": {"drift_alarm": str(folder / "alarm")}}) as server:
        yield server


def refused(response) -> set[str]:
    return {one["refused"]["code"] for one in response.json()["scores"]}


def test_of_an_emergency_nothing_is_scored_and_every_model_says_so(server: Server, catalogue):
    response = server.post(patient(URGENT, explain=True))
    assert response.status_code == 422
    scores = response.json()["scores"]
    assert [one["target"] for one in scores] == list(catalogue.targets)
    for one in scores:
        assert one["refused"] == {
            "code": "R05_RED_FLAG",
            "words": "Needs urgent medical assessment: signs of a cauda equina syndrome.",
        }
        assert not {"probability", "interval", "support", "explanation"} & set(one)


@pytest.mark.parametrize("wrong", [event("PR//pain", -1, 5.0), event("PR//pain", 3, 77)])
def test_an_emergency_is_told_though_the_history_is_wrong_elsewhere(server: Server, wrong):
    assert refused(server.post(patient(wrong))) < {"R07_UNITS", "R10_LEAKAGE_TIME"}
    response = server.post(patient(wrong, URGENT))
    assert (response.status_code, refused(response)) == (422, {"R05_RED_FLAG"})


def test_while_the_alarm_stands_models_are_stale_and_emergencies_are_told(server: Server):
    alarm = server.output.parent / "alarm"
    alarm.touch()
    try:
        assert refused(server.post(patient())) == {"R11_STALE"}
        assert refused(server.post(patient(URGENT))) == {"R05_RED_FLAG"}
    finally:
        alarm.unlink()
    assert server.post(patient()).status_code == 200


def test_a_contraindication_refuses_its_own_intervention_and_the_others_are_scored(server: Server):
    response = server.post(patient(event("ICD10CM//Z79.01", 30)))
    assert response.status_code == 200
    told = {one["target"]: one for one in response.json()["scores"]}
    assert told["scs_permanent"]["refused"]["code"] == "C_ABS_ANTICOAGULATION"
    assert 0 < told["rfa"]["probability"] < 1
    flags = {one["code"]: one["words"] for one in told["rfa"]["flags"]}
    assert flags["C_REL_ANTICOAGULATION"].startswith("Relative contraindication: an anticoagulant")


def test_an_explanation_says_what_the_model_leans_on_and_does_not_know(server: Server):
    """The most important first, in the words of the reasons."""
    asked = {"targets": ["cbt"], "explain": True}
    (one,) = server.post(patient(**asked)).json()["scores"]
    missing = one["explanation"]["missing"]
    assert [lacking["feature"] for lacking in missing] == ["phq9_last", "gad7_last"]
    assert missing[0]["words"] == "PHQ-9 depression score (latest, past year)"
    (known,) = server.post(patient(event("LOINC//44261-6", 30, 5), **asked)).json()["scores"]
    assert [lacking["feature"] for lacking in known["explanation"]["missing"]] == ["gad7_last"]
