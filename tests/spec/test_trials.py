"""What was tried before, and whether it failed.

A trial is what one patient had of one class of treatment: begun, perhaps changed, perhaps ended (see
`test_exposures` for how long a prescription lasts). It is *adequate* when it lasted long enough at a median
dose that counts; an adequate trial may have *failed*. In these tables an anti-inflammatory drug needs 3 weeks
at 1,200 mg of ibuprofen, a gabapentinoid 6 weeks at 1,800 mg of gabapentin or 300 mg of pregabalin, and a
nerve block lasts 28 days without anyone ending it.
"""

from dataclasses import replace

import pytest

from tests.lib.tables import answer, answers
from tests.lib.vocabulary import VOCABULARY

TRIED, FAILED = "count of nsaid.trial ever", "count of nsaid.failed ever"
HOW = "last of nsaid.failed ever"  # 1: pain was measured, 2: a reason was given, 3: inferred
NOT_TOLERATED, PROXY = "count of nsaid.intolerance ever", "count of nsaid.proxy ever"


def test_a_trial_runs_from_its_beginning_to_its_end_and_its_value_is_the_days_it_lasted():
    text = """
        patient | days before | code           | value
              1 | 100         | ibuprofen      | 1200
              1 | 70          | ibuprofen stop |
    """
    sentences = ["last of nsaid.trial ever", "days since last of nsaid.trial ever", FAILED]
    assert answers(text, *sentences) == {1: (30, 100, 0)}


def test_a_trial_that_nobody_ended_still_runs():
    text = """
        patient | days before | code      | value
              1 | 100         | ibuprofen | 1200
    """
    assert answer(text, "last of nsaid.trial ever") == {1: 100}


@pytest.mark.parametrize(("gap", "trials"), [(30, 1), (30.1, 2)])
def test_a_pause_of_up_to_30_days_does_not_make_two_trials(gap, trials):
    text = f"""
        patient | days before | code           | value
              1 | 200         | ibuprofen      | 1200
              1 | 150         | ibuprofen stop |
              1 | {150 - gap} | ibuprofen      | 1200
              1 | 20          | ibuprofen stop |
    """
    assert answer(text, TRIED) == {1: trials}


def test_a_new_dose_or_another_drug_of_the_class_goes_on_with_the_trial():
    """A class counts once, however many of its drugs were taken one after the other."""
    text = """
        patient | days before | code            | value
              1 | 200         | gabapentin      | 900
              1 | 180         | gabapentin      | 1800
              1 | 150         | gabapentin stop |
              1 | 150         | pregabalin      | 300
              1 | 100         | pregabalin stop |
    """
    sentences = ["count of gabapentinoid.trial ever", "last of gabapentinoid.trial ever"]
    assert answers(text, *sentences) == {1: (1, 100)}


def test_an_end_without_a_beginning_says_nothing():
    text = """
        patient | days before | code                       | value
              1 | 100         | ibuprofen stop: inefficacy |
    """
    assert answers(text, TRIED, FAILED) == {1: (0, 0)}


def test_an_end_of_what_began_before_the_records_does_not_hide_the_trial_that_follows():
    text = """
        patient | days before | code                       | value
              1 | 110         | ibuprofen stop             |
              1 | 100         | ibuprofen                  | 1200
              1 | 50          | ibuprofen stop: inefficacy |
    """
    assert answers(text, "last of nsaid.trial ever", FAILED) == {1: (50, 1)}


def test_a_class_that_ends_by_itself_needs_no_stop():
    """A nerve block is over, and can be judged, after 28 days; a stop may end it earlier."""
    text = """
        patient | days before | code             | value
              1 | 100         | nerve_block      |
              2 | 10          | nerve_block      |
              3 | 100         | nerve_block      |
              3 | 90          | nerve_block stop |
    """
    assert answer(text, "last of nerve_block.trial ever") == {1: 28, 2: 10, 3: 10}


