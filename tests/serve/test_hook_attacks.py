"""Whatever is sent to a hook: it is answered or refused, and never fails."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.serve.conftest import Server, running
from tests.serve.hook_calls import SELECT, SIGN, VIEW, call, measured, order, post
from tests.serve.resources import collection

CORPUS = Path(__file__).parents[2].parent / "shared" / "data" / "cds_hooks"
ALLOWED = {200, 400, 404, 412, 415, 422}
OF_HOOK = {"order-select": SELECT, "order-sign": SIGN, "patient-view": VIEW}
REAL = sorted(CORPUS.glob("*.json"))
NEEDS_CORPUS = pytest.mark.skipif(not REAL, reason="needs the corpus of real requests, which is not here")


@pytest.fixture(scope="module")
def clinic(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has something to say of every opened chart."""
    tables = {"hooks": {"patient_view": ["scs", "rfa", "cbt"]}}
    with running(tiny_bundle, tmp_path_factory.mktemp("clinic"), tables=tables) as server:
        yield server


@pytest.fixture(scope="module")
def client(clinic: Server) -> Iterator[httpx.Client]:
    with clinic.client() as client:
        yield client


def sent(client: httpx.Client, path: str, body: bytes) -> httpx.Response:
    return client.post(path, content=body, headers={"content-type": "application/json"})


# ---- real requests ----


@NEEDS_CORPUS
def test_real_requests_are_answered_or_refused_as_they_were_published(client: httpx.Client):
    found = {
        file.name: {path: sent(client, path, file.read_bytes()).status_code for path in OF_HOOK.values()}
        for file in REAL
    }
    assert len(found) > 30
    for name, statuses in found.items():
        well_formed = _is_json((CORPUS / name).read_bytes())
        assert set(statuses.values()) <= ({412, 422, 200} if well_formed else {400}), name


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def mended(file: Path) -> dict[str, Any] | None:
    """Most close the prefetch by a brace too many, so that its other items lie beside it."""
    try:
        whole, _ = json.JSONDecoder().raw_decode(file.read_text())
    except ValueError:
        return None
    items = {name: whole.pop(name) for name in list(whole) if name.startswith("item")}
    return {**whole, "prefetch": {**whole["prefetch"], **items}}


@NEEDS_CORPUS
def test_mended_real_requests_are_understood(client: httpx.Client):
    whole = [one for one in map(mended, REAL) if one]
    assert len(whole) > 25
    answers = [(one["hook"], sent(client, OF_HOOK[one["hook"]], json.dumps(one).encode())) for one in whole]
    for hook, answer in answers:
        if hook == "patient-view":
            assert answer.status_code in {200, 412, 422}
        else:  # opioids are ordered, of which nothing is predicted
            assert (answer.status_code, answer.json()) == (200, {"cards": []})
    spoken = [
        one.json()["cards"] for hook, one in answers if hook == "patient-view" and one.status_code == 200
    ]
    assert len(spoken) > 5
    assert all(
        "R04_NO_BASELINE" in cards[0]["detail"] for cards in spoken
    )  # none says how strong the pain is


