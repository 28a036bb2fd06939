"""FHIR R4: a patient's resources in; out a history, or RiskAssessments and OperationOutcomes."""

import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from painresponse.clinic import load_catalogue
from painresponse.records import collect
from painresponse_serve.answers import Answer
from painresponse_serve.api_keys import new_key
from painresponse_serve.assessments import bundle
from painresponse_serve.charts import chart
from painresponse_serve.complaints import RequestError
from painresponse_serve.fhir import EXAMPLE, understood
from painresponse_serve.histories import decode
from tests.serve.conftest import Server, eventually, running
from tests.serve.fhir_calls import AT, entries, event_of, extensions, post, ready, scored
from tests.serve.fhir_rules import faults
from tests.serve.patients import INDEX, patient, somebody
from tests.serve.resources import (
    SUBJECT,
    ann,
    born_at_midnight,
    collection,
    observation,
    procedure,
    told,
)

CONCEPTS = load_catalogue().concepts
CANARY = "Zyxwvut-19680517"
SYNTHEA = Path(__file__).parents[3] / "shared" / "data" / "fhir_bundles"


def ask(history: dict[str, Any]) -> dict[str, Any]:
    """A history as the page asks it: with the index that a person chose."""
    return {**history, "index": str(INDEX)}


@pytest.mark.parametrize("seed", range(6))
def test_a_bundle_scores_as_its_history_does_and_as_the_same_facts_sent_our_own_way(
    server: Server, seed: int
):
    own = born_at_midnight(somebody(seed))
    resources = told(own)
    direct = scored(server, resources, "format=native").json()
    history = post(server, resources, route="history").json()["history"]
    assert server.post(ask(history)).json() == direct
    assert server.post(own).json() == direct


_STAMPS = st.sampled_from(
    ["1999", "2024-02", "2024-02-29", "2024-03-31T02:30:00Z", "2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z",
     "2023-05-06T07:08:09.123456+02:00", "2023-05-06T07:08:09.1-05:00", "2099-12-31T23:59:59Z"]
)  # fmt: skip
_CODES = st.sampled_from(["PR//pain", "PR//crp", "LOINC//1988-5", "OTHER//x", "OTHER//" + 300 * "y"])
_UNITS = st.sampled_from(["", "mg/L", "mg/dL", "{score}", 80 * "u", 80 * "u" + "v", "furlong"])
_OBSERVATIONS = st.builds(
    lambda at, issued, code, value, unit: observation(
        0, at, code, valueQuantity={"value": value, "unit": unit}, **({"issued": issued} if issued else {})
    ),
    _STAMPS,
    st.none() | _STAMPS,
    _CODES,
    st.floats(-1e30, 1e30) | st.integers(-(10**6), 10**6),
    _UNITS,
)


@settings(max_examples=50)
@given(st.lists(_OBSERVATIONS, min_size=1, max_size=8), st.sampled_from(["", "Europe/Madrid"]))
def test_a_history_made_of_a_chart_is_the_chart_to_the_bit(resources, zone):
    found = chart(collection(ann(), *resources), CONCEPTS, zone=zone)
    sent = msgspec.json.encode({"index": "2026-01-01", **msgspec.to_builtins(understood(found).history)})
    history = decode(sent, events=1000, patients=1).question().raw
    (here, account), (there, other) = collect(found.raw, CONCEPTS), collect(history, CONCEPTS)
    for column in ("subject", "time", "available", "value"):
        np.testing.assert_array_equal(getattr(here, column), getattr(there, column))
    names = [[one.codes[place] for place in one.code] for one in (here, there)]
    assert names[0] == names[1]
    assert account == other


def test_a_history_shows_times_and_values_as_they_were_written(madrid: Server):
    body = collection(
        ann(gender="female"), observation(6.2, "2026-02-24T09:15:00.5+02:00", issued="2026-02-25")
    )
    told_ = post(madrid, body, route="history")
    assert told_.status_code == 200
    assert "index" not in told_.json()["history"]
    assert told_.json()["history"]["events"] == [
        event_of("1970-03-01T00:00:00", "MEDS_BIRTH"),
        event_of(None, "GENDER//F"),
        event_of("2026-02-24T09:15:00.500000", "PR//pain", 6.2, available="2026-02-26T00:00:00"),
    ]


