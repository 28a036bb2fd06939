"""What becomes of raw events: kept, converted, or rejected with a reason that is counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from painresponse.errors import RecordError
from painresponse.records import Asks, Intake, Tally, collect, collect_each
from painresponse.records.coding import Matcher, Measures
from painresponse.records.intake import REASONS
from painresponse.records.rows import history
from painresponse.scoring.golden import stacked
from tests.lib.vocabulary import VOCABULARY

BIG = 3.4e38


def taken(*events, concepts=VOCABULARY):
    """(time, code, value, unit) of one subject, collected."""
    times, codes, values, units = zip(*events, strict=True)
    return collect(history(times, codes, values, units=units), concepts)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (("1890-01-01", "PR//pain", 5, None), "date"),
        (("1899-12-31T23:59:59.999999", "PR//pain", 5, None), "date"),
        (("2100-01-01", "PR//pain", 5, None), "date"),
        (("2110-06-01", "PR//pain", 5, None), "date"),
        (("2026-01-01", "PR//pain", float("inf"), None), "not_finite"),
        (("2026-01-01", "PR//marker", float("-inf"), None), "not_finite"),
        (("2026-01-01", "PR//marker", 1e39, None), "not_finite"),
        (("2026-01-01", "PR//crp", 5, "stone"), "unit"),
        (("2026-01-01", "RxNorm//7804", 5, "mg"), "unit"),
        (("2026-01-01", "PR//pain", 10.01, None), "limits"),
        (("2026-01-01", "PR//pain", -0.01, None), "limits"),
        (("2026-01-01", "PR//crp", BIG, "mg/dL"), "limits"),
        (("2026-01-01", "RxNorm//7804", -5, "mg/d"), "limits"),
        (("2026-01-01", "RxNorm//7804//STOP", -5, None), "limits"),
    ],
)
def test_an_event_that_cannot_be_is_rejected_and_counted_by_reason_and_code(event, reason):
    records, account = taken(event)
    assert len(records) == 0
    assert account == Intake(1, 0, {(reason, event[1]): 1}, {})


@pytest.mark.parametrize(
    "event",
    [
        ("1900-01-01", "PR//pain", 5, None),
        ("2099-12-31T23:59:59.999999", "PR//pain", 5, None),
        (None, "PR//pain", 5, None),
        ("2026-01-01", "PR//pain", 0, "{score}"),
        ("2026-01-01", "PR//pain", 10, None),
        ("2026-01-01", "PR//pain", None, "stone"),
        ("2026-01-01", "PR//marker", BIG, None),
        ("2026-01-01", "PR//marker", 5, "any unit, as none is declared"),
        ("2026-01-01", "PR//nsaid", 5, "tablets"),
        ("2026-01-01", "SOMETHING//ELSE", -5, "stone"),
    ],
)
def test_an_event_at_the_edge_of_what_can_be_is_kept(event):
    """Without a value, a unit has nothing to convert; a code nobody knows is checked against nothing."""
    records, account = taken(event)
    assert len(records) == 1
    assert account.rejected == {}


def test_every_reason_is_worded():
    faults = ["unit", "unit_unclear", "limits", "unit_contradicted"]
    assert list(REASONS) == [*faults, "date", "not_finite", "duplicate"]


def test_an_event_that_is_wrong_in_several_ways_is_counted_once_for_its_date_first():
    """Date, then a value without bounds, then its unit."""
    _, account = taken(
        ("1890-01-01", "PR//crp", float("inf"), "stone"), ("2026-01-01", "PR//crp", float("inf"), "stone")
    )
    assert account.reasons() == {"date": 1, "not_finite": 1}


def test_limits_are_judged_after_conversion():
    """2 mg/dL is 20 mg/L; 200 mmol/mol is 20.45 %, above the 20 % that can be."""
    _, account = taken(
        ("2026-01-01", "PR//hba1c", 53, "mmol/mol"), ("2026-01-01", "PR//hba1c", 200, "mmol/mol")
    )
    assert account.reasons() == {"limits": 1}


def test_a_repetition_is_found_after_conversion():
    _, account = taken(("2026-01-01", "PR//crp", 2, "mg/dL"), ("2026-01-01", "PR//crp", 20, "mg/L"))
    assert account.reasons() == {"duplicate": 1}


def test_repetitions_without_a_value_or_a_time_are_found_too():
    _, account = taken(
        ("2026-01-01", "PR//rfa", None, None),
        ("2026-01-01", "PR//rfa", None, None),
        (None, "PR//facet", None, None),
        (None, "PR//facet", None, None),
    )
    assert account.rejected == {("duplicate", "PR//rfa"): 1, ("duplicate", "PR//facet"): 1}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_of_repetitions_the_one_known_first_stays(order):
    """Else a result would vanish from the past when the laboratory sends it again."""
    known = np.array(["2026-01-05", "2026-01-03", "2026-01-09"])[list(order)]
    raw = history(["2026-01-01"] * 3, ["PR//crp"] * 3, [4.0] * 3, available=known.tolist())
    records, _ = collect(raw, VOCABULARY)
    assert records.available.astype("datetime64[us]") == np.array(["2026-01-03"], "datetime64[us]")


def test_zero_has_no_sign():
    """-0.0 and 0.0 are one value, and it is stored as one."""
    records, account = taken(("2026-01-01", "PR//pain", -0.0, None), ("2026-01-01", "PR//pain", 0.0, None))
    assert account.reasons() == {"duplicate": 1}
    assert not np.signbit(records.value).any()


def test_codes_nobody_knows_are_kept_and_counted_unless_rejected():
    records, account = taken(
        ("2026-01-01", "X//1", 1, None),
        ("2026-01-02", "X//1", 1, None),
        ("2026-01-02", "X//1", 1, None),
        ("1890-01-01", "X//1", 1, None),
        ("2026-01-01", "PR//pain", 1, None),
    )
    assert account.unmapped == {"X//1": 2}
    assert account.reasons() == {"date": 1, "duplicate": 1}
    assert len(records) == account.kept == 3


def test_accounts_add_up():
    one = Intake(3, 1, {("date", "a"): 2}, {"x": 1}, {"a": 1}, {"a": 4})
    two = Intake(2, 1, {("date", "a"): 1, ("unit", "b"): 1}, {"x": 2, "y": 1}, {"b": 2}, {"a": 1})
    both = Intake(5, 2, {("date", "a"): 3, ("unit", "b"): 1}, {"x": 3, "y": 1}, {"a": 1, "b": 2}, {"a": 5})
    assert one + two == both
    assert (one + two).reasons() == {"date": 3, "unit": 1}
    assert one + Intake() == one


def test_no_events_are_no_records():
    records, account = collect(history([], [], []), VOCABULARY)
    assert len(records) == 0
    assert account == Intake()
    assert records.subjects().tolist() == []


def test_the_vocabulary_may_be_read_once_and_used_often():
    raw = history(["2026-01-01"], ["PR//pain"], [5.0])
    assert collect(raw, Measures(VOCABULARY))[1] == collect(raw, VOCABULARY)[1]


def test_records_know_their_subjects_and_give_each_its_own():
    parts = [history(["2026-01-01"] * 2, ["PR//pain", "PR//crp"], [5, 6], subject=one) for one in (9, -4)]
    records, _ = collect(stacked(parts), VOCABULARY)
    assert records.subjects().tolist() == [-4, 9]
    assert records.of(9).value.tolist() == [6, 5]
    assert len(records.of(5)) == 0


def test_a_code_may_mean_several_things_in_the_order_declared():
    matcher = Matcher([("A//1*", "long"), ("A//1", "exact"), ("A*", "short"), ("B", "other")])
    assert matcher.of("A//1") == ("exact", "short", "long")
    assert matcher.of("A//12") == ("short", "long")
    assert matcher.of("C") == ()
    assert matcher.of("C") == ()


def test_a_hostile_stream_of_codes_cannot_fill_the_memory():
    matcher = Matcher([("A*", 1)])
    for number in range(100_050):
        matcher.of(f"A{number}")
    assert len(matcher._seen) == 100_000
    assert matcher.of("A100049") == (1,)


def test_a_hostile_stream_of_units_cannot_fill_the_memory():
    measures = Measures(VOCABULARY)
    for number in range(1_100):
        measures.conversions([f"unit {number}"])
    assert len(measures._columns) == 1_000
    assert np.isnan(measures.conversions(["unit 1099"])[0]).any()


def test_a_measure_is_found_by_code_and_by_number():
    measures = Measures(VOCABULARY)
    known, again, strange = measures.numbers(["PR//crp", "LOINC//1988-5", "X//1"])
    assert known == again
    assert measures.all[known] is measures.of("PR//crp")
    assert strange == measures.strange
    assert measures.of("X//1") is None


def test_questions_and_instants_must_be_two_columns_of_one_length():
    with pytest.raises(RecordError, match="two columns of one length"):
        Asks(np.zeros(2, np.int64), np.zeros(3, np.int64))


@pytest.mark.parametrize("year", ["1899-12-31", "2100-01-01"])
def test_a_question_outside_1900_to_2099_is_refused(year):
    index = np.array([year], "datetime64[us]").astype(np.int64)
    with pytest.raises(RecordError, match="before 1900 or after 2099"):
        Asks(np.zeros(1, np.int64), index)


odd_events = st.tuples(
    st.sampled_from(["1890-01-01", "2026-01-01", "2026-01-02", None]),
    st.sampled_from(["PR//pain", "PR//crp", "PR//marker", "PR//cortisol", "RxNorm//7804", "STRANGE//1"]),
    st.sampled_from([None, -1.0, 5.0, 300.0, float("inf")]),
    st.sampled_from([None, "mg/dL", "nmol/L", "stone"]),
)


@given(people=st.lists(st.lists(odd_events, max_size=8), min_size=1, max_size=4))
def test_histories_read_in_one_go_are_read_as_each_alone(people):
    """Records to the bit, and of each subject the same account."""
    each = [
        history(*([row[column] for row in one] for column in range(3)), units=[row[3] for row in one])
        for one in people
    ]
    measures = Measures(VOCABULARY)
    records, tallies = collect_each(each, measures)
    for subject, (raw, tally) in enumerate(zip(each, tallies, strict=True)):
        alone, account = collect(raw, measures)
        own = records.of(subject)
        assert [own.codes[code] for code in own.code] == [alone.codes[code] for code in alone.code]
        for column in ("time", "available", "value"):
            np.testing.assert_array_equal(getattr(own, column), getattr(alone, column))
        unmapped = sum(account.unmapped.values())
        assert tally == Tally(account.given, account.kept, account.reasons(), unmapped)
