"""What the service answers to a history."""

import json
import re

import pytest

from painresponse.records.rows import ask, history
from painresponse.scoring.scorer import Scorer, Scores
from tests.serve.conftest import Server
from tests.serve.patients import before, event, patient, somebody


def scored_here(scorer: Scorer, request: dict) -> Scores:
    columns = {
        name: [one.get(name) for one in request["events"]]
        for name in ("time", "code", "value", "unit", "available_time")
    }
    raw = history(
        columns["time"],
        columns["code"],
        columns["value"],
        units=columns["unit"],
        available=columns["available_time"],
    )
    return scorer.score(scorer.read(raw)[0], ask(request["index"]))


@pytest.mark.parametrize("seed", range(12))
def test_a_served_probability_is_the_scorers_to_the_last_bit(server: Server, scorer: Scorer, seed: int):
    request = somebody(seed)
    here = scored_here(scorer, request)
    served = server.post(request).json()
    assert [one["probability"] for one in served["scores"]] == here.probability[0].tolist()
    assert served["known_features"] == here.known[0]


def test_different_patients_get_different_answers(server: Server):
    served = {json.dumps(server.post(somebody(seed)).json()["scores"]) for seed in range(12)}
    assert len(served) > 6


def test_scores_come_in_catalogue_order_whatever_order_is_asked(server: Server):
    names = [one["target"] for one in server.post(patient()).json()["scores"]]
    assert names == ["scs_permanent", "rfa", "cbt"]
    asked = server.post(patient(targets=["cbt", "scs_permanent", "cbt"])).json()
    assert [one["target"] for one in asked["scores"]] == ["scs_permanent", "cbt"]


def test_a_target_asked_alone_scores_as_it_does_among_others(server: Server):
    among, alone = server.post(patient()).json(), server.post(patient(targets=["rfa"])).json()
    assert [one for one in among["scores"] if one["target"] == "rfa"] == alone["scores"]


def test_the_order_of_the_events_does_not_matter(server: Server):
    request = somebody(1)
    turned = {**request, "events": request["events"][::-1]}
    assert server.post(request).json() == server.post(turned).json()


LATER = {
    "happened": event("PR//pain", -1 / 86_400, 5.0),
    "became known": event("PR//crp", 3, 5.0, available_time=before(-1 / 86_400)),
}


@pytest.mark.parametrize("name", LATER)
def test_of_a_history_that_knows_the_future_nothing_is_scored(server: Server, name: str):
    response = server.post(patient(LATER[name]))
    assert response.status_code == 422
    assert {one["refused"]["code"] for one in response.json()["scores"]} == {"R10_LEAKAGE_TIME"}
    assert "probability" not in response.text and "known_features" not in response.json()


def test_what_happens_at_the_index_itself_is_known(server: Server):
    assert server.post(patient(event("PR//pain", 0, 5.0))).status_code == 200


def test_a_null_is_the_same_as_nothing(server: Server):
    bare = {"time": None, "code": "GENDER//F"}
    null = {**bare, "value": None, "unit": None, "available_time": None}
    asked = dict.fromkeys(("model", "targets", "interventions", "outcomes", "explain"))
    assert server.post(patient(bare)).json() == server.post(patient(null, **asked)).json()


def test_an_answer_says_which_model_gave_it_and_what_it_is_not(server: Server, scorer: Scorer):
    answer = server.post(patient()).json()
    origin = scorer.bundle.metadata["provenance"]
    assert answer["model"] == {
        "name": "tiny",
        "digest": scorer.bundle.digest,
        "synthetic": True,
        "data": origin["data"],
        "data_fingerprint": origin["data_fingerprint"],
        "software": origin["versions"]["painresponse"],
    }
    assert answer["index"] == "2026-03-01T09:00:00"
    words = " ".join(answer["notices"])
    assert "NOT FOR CLINICAL USE" in words
    assert "not a medical device" in words
    assert "does not compare interventions" in words


def test_of_a_history_with_impossible_values_nothing_is_scored_and_the_intake_says_why(server: Server):
    odd = [
        event("PR//pain", 3, 77),
        event("PR//crp", 3, 5, unit="furlong"),
        event("PR//pain", 5, 7),
        event("MINE//1"),
        event("MINE//2"),
    ]
    response = server.post(patient(*odd))
    assert response.status_code == 422
    assert {one["refused"]["code"] for one in response.json()["scores"]} == {"R07_UNITS"}
    intake = response.json()["intake"]
    assert {one["reason"]: one["count"] for one in intake["rejected"]} == {
        "limits": 1,
        "unit": 1,
        "duplicate": 1,
    }
    assert all(one["words"] for one in intake["rejected"])
    assert (intake["given"], intake["kept"], intake["unmapped"]) == (10, 7, 2)


def test_a_value_beyond_float32_is_rejected_not_scored(server: Server):
    intake = server.post(patient(event("PR//crp", 3, 1e300))).json()["intake"]
    assert [one["reason"] for one in intake["rejected"]] == ["not_finite"]


def test_a_patient_no_model_may_score_gets_422_and_the_reasons(server: Server):
    response = server.post(patient(age=12))
    assert response.status_code == 422
    for score in response.json()["scores"]:
        assert "probability" not in score
        assert score["refused"]["code"] == "R01_AGE"
        assert "18 years" in score["refused"]["words"]


def test_without_a_baseline_the_models_of_pain_relief_refuse(server: Server):
    response = server.post({"index": "2026-03-01", "events": [event("MEDS_BIRTH", 15_000)]})
    assert response.status_code == 422
    assert {one["refused"]["code"] for one in response.json()["scores"]} == {"R04_NO_BASELINE"}


def test_no_answer_speaks_of_what_to_choose(server: Server):
    with server.client() as client:
        described = [
            client.get(path).text for path in ("/v1/models", "/v1/catalogue", "/openapi.json", "/docs")
        ]
    said = [*described, server.post(patient()).text, server.post(patient(age=9)).text]
    for text in said:
        assert not re.search(r"recommend|\bbest\b|\brank", text, re.IGNORECASE)