def test_repeated_blocks_join_when_they_follow_within_30_days_of_the_end_of_the_last():
    text = """
        patient | days before | code        | value
              1 | 200         | nerve_block |
              1 | 142         | nerve_block |
              2 | 200         | nerve_block |
              2 | 141         | nerve_block |
    """
    assert answer(text, "count of nerve_block.trial ever") == {1: 1, 2: 2}


def test_a_treatment_without_a_time_is_no_trial():
    text = """
        patient | days before | code      | value
              1 | always      | ibuprofen | 1200
    """
    assert answer(text, TRIED) == {1: 0}


# --- adequate ---


@pytest.mark.parametrize(
    ("days", "dose", "failed"),
    [(21, 1200, 1), (20.9, 1200, 0), (21, 1199, 0), (21, "", 1), (300, 400, 0)],
)
def test_adequate_means_long_enough_at_a_dose_that_counts(days, dose, failed):
    """Three weeks at 1,200 mg. A dose nobody wrote down counts."""
    text = f"""
        patient | days before  | code                       | value
              1 | 400          | ibuprofen                  | {dose}
              1 | {400 - days} | ibuprofen stop: inefficacy |
    """
    assert answers(text, TRIED, FAILED) == {1: (1, failed)}


def test_a_dose_that_equals_the_adequate_one_counts_whatever_its_decimals():
    """13.4 mg, held with seven digits, is 13.4 mg."""
    nsaid = VOCABULARY.treatments["nsaid"]
    ibuprofen = replace(nsaid.ingredients[0], adequate=13.4)
    classes = {**VOCABULARY.treatments, "nsaid": replace(nsaid, ingredients=(ibuprofen,))}
    text = """
        patient | days before | code                       | value
              1 | 100         | ibuprofen                  | 13.4
              1 | 50          | ibuprofen stop: inefficacy |
    """
    assert answer(text, FAILED, concepts=replace(VOCABULARY, treatments=classes)) == {1: 1}


@pytest.mark.parametrize(("low", "failed"), [(10, 1), (20, 1), (20.1, 0), (39, 0)])
def test_the_median_dose_counts_so_half_of_the_days_must_reach_it(low, failed):
    """40 days, the first of them at 400 mg, the rest at 1,200."""
    text = f"""
        patient | days before | code                       | value
              1 | 100         | ibuprofen                  | 400
              1 | {100 - low} | ibuprofen                  | 1200
              1 | 60          | ibuprofen stop: inefficacy |
    """
    assert answer(text, FAILED) == {1: failed}


@pytest.mark.parametrize(("pregabalin", "failed"), [(300, 1), (150, 0)])
def test_each_drug_of_a_class_is_measured_by_its_own_dose(pregabalin, failed):
    """50 days on a third of a dose of gabapentin, then 50 on pregabalin."""
    text = f"""
        patient | days before | code                        | value
              1 | 200         | gabapentin                  | 600
              1 | 150         | gabapentin stop             |
              1 | 150         | pregabalin                  | {pregabalin}
              1 | 100         | pregabalin stop: inefficacy |
    """
    assert answer(text, "count of gabapentinoid.failed ever") == {1: failed}


def test_of_two_drugs_taken_on_one_day_the_one_nearest_to_its_adequate_dose_counts():
    """Doses of different drugs are not added up: two halves are no whole."""
    text = """
        patient | days before | code                        | value
              1 | 200         | gabapentin                  | 300
              1 | 200         | pregabalin                  | 300
              1 | 100         | gabapentin stop             |
              1 | 100         | pregabalin stop: inefficacy |
              2 | 200         | gabapentin                  | 900
              2 | 200         | pregabalin                  | 150
              2 | 100         | gabapentin stop             |
              2 | 100         | pregabalin stop: inefficacy |
    """
    assert answer(text, "count of gabapentinoid.failed ever") == {1: 1, 2: 0}