def test_what_was_not_read_is_counted_with_its_reason(madrid: Server):
    wrong = observation(status="entered-in-error")
    prescribed = {
        "resourceType": "MedicationRequest",
        "status": "stopped",
        "intent": "order",
        "subject": SUBJECT,
        "authoredOn": "2024-05-01",
        "medicationCodeableConcept": {"text": "tramadol 50 MG Oral Tablet"},
    }
    body = collection(
        ann(), observation(), wrong, prescribed, {"resourceType": CANARY[:7]}, {"resourceType": "Claim"}
    )
    read = post(madrid, body, route="history")
    counts = {
        name: {one["reason"]: one["count"] for one in read.json()[name]} for name in ("left_out", "doubtful")
    }
    assert counts == {"left_out": {"other_type": 2, "entered_in_error": 1}, "doubtful": {"undated_stop": 1}}
    assert all(one["words"] for one in read.json()["left_out"])
    account = entries(scored(madrid, collection(*ready(), wrong)), "OperationOutcome")[-1]
    assert "entered_in_error" in json.dumps(account)
    assert CANARY[:7] not in read.text


ASKED = ("", "explain=true", "targets=rfa", "interventions=cbt,rfa&explain=true", "_format=json")


@pytest.mark.parametrize("query", ASKED)
@pytest.mark.parametrize("seed", range(3))
def test_what_is_answered_is_fhir_r4(madrid: Server, query: str, seed: int):
    response = scored(madrid, told(somebody(seed)), query)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/fhir+json"
    assert response.headers["cache-control"] == "no-store"
    assert faults(response.json()) == []


def test_the_rules_would_find_a_fault(madrid: Server):
    told_ = scored(madrid, collection(*ready())).json()
    first = told_["entry"][0]["resource"]
    for name, wrong in (("status", "done"), ("mitigation", "x"), ("subject", None), ("note", {"text": "x"})):
        changed = {**told_, "entry": [{"fullUrl": "urn:x", "resource": {**first, name: wrong}}]}
        assert len(faults(changed)) == 1, name
    first["prediction"][0]["probabilityDecimal"] = 100.5
    assert faults(told_) == ["it.entry[0].resource[0].prediction[0].probabilityDecimal[0] is no percentage"]


def test_an_assessment_says_what_our_own_answer_says(madrid: Server):
    body = collection(*ready())
    own = scored(madrid, body, "format=native&explain=true").json()
    told_ = entries(scored(madrid, body, "explain=true"))
    assert len(told_) == len(own["scores"]) == 3
    for resource, score in zip(told_, own["scores"], strict=True):
        (prediction,) = resource["prediction"]
        figures = extensions(prediction)
        assert figures["probability"] == score["probability"]
        assert prediction["probabilityDecimal"] == round(100 * score["probability"], 2)
        shown = [figures["interval"][end]["value"] for end in ("low", "high")]
        assert shown == [round(100 * one, 2) for one in score["interval"]]
        assert figures.get("support") == score.get("support")
        assert prediction["outcome"] == {
            "coding": [{"system": "urn:painresponse:target", "code": score["target"]}],
            "text": score["label"],
        }
        assert [one["text"] in prediction["rationale"] for one in score["explanation"]["reasons"]].count(
            False
        ) == 0
        assert resource["performer"]["identifier"]["value"] == own["model"]["digest"]
        assert extensions(resource)["index"] == own["index"] == str(INDEX)
        notes = [one["text"] for one in resource["note"]]
        assert set(own["notices"]) <= set(notes)
        assert {f"{one['code']}: {one['words']}" for one in score["flags"]} <= set(notes)


def test_assessments_come_in_catalogue_order_whatever_is_asked_first(madrid: Server):
    told_ = entries(scored(madrid, collection(*ready()), "targets=cbt,scs_permanent"))
    targets = [one["prediction"][0]["outcome"]["coding"][0]["code"] for one in told_]
    assert targets == ["scs_permanent", "cbt"]


def test_an_assessment_recommends_nothing_and_judges_nothing(madrid: Server):
    text = scored(madrid, collection(*ready()), "explain=true").text
    assert "mitigation" not in text and "qualitativeRisk" not in text
    assert not {"recommended", "best"} & set(text.lower().split())


