"""What begins and what ends each stage, as small tables: the event rules of interventions.toml.

A day counts from any first day; what an episode begins with is found by `begun`, on those same days.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from painresponse.clinic.declarations import Stage
from painresponse.training.episodes import endings, find_episodes
from tests.cohorts.clinic import days, records_of, table_of
from tests.lib.strategies import examples


@pytest.fixture
def begun(catalogue):
    """The days on which a stage begins in one patient's history."""

    def of(intervention: str, stage: str, text: str) -> list[float]:
        rules = catalogue.interventions[intervention].stages[stage]
        return days(find_episodes(table_of(catalogue, text), catalogue.concepts, rules)[0].begun)

    return of


@pytest.fixture
def ended(catalogue):
    """The days on which a permanent stage was given up."""

    def of(intervention: str, text: str) -> list[float]:
        rules = catalogue.interventions[intervention].stages["permanent"]
        found = endings(table_of(catalogue, text), catalogue.concepts, rules)
        return sorted(day for one in found for day in days(one.time))

    return of


# --- spinal cord stimulation ---


def test_a_lead_alone_is_a_trial_and_the_generator_weeks_later_the_implant(begun):
    text = """
        day | what
          0 | lead
         30 | generator
         30 | lead
    """
    assert begun("scs", "trial", text) == [0]
    assert begun("scs", "permanent", text) == [30]


def test_a_lead_with_a_generator_on_the_same_day_is_an_implant_and_no_trial(begun):
    text = """
        day | what
          0 | paddle lead
        0.2 | generator
    """
    assert begun("scs", "trial", text) == []
    assert begun("scs", "permanent", text) == [0.2]


def test_a_lead_after_the_generator_is_a_revision_and_no_trial(begun):
    text = """
        day | what
          0 | lead
         30 | generator
        400 | lead
    """
    assert begun("scs", "trial", text) == [0]


def test_a_generator_alone_years_later_is_a_new_battery_and_no_index(begun):
    text = """
         day | what
           0 | lead
          30 | generator
        2900 | generator
    """
    assert begun("scs", "permanent", text) == [30]


def test_a_new_battery_is_no_index_even_where_the_implant_itself_does_not_count(begun):
    """No lead is on record before the first generator; that the second has one does not make it a first."""
    text = """
         day | what
           0 | generator
        2890 | lead
        2900 | generator
    """
    assert begun("scs", "permanent", text) == []


def test_a_lead_that_carries_its_generator_is_an_implant_by_itself(begun):
    text = """
        day | what
          0 | lead
         20 | lead with generator
    """
    assert begun("scs", "trial", text) == [0]
    assert begun("scs", "permanent", text) == [20]
    assert begun("scs", "permanent", "day | what\n 0 | lead with generator") == [0]


def test_a_generator_and_its_lead_removed_on_one_day_are_an_explant(ended):
    text = """
        day | what
          0 | generator
        300 | generator revised or removed
        300 | lead removed
    """
    assert ended("scs", text) == [300]


@pytest.mark.parametrize("what", ["generator revised or removed", "lead removed", "lead revised"])
def test_one_of_the_two_alone_is_a_revision(ended, what):
    text = f"""
        day | what
          0 | generator
        300 | {what}
    """
    assert ended("scs", text) == []


def test_an_explant_said_outright_needs_no_second_code(ended):
    text = """
        day | what
          0 | generator
        300 | stimulator explanted
    """
    assert ended("scs", text) == [300]


@pytest.mark.parametrize(("again", "explants"), [(300, []), (390.4, []), (391, [300])])
def test_what_is_put_back_on_the_day_or_within_90_days_was_not_given_up(ended, again, explants):
    text = f"""
            day | what
              0 | generator
            300 | generator revised or removed
            300 | lead removed
        {again} | generator
    """
    assert ended("scs", text) == explants


def test_what_was_put_back_once_can_still_be_given_up_later(ended):
    text = """
        day | what
          0 | generator
         50 | generator revised or removed
         50 | lead removed
        100 | generator
        200 | generator revised or removed
        200 | lead removed
    """
    assert ended("scs", text) == [200]


# --- intrathecal drug delivery ---


def test_a_spinal_injection_is_an_intrathecal_trial_only_where_the_record_says_so(begun):
    text = """
        day | what
          0 | spinal injection
         50 | intrathecal trial
    """
    assert begun("idd", "trial", text) == [50]


def test_the_pump_is_the_implant_and_its_replacement_is_none(begun, ended):
    text = """
         day | what
           0 | intrathecal trial
          40 | pump
        2000 | pump removed
        2000 | pump
        2600 | pump removed
    """
    assert begun("idd", "permanent", text) == [40]
    assert ended("idd", text) == [2600]


# --- blocks and ablation ---


def test_the_intent_of_a_facet_block_is_unknown_until_it_is_said(begun):
    text = """
        day | what
          0 | facet block
         50 | diagnostic facet block
        100 | therapeutic facet block
    """
    assert begun("nerve_block", "diagnostic", text) == [50]
    assert begun("nerve_block", "therapeutic", text) == [100]


def test_an_ablation_that_follows_does_not_make_a_block_diagnostic(begun):
    text = """
        day | what
          0 | facet block
         30 | ablation
    """
    assert begun("nerve_block", "diagnostic", text) == []