@pytest.mark.parametrize(("days", "failed"), [(42, 1), (41, 0)])
def test_a_day_on_treatment_as_needed_counts_half(days, failed):
    """Three weeks of a drug taken as needed are six."""
    text = f"""
        patient | days before  | code                       | value
              1 | 100          | ibuprofen as needed        | 1200
              1 | {100 - days} | ibuprofen stop: inefficacy |
    """
    assert answer(text, FAILED) == {1: failed}


def test_a_day_on_which_one_drug_is_taken_daily_counts_whole():
    text = """
        patient | days before | code                        | value
              1 | 100         | gabapentin                  | 1800
              1 | 100         | pregabalin as needed        | 300
              1 | 58          | gabapentin stop             |
              1 | 58          | pregabalin stop: inefficacy |
    """
    assert answer(text, "count of gabapentinoid.failed ever") == {1: 1}


@pytest.mark.parametrize(("pause", "failed"), [(0, 1), (1, 0), (20, 0)])
def test_days_without_treatment_inside_a_trial_do_not_make_it_longer(pause, failed):
    """21 days between the first beginning and the last end."""
    text = f"""
        patient | days before | code                       | value
              1 | 100         | ibuprofen                  | 1200
              1 | 99.5        | ibuprofen stop             |
              1 | {99.5 - pause} | ibuprofen               | 1200
              1 | 79          | ibuprofen stop: inefficacy |
    """
    assert answers(text, "last of nsaid.trial ever", FAILED) == {1: (21, failed)}


def test_the_dose_beside_an_end_does_not_make_a_trial_adequate():
    text = """
        patient | days before | code                       | value
              1 | 100         | ibuprofen                  | 400
              1 | 60          | ibuprofen stop: inefficacy | 2400
    """
    assert answer(text, FAILED) == {1: 0}


@pytest.mark.parametrize(("days", "counts"), [(7, 1), (6.9, 0)])
def test_stopped_for_an_adverse_effect_after_a_week_counts_at_any_dose(days, counts):
    """The class was not tolerated: adequate, failed, and marked as an intolerance."""
    text = f"""
        patient | days before  | code                           | value
              1 | 100          | ibuprofen                      | 200
              1 | {100 - days} | ibuprofen stop: adverse effect |
    """
    assert answers(text, NOT_TOLERATED, FAILED) == {1: (counts, counts)}


def test_a_week_of_adverse_effects_is_a_week_on_treatment():
    text = """
        patient | days before | code                           | value
              1 | 100         | ibuprofen                      | 200
              1 | 98          | ibuprofen stop                 |
              1 | 80          | ibuprofen                      | 200
              1 | 75.5        | ibuprofen stop: adverse effect |
    """
    assert answers(text, "last of nsaid.trial ever", NOT_TOLERATED) == {1: (24.5, 0)}


# --- failed ---


@pytest.mark.parametrize(("reason", "how"), [("inefficacy", 2), ("adverse effect", 2), ("other", None)])
def test_a_given_reason_says_that_a_trial_failed(reason, how):
    text = f"""
        patient | days before | code                     | value
              1 | 100         | ibuprofen                | 1200
              1 | 50          | ibuprofen stop: {reason} |
    """
    assert answer(text, HOW) == {1: how}


@pytest.mark.parametrize(("late", "how"), [(0, 2), (30, 2), (30.1, None)])
def test_a_reason_given_up_to_30_days_after_the_supply_ran_out_still_tells_why(late, how):
    """It no longer tells when: the trial was over with its supply."""
    text = f"""
        patient | days before | code                       | value
              1 | 100         | ibuprofen                  | 1200
              1 | 100         | ibuprofen days             | 40
              1 | {60 - late} | ibuprofen stop: inefficacy |
    """
    assert answers(text, HOW, "last of nsaid.trial ever") == {1: (how, 40)}


