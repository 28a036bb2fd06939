"""CDS Hooks: which services there are, what they need, when they speak, and of what."""

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from painresponse.errors import DefinitionError
from painresponse.records.fhir import TYPES
from painresponse.scoring.scorer import Scorer
from painresponse_serve import create_app, load_settings
from painresponse_serve.access import Access, Door
from painresponse_serve.hooks.orders import asked, ordered
from painresponse_serve.hooks.site import Hooks, Site, interventions
from painresponse_serve.service import open_service
from painresponse_serve.shelf import Served, Shelf
from tests.serve.conftest import Server, running
from tests.serve.hook_calls import (
    SELECT,
    SIGN,
    VIEW,
    ago,
    call,
    done,
    fetched,
    measured,
    order,
    post,
    shown,
)
from tests.serve.resources import collection

PATHS = (SELECT, SIGN, VIEW)


@pytest.fixture(scope="module")
def clinic(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that tells of two interventions when a chart is opened, and of its page."""
    folder = tmp_path_factory.mktemp("clinic")
    tables = {
        "hooks": {"patient_view": ["rfa", "scs"]},
        "access": {"address": "https://cds.example.org"},
        "audit": {"path": str(folder / "audit")},
    }
    with running(tiny_bundle, folder, tables=tables) as server:
        yield server


# ---- discovery ----


def services(server: Server) -> list[dict[str, Any]]:
    with server.client() as client:
        found: list[dict[str, Any]] = client.get("/cds-services").json()["services"]
        return found


def test_there_is_one_service_for_each_hook(server: Server):
    assert [(one["id"], one["hook"]) for one in services(server)] == [
        ("painresponse-patient-view", "patient-view"),
        ("painresponse-order-select", "order-select"),
        ("painresponse-order-sign", "order-sign"),
    ]
    for one in services(server):
        assert one["title"]
        assert one["description"]
        assert "412" in one["usageRequirements"]
        assert "not a medical device" in one["usageRequirements"]


def test_everything_the_reader_reads_is_asked_for(server: Server):
    for one in services(server):
        kinds = {re.split("[?/]", template)[0] for template in one["prefetch"].values()}
        assert kinds == set(TYPES) - {"Medication"}  # medications are never filed by patient


def test_prefetch_keeps_to_what_every_client_can_fetch(server: Server):
    search = re.compile(
        r"[A-Za-z]+\?patient=\{\{context\.patientId\}\}(&category=[a-z-]+)?(&_sort=-[a-z-]+)?&_count=\d+"
    )
    for one in services(server):
        templates = dict(one["prefetch"])
        assert templates.pop("patient") == "Patient/{{context.patientId}}"
        assert [template for template in templates.values() if not search.fullmatch(template)] == []


def test_no_member_is_null(server: Server, clinic: Server):
    assert "null" not in json.dumps(services(server))
    assert "null" not in post(clinic, SIGN, call(SIGN)).text


@pytest.mark.parametrize("path", PATHS)
def test_the_calls_in_the_documents_can_be_sent_as_they_stand(server: Server, path: str):
    with server.client() as client:
        described = client.get("/openapi.json").json()
    reference = described["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"][
        "$ref"
    ]
    example = described["components"]["schemas"][reference.rpartition("/")[2]]["example"]
    cards = shown(server, path, example)
    assert [one["summary"].partition(":")[0] for one in cards] == (
        [] if path == VIEW else ["SYNTHETIC — Predicted response, radiofrequency ablation (thermal lesion)"]
    )


# ---- what is asked about ----


@pytest.mark.parametrize("path", [SELECT, SIGN])
def test_an_order_is_answered_for_its_own_intervention_alone(server: Server, path: str):
    (card,) = shown(server, path, call(path))
    assert "radiofrequency ablation" in card["summary"]


def test_several_orders_are_answered_in_catalogue_order(server: Server):
    since = fetched(procedures=collection(done("CPT//63650", ago(30)), done("CPT//64493", ago(60))))
    cards = shown(
        server,
        SIGN,
        call(SIGN, order("CPT//90837"), order("CPT//64635"), order("CPT//63685"), prefetch=since),
    )
    named = [one["summary"].partition(", ")[2].partition(" (")[0] for one in cards]
    assert named == ["spinal cord stimulation", "radiofrequency ablation", "cognitive behavioural therapy"]


def test_of_the_drafts_only_those_just_selected_are_asked_about(server: Server):
    made = call(SELECT, order("CPT//90837"), order("CPT//64635"))
    made["context"]["selections"] = ["ServiceRequest/90837"]
    (card,) = shown(server, SELECT, made)
    assert "cognitive behavioural therapy" in card["summary"]
    made["context"]["selections"] = []
    assert shown(server, SELECT, made) == []


@pytest.mark.parametrize(
    "orders",
    [
        [order("CPT//72148")],
        [order("RxNorm//197696", "MedicationRequest")],
        [order("CPT//64635", doNotPerform=True)],
        [{"resourceType": "NutritionOrder", "id": "1"}],
        [{"resourceType": "ServiceRequest", "id": "1"}],
        [order("CPT//63650")],  # a trial, which this bundle does not predict
    ],
)
def test_other_orders_are_passed_over_in_silence_whatever_was_fetched(server: Server, orders: list[Any]):
    assert shown(server, SIGN, call(SIGN, *orders)) == []
    assert shown(server, SIGN, call(SIGN, *orders, prefetch={})) == []


@pytest.mark.parametrize(
    ("code", "stages"),
    [
        ("CPT//63650", {("scs", "trial")}),
        ("CPT//63685", {("scs", "permanent")}),
        ("CPT//0784T", {("scs", "permanent")}),
        ("CPT//62362", {("idd", "permanent")}),
        ("CPT//62350//INTRATHECAL_TRIAL", {("idd", "trial")}),
        ("CPT//62350", set()),  # without the suffix it may be anything
        ("CPT//62322", {("nerve_block", "therapeutic")}),
        ("CPT//64493//DIAGNOSTIC", {("nerve_block", "diagnostic")}),
        ("CPT//64493", {("nerve_block", "diagnostic"), ("nerve_block", "therapeutic")}),
        ("CPT//64635", {("rfa", "therapeutic")}),
        ("HCPCS//G3002", {("mpp", "programme")}),
        ("CPT//97110", {("pt_specialised", "course")}),
        ("CPT//90837//PAIN_CBT", {("cbt", "course")}),
        ("PR//cbt_session", {("cbt", "course")}),
        ("CPT//6", set()),
        ("CPT//", set()),
        ("", set()),
    ],
)
def test_a_code_asks_about_the_stages_it_begins(scorer: Scorer, code: str, stages: set[tuple[str, str]]):
    assert asked([code], interventions(), scorer.bundle.concepts) == stages


@pytest.mark.parametrize("kind", ["ServiceRequest", "MedicationRequest", "DeviceRequest"])
def test_what_is_ordered_is_read_of_every_kind_of_order(kind: str):
    assert ordered(collection(order("CPT//63685", kind))) == ["CPT//63685"]


def test_nobody_asked_about_anything_by_opening_a_chart(server: Server):
    assert shown(server, VIEW, call(VIEW)) == []


def test_a_site_may_choose_what_an_opened_chart_tells_of(clinic: Server):
    cards = shown(clinic, VIEW, call(VIEW))
    assert ["spinal cord stimulation" in one["detail"] for one in cards] == [True, False]
    assert ["radiofrequency ablation" in one["detail"] for one in cards] == [False, True]


def test_a_site_cannot_choose_what_there_is_not():
    with pytest.raises(DefinitionError, match="Did you mean 'rfa'"):
        Site.of(Hooks(patient_view=("rf",)), address="", zone="")


# ---- what is known ----


@pytest.mark.parametrize(
    ("prefetch", "code"),
    [
        (None, "no_patient"),
        ({}, "no_patient"),
        (fetched(without=("patient",)), "no_patient"),
        (fetched(patient=None), "no_patient"),
        (fetched(patient={"resourceType": "OperationOutcome", "issue": []}), "no_patient"),
        (
            fetched(patient={"resourceType": "Patient", "id": "another", "birthDate": "1968-05-17"}),
            "no_patient",
        ),
        (fetched(without=("conditions", "vitalSigns", "procedures")), "no_data"),
        (
            {"patient": {"resourceType": "Patient", "id": "example"}, "conditions": None},
            "no_events",
        ),
        (
            fetched(
                conditions={"resourceType": "OperationOutcome"},
                vitalSigns={"resourceType": "OperationOutcome"},
                procedures={"resourceType": "OperationOutcome"},
            ),
            "no_data",
        ),
    ],
)
def test_without_what_is_needed_the_precondition_fails(server: Server, prefetch: Any, code: str):
    answer = post(server, SIGN, call(SIGN, prefetch=prefetch))
    assert (answer.status_code, answer.json()["error"]["code"]) == (412, code)
    assert "GET /cds-services" in answer.json()["error"]["message"]


def test_a_patient_may_be_named_with_the_type_in_front_and_come_in_a_bundle(server: Server):
    made = call(SIGN)
    plain = shown(server, SIGN, made)
    made["context"]["patientId"] = "Patient/example"
    made["prefetch"]["patient"] = collection(made["prefetch"]["patient"])
    assert told(shown(server, SIGN, made)) == told(plain)


def told(cards: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What cards say, but for the second at which they say it."""
    return [(one["summary"], re.sub(r"As of .*", "", one["detail"])) for one in cards]


def test_what_was_not_fetched_is_said(server: Server):
    made = call(SIGN)
    made["prefetch"]["laboratory"] = {"resourceType": "OperationOutcome", "issue": []}
    (card,) = shown(server, SIGN, made)
    missing = re.search(r"not sent by the record system: (.*)", card["detail"])
    assert missing
    assert "laboratory results" in missing[1]
    assert "diagnoses" not in missing[1]  # null: the record has none
    assert "vital signs" not in missing[1]


def test_a_page_of_several_is_read_and_the_card_says_that_it_is_one(server: Server):
    made = call(SIGN)
    assert "one page" not in shown(server, SIGN, made)[0]["detail"]
    made["prefetch"]["vitalSigns"]["link"] = [{"relation": "next", "url": "https://fhir.example/page/2"}]
    (card,) = shown(server, SIGN, made)
    assert "only one page of several was sent" in card["detail"]
    assert "fhir.example" not in card["detail"]


def test_what_is_dated_today_without_a_time_is_left_out_and_the_card_says_so(server: Server):
    day = datetime.now().date().isoformat()
    extra = measured("PR//odi", 52, day)
    made = call(SIGN, prefetch=fetched(surveys=collection(extra)))
    (card,) = shown(server, SIGN, made)
    assert "left out: what is dated by a day, a month or a year that is not over (1)" in card["detail"]
    assert "5 of 5 events" in card["detail"]
    assert "Predicted response" in card["summary"]


def test_what_lies_ahead_is_refused(server: Server):
    ahead = measured("PR//odi", 52, ago(-2))
    (card,) = shown(server, SIGN, call(SIGN, prefetch=fetched(surveys=collection(ahead))))
    assert "R10_LEAKAGE_TIME" in card["detail"]
    assert card["summary"].startswith("SYNTHETIC — No predicted response: ")


@pytest.mark.parametrize("status", ["draft", "cancelled", "entered-in-error"])
def test_what_is_only_planned_is_not_read(server: Server, status: str):
    planned = {**order("RxNorm//7804", "MedicationRequest"), "status": status, "authoredOn": ago(-30)}
    (card,) = shown(server, SIGN, call(SIGN, prefetch=fetched(prescriptions=collection(planned))))
    assert "Predicted response" in card["summary"]


def test_the_index_is_the_instant_of_the_request_whatever_an_order_says(server: Server):
    late = order("CPT//64635", authoredOn=ago(-300), occurrenceDateTime=ago(-300))
    before = datetime.now().replace(microsecond=0)
    (card,) = shown(server, SIGN, call(SIGN, late))
    index = datetime.fromisoformat(re.search(r"As of ([-\d]+ [:\d]+)", card["detail"])[1])  # type: ignore[index]
    assert before <= index <= datetime.now()


def test_the_index_is_told_by_the_clock_of_the_clinic(tiny_bundle: Path, tmp_path: Path):
    with running(tiny_bundle, tmp_path, tables={"zone": "Pacific/Kiritimati"}) as server:
        there = datetime.now() + timedelta(hours=14)  # the machine of the tests may be anywhere
        cards = shown(server, SIGN, call(SIGN, now=datetime.now() - timedelta(days=1)))
    index = datetime.fromisoformat(re.search(r"As of ([-\d]+ [:\d]+)", cards[0]["detail"])[1])  # type: ignore[index]
    utc = datetime.now().astimezone().utcoffset() or timedelta()
    assert abs(index - (there - utc)) < timedelta(minutes=1)


def test_two_equal_calls_get_equal_cards_with_ids_of_their_own(server: Server):
    made = call(SIGN)
    first, second = shown(server, SIGN, made), shown(server, SIGN, made)
    assert told(first) == told(second)
    assert {one["uuid"] for one in first}.isdisjoint(one["uuid"] for one in second)


def test_the_numbers_are_those_of_a_history_at_the_instant_of_the_call(tiny_bundle: Path):
    asked = json.loads(json.dumps(call(SIGN, now=INDEX)))
    history = {
        "index": INDEX.isoformat(),
        "interventions": ["rfa"],
        "events": [
            {"time": "1968-05-17", "code": "MEDS_BIRTH"},
            {"time": None, "code": "GENDER//F"},
            {"time": before(5), "code": "LOINC//72514-3", "value": 8},
            {"time": before(26), "code": "LOINC//72514-3", "value": 7},
            {"time": before(40), "code": "CPT//64493"},
        ],
    }
    first, second, answer = asyncio.run(
        in_process(tiny_bundle, (SIGN, asked), (SIGN, asked), ("/v1/score", history))
    )
    (score,) = answer["scores"]
    low, high = (f"{100 * one:.0f}" for one in score["interval"])
    assert first["cards"][0]["summary"].endswith(f": {100 * score['probability']:.0f} % ({low} to {high} %)")
    assert "As of 2026-03-01 09:00:00." in first["cards"][0]["detail"]
    for told in (first, second):
        del told["cards"][0]["uuid"]
    assert first == second


INDEX = datetime(2026, 3, 1, 9)


def before(days: int) -> str:
    return (INDEX - timedelta(days=days)).isoformat()


async def in_process(bundle: Path, *calls: tuple[str, Any]) -> list[Any]:
    """Answers of a server whose clock stands still."""
    service = open_service(Shelf([Served.open(bundle, allow_synthetic=True)]), load_settings(environment={}))
    app = create_app(service, Door(Access()), site=Site(lambda: INDEX))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
        return [(await client.post(path, json=body)).json() for path, body in calls]


# ---- what a call must be ----


def without(made: dict[str, Any], *place: str) -> dict[str, Any]:
    inner = made
    for name in place[:-1]:
        inner = inner[name]
    del inner[place[-1]]
    return made


@pytest.mark.parametrize(
    ("path", "made", "words"),
    [
        (SIGN, call(SELECT), "hook: is not one of the words it may be"),
        (SIGN, without(call(SIGN), "hook"), "missing required field `hook`"),
        (SIGN, without(call(SIGN), "hookInstance"), "missing required field `hookInstance`"),
        (SIGN, call(SIGN, hookInstance="17"), "hookInstance: invalid UUID"),
        (SIGN, without(call(SIGN), "context"), "missing required field `context`"),
        (
            SIGN,
            without(call(SIGN), "context", "patientId"),
            "context: object missing required field `patientId`",
        ),
        (SIGN, without(call(SIGN), "context", "userId"), "context: object missing required field `userId`"),
        (SIGN, without(call(SIGN), "context", "draftOrders"), "missing required field `draftOrders`"),
        (SELECT, without(call(SELECT), "context", "selections"), "missing required field `selections`"),
        (SIGN, call(SIGN, prefetch=[]), "prefetch: expected `object | null`"),
        (SIGN, call(SIGN, prefetch={"patient": "x"}), "prefetch[...]: expected `object | null`"),
        (SIGN, call(SIGN, fhirAuthorization="x"), "fhirAuthorization: expected `object | null`"),
        (
            SIGN,
            call(SIGN, {"resourceType": "ServiceRequest", "id": "1", "code": []}),
            "code must be an object",
        ),
        (SIGN, [], "The body: expected `object`"),
    ],
)
def test_a_call_of_another_shape_is_refused_with_the_place(server: Server, path: str, made: Any, words: str):
    answer = post(server, path, made)
    assert answer.status_code == 422
    assert words in answer.json()["error"]["message"]


def test_drafts_must_be_a_bundle(server: Server):
    made = call(SIGN)
    made["context"]["draftOrders"] = {"resourceType": "List"}
    assert post(server, SIGN, made).json()["error"]["message"] == "context.draftOrders must be a FHIR Bundle."


def test_malformed_fhir_is_refused_with_its_place(server: Server):
    made = call(SIGN)
    made["prefetch"]["vitalSigns"]["entry"][1]["resource"]["code"] = "pain"
    answer = post(server, SIGN, made)
    assert answer.status_code == 422
    assert "entry[1] (Observation): code must be an object" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b'{"hook": NaN}', 400), (b'{"hook": "a", "hook": "a"}', 400), (b"[" * 50_000, 400)],
)
def test_what_is_not_json_is_refused(server: Server, body: bytes, status: int):
    assert post(server, SIGN, body).status_code == status