def test_what_learnt_from_simulated_patients_is_marked_and_nothing_else(madrid: Server):
    body = collection(*ready())
    told_ = scored(madrid, body).json()
    for one in (told_, *(entry["resource"] for entry in told_["entry"])):
        assert one["meta"]["security"][0]["code"] == "HTEST"
        assert "NOT FOR CLINICAL USE" in one["meta"]["tag"][0]["display"]
    assert scored(madrid, collection(ann(), observation(1))).json()["meta"] == told_["meta"]
    answer = msgspec.convert(scored(madrid, body, "format=native").json(), Answer)
    real = msgspec.structs.replace(answer, model=msgspec.structs.replace(answer.model, synthetic=False))
    made = bundle(real, chart(body, CONCEPTS), at="2026-03-01")
    assert faults(made) == []
    assert '"meta"' not in json.dumps(made)


def test_a_model_that_does_not_speak_says_why_among_those_that_do(madrid: Server):
    without_lead = [one for one in ready() if "scs_lead" not in json.dumps(one)]
    response = scored(madrid, collection(*without_lead))
    assert len(entries(response)) == 2
    (silent, *_) = entries(response, "OperationOutcome")[0]["issue"]
    assert silent["code"] == "business-rule"
    assert silent["details"]["coding"][0]["code"] == "R06_OUT_OF_DOMAIN"
    assert "lead" in silent["details"]["text"]
    assert silent["diagnostics"].startswith("scs_permanent")


def test_where_every_model_is_silent_the_answer_is_their_reasons(madrid: Server):
    body = collection(ann(), observation(2))
    response = scored(madrid, body)
    assert response.status_code == 422
    assert faults(response.json()) == []
    own = scored(madrid, body, "format=native")
    assert own.status_code == 422
    reasons = {one["refused"]["code"] for one in own.json()["scores"]}
    errors = [one for one in response.json()["issue"] if one["severity"] == "error"]
    assert len(errors) == 3 and {one["details"]["coding"][0]["code"] for one in errors} == reasons
    assert any("clinician decides" in one["details"]["text"] for one in response.json()["issue"])


def test_a_page_of_several_is_scored_with_a_warning_on_every_assessment(madrid: Server):
    body = collection(*ready(), link=[{"relation": "next", "url": f"http://ehr.example/{CANARY}"}])
    response = scored(madrid, body)
    assert all("one page of several" in json.dumps(one["note"]) for one in entries(response))
    issues = entries(response, "OperationOutcome")[-1]["issue"]
    assert {"more_pages"} <= {one["details"]["coding"][0]["code"] for one in issues}
    assert CANARY not in response.text


def test_the_subject_is_the_reference_that_was_sent_and_no_other_identifier_comes_back(madrid: Server):
    named = ann(
        name=[{"family": CANARY}],
        identifier=[{"value": CANARY}],
        telecom=[{"value": CANARY}],
        address=[{"city": CANARY}],
    )
    labelled = observation(id=CANARY, note=[{"text": CANARY}], performer=[{"display": CANARY}])
    body = collection(*ready()[1:], named, labelled)
    for query in ("explain=true", "format=native&explain=true"):
        assert CANARY not in scored(madrid, body, query).text
    assert {one["subject"]["reference"] for one in entries(scored(madrid, body))} == {"Patient/ann"}
    assert CANARY not in post(madrid, body, route="history").text


def test_a_patient_known_by_an_urn_alone_keeps_it(madrid: Server):
    urn = "urn:uuid:8a1c6b2e-5d60-4b9e-9d5e-0c1b2f3a4d5e"
    body = json.loads(json.dumps(collection(*ready())).replace("Patient/ann", urn))
    body["entry"] = [
        {"fullUrl": urn, **one} if "birthDate" in one["resource"] else one for one in body["entry"]
    ]
    del next(one for one in body["entry"] if "fullUrl" in one)["resource"]["id"]
    assert {one["subject"]["reference"] for one in entries(scored(madrid, body))} == {urn}