def test_of_several_reasons_given_at_once_each_is_heard():
    text = """
        patient | days before | code                           | value
              1 | 100         | ibuprofen                      | 400
              1 | 80          | ibuprofen stop: other          |
              1 | 80          | ibuprofen stop                 |
              1 | 80          | ibuprofen stop: adverse effect |
    """
    assert answers(text, HOW, NOT_TOLERATED) == {1: (2, 1)}


def test_no_reason_and_no_pain_score_says_neither_that_it_worked_nor_that_it_failed():
    text = """
        patient | days before | code           | value
              1 | 100         | ibuprofen      | 1200
              1 | 50          | ibuprofen stop |
    """
    assert answers(text, TRIED, FAILED) == {1: (1, 0)}


@pytest.mark.parametrize(("on", "how"), [(5.5, None), (5.75, 1), (8, 1), (9, 1)])
def test_a_trial_failed_when_pain_fell_by_less_than_30_percent_on_it(on, how):
    """From a mean of 8 before, 5.6 is 30 % less."""
    text = f"""
        patient | days before | code           | value
              1 | 210         | pain           | 9
              1 | 205         | pain           | 7
              1 | 200         | ibuprofen      | 1200
              1 | 160         | pain           | {on}
              1 | 150         | ibuprofen stop |
    """
    assert answer(text, HOW) == {1: how}


@pytest.mark.parametrize(
    ("before", "on", "how"),
    [(60, 28, 1), (60.1, 28, None), (0, 28, 1), (60, 120, 1), (60, 27.9, None), (60, 120.1, None)],
)
def test_pain_before_is_of_the_last_60_days_and_pain_on_treatment_of_days_28_to_120(before, on, how):
    text = f"""
        patient | days before    | code           | value
              1 | {200 + before} | pain           | 8
              1 | 200            | ibuprofen      | 1200
              1 | 70             | ibuprofen stop |
              1 | {200 - on}     | pain           | 8
    """
    assert answer(text, HOW) == {1: how}


def test_measured_pain_speaks_louder_than_a_reason():
    text = """
        patient | days before | code                       | value
              1 | 205         | pain                       | 8
              1 | 200         | ibuprofen                  | 1200
              1 | 160         | pain                       | 8
              1 | 150         | ibuprofen stop: inefficacy |
    """
    assert answers(text, HOW, PROXY) == {1: (1, 0)}


@pytest.mark.parametrize(("score", "how"), [(5, 3), (4.75, None)])
def test_a_trial_that_still_runs_with_pain_at_5_or_more_failed_by_proxy(score, how):
    """Mean of the last 90 days."""
    text = f"""
        patient | days before | code      | value
              1 | 300         | ibuprofen | 1200
              1 | 100         | pain      | 10
              1 | 90          | pain      | {score}
              1 | 3           | pain      | {score}
    """
    assert answers(text, HOW, PROXY) == {1: (how, 1 if how else 0)}


@pytest.mark.parametrize(
    ("gap", "score", "how"), [(60, 5, 3), (60.1, 5, None), (0, 5, 3), (-0.1, 5, None), (30, 4, None)]
)
def test_another_class_begun_within_60_days_with_pain_at_5_or_more_is_failure_by_proxy(gap, score, how):
    """Mean pain of the 90 days before the next class began."""
    text = f"""
        patient | days before | code           | value
              1 | 300         | ibuprofen      | 1200
              1 | 200         | ibuprofen stop |
              1 | 198         | pain           | {score}
              1 | {200 - gap} | gabapentin     | 900
    """
    found = answers(text.replace("198 ", f"{200 - gap + 1}"), HOW, PROXY)
    assert found == {1: (how, 1 if how else 0)}


def test_going_on_with_the_same_class_is_no_switch():
    text = """
        patient | days before | code           | value
              1 | 300         | ibuprofen      | 1200
              1 | 200         | ibuprofen stop |
              1 | 170         | pain           | 8
              1 | 160         | ibuprofen      | 1200
              1 | 150         | ibuprofen stop |
    """
    assert answers(text, TRIED, FAILED) == {1: (2, 0)}


