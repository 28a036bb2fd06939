"""Clocks: the machine's own changes no answer, and at every edge of time there is an answer or a refusal."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serve.conftest import Server, running
from tests.serve.fhir_calls import AT, post
from tests.serve.patients import event, patient, somebody
from tests.serve.resources import ann, collection, observation, told

pytestmark = pytest.mark.slow

ELSEWHERE = ("Pacific/Kiritimati", "America/St_Johns")
"""Fourteen hours ahead, and three and a half behind, with summer time."""


def questions() -> list[dict[str, Any]]:
    """Histories around hours that some clocks skip or repeat, a leap day, and the turn of a year."""
    hours = (
        *("2025-03-09T02:30:00", "2025-11-02T01:30:00", "2025-03-30T02:30:00", "2025-10-26T02:30:00"),
        *(
            "2024-02-29T23:59:59.999999",
            "2025-12-31T23:59:59.999999",
            "2026-01-01T00:00:00",
            "2011-12-30T12:00",
        ),
    )
    told = [event("PR//odi", 1, 40.0) | {"time": hour} for hour in hours]
    return [patient(*told, explain=True), *map(somebody, range(4))]


def answers(server: Server) -> list[bytes]:
    """What is answered to the same histories in our own way and as FHIR, but for the time it took."""
    scored = [server.post(one).content for one in questions()]
    query = f"index={AT}&format=native"
    return scored + [post(server, told(somebody(seed)), query).content for seed in range(2)]


@pytest.fixture(scope="module")
def here(clinic: Server) -> list[bytes]:
    return answers(clinic)


@pytest.mark.parametrize("zone", ELSEWHERE)
def test_the_machines_time_zone_changes_no_bit_of_an_answer(
    zone: str, here: list[bytes], tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TZ", zone)
    with running(tiny_bundle, tmp_path) as server:
        assert answers(server) == here
    assert all(b'"probability"' in one for one in here)


FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


@pytest.mark.skipif(FAKETIME is None, reason="needs libfaketime to set a process's clock")
@pytest.mark.parametrize("date", ["@1999-12-31 23:59:50", "@2069-06-01 12:00:00"])
def test_the_machines_date_changes_no_bit_of_an_answer(
    date: str, here: list[bytes], tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LD_PRELOAD", str(FAKETIME))
    monkeypatch.setenv("FAKETIME", date)
    monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    with running(tiny_bundle, tmp_path) as server:
        assert answers(server) == here
        assert f'"time":"{date[1:5]}-' in server.output.read_text()


# ---- edges of a history ----

INDEX = "2026-03-01T09:00:00"


def at(time: str | None, *, index: str = INDEX, **more: Any) -> dict[str, Any]:
    """A patient with one more event at this time."""
    return patient(event("PR//odi", 1, 40.0) | {"time": time, **more}) | {"index": index}


@pytest.fixture(scope="module")
def quiet(clinic: Server) -> Iterator[Server]:
    yield clinic
    assert '"event":"failed"' not in clinic.output.read_text()


@pytest.mark.parametrize("later", ["2026-03-01T09:00:00.000001", "2026-03-01T09:00:01", "2026-03-02"])
def test_a_microsecond_after_the_index_is_the_future(quiet: Server, later: str):
    answer = quiet.post(at(later))
    assert answer.status_code == 422
    assert {one["refused"]["code"] for one in answer.json()["scores"]} == {"R10_LEAKAGE_TIME"}


@pytest.mark.parametrize(
    "now", [INDEX, "2026-03-01T09:00", "2026-03-01T08:59:59.999999", "2026-03-01 09:00:00"]
)
def test_the_index_itself_is_known(quiet: Server, now: str):
    assert quiet.post(at(now)).status_code == 200


def test_the_last_microsecond_of_a_day_belongs_to_it(quiet: Server):
    known = [quiet.post(at(time, index="2026-03-01")).status_code for time in ("2026-02-28T23:59:59.999999",)]
    assert known == [200]
    assert quiet.post(at("2026-03-01T00:00:00.000001", index="2026-03-01")).status_code == 422


@pytest.mark.parametrize("there", ["2024-02-29", "2000-02-29", "2025-03-30T02:30:00", "2025-10-26T02:30:00"])
def test_the_clinics_clock_has_leap_days_and_every_hour_of_every_day(quiet: Server, there: str):
    """It is naive: what its wall showed is what counts, and no hour is missing."""
    intake = quiet.post(at(there)).json()["intake"]
    assert intake["given"] == intake["kept"]


@pytest.mark.parametrize(
    "never",
    [
        *("2025-02-29", "1900-02-29", "2026-13-01", "2026-00-01", "2026-02-00", "2026-04-31", "0000-01-01"),
        *("10000-01-01", "-2026-01-01", "2026-03-01T25:00", "2026-03-01T09:60", "2026-03-01T23:59:60"),
        *(
            "2026-03-01T09:00:00.0000001Z",
            "2026-03-01T09:00:00+00:00",
            "2026",
            "2026-03",
            "now",
            "",
            " ",
            "0",
        ),
    ],
)
def test_a_time_that_there_is_not_is_refused_wherever_it_stands(quiet: Server, never: str):
    for body in (at(never), at("2026-02-01", index=never), at("2026-02-01", available_time=never)):
        answer = quiet.post(body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unreadable")


@pytest.mark.parametrize(
    "edge",
    [
        "0001-01-01",
        "0001-01-01T00:00:00.000001",
        "1899-12-31T23:59:59.999999",
        "2100-01-01",
        "9999-12-31T23:59:59",
    ],
)
def test_a_time_beyond_a_patients_life_is_left_out_or_the_future_and_never_scored(quiet: Server, edge: str):
    """Also at the ends of what a date can say, where adding a day or a window must not overflow."""
    answer = quiet.post(at(edge))
    assert answer.status_code in {200, 422}
    rejected = {one["reason"] for one in answer.json()["intake"]["rejected"]}
    refused = {one.get("refused", {}).get("code") for one in answer.json()["scores"]}
    assert "date" in rejected or refused == {"R10_LEAKAGE_TIME"}


@pytest.mark.parametrize(
    "index", ["0001-01-01", "1900-01-01", "2099-12-31T23:59:59.999999", "9999-12-31T23:59:59"]
)
def test_an_index_at_the_ends_of_time_is_answered_or_refused(quiet: Server, index: str):
    for one in (patient() | {"index": index}, patient(explain=True) | {"index": index}):
        assert quiet.post(one).status_code in {200, 422}


@pytest.mark.parametrize(
    "stamp", ["0001-01-01", "9999-12-31", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"]
)
def test_fhir_stamps_at_the_ends_of_time_are_read_or_refused(quiet: Server, stamp: str):
    body = collection(ann(), observation(), observation(at=stamp))
    assert post(quiet, body, f"index={AT}").status_code in {200, 422}
    assert post(quiet, collection(ann(birth=stamp[:10]), observation()), f"index={AT}").status_code in {
        200,
        422,
    }