# ---- changed at random ----


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything in a value."""
    yield place
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, one in members:
        yield from places(one, (*place, name))


CHART = {
    "patient": {"resourceType": "Patient", "id": "example", "gender": "female", "birthDate": "1968-05-17"},
    "vitalSigns": collection(
        measured("PR//pain", 8, "2026-02-24"), measured("PR//pain", 7, "2026-02-03T09:00:00Z")
    ),
    "devices": collection({"resourceType": "Device", "id": "d", "type": {"coding": [{"code": "1"}]}}),
    "prescriptions": collection(
        {**order("RxNorm//7804", "MedicationRequest", status="active"), "authoredOn": "2026-01-01"}
    ),
}
SEEDS = [call(path, prefetch=CHART) for path in (SELECT, SIGN, VIEW)]
STRANGE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        ["Patient", "Bundle", "Observation", "9999-12-31", "0000", "\x00", "é" * 3000, "Patient/" * 9]
    ),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.none(), max_size=3),
    st.just([[[[[]]]]]),
)


@st.composite
def changed(draw: st.DrawFn) -> tuple[str, bytes]:
    """A call with up to four of its members deleted, replaced, given twice or moved; and where it goes."""
    made = deepcopy(draw(st.sampled_from(SEEDS)))
    path = draw(
        st.sampled_from([SELECT, SIGN, VIEW]) if draw(st.integers(0, 9)) == 0 else st.just(_path_of(made))
    )
    for _ in range(draw(st.integers(1, 4))):
        everything = [place for place in places(made) if place]
        if not everything:
            break
        *way, name = draw(st.sampled_from(everything))
        inner = made
        for step in way:
            inner = inner[step]
        how = draw(st.sampled_from(["delete", "replace", "nest", "swap", "list"]))
        if how == "delete":
            del inner[name]
        elif how == "replace":
            inner[name] = deepcopy(draw(STRANGE))
        elif how == "nest":
            inner[name] = {"resource": inner[name]}
        elif how == "list":
            inner[name] = [inner[name], deepcopy(inner[name])]
        else:
            inner[name] = deepcopy(made.get("context"))
    text = json.dumps(made).encode()
    if draw(st.integers(0, 9)) == 0:  # a member twice
        text = text.replace(b'"prefetch":', b'"hook": "order-sign", "prefetch":', 1)
    return path, text


def _path_of(made: dict[str, Any]) -> str:
    return OF_HOOK[made["hook"]]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changed())
def test_a_call_changed_anywhere_is_answered_or_refused(client: httpx.Client, case: tuple[str, bytes]):
    path, text = case
    answer = sent(client, path, text)
    assert answer.status_code in ALLOWED, answer.text
    if answer.status_code == 200:
        for card in answer.json()["cards"]:
            assert len(card["summary"]) < 140


@pytest.mark.slow
@settings(max_examples=2500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changed())
def test_many_calls_changed_anywhere_are_answered_or_refused(client: httpx.Client, case: tuple[str, bytes]):
    assert sent(client, *case).status_code in ALLOWED


@NEEDS_CORPUS
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_real_request_cut_or_spliced_is_answered_or_refused(client: httpx.Client, data: st.DataObject):
    text = data.draw(st.sampled_from(REAL)).read_bytes()
    start, stop = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    spliced = text[:start] + data.draw(st.binary(max_size=8)) + text[stop:]
    assert sent(client, data.draw(st.sampled_from([SELECT, SIGN, VIEW])), spliced).status_code in ALLOWED


FEEDBACK = {
    "feedback": [
        {
            "card": "0b5a4c0e-5d1b-4f5e-9c2a-7f0c1d2e3a4b",
            "outcome": "accepted",
            "outcomeTimestamp": "2026-03-01T09:00:00Z",
            "acceptedSuggestions": [{"id": "1"}],
            "overrideReason": {"reason": {"code": "1", "system": "2"}, "userComment": "3"},
        }
    ]
}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_feedback_changed_anywhere_is_heard_or_refused(client: httpx.Client, data: st.DataObject):
    made = deepcopy(FEEDBACK)
    *way, name = data.draw(st.sampled_from([place for place in places(made) if place]))
    inner = made
    for step in way:
        inner = inner[step]
    inner[name] = data.draw(STRANGE)
    assert sent(client, f"{SIGN}/feedback", json.dumps(made).encode()).status_code in ALLOWED


# ---- by hand ----


@pytest.mark.parametrize(
    "value",
    [1e308, -1e308, 10**30, 10**400, 5e-324, -0.0],
)
def test_no_number_is_too_much(clinic: Server, value: float):
    made = call(SIGN, prefetch={**CHART, "surveys": collection(measured("PR//odi", value, "2026-02-01"))})
    assert post(clinic, SIGN, json.dumps(made).encode()).status_code in ALLOWED


@pytest.mark.parametrize("depth", [50, 500, 5_000, 50_000])
def test_nothing_is_nested_too_deeply(clinic: Server, depth: int):
    for begin, end, allowed in (("[", "]", {400, 422}), ('{"a":', "}", ALLOWED)):
        nested = f"{begin * depth}1{end * depth}"
        deep = json.dumps(call(SIGN)).replace('"conditions": null', f'"conditions": {nested}')
        assert post(clinic, SIGN, deep.encode()).status_code in allowed


def test_nothing_failed(clinic: Server):
    """Last: no call of this module was a fault of ours."""
    assert '"event":"failed"' not in clinic.output.read_text()