def test_a_repeat_of_the_same_class_does_not_hide_the_switch_that_follows():
    """The first trial was followed within 60 days by another class, with a short repeat between."""
    text = """
        patient | days before | code           | value
              1 | 300         | ibuprofen      | 1200
              1 | 200         | ibuprofen stop |
              1 | 165         | ibuprofen      | 400
              1 | 160         | ibuprofen stop |
              1 | 155         | pain           | 8
              1 | 150         | gabapentin     | 900
    """
    assert answers(text, TRIED, PROXY, "first of nsaid.failed ever") == {1: (2, 1, 3)}


def test_an_inadequate_trial_cannot_fail_by_proxy():
    text = """
        patient | days before | code      | value
              1 | 300         | ibuprofen | 400
              1 | 3           | pain      | 9
    """
    assert answers(text, TRIED, FAILED, PROXY) == {1: (1, 0, 0)}


# --- when it is known ---


def test_a_failure_is_dated_to_the_end_of_its_trial_and_of_a_running_one_to_just_before_the_index():
    text = """
        patient | days before | code                       | value
              1 | 300         | ibuprofen                  | 1200
              1 | 40          | ibuprofen stop: inefficacy |
              2 | 300         | ibuprofen                  | 1200
              2 | 3           | pain                       | 9
    """
    found = answer(text, "days since last of nsaid.failed ever")
    assert found == {1: 40, 2: pytest.approx(0, abs=1e-9)}
    assert answer(text, "count of nsaid.failed in 30 d") == {1: 0, 2: 1}


def test_an_end_that_is_not_yet_known_has_not_happened():
    """The stop became known only after the index: to this clinic the trial still runs."""
    text = """
        patient | days before | code                       | value | known
              1 | 100         | ibuprofen                  | 1200  |
              1 | 50          | ibuprofen stop: inefficacy |       | -3
    """
    assert answers(text, "last of nsaid.trial ever", FAILED) == {1: (100, 0)}


def test_how_many_classes_failed_counts_each_class_once():
    text = """
        patient | days before | code                        | value
              1 | 300         | ibuprofen                   | 1200
              1 | 250         | ibuprofen stop: inefficacy  |
              1 | 200         | ibuprofen                   | 1200
              1 | 150         | ibuprofen stop: inefficacy  |
              1 | 140         | gabapentin                  | 1800
              1 | 50          | gabapentin stop: inefficacy |
              1 | 40          | nerve_block                 |
    """
    classes = ("nsaid", "gabapentinoid", "nerve_block")
    failed = " and ".join(f"(count of {one}.failed ever)" for one in classes)
    assert answer(text, f"how many of {failed}") == {1: 2}


def test_the_end_of_one_drug_does_not_end_another_of_its_class():
    """Two drugs of one class taken at once are one trial, over when the last of them is."""
    text = """
        patient | days before | code            | value
              1 | 200         | gabapentin      | 1800
              1 | 180         | pregabalin      | 300
              1 | 150         | gabapentin stop |
              1 | 100         | pregabalin stop |
              2 | 200         | gabapentin      | 1800
              2 | 180         | pregabalin      | 300
              2 | 150         | gabapentin stop |
    """
    sentences = ["count of gabapentinoid.trial ever", "last of gabapentinoid.trial ever"]
    assert answers(text, *sentences) == {1: (1, 100), 2: (1, 200)}


def test_a_second_end_of_what_is_over_already_says_nothing():
    text = """
        patient | days before | code           | value
              1 | 500         | ibuprofen      | 1200
              1 | 470         | ibuprofen stop |
              1 | 100         | ibuprofen stop |
    """
    assert answers(text, TRIED, "last of nsaid.trial ever") == {1: (1, 30)}