BOB = [{**one, "subject": {"reference": f"Patient/{CANARY}"}} for one in (observation(3), observation(4))]
WRONG_BODIES = {
    "nothing": (b"", 400, "bad_json"),
    "words": (CANARY.encode(), 400, "bad_json"),
    "NaN": (json.dumps(collection(observation(float("nan")))).encode(), 400, "bad_json"),
    "a member twice": (b'{"resourceType": "Bundle", "resourceType": "Bundle"}', 400, "duplicate_member"),
    "deep lists": (b"[" * 50_000, 400, "bad_json"),
    "deep objects": (b'{"a":' * 800 + b"1" + b"}" * 800, 422, "unreadable"),
    "1e999": (b'{"value": 1e999}', 422, "wrong_shape"),
    "a whole number of 5000 digits": (b'{"value": ' + b"7" * 5000 + b"}", 422, "wrong_shape"),
    "a word": (json.dumps(CANARY).encode(), 422, "unreadable"),
    "no resource": ({CANARY: 1}, 422, "unreadable"),
    "an empty list": ([], 422, "no_events"),
    "an empty bundle": (collection(), 422, "no_events"),
    "a patient of whom nothing is known": (
        collection({"resourceType": "Patient", "id": "ann"}),
        422,
        "no_events",
    ),
    "a history of our own": (patient(), 422, "unreadable"),
    "a bundle of another type": (collection() | {"type": CANARY.lower()}, 422, "bundle_type"),
    "a bundle of a made-up type": (collection() | {"type": "canary"}, 422, "bundle_type"),
    "entries that are no list": (collection() | {"entry": {CANARY: 1}}, 422, "unreadable"),
    "several patients": (collection(ann(), observation(), *BOB), 422, "several_patients"),
    "a value in words": (collection(ann(), observation(CANARY)), 422, "unreadable"),
    "a code in words": (collection(ann(), observation() | {"code": CANARY}), 422, "unreadable"),
    "a time in words": (collection(ann(), observation(at=CANARY)), 422, "unreadable"),
    "a time that there is not": (collection(ann(), observation(at="2026-02-30")), 422, "unreadable"),
    "a time without minutes": (collection(ann(), observation(at="2026-02-03T04")), 422, "unreadable"),
}


@pytest.mark.parametrize("route", ["score", "history"])
@pytest.mark.parametrize("name", WRONG_BODIES)
def test_a_body_that_cannot_be_read_is_refused_as_an_outcome_that_repeats_nothing(
    madrid: Server, name: str, route: str
):
    body, status, code = WRONG_BODIES[name]
    before = len(madrid.requests())
    response = post(madrid, body, f"index={AT}" if route == "score" else "", route=route)
    line = eventually(lambda: madrid.requests()[before:])[-1]
    assert response.status_code == status
    assert response.headers["content-type"] == "application/fhir+json"
    assert faults(response.json()) == []
    (issue,) = response.json()["issue"]
    assert issue["details"]["coding"][0]["code"] == code
    assert len(issue["details"]["text"]) > 20
    assert (line["status"], line["error"], line["route"]) == (status, code, f"/v1/fhir/{route}")
    said = response.text + madrid.output.read_text()
    assert CANARY.lower() not in said.lower() and "canary" not in said


def test_no_depth_of_nesting_is_a_failure_of_the_server(madrid: Server):
    nested = [b'{"a":' * depth + b"1" + b"}" * depth for depth in range(900, 1010)]
    kind = {"content-type": "application/json"}
    with madrid.client() as client:
        answers = [client.post("/v1/fhir/history", content=one, headers=kind) for one in nested]
    assert {one.status_code for one in answers} == {400, 422}


def test_malformed_resources_are_named_by_their_place_and_never_left_out(madrid: Server):
    response = scored(madrid, collection(*ready(), observation(CANARY)))
    place = f"entry[{len(ready())}] (Observation)"
    assert place in response.json()["issue"][0]["details"]["text"]