def test_another_type_of_body_and_a_service_there_is_not(server: Server):
    assert post(server, SIGN, b"{}", **{"content-type": "text/plain"}).status_code == 415
    for path in ("/cds-services/other", "/cds-services/painresponse-order-sign/x", "/cds-services/"):
        assert post(server, path, call(SIGN)).status_code == 404
    with server.client() as client:
        assert client.get(SIGN).status_code == 405


def test_more_events_than_a_history_may_have_are_refused(server: Server):
    many = collection(*(measured("PR//odi", 40, ago(50 + number)) for number in range(301)))
    answer = post(server, SIGN, call(SIGN, prefetch=fetched(surveys=many)))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_many_events")


# ---- what is written down ----


def test_an_answer_is_recorded_counted_and_logged_without_a_word_of_the_patient(clinic: Server):
    canary = "Zyxwvut-Canary"
    made = json.loads(json.dumps(call(SIGN)).replace("example", canary))
    made |= {
        "fhirServer": f"https://{canary}.example",
        "fhirAuthorization": {"access_token": canary, "scope": canary},
    }
    cards = shown(clinic, SIGN, made)
    refused = post(clinic, SIGN, {**made, "hook": canary})
    audit = (clinic.output.parent / "audit").read_text()
    line = json.loads(audit.splitlines()[-1])
    assert line["route"] == SIGN
    assert line["outcomes"] == {"rfa": {"ok": 1}}
    for said in (json.dumps(cards), refused.text, audit, clinic.output.read_text()):
        assert "Canary" not in said