# --- lines and drugs ---


def test_the_line_of_a_class_is_its_place_in_the_order_of_first_trials():
    """Said once for each class, when it was first tried; classes begun together share a line."""
    text = """
        patient | days before | code            | value
              1 | 400         | ibuprofen       | 400
              1 | 390         | ibuprofen stop  |
              1 | 300         | nerve_block     |
              1 | 200         | ibuprofen       | 1200
              1 | 100         | gabapentin      | 900
              1 | 100         | oxycodone       | 20
    """
    classes = ("nsaid", "nerve_block", "gabapentinoid", "opioid")
    sentences = [f"first of {one}.line ever" for one in classes]
    assert answers(text, *sentences) == {1: (1, 2, 3, 3)}
    assert answers(text, "count of nsaid.line ever", "days since last of nsaid.line ever") == {1: (1, 400)}


def test_a_class_never_tried_has_no_line():
    text = """
        patient | days before | code                       | value
              1 | 100         | ibuprofen                  | 1200
    """
    assert answer(text, "first of gabapentinoid.line ever") == {1: None}


def test_the_drugs_of_failed_trials_are_counted_each_once():
    """When it first failed, valued by how the failure is known."""
    text = """
        patient | days before | code                        | value
              1 | 600         | gabapentin                  | 1800
              1 | 550         | gabapentin stop: inefficacy |
              1 | 500         | gabapentin                  | 1800
              1 | 450         | gabapentin                  | 2400
              1 | 430         | gabapentin stop             |
              1 | 430         | pregabalin                  | 300
              1 | 400         | pregabalin stop: inefficacy |
              2 | 100         | pregabalin                  | 300
    """
    said = ["count of gabapentinoid.failed ever", "count of gabapentinoid.drug_failed ever"]
    when = "days since last of gabapentinoid.drug_failed ever"
    assert answers(text, *said) == {1: (2, 2), 2: (0, 0)}
    assert answer(text, when) == {1: 400, 2: None}


def test_all_codes_of_an_ingredient_are_one_drug():
    text = """
        patient | days before | code                            | value
              1 | 200         | morphine                        | 40
              1 | 150         | ATC//N02AA01                    | 60
              1 | 100         | ATC//N02AA01//STOP//INEFFICACY  |
    """
    said = ["last of opioid.trial ever", "count of opioid.failed ever", "count of opioid.drug_failed ever"]
    assert answers(text, *said) == {1: (100, 1, 1)}


# --- courses of sessions ---


def sessions(days_before: list[int]) -> str:
    """One patient's coded sessions: in this vocabulary each stands for three weeks, and six are enough."""
    return "patient | days before | code | value\n" + "".join(
        f"1 | {one} | CPT//97110 |\n" for one in days_before
    )


@pytest.mark.parametrize(
    ("days_before", "failed"),
    [
        ([200], 0),  # one session is no course
        ([200, 197], 0),  # nor are two in a week
        ([200, 197, 193, 190, 186, 179], 1),  # six in three weeks
        ([200, 180, 160], 1),  # three over six weeks
        ([200, 120, 40], 0),  # three with months between them are three beginnings
    ],
)
def test_coded_sessions_make_a_course_when_they_reach_its_weeks(days_before, failed):
    """Followed by another class within 60 days, with pain still severe: a failed course where it was one."""
    last = min(days_before) - 25
    text = sessions(days_before) + f"1 | {last} | ibuprofen | 1200\n1 | {last + 1} | pain | 8\n"
    assert answer(text, "count of rehabilitation.failed ever") == {1: failed}


def test_a_course_recorded_as_one_needs_no_sessions():
    text = """
        patient | days before | code                | value
              1 | 200         | rehabilitation      |
              1 | 120         | rehabilitation stop: inefficacy |
    """
    assert answer(text, "count of rehabilitation.failed ever") == {1: 1}