WRONG_QUERIES = {
    "": (422, "index", "index is missing"),
    "index=": (422, "index", "index is missing"),
    f"index={CANARY}": (422, "index", "index is no instant"),
    "index=2026": (422, "index", "no instant"),
    "index=2026-03": (422, "index", "no instant"),
    "index=2026-02-30": (422, "index", "no instant"),
    "index=20260301T090000": (422, "index", "no instant"),
    "index=1850-01-01": (422, "index", "no instant"),
    "index=2100-01-01": (422, "index", "no instant"),
    "index=2026-03-01T09:00:00%2B99:00": (422, "index", "no instant"),
    f"index={AT}&index={AT}": (422, "duplicate_parameter", "twice"),
    f"index={AT}&intervention=cbt": (422, "unknown_parameter", "Known: index, model, targets"),
    f"index={AT}&{CANARY}=1": (422, "unknown_parameter", "Known: index"),
    f"index={AT}&model={CANARY}": (404, "unknown_model", "Served: tiny"),
    f"index={AT}&targets={CANARY}": (422, "unknown_target", "Known: scs_permanent"),
    f"index={AT}&targets=": (422, "no_targets", "leave it out"),
    f"index={AT}&outcomes=rfa": (422, "unknown_outcome", "Known: "),
    f"index={AT}&explain=yes": (422, "unknown_explain", "false, true"),
    f"index={AT}&format={CANARY}": (422, "unknown_format", "fhir, native"),
}


@pytest.mark.parametrize("query", WRONG_QUERIES)
def test_a_question_that_cannot_be_understood_is_refused_as_an_outcome(madrid: Server, query: str):
    status, code, words = WRONG_QUERIES[query]
    response = post(madrid, collection(*ready()), query)
    assert response.status_code == status
    assert faults(response.json()) == []
    (issue,) = response.json()["issue"]
    assert issue["details"]["coding"][0]["code"] == code
    assert words in issue["details"]["text"]
    assert CANARY not in response.text + madrid.output.read_text()


def test_other_media_types_methods_and_places_are_refused_as_outcomes(madrid: Server):
    with madrid.client() as client:
        refused = [
            (
                client.post(
                    "/v1/fhir/score", content=b"<Bundle/>", headers={"content-type": "application/fhir+xml"}
                ),
                415,
            ),
            (client.get("/v1/fhir/score"), 405),
            (client.get(f"/v1/fhir/Patient/{CANARY}"), 404),
            (client.post("/v1/fhir/score", json=collection(observation("x" * 6_000_000))), 413),
        ]
    for response, status in refused:
        assert response.status_code == status
        assert faults(response.json()) == []
        assert CANARY not in response.text


def test_both_of_json_s_media_types_are_read(madrid: Server):
    for kind in ("application/fhir+json", "application/json", "application/fhir+json; charset=utf-8"):
        assert post(madrid, collection(*ready()), f"index={AT}", kind=kind).status_code == 200


def test_more_events_than_a_history_may_have_are_too_many_here_as_well(server: Server):
    body = collection(
        ann(), *[observation(one % 10, f"2024-01-01T00:{one // 60:02}:{one % 60:02}") for one in range(300)]
    )
    for route, query in (("score", f"index={AT}"), ("history", "")):
        response = post(server, body, query, route=route)
        assert response.status_code == 413
        assert "300 events" in response.json()["issue"][0]["details"]["text"]


def test_without_a_key_the_refusal_is_an_outcome(tiny_bundle: Path, tmp_path: Path):
    key, line = new_key("ward", ["score"])
    (tmp_path / "keys").write_text(f"{line}\n")
    with running(tiny_bundle, tmp_path, tables={"access": {"keys": str(tmp_path / "keys")}}) as locked:
        refused = scored(locked, collection(*ready()))
        assert refused.status_code == 401
        assert faults(refused.json()) == []
        assert refused.json()["issue"][0]["code"] == "login"
        with locked.client() as client:
            body, shown = collection(*ready()), {"authorization": f"Bearer {key}"}
            assert client.post(f"/v1/fhir/score?index={AT}", json=body, headers=shown).status_code == 200


def test_of_several_patients_only_the_one_who_is_named_counts():
    body = collection(ann(), observation(), *BOB)
    for name in ("ann", "Patient/ann", "https://ehr.example/fhir/Patient/ann"):
        found = chart(body, CONCEPTS, patient=name)
        assert found.patient == "Patient/ann"
        assert found.raw.value[~np.isnan(found.raw.value)].tolist() == [7.0]
    assert set(chart(body, CONCEPTS, patient=CANARY).raw.value.tolist()) == {3.0, 4.0}
    with pytest.raises(RequestError) as refused:
        chart(body, CONCEPTS, patient="Patient/eve")
    assert refused.value.code == "other_patient"


