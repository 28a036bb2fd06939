"""Times that contradict what they are, counted by kind; a clean clinic has none."""

from painresponse.audit.oddities import oddities
from painresponse.readers import histories
from painresponse.records import collect
from painresponse.records.rows import history

CRP, PAIN = "LOINC//1988-5", "LOINC//72514-3"


def odd(catalogue, *events):
    """Oddities of one history of (time, code, value, known)."""
    times, codes, values, known = zip(*events, strict=True)
    records, _ = collect(history(times, codes, values, available=known), catalogue.concepts)
    return dict(oddities(records, catalogue.concepts))


def test_a_clean_clinic_has_none(folder, catalogue):
    found = [oddities(records, catalogue.concepts) for records, _ in histories(folder, catalogue.concepts)]
    assert found == [{}, {}, {}]


def test_laboratory_values_known_at_once_or_never_said_when_are_counted_by_concept(catalogue):
    """A pain score is known when it is given; a CRP is not known when the blood is drawn."""
    found = odd(
        catalogue,
        ("2020-01-01T08:00", CRP, 3.0, None),
        ("2020-02-01T08:00", CRP, 3.0, "2020-02-01T08:00"),
        ("2020-03-01T08:00", CRP, 3.0, "2020-03-01T11:00"),
        ("2020-03-01T08:00", PAIN, 3.0, None),
    )
    assert found == {("known at once", "crp"): 2}


def test_events_known_before_they_happened_are_counted(catalogue):
    found = odd(
        catalogue,
        ("2020-01-02", PAIN, 3.0, "2020-01-01"),
        (None, "GENDER//F", None, None),
        ("2020-01-03", PAIN, 4.0, None),
    )
    assert found == {("known before", ""): 1}


def test_events_outside_a_life_are_counted_and_the_first_and_the_last_day_are_within_it(catalogue):
    found = odd(
        catalogue,
        ("1960-05-05T12:00", "MEDS_BIRTH", None, None),
        ("1960-05-05T00:00", PAIN, 1.0, None),
        ("1960-05-04T23:59", PAIN, 2.0, None),
        ("2020-01-01T00:00", "MEDS_DEATH", None, None),
        ("2020-01-01T15:00", PAIN, 3.0, None),
        ("2020-01-02T00:00", PAIN, 4.0, None),
        ("2021-01-02T00:00", PAIN, 4.0, None),
    )
    assert found == {("before birth", ""): 1, ("after death", ""): 2}


def test_nothing_is_odd_about_nobody(catalogue):
    records, _ = collect(history([], [], []), catalogue.concepts)
    assert not oddities(records, catalogue.concepts)
