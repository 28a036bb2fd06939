"""Clock traps: stamps with and without offsets, partial dates, hours that there were not or were twice."""

import pytest

from painresponse.errors import DefinitionError
from painresponse_serve.settings import load_settings
from tests.serve.conftest import Server
from tests.serve.fhir_calls import AT, entries, event_of, extensions, post, ready, scored
from tests.serve.fhir_rules import faults
from tests.serve.patients import INDEX, somebody
from tests.serve.resources import SUBJECT, ann, coded, collection, observation, told

STAMPS = {
    "2026-03-01T09:00:00": ("2026-03-01T09:00:00", "2026-03-01T09:00:00+01:00"),
    "2026-07-01T09:00:00": ("2026-07-01T09:00:00", "2026-07-01T09:00:00+02:00"),
    "2026-03-01": ("2026-03-01T00:00:00", "2026-03-01T00:00:00+01:00"),
    "2026-03-01T09:00": ("2026-03-01T09:00:00", "2026-03-01T09:00:00+01:00"),
    "2026-03-01T09:00:00-05:00": ("2026-03-01T09:00:00", "2026-03-01T09:00:00-05:00"),
    "2026-03-01T09:00:00 01:00": ("2026-03-01T09:00:00", "2026-03-01T09:00:00+01:00"),
    "2026-03-01T08:00:00Z": ("2026-03-01T09:00:00", "2026-03-01T08:00:00+00:00"),
    "2026-07-01T07:00:00%2B00:00": ("2026-07-01T09:00:00", "2026-07-01T07:00:00+00:00"),
    "2026-03-29T02:30:00": ("2026-03-29T02:30:00", "2026-03-29T02:30:00+01:00"),  # there was no such time
    "2026-03-29T01:00:00Z": ("2026-03-29T03:00:00", "2026-03-29T01:00:00+00:00"),
    "2026-10-25T00:30:00Z": ("2026-10-25T02:30:00", "2026-10-25T00:30:00+00:00"),
    "2026-10-25T01:30:00Z": ("2026-10-25T02:30:00", "2026-10-25T01:30:00+00:00"),  # the same hour again
}


EARLIER = {"03": "2026-02-27", "07": "2026-06-28", "10": "2026-10-20"}
"""By month of the index, a day shortly before it, so that there is a baseline."""


@pytest.mark.parametrize("given_", STAMPS)
def test_an_index_is_read_by_the_clinics_clock_whatever_the_machines(madrid: Server, given_: str):
    clock, stamp = STAMPS[given_]
    told_ = entries(
        scored(madrid, collection(ann(), observation(7, EARLIER[given_[5:7]])), "targets=cbt", index=given_)
    )
    assert [extensions(one)["index"] for one in told_] == [clock]
    assert [one["occurrenceDateTime"] for one in told_] == [stamp]


def test_without_a_zone_the_day_alone_is_told_where_no_offset_is(server: Server):
    body = collection(*ready())
    for given_, stamp in ((str(INDEX), "2026-03-01"), (AT, "2026-03-01T09:00:00+01:00")):
        response = scored(server, body, index=given_)
        assert faults(response.json()) == []
        assert {one["occurrenceDateTime"] for one in entries(response)} == {stamp}
        assert {extensions(one)["index"] for one in entries(response)} == {"2026-03-01T09:00:00"}


def test_without_a_zone_an_index_in_universal_time_is_refused(server: Server):
    response = scored(server, collection(*ready()), index="2026-03-01T09:00:00Z")
    assert response.status_code == 422
    assert "by the clinic's clock" in response.json()["issue"][0]["details"]["text"]


EVENTS = {
    "2025-07-01T07:00:00Z": ("2025-07-01T09:00:00", None),
    "2025-12-31T23:30:00Z": ("2026-01-01T00:30:00", None),
    "2025-07-01T07:00:00-05:00": ("2025-07-01T07:00:00", None),
    "2025-03-30T02:30:00+01:00": ("2025-03-30T02:30:00", None),
    "2025-03-30T01:30:00Z": ("2025-03-30T03:30:00", None),
    "2025-07-01": ("2025-07-01T00:00:00", "2025-07-02T00:00:00"),
    "2024-02": ("2024-02-01T00:00:00", "2024-03-01T00:00:00"),
    "2025-12": ("2025-12-01T00:00:00", "2026-01-01T00:00:00"),
    "2024": ("2024-01-01T00:00:00", "2025-01-01T00:00:00"),
}


@pytest.mark.parametrize("given_", EVENTS)
def test_stamps_are_read_by_the_clinics_clock_and_partial_ones_are_known_when_they_are_over(
    madrid: Server, given_: str
):
    read = post(madrid, collection(ann(), observation(at=given_)), route="history").json()
    time, available = EVENTS[given_]
    assert read["history"]["events"][1] == event_of(time, "PR//pain", 7.0, available=available)
    assert read["doubtful"] == []


def test_without_a_zone_universal_time_counts_as_the_clinics_clock_and_is_told(server: Server):
    read = post(server, collection(ann(), observation(at="2025-07-01T07:00:00Z")), route="history").json()
    assert read["history"]["events"][1]["time"] == "2025-07-01T07:00:00"
    assert [(one["reason"], one["count"]) for one in read["doubtful"]] == [("universal_time", 1)]


@pytest.mark.parametrize(
    "later",
    ["2026-03-01T09:00:01+01:00", "2026-03-01T08:00:01Z", "2026-03-01", "2026-03", "2026", "2026-03-02"],
)
def test_what_is_known_only_after_the_index_silences_every_model(madrid: Server, later: str):
    response = scored(madrid, collection(*ready(), observation(at=later)))
    assert response.status_code == 422
    assert response.json()["issue"][0]["details"]["coding"][0]["code"] == "R10_LEAKAGE_TIME"


@pytest.mark.parametrize("now", ["2026-03-01T09:00:00+01:00", "2026-03-01T08:00:00Z"])
def test_what_is_known_at_the_index_itself_counts(madrid: Server, now: str):
    assert scored(madrid, collection(*ready(), observation(at=now))).status_code == 200


def test_the_machines_time_zone_changes_no_answer(madrid: Server, server: Server):
    body = told(somebody(3))
    here, there = (scored(one, body, "format=native").json() for one in (madrid, server))
    assert here == there


def test_a_condition_is_known_when_it_was_recorded(madrid: Server):
    found = {
        "resourceType": "Condition",
        "code": coded("OTHER//sciatica"),
        "subject": SUBJECT,
        "onsetDateTime": "2026-01-01T00:00:00+01:00",
        "recordedDate": "2026-02-01T10:00:00+01:00",
    }
    read = post(madrid, collection(ann(), found), route="history").json()
    told_ = event_of("2026-01-01T00:00:00", "OTHER//sciatica", available="2026-02-01T10:00:00")
    assert told_ in read["history"]["events"]


def test_a_time_zone_that_there_is_not_is_refused_before_anything_listens():
    for name in ("Europe/Atlantis", "../etc/passwd", "Madrid"):
        with pytest.raises(DefinitionError, match="write it like Europe/Madrid"):
            load_settings(said={"zone": name}, environment={})
    assert load_settings(environment={"PAINRESPONSE_SERVE_ZONE": "Asia/Tokyo"}).zone == "Asia/Tokyo"