@pytest.mark.parametrize(
    ("before", "counts"),
    [("facet block", True), ("diagnostic facet block", True), ("epidural", False), ("ablation", False)],
)
def test_an_ablation_counts_after_a_block_that_may_have_been_a_test(begun, before, counts):
    text = f"""
        day | what
          0 | {before}
         60 | ablation
    """
    assert begun("rfa", "therapeutic", text) == ([60] if counts else [])


@pytest.mark.parametrize("other", ["pulsed radiofrequency", "basivertebral ablation"])
def test_pulsed_radiofrequency_and_basivertebral_ablation_are_no_thermal_lesions(begun, other):
    text = f"""
        day | what
          0 | diagnostic facet block
         60 | {other}
    """
    assert begun("rfa", "therapeutic", text) == []


# --- programme and courses ---


def test_the_programme_code_begins_a_programme_and_its_next_months_do_not(begun):
    text = """
        day | what
          0 | programme
         30 | programme
         60 | programme
        300 | programme
    """
    assert begun("mpp", "programme", text) == [0, 300]


@pytest.mark.parametrize(("last", "found"), [(10, [0]), (27, [0]), (28, [])])
def test_three_professions_within_four_weeks_are_a_programme_from_the_first_contact(begun, last, found):
    text = f"""
           day | what
             0 | programme doctor
             5 | pain psychotherapy
        {last} | physiotherapy
    """
    assert begun("mpp", "programme", text) == found


def test_many_contacts_with_two_professions_are_no_programme(begun):
    text = """
        day | what
          0 | physiotherapy
          2 | psychotherapy
          4 | physiotherapy
          6 | pain psychotherapy
    """
    assert begun("mpp", "programme", text) == []


@pytest.mark.parametrize(("fourth", "found"), [(21, [0]), (42, [0]), (43, [])])
def test_four_sessions_of_physiotherapy_within_six_weeks_are_a_course(begun, fourth, found):
    text = f"""
             day | what
               0 | physiotherapy
               7 | specialised physiotherapy
              14 | physiotherapy
        {fourth} | physiotherapy
    """
    assert begun("pt_specialised", "course", text) == found


def test_two_codes_on_one_day_are_one_session(begun):
    text = """
        day | what
          0 | physiotherapy
        0.1 | physiotherapy
          7 | physiotherapy
         14 | physiotherapy
    """
    assert begun("pt_specialised", "course", text) == []


def test_a_single_session_long_before_is_not_the_beginning_of_the_course(begun):
    text = """
        day | what
        -60 | physiotherapy
          0 | physiotherapy
          7 | physiotherapy
         14 | physiotherapy
         21 | physiotherapy
    """
    assert begun("pt_specialised", "course", text) == [0]


@pytest.mark.parametrize(("gap", "found"), [(89, [0]), (90, [0, 111])])
def test_a_second_course_is_told_from_the_first_by_the_pause_after_its_last_session(begun, gap, found):
    second = [21 + gap + week for week in (0, 7, 14, 21)]
    lines = "\n".join(f"{day} | physiotherapy" for day in (0, 7, 14, 21, *second))
    assert begun("pt_specialised", "course", f"day | what\n{lines}") == found


@pytest.mark.parametrize(("third", "found"), [(14, [0]), (56, [0]), (57, [])])
def test_three_sessions_within_eight_weeks_are_a_course_of_cognitive_behavioural_therapy(begun, third, found):
    text = f"""
            day | what
              0 | psychotherapy
              7 | pain psychotherapy
        {third} | psychotherapy
    """
    assert begun("cbt", "course", text) == found


def courses(on: set[int], rules: Stage) -> list[int]:
    """The slow twin: first days of one patient's courses, read day by day."""
    begins = [
        day
        for day in sorted(on)
        if sum(day <= one <= day + rules.session_days for one in on) >= rules.sessions
    ]
    within = [day for day in sorted(on) if any(0 <= day - one <= rules.session_days for one in begins)]
    return [
        day for place, day in enumerate(within) if place == 0 or day - within[place - 1] >= rules.apart_days
    ]


@examples(100)
@given(people=st.lists(st.sets(st.integers(0, 400), max_size=25), min_size=1, max_size=3))
def test_courses_are_found_as_by_reading_every_patients_sessions_one_by_one(catalogue, people):
    rules = catalogue.interventions["cbt"].stages["course"]
    records = records_of(catalogue, *([(float(day), "CPT//90834") for day in on] for on in people))
    found, _ = find_episodes(records, catalogue.concepts, rules)
    for number, on in enumerate(people, start=1):
        assert days(found.begun[found.subject == number]) == courses(on, rules)
    assert np.isin(found.subject, np.arange(1, len(people) + 1)).all()


# --- what can be declared ---


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"sessions": 0}, "sessions must be 1 or more"),
        ({"sessions": 4}, "4 sessions need session_days of 3 or more"),
        ({"disciplines": (("a",), ("b",))}, "disciplines_least must be from 1 to the 2 listed"),
        ({"removals": ("a",)}, "removals and removed_with only say something together"),
        ({"removed_with": ("a",)}, "removals and removed_with only say something together"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        Stage("a stage", ("a",), **wrong)


def test_a_stage_names_every_concept_its_rules_speak_of():
    stage = Stage(
        "a stage",
        ("begin",),
        ends=("end",),
        removals=("out",),
        removed_with=("too",),
        disciplines=(("doctor",), ("nurse", "begin"), ("physio",)),
    )
    assert stage.concepts == ("begin", "doctor", "nurse", "physio", "end", "out", "too")