def test_a_name_is_not_matched_by_its_beginning():
    with pytest.raises(RequestError):
        chart(collection(ann(), observation()), CONCEPTS, patient="Patient/an")


def synthea() -> list[Path]:
    return sorted(SYNTHEA.glob("*.json.gz"))


@pytest.mark.skipif(not synthea(), reason=f"the bundles are not at {SYNTHEA}")
@pytest.mark.parametrize("path", synthea(), ids=lambda path: path.name[:6])
def test_a_real_export_is_answered_and_nothing_of_the_person_comes_back(madrid: Server, path: Path):
    content = gzip.decompress(path.read_bytes())
    exported = json.loads(content)
    person = next(
        one["resource"] for one in exported["entry"] if one["resource"]["resourceType"] == "Patient"
    )
    for index in ("2026-03-01T09:00:00", "2010-06-01"):
        response = post(madrid, content, f"index={index}&explain=true")
        assert response.status_code in (200, 422)
        assert faults(response.json()) == []
        _hides(response.text.replace(f"Patient/{person['id']}", ""), person)
    read = post(madrid, content, route="history")
    assert read.status_code == 200
    history = {**read.json()["history"], "index": "2026-03-01T09:00:00"}
    assert len(history["events"]) > 50
    own = post(madrid, content, "index=2026-03-01T09:00:00&format=native")
    with madrid.client() as client:
        assert client.post("/v1/score", json=history).json() == own.json()
    _hides(read.text + own.text + madrid.output.read_text(), person)


def _hides(text: str, person: dict[str, Any]) -> None:
    words = [
        person["id"],
        *(one["value"] for one in person["identifier"]),
        *(one["value"] for one in person["telecom"]),
    ]
    words += [name for one in person["name"] for name in (one["family"], *one["given"])]
    words += [line for one in person["address"] for line in one["line"]]
    assert [one for one in words if one in text] == []


@pytest.mark.skipif(not synthea(), reason=f"the bundles are not at {SYNTHEA}")
def test_a_real_export_with_the_steps_that_models_need_is_scored(madrid: Server):
    exported = json.loads(gzip.decompress(synthea()[0].read_bytes()))
    person = next(one for one in exported["entry"] if one["resource"]["resourceType"] == "Patient")
    whose = {"reference": person["fullUrl"]}
    more = [
        observation(8),
        observation(8, "2026-02-10T08:00:00+01:00"),
        procedure("PR//scs_lead", "2026-02-01"),
    ]
    exported["entry"] += [{"resource": {**one, "subject": whose}} for one in more]
    told_ = entries(scored(madrid, exported))
    assert {one["subject"]["reference"] for one in told_} == {f"Patient/{person['resource']['id']}"}


def test_the_bundle_in_the_documents_can_be_sent_as_it_stands(server: Server):
    with server.client() as client:
        paths = client.get("/openapi.json").json()["paths"]
        for path in ("/v1/fhir/score", "/v1/fhir/history"):
            described = paths[path]["post"]
            query = {
                one["name"]: one["schema"]["example"]
                for one in described["parameters"]
                if "example" in one["schema"]
            }
            for kind, content in described["requestBody"]["content"].items():
                body = json.dumps(content["schema"]["example"])
                answer = client.post(path, params=query, content=body, headers={"content-type": kind})
                assert answer.status_code == 200
                assert answer.headers["content-type"] in described["responses"]["200"]["content"]
    assert chart(EXAMPLE, CONCEPTS).left_out == ()


def test_a_prescription_reaches_the_models_through_its_product_name(madrid: Server):
    prescribed = {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "subject": SUBJECT,
        "authoredOn": "2026-02-01T10:00:00+01:00",
        "medicationCodeableConcept": {"text": "tramadol 50 MG Oral Tablet"},
        "dosageInstruction": [
            {
                "timing": {"code": {"coding": [{"code": "BID"}]}},
                "doseAndRate": [{"doseQuantity": {"value": 1}}],
            }
        ],
    }
    read = post(madrid, collection(ann(), observation(), prescribed), route="history").json()
    assert event_of("2026-02-01T10:00:00", "RxNorm//10689", 100.0) in read["history"]["events"]
