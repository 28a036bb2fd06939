"""TRIPOD+AI items and the self-check: answered from the record, never more kindly than it allows."""

import pytest

from painresponse.report.probast import NO, UNCLEAR, YES, probast
from painresponse.report.tripod import AUTHORS, NOT_APPLICABLE, PART, REPORTED, tripod
from tests.report import example

DOMAINS = ["Participants and data", "Predictors", "Outcome", "Analysis"]


def items(record):
    return {one.number: one for one in tripod(record)}


def answers(record):
    return {one.question: one for one in probast(record)}


def test_what_no_run_can_know_is_left_to_the_authors(record):
    known = items(record)
    for number in ("18a", "18b", "18c", "18d", "19", "27c", "3c", "8c"):
        assert known[number].state == AUTHORS
        assert "to be completed by the authors" in known[number].words


def test_what_the_authors_say_is_reported_as_theirs(record):
    told = items({**record, "authors": {"18a": "Funded by nobody."}})["18a"]
    assert (told.state, told.words) == (REPORTED, "Funded by nobody.")


def test_a_section_some_targets_lack_is_reported_in_part(record):
    assert items(record)["11"].state == PART
    assert items({**record, "targets": record["targets"][:1]})["11"].state == REPORTED
    assert items({**record, "targets": record["targets"][1:]})["11"].state == AUTHORS


def test_ethics_approval_is_asked_for_real_patients_only(record):
    assert items(record)["17"].state == NOT_APPLICABLE
    assert items(example.record(kind="clinic"))["17"].state == AUTHORS


def test_without_other_data_there_is_nothing_to_say_of_them(record):
    alone = items({**record, "targets": record["targets"][1:]})
    assert {alone[number].state for number in ("12f", "16", "20c", "24")} == {NOT_APPLICABLE}


def test_the_self_check_goes_through_the_four_domains(record):
    assert list(dict.fromkeys(one.domain for one in probast(record))) == DOMAINS
    assert {one.answer for one in probast(record)} == {YES, NO, UNCLEAR}


def test_nothing_is_answered_yes_of_a_record_that_says_nothing():
    bare = answers({"name": "bare", "targets": [{"target": "x"}]})
    for question in (
        "Were groups that may be served worse looked at?",
        "Is the outcome known of nearly everybody?",
        "Are there enough people with and without the outcome?",
        "Were those lost to follow-up accounted for?",
        "Does it hold in every group?",
        "Was it judged on other people's data?",
    ):
        assert bare[question].answer != YES


def test_simulated_patients_are_not_those_the_model_is_meant_for(record):
    assert answers(record)["Do the data come from people the model is meant for?"].answer == NO


def test_a_target_that_fails_is_named(record):
    enough = answers(record)["Are there enough people with and without the outcome?"]
    assert enough.answer == NO and "idd_trial" in enough.why


@pytest.mark.parametrize(("lost", "answer"), [(50, YES), (150, UNCLEAR), (300, NO)])
def test_the_more_are_lost_the_worse_the_answer(lost, answer):
    flow = {"alive at the horizon": 1000, "outcome known": 1000 - lost, "responded": 400}
    record = {"name": "a", "targets": [{"target": "x", "flow": flow}]}
    assert answers(record)["Is the outcome known of nearly everybody?"].answer == answer
